"""A customer's own tools post events; what they are about is found, and never guessed."""

from __future__ import annotations

import pytest

from app.model.time import iso
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, Story, playbook
from tests.scenarios.posting import Tool

PRICING = playbook(
    """
    - id: pricing
      when: {event: {name: page_viewed, count: 3, within: 1d}}
      if: {field: event.url, op: contains, value: /pricing}
      then: [{create_tasks: [{id: call, task: call, template: t, subject: Call about the prices}]}]
    """
)
SAID = playbook(
    """
    - id: download
      when: {event: [content_downloaded, webinar_attended]}
      then: [{create_tasks: [{id: ask, task: email, template: d, subject: Ask about it}]}]
    """
).replace(
    "templates:\n",
    "templates:\n  d: {decides: Did it help?, body: 'You read {{ event.title }}.'}\n",
)


def person(story: Story, **deal: object) -> tuple[str, str, str]:
    """A deal with one contact: deal, contact, the contact's address."""
    contact = story.contact("Nora", owner=ADA.owner_id)
    deal_id = story.deal("proposal", contact=contact, **deal)
    story.until("+10min")
    return deal_id, contact, story.properties("contacts", contact)["email"]


@pytest.mark.feature("T09")
def test_the_third_visit_of_a_page_within_a_day_makes_a_task(story: Story) -> None:
    story.live(PRICING)
    deal, _, email = person(story)
    tool = Tool(story)
    url = {"url": "https://firm.example/pricing?ref=mail"}
    tool.tell("page_viewed", url, email=email)
    tool.tell("page_viewed", {"url": "https://firm.example/blog"}, email=email)
    story.until("+5h")
    again = tool.event("page_viewed", url, email=email)
    assert tool.post(again).json()["events"] == [{"id": again["id"], "status": "stored"}]
    story.settle()
    assert tool.post(again).json()["events"] == [{"id": again["id"], "status": "known"}]
    story.settle()
    assert story.lines(deal) == []
    assert "2 of 3 within 1d" in story.why(deal, "test/pricing")

    tool.tell("page_viewed", url, email=email.upper())
    assert story.titles(deal) == ["Call about the prices"]
    # What led to this call counts no more, and while the call is open nothing is added to it.
    for _ in range(3):
        tool.tell("page_viewed", url, email=email)
    assert len(story.lines(deal)) == 1


@pytest.mark.feature("T09")
def test_visits_further_apart_than_the_rule_says_are_no_interest(story: Story) -> None:
    story.live(PRICING)
    deal, _, email = person(story)
    tool = Tool(story)
    for _ in range(4):
        tool.tell("page_viewed", {"url": "/pricing"}, email=email)
        story.until("+20h")
    assert story.lines(deal) == []


@pytest.mark.feature("T11")
def test_what_an_event_says_stands_in_the_task(story: Story) -> None:
    story.live(SAID)
    deal, contact, _ = person(story)
    tool = Tool(story)
    tool.tell("content_downloaded", {"title": "Prices <b>2026</b>"}, person={"id": contact})
    story.until("+2h")
    (task,) = story.open(deal)
    assert "You read Prices &lt;b&gt;2026&lt;/b&gt;." in task.body
    assert task.contacts == (contact,)


@pytest.mark.feature("T09")
def test_a_contact_without_a_deal_is_followed_up_too(story: Story) -> None:
    story.live(SAID)
    nora = story.contact("Nora", owner=ADA.owner_id)
    email = story.properties("contacts", nora)["email"]
    story.until("+10min")
    Tool(story).tell("webinar_attended", {"title": "Autumn"}, email=email)
    story.until("+1h")
    assert story.titles(nora) == ["Ask about it"]


@pytest.mark.feature("T09")
def test_the_crm_is_asked_for_an_address_that_we_do_not_know(begin: Begin) -> None:
    """Contacts without deals are not mirrored by an import; and a merged contact keeps the address
    of the one that is gone, which only a search finds."""
    known: dict[str, str] = {}

    def before(story: Story) -> None:
        known["kept"] = story.contact("Nora", owner=ADA.owner_id)
        known["gone"] = story.contact("Nora", owner=ADA.owner_id)
        known["email"] = story.properties("contacts", known["gone"])["email"]
        known["id"] = story.merge("contacts", known["kept"], known["gone"])

    story = begin(before=before)
    story.live(SAID)
    Tool(story).tell("webinar_attended", {"title": "Autumn"}, email=known["email"])
    story.until("+1h")
    assert [subject for _, subject in story.lines(known["id"])] == ["Ask about it"]


