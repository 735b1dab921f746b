"""What was done before the connection is read beside the main job, whatever comes in between."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app.store import activities
from app.store.tables import activities as table
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import Story

SEARCH = "POST /crm/objects/[^/]+/{kind}/search"


def past(story: Story) -> None:
    """A deal with a call, a mail, an answer and a meeting, a month before anybody connects."""
    deal = story.deal("proposal")
    story.act("log_call", deal=deal)
    story.act("send_email", deal=deal, subject="Our talk")
    story.act("reply", deal=deal)
    meeting = story.act("book_meeting", deal=deal, start=story.now + 3_600_000)
    story.to(story.now + 7_200_000)
    story.act("meeting_outcome", meeting=meeting, outcome="COMPLETED")
    story.to(story.now + 30 * 86_400_000)


def known(story: Story) -> list[str]:
    assert story.parts is not None
    with story.parts.store.read() as conn:
        assert not activities.past_open(conn, 1)
        return sorted(conn.execute(select(table.c.kind)).scalars())


def fault(kind: str, times: int, records: str) -> Any:
    match = SEARCH.format(kind=records)
    return lambda story: (
        past(story),
        story.crm.call(
            "POST", "/sandbox/faults", {"match": match, "kind": kind, "times": times}
        ),
    )


@pytest.mark.feature("L01")
def test_the_past_is_read_after_the_import(begin: Begin) -> None:
    story = begin(before=past)
    assert known(story) == ["booked", "call", "email", "meeting", "reply"]
    page = {f["figure"]: f for f in story.admin.get("/api/dashboard/audit")["figures"]}
    (stage,) = page["momentum_lost"]["rows"]
    assert (stage["stage"], stage["theirs"]["hits"]) == ("Proposal sent", 1)


def test_a_page_that_fails_is_read_again(begin: Begin) -> None:
    story = begin(before=fault("500_before", 2, "calls"))
    assert known(story) == ["booked", "call", "email", "meeting", "reply"]


def test_what_the_grant_does_not_show_is_left_out(begin: Begin) -> None:
    story = begin(before=fault("403_before", 0, "calls"))
    assert known(story) == ["booked", "email", "meeting", "reply"]


def test_an_inquiry_of_before_is_in_no_length_though_it_writes_now(begin: Begin) -> None:
    """What reps did for it before is not known, since nobody knew then that it would be one."""
    people: list[str] = []

    def before(story: Story) -> None:
        people.append(story.contact("Nora"))
        story.act("log_call", contact=people[0])
        story.to(story.now + 86_400_000)

    story = begin(before=before)
    story.act("reply", contact=people[0])
    new = story.contact("Lena")
    story.until("+1h")
    story.act("log_call", contact=new)
    story.settle()
    speed = {f["figure"]: f for f in story.admin.get("/api/dashboard/speed")["figures"]}
    row = next(r for r in speed["first_contact"]["rows"] if r["what"].startswith("Inquiries"))
    assert (row["n"], row["never"]["hits"]) == (1, 0)
    today = {f["figure"]: f for f in story.admin.get("/api/dashboard/today")["figures"]}
    row = next(r for r in today["standing"]["rows"] if r["what"].startswith("Inquiries"))
    assert row["part"]["n"] == 2, "both are looked after"
