"""The checker notices what is twice, missing or spoilt, and lets pass what the CRM explains."""

from __future__ import annotations

from typing import Any

import pytest

from demo.checker import Verdict, check
from demo.owed import Terms
from tests.demo.account import KINDS, Account, ms

SINCE = "2026-09-30 08:00"
QUESTIONS = "Call about open questions on the proposal"
TIMELINE = "Ask which date the decision has to be made by"
DECISION = "Call for the decision on the proposal"


class Story:
    """A deal in proposal since Thursday 1 October 2026, 10:00, called on by its rep since."""

    def __init__(self, now: str = "2026-10-10 12:00") -> None:
        self.account = Account(now)
        self.contact = self.account.contact()
        self.deal = self.account.deal("2026-09-30 09:00", self.contact)
        self.account.set(self.deal, "2026-10-01 10:00", dealstage="s-proposal")
        # Day 3 is a Sunday, so the task comes on Monday; day 7 is the next Thursday.
        self.first = self.account.task(
            "2026-10-05 09:00", QUESTIONS, "2026-10-05 09:00", self.deal, self.contact,
            done="2026-10-05 09:30",
        )  # fmt: skip
        self.second = self.mail("2026-10-08 09:00", TIMELINE, "2026-10-08 10:00")
        self.account.set(self.second, "2026-10-08 11:00", hs_task_status="COMPLETED")

    def mail(self, at: str, text: str, due: str) -> dict[str, Any]:
        return self.account.task(at, text, due, self.deal, self.contact, type="EMAIL")

    def check(self, **settings: Any) -> Verdict:
        playbooks = ("proposal", "idle-deal", "post-meeting", "inbound-lead")
        terms = Terms(dict.fromkeys(playbooks, ms(SINCE)), **settings)
        return check(self.account.export, KINDS, terms)


def test_a_clean_account_passes() -> None:
    verdict = Story().check()
    assert verdict.good, (verdict.missing, verdict.duplicates, verdict.broken)
    assert (verdict.owed, verdict.tasks, verdict.engagements) == (2, 2, 2)
    assert verdict.max_open_per_rep == 1


def test_a_task_that_stands_twice_is_found_under_any_touch_id() -> None:
    story = Story()
    twin = story.account.task(
        "2026-10-05 09:00", QUESTIONS, "2026-10-05 09:00", story.deal, story.contact,
        done="2026-10-05 09:31",
    )  # fmt: skip
    verdict = story.check()
    assert len(verdict.duplicates) == 1
    assert twin["properties"]["followthrough_touch_id"] != (
        story.first["properties"]["followthrough_touch_id"]
    )


def test_a_task_that_is_not_there_is_missing() -> None:
    story = Story()
    story.account.export["tasks"].remove(story.second)
    verdict = story.check()
    assert len(verdict.missing) == 1
    assert "proposal/timeline" in verdict.missing[0]
    assert "2026-10-08 10:00" in verdict.missing[0]


def test_a_task_without_touch_id_is_not_ours() -> None:
    story = Story()
    del story.second["properties"]["followthrough_touch_id"]
    assert len(story.check().missing) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hs_task_subject", "Something else"),
        ("hs_task_body", "what we think now"),
        ("hs_task_type", "TODO"),
        ("hs_task_priority", "HIGH"),
        ("hs_task_status", "NOT_STARTED"),
    ],
)
def test_content_written_again_by_the_app_is_found(name: str, value: str) -> None:
    story = Story()
    story.account.set(story.second, "2026-10-08 12:00", "INTEGRATION", **{name: value})
    assert any(name in text for text in story.check().broken)


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("hs_timestamp", str(ms("2026-10-09 10:00")), str(ms("2026-10-08 10:00"))),
        ("hubspot_owner_id", "2", "1"),
    ],
)
def test_what_a_rep_moved_and_the_app_moved_back_is_found(
    name: str, theirs: str, ours: str
) -> None:
    story = Story()
    story.account.set(story.second, "2026-10-08 09:10", **{name: theirs})
    assert not any("overwritten" in text for text in story.check().broken)
    story.account.set(story.second, "2026-10-08 09:20", "INTEGRATION", **{name: ours})
    assert any(name in text and "overwritten" in text for text in story.check().broken)


def test_a_task_that_lost_its_person_is_found() -> None:
    story = Story()
    del story.second["associations"]["contacts"]
    assert any("lacks its person" in text for text in story.check().broken)


def test_a_task_that_stands_on_nothing_is_found() -> None:
    story = Story()
    story.second["associations"] = {}
    verdict = story.check()
    assert any("no deal and no person" in text for text in verdict.broken)


def test_a_message_after_an_opt_out_is_found() -> None:
    story = Story()
    story.account.set(story.contact, "2026-10-06 15:00", hs_email_optout="true")
    verdict = story.check()
    assert any("opted out" in text for text in verdict.broken)
    assert verdict.missing == []


def test_a_mail_to_who_bounced_is_found() -> None:
    story = Story()
    story.account.set(story.contact, "2026-10-06 15:00", hs_email_bounce="1")
    assert any("bounced" in text for text in story.check().broken)


def test_a_task_after_a_rep_said_stop_is_found() -> None:
    story = Story()
    story.account.set(story.deal, "2026-10-07 15:00", followthrough_control="stop")
    assert any("stopped" in text for text in story.check().broken)


def test_a_due_time_at_night_is_found() -> None:
    story = Story()
    story.second["history"]["hs_timestamp"][0][1] = str(ms("2026-10-08 20:00"))
    assert any("outside the working hours" in text for text in story.check().broken)


