"""Each check of the year's audit notices what it is for, and lets a year without trouble pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from demo.year_checks import CHECKS, audit, outcomes
from tests.demo.account import KINDS, Account, ms

CALL = "Call about open questions on the proposal"
MAIL = "Ask which date the decision has to be made by"
RESOLVED = {"followthrough_state": "resolved", "followthrough_state_reason": "closed_won"}


class Year:
    """A deal in proposal since the 1st, called on the 5th, and a second one that was won."""

    def __init__(self) -> None:
        self.account = Account("2026-10-30 12:00")
        self.account.export["users"] = []
        self.contact = self.account.contact()
        self.deal = self.account.deal("2026-09-30 09:00", self.contact)
        self.account.set(self.deal, "2026-10-01 10:00", dealstage="s-proposal")
        self.first = self.task("2026-10-05 09:00", CALL, done="2026-10-05 11:00")
        other = self.account.contact()
        self.won = self.account.deal("2026-09-30 09:00", other, "Cellar")
        self.gone = self.task("2026-10-12 09:00", MAIL, deal=self.won, who=other, type="EMAIL")
        self.account.set(self.won, "2026-10-12 10:00", dealstage="s-won")
        self.account.archive(self.gone, "2026-10-12 10:05")
        self.gone["properties"] |= RESOLVED

    def task(
        self, at: str, text: str, *, deal: Any = None, who: Any = None, due: str = "", **more: Any
    ) -> dict[str, Any]:
        return self.account.task(
            at, text, due or at, deal or self.deal, who or self.contact, **more
        )

    def findings(self) -> set[str]:
        return {said.split(":")[0] for said in audit(self.account.export, KINDS).broken}


def _twin(year: Year) -> None:
    task = year.task("2026-10-08 09:00", MAIL, type="EMAIL", done="2026-10-08 10:00")
    task["properties"]["followthrough_touch_id"] = (
        year.first["properties"]["followthrough_touch_id"]
    )


def _beside(year: Year) -> None:
    year.task("2026-10-08 09:00", CALL, done="2026-10-08 12:00")
    year.task("2026-10-08 09:30", CALL, done="2026-10-08 12:00")


def _opted_out(year: Year) -> None:
    year.account.set(year.contact, "2026-10-06 09:00", hs_email_optout="true")
    year.task("2026-10-08 09:00", CALL, done="2026-10-08 12:00")


def _stopped(year: Year) -> None:
    year.account.set(year.deal, "2026-10-06 09:00", followthrough_control="stop")
    year.task("2026-10-08 09:00", CALL, done="2026-10-08 12:00")


def _at_night(year: Year) -> None:
    night = "2026-10-08 22:00"
    year.task("2026-10-08 09:00", MAIL, due=night, type="EMAIL", done="2026-10-08 23:00")


def _rewritten(year: Year) -> None:
    year.account.set(year.first, "2026-10-05 12:00", "INTEGRATION", hs_task_body="else")


def _moved_back(year: Year) -> None:
    year.account.set(year.first, "2026-10-05 09:30", hs_timestamp=str(ms("2026-10-06 09:00")))
    year.account.set(
        year.first, "2026-10-05 09:40", "INTEGRATION", hs_timestamp=str(ms("2026-10-05 09:00"))
    )


def _edited(year: Year) -> None:
    year.account.set(year.gone, "2026-10-12 09:30", hs_task_body="Bring the samples.")


def _unsaid(year: Year) -> None:
    del year.gone["properties"]["followthrough_state_reason"]


def _flood(year: Year) -> None:
    for number in range(41):
        deal = year.account.deal("2026-09-30 09:00", year.account.contact(), f"Room {number}")
        who = {"id": deal["associations"]["contacts"][0]["id"]}
        year.task("2026-10-08 09:00", CALL, deal=deal, who=who, done="2026-10-08 12:00")


def _too_often(year: Year) -> None:
    for hour in range(9, 17):
        year.task(f"2026-10-08 {hour:02}:00", CALL, done=f"2026-10-08 {hour:02}:30")


def _two_steps(year: Year) -> None:
    year.task("2026-10-08 09:00", CALL, done="2026-10-08 12:00")
    year.task("2026-10-08 10:00", MAIL, type="EMAIL", done="2026-10-08 12:00")


def _after_the_end(year: Year) -> None:
    year.task("2026-10-14 09:00", CALL, deal=year.won, done="2026-10-14 10:00")


def _left(year: Year) -> None:
    year.gone["archived"], year.gone["archived_at"] = False, None
    del year.gone["properties"]["followthrough_state"]


def _nobody(year: Year) -> None:
    task = year.task("2026-10-29 09:00", CALL)
    task["associations"] = {}


BREAKAGES: dict[str, tuple[Callable[[Year], None], ...]] = {
    "one task for each touch": (_twin,),
    "no step beside itself": (_beside,),
    "nobody against their will": (_opted_out,),
    "a rep's stop": (_stopped,),
    "working hours": (_at_night,),
    "a person's work stands": (_rewritten, _moved_back),
    "what was worked on stays": (_edited,),
    "what is resolved says why": (_unsaid,),
    "a rep's day": (_flood,),
    "caps of a person": (_too_often,),
    "one step at a time": (_two_steps,),
    "open deals alone": (_after_the_end,),
    "gone with its reason": (_left,),
    "about somebody": (_nobody,),
}


def test_a_quiet_year_passes_and_every_check_has_its_breakage() -> None:
    assert Year().findings() == set()
    assert set(BREAKAGES) == set(CHECKS)


@pytest.mark.parametrize(
    ("name", "change"), [(name, one) for name, many in BREAKAGES.items() for one in many]
)
def test_a_breakage_is_noticed(name: str, change: Callable[[Year], None]) -> None:
    year = Year()
    change(year)
    assert name in year.findings()


def test_checks_that_look_at_nothing_are_named() -> None:
    empty = Account("2026-10-30 12:00").export | {"users": []}
    assert audit(empty, KINDS).idle == list(CHECKS)


def test_outcomes_are_the_crms() -> None:
    assert outcomes(Year().account.export) == {"completed": 1, "resolved": 1}
