"""A prospect is called in the hours of their own day: known by the contact, by the company, or by
whoever looks after them; on every CRM."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.crms import CRMS
from tests.scenarios.harness import Story, playbook

RING = playbook("""
  - id: ring
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: call, at: 1h, task: call, subject: Ring, template: t}]}]
""")


def at_company(story: Story, first: str, **fields: str) -> str:
    """A deal with one contact, who belongs to a company that says this about its place."""
    contact = story.contact(first)
    company = story.act("create_company", name=f"{first} Ltd", contact=contact)
    for name, value in fields.items():
        story.act("set_property", kind="companies", record=company, property=name, value=value)
    return story.deal("qualified", contact=contact)


@pytest.mark.feature("W03")
@pytest.mark.parametrize("crm", list(CRMS))
def test_a_prospect_is_called_by_the_company_s_day(begin: Begin, crm: str) -> None:
    story = begin(crm=crm)
    story.live(RING)
    state = at_company(story, "Wendy", country="United States", state="New York")
    country = at_company(story, "Yuki", country="Japan")
    silent = at_company(story, "Sam")
    number = story.contact("Phil")
    story.act(
        "set_property", kind="contacts", record=number, property="phone", value="+1 212 555 0100"
    )
    phoned = story.deal("qualified", contact=number)
    story.until("+1h")
    said = {deal: next(t.due for t in story.open(deal)) for deal in (state, country, phoned)}
    assert said == {
        state: "Mon 2026-09-07 15:00",  # 9:00 there
        country: "Tue 2026-09-08 09:00",  # 16:00 there, the hour in which both days overlap
        phoned: "Mon 2026-09-07 15:00",
    }
    (task,) = story.open(silent)
    assert task.due_at < story.at("2026-09-07 12:00"), "nothing says otherwise: as it fell"
    assert "America/New_York, by the company's country" in told(story, state)
    assert "Asia/Tokyo, by the company's country" in told(story, country)
    assert "America/New_York, by the contact's telephone number" in told(story, phoned)
    shown = story.subject(country)["contacts"][0]["clock"]
    assert shown == "Asia/Tokyo, by the company's country"


def told(story: Story, deal: str) -> str:
    return " ".join(line["text"] for line in story.subject(deal)["ledger"])
