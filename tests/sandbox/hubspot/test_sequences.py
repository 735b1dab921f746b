"""Sequences through HubSpot's HTTP: listing, enrolling, what follows, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.world import sequence_terms
from sandbox.world.people_acts import Acts
from sandbox.world.records import Actor, Link, Record
from tests.sandbox.hubspot.conftest import FOREIGN_PORTAL, USER
from tests.sandbox.support import Client, SandboxServer

SEQUENCES = "/automation/sequences/2026-03"
ENROL = f"{SEQUENCES}/enrollments?userId=9001"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
STEPS = [
    {"email": "First"},
    {"email": "Second", "after": 2 * 86_400},
    {"task": "Ring", "type": "CALL", "priority": "HIGH", "after": 86_400},
]
INBOX = "ada@example.com"


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(settings={"rate_limit_multiplier": 1000.0}) as made:
        sequence_terms.add_sequences(
            made.account,
            [
                {"name": "Outreach", "user": 9001, "steps": STEPS},
                {"name": "Ben's own", "user": 9002, "shared": False, "steps": STEPS[:1]},
            ],
        )
        sequence_terms.set_inboxes(made.account, {"9001": [INBOX]})
        sequence_terms.set_workflow(made.account, {"property": "company", "seconds": 80})
        yield made


@pytest.fixture
def client(server: SandboxServer) -> Client:
    return server.client()


@pytest.fixture
def person(server: SandboxServer) -> Record:
    return server.account.create("contacts", {"email": "nora@prospect.example"}, USER)


def sequence_id(server: SandboxServer, name: str = "Outreach") -> str:
    known = server.account.sequences.known.values()
    return next(one.id for one in known if one.name == name)


def enrolment(server: SandboxServer, person: Record, **changes: Any) -> dict[str, Any]:
    made = {"sequenceId": sequence_id(server), "contactId": person.id, "senderEmail": INBOX}
    return {**made, **changes}


def mails(server: SandboxServer) -> list[str]:
    return [one.get("hs_email_subject") for one in server.account.objects["emails"].values()]


def test_listing_shows_what_the_user_sees(server: SandboxServer, client: Client) -> None:
    ada = client.get(SEQUENCES, userId="9001").json()
    assert [one["name"] for one in ada["results"]] == ["Outreach"]
    assert ada["total"] == 1
    assert set(ada["results"][0]) >= {"id", "name", "userId", "createdAt", "updatedAt"}
    ben = client.get(SEQUENCES, userId="9002", limit=1).json()
    assert (ben["total"], len(ben["results"])) == (2, 1)
    more = client.get(SEQUENCES, userId="9002", limit=1, after=ben["paging"]["next"]["after"])
    assert [one["name"] for one in more.json()["results"]] == ["Ben's own"]
    named = client.get(SEQUENCES, userId="9002", name="ben").json()
    assert [one["name"] for one in named["results"]] == ["Ben's own"]


def test_reading_shows_steps_and_settings(server: SandboxServer, client: Client) -> None:
    told = client.get(f"{SEQUENCES}/{sequence_id(server)}", userId="9002").json()
    kinds = [(one["actionType"], one["delayMillis"]) for one in told["steps"]]
    assert kinds == [("EMAIL", 0), ("EMAIL", 2 * DAY), ("TASK", DAY), ("FINISH_ENROLLMENT", DAY)]
    assert told["steps"][2]["taskPattern"]["taskType"] == "CALL"
    assert told["settings"]["eligibleFollowUpDays"] == "BUSINESS_DAYS"
    assert told["settings"]["sendWindowStartMinute"] == 480


def test_an_enrolment_is_carried_out_in_business_time(
    server: SandboxServer, client: Client, person: Record
) -> None:
    deal = server.account.create("deals", {"dealname": "D"}, USER, [Link("contacts", person.id)])
    answer = client.post(ENROL, enrolment(server, person))
    assert answer.status_code == 200, answer.text
    assert answer.json()["toEmail"] == "nora@prospect.example"
    assert person.get("hs_sequences_is_enrolled") == "true"
    assert person.get("hs_latest_sequence_enrolled") == sequence_id(server)
    shown = client.get(f"{SEQUENCES}/enrollments/contact/{person.id}").json()
    assert shown["id"] == answer.json()["id"]
    assert (shown["sequenceName"], shown["enrolledByEmail"]) == ("Outreach", INBOX)
    server.play(MINUTE)
    assert mails(server) == ["First"]
    (mail,) = server.account.objects["emails"].values()
    assert mail.get("hs_email_direction") == "EMAIL"
    assert mail.linked("deals") == [deal.id]
    assert person.get("notes_last_contacted")
    # Monday 12 October, 08:00 in Amsterdam: two business days, one, and one to the end.
    server.play(2 * DAY)
    assert mails(server) == ["First", "Second"]
    server.play(DAY)
    (task,) = server.account.objects["tasks"].values()
    assert (task.get("hs_task_type"), task.get("hubspot_owner_id")) == ("CALL", "501")
    assert person.get("hs_sequences_is_enrolled") == "true"
    server.play(DAY)
    assert person.get("hs_sequences_is_enrolled") == "false"
    assert person.get("hs_latest_sequence_finished_date")
    assert person.get("hs_latest_sequence_ended_date")
    assert not person.get("hs_latest_sequence_unenrolled_date")
    assert client.post(ENROL, enrolment(server, person)).status_code == 200, "free again"
    assert person.get("hs_sequences_enrolled_count") == "2"


def test_only_the_first_mail_leaves_at_night_and_none_on_a_weekend(
    server: SandboxServer, client: Client, person: Record
) -> None:
    server.clock.set(server.clock.now() + 4 * DAY + 15 * HOUR)  # Friday 16 October, 23:00
    client.post(ENROL, enrolment(server, person))
    server.play(MINUTE)
    assert mails(server) == ["First"]
    server.play(3 * DAY)
    assert mails(server) == ["First"]
    server.play(2 * DAY)
    second = list(server.account.objects["emails"].values())[1]
    assert second.created_at == server.clock.now() - 15 * HOUR - MINUTE, "Wednesday at 08:00"


@pytest.mark.parametrize(
    ("verb", "params"),
    [
        ("reply", {}),
        ("book_meeting", {"start": 1_791_900_000_000}),
        ("opt_out", {}),
        ("bounce", {}),
        ("unenrol", {}),
    ],
)
def test_what_people_do_ends_it(
    server: SandboxServer, client: Client, person: Record, verb: str, params: dict[str, Any]
) -> None:
    client.post(ENROL, enrolment(server, person))
    server.play(MINUTE)
    Acts(server.account).do(verb, {"contact": person.id, **params})
    assert person.get("hs_sequences_is_enrolled") == "false"
    assert person.get("hs_sequences_actively_enrolled_count") == "0"
    assert person.get("hs_latest_sequence_unenrolled_date") == str(server.clock.now())
    assert not person.get("hs_latest_sequence_finished_date")
    server.play(10 * DAY)
    assert mails(server) in (["First"], ["First", "Re: your message"])


def test_what_an_app_logs_does_not_end_it(
    server: SandboxServer, client: Client, person: Record
) -> None:
    client.post(ENROL, enrolment(server, person))
    fields = {"hs_timestamp": "1791900000000", "hs_meeting_outcome": "SCHEDULED"}
    link = [Link("contacts", person.id)]
    server.account.create("meetings", fields, Actor.app(777), link)
    server.account.create("notes", {"hs_timestamp": "1"}, USER, link)
    assert person.get("hs_sequences_is_enrolled") == "true"


def test_the_workflow_unenrols_once_its_property_becomes_known(
    server: SandboxServer, client: Client, person: Record
) -> None:
    path = f"/crm/objects/2026-03/contacts/{person.id}"
    client.post(ENROL, enrolment(server, person))
    client.call("PATCH", path, {"properties": {"company": "stop"}})
    server.play(79_000)
    assert person.get("hs_sequences_is_enrolled") == "true"
    server.play(1_000)
    assert person.get("hs_sequences_is_enrolled") == "false"
    client.post(ENROL, enrolment(server, person))
    client.call("PATCH", path, {"properties": {"company": "stop again"}})
    server.play(HOUR)
    assert person.get("hs_sequences_is_enrolled") == "true", "it was known already"
    client.call("PATCH", path, {"properties": {"company": ""}})
    client.call("PATCH", path, {"properties": {"company": "stop"}})
    server.play(HOUR)
    assert person.get("hs_sequences_is_enrolled") == "false"


@pytest.mark.parametrize("why", ["off", "small tier"])
def test_without_a_workflow_nothing_unenrols(
    server: SandboxServer, client: Client, person: Record, why: str
) -> None:
    client.post(ENROL, enrolment(server, person))
    if why == "off":
        sequence_terms.set_workflow(server.account, None)
    else:
        server.account.tier = "starter"
    path = f"/crm/objects/2026-03/contacts/{person.id}"
    client.call("PATCH", path, {"properties": {"company": "stop"}})
    server.play(HOUR)
    assert person.get("hs_sequences_is_enrolled") == "true"


# --- refusals ------------------------------------------------------------------------------------


def refused(server: SandboxServer, answer: Any, row: str, status: int, says: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert not server.account.sequences.enrolled or row in (
        "sequence_enrolled_already",
        "sequence_daily_limit",
    )


@pytest.mark.refusal("sequence_user_missing")
@pytest.mark.parametrize("path", [SEQUENCES, f"{SEQUENCES}/1", f"{SEQUENCES}/enrollments"])
def test_the_user_is_named(server: SandboxServer, client: Client, path: str) -> None:
    answer = client.call("POST" if path.endswith("s") and "enr" in path else "GET", path, {})
    refused(server, answer, "sequence_user_missing", 400, "query param userId may not be null")


@pytest.mark.refusal("sequence_user_unknown")
@pytest.mark.parametrize("user", ["501", "4711", "x"])
def test_the_user_is_one_of_the_account(server: SandboxServer, client: Client, user: str) -> None:
    refused(server, client.get(SEQUENCES, userId=user), "sequence_user_unknown", 400)


@pytest.mark.refusal("tier_lacks")
def test_small_tiers_have_no_sequences(server: SandboxServer, client: Client) -> None:
    server.account.tier = "starter"
    server.settings.update({"downgrade_withdraws_scopes": False})
    refused(server, client.get(SEQUENCES, userId="9001"), "tier_lacks", 403)


@pytest.mark.refusal("sequence_seat")
@pytest.mark.parametrize("how", ["no seat", "tier"])
def test_enrolling_takes_a_seat(
    server: SandboxServer, client: Client, person: Record, how: str
) -> None:
    if how == "tier":
        server.account.tier = "professional_no_seat"
    else:
        sequence_terms.set_seats(server.account, [9002])
    assert client.get(SEQUENCES, userId="9001").status_code == 200, "reading takes none"
    refused(server, client.post(ENROL, enrolment(server, person)), "sequence_seat", 403)


@pytest.mark.refusal("sequence_field_missing")
@pytest.mark.parametrize("field", ["sequenceId", "contactId", "senderEmail"])
def test_every_field_is_needed(
    server: SandboxServer, client: Client, person: Record, field: str
) -> None:
    body = enrolment(server, person, **{field: ""})
    refused(server, client.post(ENROL, body), "sequence_field_missing", 400, field)


@pytest.mark.refusal("sequence_unknown")
def test_unknown_and_foreign_sequences(
    server: SandboxServer, client: Client, person: Record
) -> None:
    other = server.add_account(FOREIGN_PORTAL)
    rows = [{"name": "Theirs", "user": 9001, "steps": STEPS}]
    (foreign,) = sequence_terms.add_sequences(other, rows)
    hidden = sequence_id(server, "Ben's own")
    for number, wanted in enumerate(("1", foreign.id, hidden), 1):
        answer = client.post(ENROL, enrolment(server, person, sequenceId=wanted))
        assert answer.status_code == 404
        assert client.get(f"{SEQUENCES}/{wanted}", userId="9001").status_code == 404
        assert server.hubspot.refusals["sequence_unknown"] == 2 * number


@pytest.mark.refusal("sequence_contact_unknown")
def test_unknown_and_foreign_contacts(server: SandboxServer, client: Client) -> None:
    other = server.add_account(FOREIGN_PORTAL)
    foreign = other.create("contacts", {"email": "f@example.com"}, USER)
    gone = server.account.create("contacts", {"email": "g@example.com"}, USER)
    server.account.archive("contacts", gone.id, USER)
    for number, wanted in enumerate((foreign, gone), 1):
        answer = client.post(ENROL, enrolment(server, wanted))
        assert answer.status_code == 404
        assert server.hubspot.refusals["sequence_contact_unknown"] == number


@pytest.mark.refusal("sequence_contact_without_email")
def test_a_contact_without_address(server: SandboxServer, client: Client) -> None:
    nobody = server.account.create("contacts", {"firstname": "N"}, USER)
    answer = client.post(ENROL, enrolment(server, nobody))
    refused(server, answer, "sequence_contact_without_email", 400)


@pytest.mark.refusal("sequence_inbox")
def test_the_sender_is_an_inbox_that_this_user_connected(
    server: SandboxServer, client: Client, person: Record
) -> None:
    sequence_terms.set_inboxes(server.account, {"9002": ["ben@example.com"]})
    body = enrolment(server, person, senderEmail="ben@example.com")
    refused(server, client.post(ENROL, body), "sequence_inbox", 400)


@pytest.mark.refusal("sequence_unsubscribed")
def test_who_unsubscribed_is_not_enrolled(
    server: SandboxServer, client: Client, person: Record
) -> None:
    Acts(server.account).do("opt_out", {"contact": person.id})
    answer = client.post(ENROL, enrolment(server, person))
    refused(server, answer, "sequence_unsubscribed", 400)
    assert answer.json()["subCategory"] == "SequenceError.UNSUBSCRIBED"


@pytest.mark.refusal("sequence_enrolled_already")
def test_one_sequence_at_a_time(server: SandboxServer, client: Client, person: Record) -> None:
    first = client.post(ENROL, enrolment(server, person)).json()
    refused(server, client.post(ENROL, enrolment(server, person)), "sequence_enrolled_already", 400)
    server.settings.update({"duplicate_enrolment": "existing"})
    assert client.post(ENROL, enrolment(server, person)).json()["id"] == first["id"]
    assert person.get("hs_sequences_enrolled_count") == "1"


@pytest.mark.refusal("sequence_daily_limit")
@pytest.mark.parametrize("status", [400, 429])
def test_an_inbox_has_a_limit_for_the_day(
    server: SandboxServer, client: Client, person: Record, status: int
) -> None:
    server.settings.update({"sequence_daily_limit": 1, "sequence_limit_status": status})
    other = server.account.create("contacts", {"email": "o@example.com"}, USER)
    assert client.post(ENROL, enrolment(server, other)).status_code == 200
    answer = client.post(ENROL, enrolment(server, person))
    refused(server, answer, "sequence_daily_limit", status)
    server.play(DAY)
    assert client.post(ENROL, enrolment(server, person)).status_code == 200


@pytest.mark.refusal("sequence_never_enrolled")
def test_no_enrolment_to_read(server: SandboxServer, client: Client, person: Record) -> None:
    path = f"{SEQUENCES}/enrollments/contact/{person.id}"
    refused(server, client.get(path), "sequence_never_enrolled", 404)
    server.settings.update({"never_enrolled_status": 200})
    assert client.get(path).json() == {}


@pytest.mark.parametrize(("shown", "status"), [(True, 200), (False, 404)])
def test_whether_an_ended_enrolment_is_shown(
    server: SandboxServer, client: Client, person: Record, shown: bool, status: int
) -> None:
    server.settings.update({"ended_enrolment_shown": shown})
    client.post(ENROL, enrolment(server, person))
    Acts(server.account).do("unenrol", {"contact": person.id})
    path = f"{SEQUENCES}/enrollments/contact/{person.id}"
    assert client.get(path).status_code == status


def test_a_merged_contact_goes_on_in_one_sequence(
    server: SandboxServer, client: Client, person: Record
) -> None:
    account = server.account
    kept = account.create("contacts", {"email": "n.vos@prospect.example"}, USER)
    for one in (kept, person):  # the one to be merged away is the later one
        assert client.post(ENROL, enrolment(server, one)).status_code == 200
        server.play(MINUTE)
    assert mails(server) == ["First", "First"]
    both = {"primaryObjectId": kept.id, "objectIdToMerge": person.id}
    new = client.post("/crm/objects/2026-03/contacts/merge", both).json()["id"]
    merged = account.need("contacts", new)
    assert merged.get("hs_sequences_is_enrolled") == "true"
    assert merged.get("hs_sequences_enrolled_count") == "2"
    server.play(3 * DAY)
    assert mails(server) == ["First", "First", "Second"], "the primary record's goes on alone"
    last = list(account.objects["emails"].values())[-1]
    assert '"n.vos@prospect.example"' in last.get("hs_email_headers")
    told = account.need("contacts", person.id)
    assert told is merged
    assert merged.get("hs_sequences_is_enrolled") == "true"
    account.update("contacts", new, {"company": "now known"}, USER)
    server.play(80_000)
    assert merged.get("hs_sequences_is_enrolled") == "false"


def test_the_other_contacts_sequence_goes_on_where_the_primary_has_none(
    server: SandboxServer, client: Client, person: Record
) -> None:
    account = server.account
    kept = account.create("contacts", {"email": "n.vos@prospect.example"}, USER)
    assert client.post(ENROL, enrolment(server, person)).status_code == 200
    new = account.merge("contacts", kept.id, person.id, USER)
    server.play(3 * DAY)
    assert mails(server) == ["First", "Second"]
    assert new.get("hs_sequences_is_enrolled") == "true"
    shown = client.get(f"{SEQUENCES}/enrollments/contact/{new.id}")
    assert shown.status_code == 200