def test_a_due_time_before_the_owed_one_is_found() -> None:
    story = Story()
    story.second["history"]["hs_timestamp"][0][1] = str(ms("2026-10-07 10:00"))
    assert any(text.startswith("due at") for text in story.check().broken)


def test_a_task_written_late_without_a_reason_is_found() -> None:
    story = Story()
    story.second["created_at"] = ms("2026-10-08 14:00")
    story.account.set(story.second, "2026-10-08 14:30", hs_task_status="COMPLETED")
    assert any("later than" in text for text in story.check().broken)


def test_an_open_task_puts_the_next_one_off() -> None:
    """Day 7 comes while the task of day 3 is still open: put off, and not missing. So is the
    question why the deal is silent, which nobody answered since it was entered."""
    story = Story()
    story.account.export["tasks"].remove(story.second)
    story.first["history"]["hs_task_status"].pop()
    story.first["properties"]["hs_task_status"] = "NOT_STARTED"
    verdict = story.check()
    assert verdict.good, (verdict.missing, verdict.broken)
    assert dict(verdict.deferred) == {"merge": 2}


def test_without_merging_an_open_task_puts_nothing_off() -> None:
    story = Story()
    story.account.export["tasks"].remove(story.second)
    story.first["history"]["hs_task_status"].pop()
    assert len(story.check(limits=False).missing) == 2


def test_a_task_that_was_closed_in_time_puts_nothing_off() -> None:
    story = Story("2026-10-12 09:00")
    story.account.export["tasks"].remove(story.second)
    assert len(story.check().missing) == 1


def test_two_steps_at_once_are_found() -> None:
    story = Story()
    story.first["history"]["hs_task_status"][-1][0] = ms("2026-10-08 09:05")
    assert any("stood open" in text for text in story.check().broken)


def test_a_task_nobody_owes_is_found() -> None:
    story = Story()
    # Six days before its time.
    story.mail("2026-10-09 09:00", DECISION, "2026-10-09 10:00")
    found = [text for text in story.check().broken if text.startswith("nothing owes")]
    assert len(found) == 1


def test_an_untouched_task_whose_reason_is_gone_is_found() -> None:
    story = Story()
    story.second["history"]["hs_task_status"].pop()
    story.account.set(story.deal, "2026-10-08 15:00", dealstage="s-lost")
    assert any("after its reason was gone" in text for text in story.check().broken)
    story.account.archive(story.second, "2026-10-08 15:00")
    assert story.check().good


def test_a_pause_puts_off_until_its_date() -> None:
    story = Story()
    story.account.export["tasks"].remove(story.second)
    story.account.set(
        story.deal, "2026-10-06 15:00", followthrough_control="pause",
        followthrough_pause_until=str(ms("2026-10-12 15:00")),
    )  # fmt: skip
    verdict = story.check()
    assert verdict.missing == []
    assert dict(verdict.deferred) == {"paused": 1}


def test_a_silent_deal_is_owed_a_call() -> None:
    """Nobody did anything after the mail of Thursday 8th: the silence is over a week later, and the
    third task of the proposal is due on the same day."""
    story = Story("2026-10-15 14:00")
    missing = story.check().missing
    assert len(missing) == 2
    assert "proposal/decision" in missing[0]
    assert "idle/check-in" in missing[1]
    story.account.task(
        "2026-10-15 09:00", DECISION, "2026-10-15 10:00", story.deal, story.contact
    )
    # Open since 9:00, it puts off the question about the silence.
    verdict = story.check()
    assert verdict.good, (verdict.missing, verdict.broken)
    assert dict(verdict.deferred) == {"merge": 1}


def test_a_managers_digest_is_one_a_day() -> None:
    story = Story()
    digest = "Follow-up digest: deals that need a manager"
    for _ in range(2):
        task = story.mail("2026-10-06 08:00", "x", "2026-10-06 09:00")
        task["history"]["hs_task_subject"][0][1] = digest
    verdict = story.check()
    assert len(verdict.duplicates) == 1
    assert verdict.broken == []


@pytest.mark.parametrize(("asks_every", "strangers"), [(0, 1), (900_000, 0)])
def test_a_polling_app_may_not_have_heard_yet_that_a_step_is_over(
    asks_every: int, strangers: int
) -> None:
    story = Story("2026-10-20 12:00")
    story.account.set(story.deal, "2026-10-15 08:50", dealstage="s-lost")
    task = story.account.task(
        "2026-10-15 09:00", DECISION, "2026-10-15 10:00", story.deal, story.contact
    )
    story.account.archive(task, "2026-10-15 09:05")
    found = story.check(asks_every=asks_every).broken
    assert len([one for one in found if "nothing owes" in one]) == strangers


@pytest.mark.parametrize(("asks_every", "missing"), [(0, 1), (900_000, 0)])
def test_a_polling_app_may_not_have_heard_yet_that_a_reason_to_wait_is_gone(
    asks_every: int, missing: int
) -> None:
    """The next step waits for two open tasks, one after the other with some minutes between."""
    story = Story("2026-10-15 18:00")
    story.account.set(story.second, "2026-10-08 11:00", hs_task_status="NOT_STARTED")
    story.account.archive(story.second, "2026-10-15 09:00")
    story.account.task(
        "2026-10-15 09:06", "Check in on a deal that has gone quiet", "2026-10-15 09:06",
        story.deal, story.contact,
    )  # fmt: skip
    verdict = story.check(asks_every=asks_every)
    assert len([one for one in verdict.missing if "decision" in one]) == missing