@pytest.mark.feature("T09")
def test_nobody_is_guessed(story: Story) -> None:
    """An address that nobody has, or that two have, is refused, kept and shown; once the CRM knows
    better it is placed by a click."""
    story.live(SAID)
    tool = Tool(story)
    tool.tell("webinar_attended", {"title": "A"}, email="stranger@nowhere.example")
    # The first address is a contact's own; a further one, left by merges, two may share.
    email = "shared@prospect.example"
    people = [story.contact("Nora", owner=ADA.owner_id) for _ in range(2)]
    for one in people:
        with story.simulation.world.lock:
            further = {"hs_additional_emails": email}
            story.account.update("contacts", one, further, story.by(ADA))
    deal = story.deal("proposal", contact=people[0])
    story.until("+10min")
    tool.tell("webinar_attended", {"title": "B"}, email=email)
    refused = {row["reason"]: row for row in story.admin.get("/api/events")["refused"]}
    assert set(refused) == {"person_unknown", "person_ambiguous"}
    assert "Merge them" in refused["person_ambiguous"]["next"]
    assert story.lines(deal) == []
    found = [one["code"] for one in story.admin.get("/api/doctor")["findings"]]
    assert "events_refused" in found

    story.delete("contacts", people[1])
    story.until("+10min")
    event = refused["person_ambiguous"]["event_id"]
    story.change("POST", "/api/events/refused", {"event": event, "word": "place"})
    story.until("+1h")
    assert story.titles(deal) == ["Ask about it"]
    other = refused["person_unknown"]["event_id"]
    story.change("POST", "/api/events/refused", {"event": other, "word": "drop"})
    assert story.admin.get("/api/events")["refused"] == []


