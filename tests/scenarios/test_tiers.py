"""An account of each edition: what it cannot do is said wherever somebody would look, with what
happens instead, and it happens."""

from __future__ import annotations

import pytest

from demo.processes import DemoError
from sandbox.world.records import TIERS
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook
from tests.scenarios.test_doctor import report

MAILS = playbook(
    "- {id: sent, when: {stage_entered: proposal}, settle: 0min, then: [{enrol: mails}]}",
    """
    - id: mails
      steps:
        - {id: start, at: 1h, sequence: {hubspot: Warm outreach}, template: t}
    """,
    name="mails",
)
WITHOUT = {
    "free": ("cannot_native_sequences", "did not grant it"),
    "starter": ("cannot_native_sequences", "did not grant it"),
    "professional_no_seat": ("cannot_send_sequences", "no seat"),
}
"""edition → what it is called that cannot be done, and the reason's words."""


def with_a_proposal(story: Story) -> str:
    """A deal whose contact a rep's sequence is to mail an hour later; two hours have passed."""
    story.sequence()
    switch = "/api/sequences", {"on": True, "way_out": True}
    if WITHOUT.get(story.tier, ("",))[0] == "cannot_native_sequences":
        with pytest.raises(DemoError, match="Sales or Service Hub Professional and above can"):
            story.change("PUT", *switch)
    else:
        story.change("PUT", *switch)
    story.change("PUT", "/api/settings", {"default_owner": ADA.owner_id})
    story.live(MAILS)
    deal = story.deal("proposal")
    story.until("+2h")
    return deal


@pytest.mark.parametrize("tier", TIERS)
def test_what_an_edition_cannot_do_is_said_in_all_three_places(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, tier: str
) -> None:
    story = begin(tier=tier)
    deal = with_a_proposal(story)
    result = {one["code"]: one for one in story.admin.get("/api/result")["limits"]}
    page = story.admin.session.get(f"{story.url}/", timeout=10).text
    told = report(story, monkeypatch)
    doctor = {one["code"]: one for one in told["findings"]}
    ledger = story.whys(deal, "mails/sent")
    code, why = WITHOUT.get(tier, (None, ""))
    ours = {"cannot_native_sequences", "cannot_send_sequences"}
    assert ours & result.keys() == ours & doctor.keys() == ({code} if code else set())
    assert told["status"] == 0, "a limit of an edition is nobody's fault"
    if code is None:
        assert story.open(deal) == []
        assert any(line.startswith("Enrolled in the CRM's sequence") for line in ledger)
        return
    for found in (result[code], doctor[code]):
        assert why in found["what"]
        assert found["why"].startswith("Instead: ")
        assert "a task for the rep" in found["why"]
    assert "a task for the rep" in page
    (said,) = [line for line in ledger if line.startswith("A task instead of the sequence")]
    assert why in said
    assert [task.subject.split(" — ")[0] for task in story.open(deal)] == [
        "E-mail: Is this decided?"
    ], "and that is what happened"


def test_a_seat_that_was_given_is_noticed(begin: Begin) -> None:
    story = begin(tier="professional")
    story.change_account(seats=[])
    with_a_proposal(story)
    limits = {one["code"] for one in story.admin.get("/api/result")["limits"]}
    assert "cannot_send_sequences" in limits
    story.change_account(seats=[9000 + story.people.index(ADA)])
    later = story.deal("proposal")
    story.until("+1d")
    assert story.open(later) == [], "enrolled this time"
    limits = {one["code"] for one in story.admin.get("/api/result")["limits"]}
    assert "cannot_send_sequences" not in limits


def test_a_scope_that_is_taken_back_is_wrong_and_said_with_what_stops(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = begin()
    story.live("proposal")
    story.change_account(withdraw_scopes=["crm.objects.deals.write", "crm.objects.users.read"])
    told = report(story, monkeypatch)
    found = {one["code"]: one for one in told["findings"]}
    assert found["cannot_write_deals"]["level"] == "wrong"
    assert "crm.objects.deals.write" in found["cannot_write_deals"]["what"]
    assert "everything stands on the pages here" in found["cannot_write_deals"]["why"]
    assert found["cannot_working_hours"]["level"] == "note"
    assert told["status"] == 2
    deal = story.deal("proposal")
    story.until("+4d")
    assert len(story.open(deal)) == 1, "what can be done goes on"