def test_what_is_wrong_is_said_of_each_event(story: Story) -> None:
    deal, _, email = person(story)
    tool = Tool(story)
    good = tool.event("page_viewed", email=email)
    month = 40 * 86_400_000
    bad = [
        tool.event("page_view", email=email),
        tool.event("page_viewed", email="nobody"),
        tool.event("page_viewed", email=email, at=iso(story.now - month)),
        tool.event("page_viewed", email=email, at=story.now + month),
        tool.event("page_viewed", email=email, at=story.now // 1000),
        tool.event("page_viewed"),
        tool.event("page_viewed", {"list": [1]}, email=email),
        tool.event("page_viewed", {"long": "x" * 5000}, email=email),
        "no object",
    ]
    answer = tool.post({"events": [good, *bad]})
    assert answer.status_code == 202
    told = answer.json()["events"]
    assert told[0] == {"id": good["id"], "status": "stored"}
    said = [[(p["field"], p["message"]) for p in one["problems"]] for one in told[1:]]
    assert [[field for field, _ in one] for one in said] == [
        ["name"], ["person.email"], ["at"], ["at"], ["at"], ["person"], ["data.list"], ["data"],
        [""],
    ]  # fmt: skip
    assert "did you mean page_viewed?" in said[0][0][1]
    assert "too old" in said[2][0][1]
    assert "in the future" in said[3][0][1]
    assert "Send milliseconds" in said[4][0][1]
    assert tool.post({"events": bad}).status_code == 422
    assert tool.post({"events": []}).status_code == 422
    assert tool.post([tool.event("launch", deal={"id": deal})] * 101).status_code == 413
    large = tool.http.post(
        f"{story.url}/events", data=b" " * 600_000,
        headers={"Authorization": f"Bearer {tool.key}"}, timeout=20,
    )  # fmt: skip
    assert (large.status_code, large.json()["error"]) == (413, "too_large")


def test_a_key_is_of_one_account_shown_once_replaced_and_revoked(story: Story) -> None:
    _, _, email = person(story)
    tool = Tool(story)
    event = tool.event("launch", email=email)
    for key in ("", "ft_ev_wrong", tool.key[:-1]):
        answer = tool.post(event, key=key)
        assert (answer.status_code, answer.json()["error"]) == (401, "event_key")
    assert story.refusals()["event_key"] == 3
    assert tool.post(event).status_code == 202
    (listed,) = story.admin.get("/api/event-keys")["keys"]
    assert tool.key not in str(listed)
    assert listed["hint"] == tool.key[-4:]
    assert listed["used_wall"]

    new = story.change("POST", f"/api/event-keys/{listed['id']}/rotate", {"hours": 0})
    assert tool.post(tool.event("launch", email=email)).status_code == 401
    assert tool.post(tool.event("launch", email=email), key=new["key"]).status_code == 202
    story.change("DELETE", f"/api/event-keys/{new['id']}")
    assert tool.post(tool.event("launch", email=email), key=new["key"]).status_code == 401

    made = story.command("events-key", "create", "billing")
    assert tool.post(tool.event("launch", email=email), key=made.output.strip()).status_code == 202
    assert "billing" in story.command("events-key", "list").output
    number = story.admin.get("/api/event-keys")["keys"][0]["id"]
    assert story.command("events-key", "revoke", str(number)).exit_code == 0
    assert tool.post(tool.event("launch", email=email), key=made.output.strip()).status_code == 401
    page = story.signed_in(story.people[0]).get(f"{story.url}/settings", timeout=20).text
    assert "Events from your own tools" in page


@pytest.mark.feature("T09")
def test_an_event_stored_before_a_crash_is_decided_after_it(begin: Begin) -> None:
    """The app ends between the answer and the decision: what it said it has, it has. The CRM fails
    meanwhile, so that nobody can be looked up before."""
    nora: list[str] = []
    story = begin(before=lambda story: nora.append(story.contact("Nora", owner=ADA.owner_id)))
    story.live(SAID)
    email = story.properties("contacts", nora[0])["email"]
    tool = Tool(story)
    event = tool.event("webinar_attended", {"title": "Autumn"}, email=email)
    fault = {"match": "POST .*/contacts/batch/read", "kind": "503_before", "times": 0}
    made = story.crm.call("POST", "/sandbox/faults", fault)
    assert tool.post(event).json()["events"][0]["status"] == "stored"
    assert story.admin.get("/api/status")["inbox"] == 1
    story.restart(lambda: story.crm.call("DELETE", f"/sandbox/faults?id={made['id']}"))
    assert tool.post(event).json()["events"][0]["status"] == "known"
    story.until("+1h")
    assert [subject for _, subject in story.lines(nora[0])] == ["Ask about it"]


def test_a_test_event_shows_who_and_why_and_writes_nothing(story: Story) -> None:
    story.live(PRICING)
    deal, contact, email = person(story)
    told = story.change(
        "POST", "/api/events/test",
        {"name": "page_viewed", "person": {"email": email}, "data": {"url": "/pricing"}},
    )  # fmt: skip
    assert told["contact"] == contact
    (record,) = told["records"]
    assert record["id"] == deal
    (rule,) = record["rules"]
    assert (rule["rule"], rule["reacts"], rule["code"]) == ("test/pricing", False, "too_few")
    assert "Matched contact" in told["said"]
    nobody = story.change(
        "POST", "/api/events/test", {"name": "launch", "person": {"email": "x@y.example"}}
    )
    assert nobody["problem"] == "person_unknown"
    story.until("+1h")
    assert story.lines(deal) == []
    names = {row["name"]: row["count"] for row in story.admin.get("/api/events")["names"]}
    assert sum(names.values()) == 0
    assert "too_few" not in story.codes(deal)


def test_an_event_of_a_person_who_was_erased_leaves_nothing(story: Story) -> None:
    story.live(SAID)
    _, contact, email = person(story)
    tool = Tool(story)
    tool.tell("webinar_attended", {"title": "Autumn"}, email=email)
    story.act("erase", contact=contact)
    story.until("+10min")
    tool.tell("webinar_attended", {"title": "Winter"}, email=email)
    assert story.parts is not None
    with story.parts.store.read() as conn:
        for table in ("events", "outcomes", "inbox", "ledger"):
            text = str(conn.exec_driver_sql(f"SELECT * FROM {table}").fetchall())
            assert email not in text, table
            assert "Winter" not in text, table
            assert "Autumn" not in text, table


def test_events_are_kept_no_longer_than_is_set(begin: Begin) -> None:
    story = begin(settings={"event_days": 31})
    _, _, email = person(story)
    tool = Tool(story)
    tool.tell("launch", email="stranger@nowhere.example")
    tool.tell("launch", email=email)
    story.until("+33d")
    # Daily work is done on the next day on which there is anything to do.
    tool.tell("launch", email=email)
    story.until("+1d")
    assert story.parts is not None
    with story.parts.store.read() as conn:
        kept = conn.exec_driver_sql("SELECT event_id FROM events").scalars().all()
    assert kept == ["e-3"]
