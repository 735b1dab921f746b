"""Findings about a CRM account, from what it answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from app.installations import doctor
from app.installations.doctor import Finding, exit_status, ordered
from app.installations.settings import Settings
from app.model.time import Wall
from connectors.contract import (
    Account,
    AuthRevoked,
    Capability,
    Checkup,
    CrmError,
    Misfit,
    RateLimited,
    Transient,
)

ROW = {"name": "Acme", "account_id": "77", "zone": "Europe/Berlin", "unique_touch_id": True}
CAN = Capability("webhooks", True, label="be told")
SOUND = Checkup(
    Account("77", "Acme", "Europe/Berlin", "EUR", "app", ""), ("oauth",), (CAN,), (), True,
    0, 100, 110,
)  # fmt: skip


@dataclass
class Crm:
    """A connector that answers a check-up as told."""

    found: Checkup = SOUND
    error: CrmError | None = None
    stored: tuple[Capability, ...] = ()
    revoked: bool = False
    native: bool | None = None

    def checkup(self, *, native: bool = False) -> Checkup:
        self.native = native
        if self.error is not None:
            raise self.error
        return self.found

    def capabilities(self) -> tuple[Capability, ...]:
        if self.revoked:
            raise AuthRevoked("No access is stored.")
        return self.stored


def look(crm: Crm, **row: Any) -> list[Finding]:
    found = doctor.connection(crm, {**ROW, **row}, Settings())  # type: ignore[arg-type]
    for one in found:
        assert one.what
        assert one.why
        assert one.next
        assert one.about == "Acme"
    return found


def codes(crm: Crm, **row: Any) -> dict[str, str]:
    return {one.code: one.level for one in look(crm, **row)}


def test_a_sound_account_has_no_findings() -> None:
    assert look(Crm()) == []


@pytest.mark.parametrize(
    ("change", "code", "level"),
    [
        ({"account": replace(SOUND.account, id="78")}, "other_account", "wrong"),
        ({"account": replace(SOUND.account, zone="Asia/Tokyo")}, "zone_changed", "attention"),
        ({"skew_ms": 200_000}, "clock_skew", "wrong"),
        ({"skew_ms": -200_000}, "clock_skew", "wrong"),
        ({"calls_left": 3}, "rate_budget_low", "attention"),
        ({"misfits": (Misfit("deals.x", "is missing", True),)}, "own_property", "attention"),
        ({"misfits": (Misfit("deals", "It is gone.", False),)}, "mapped_property", "attention"),
        ({"unique_touch_id": False}, "touch_id_lost", "wrong"),
        ({"capabilities": (Capability("a", False, "b", "c", "d"),)}, "cannot_a", "note"),
        ({"capabilities": (Capability("a", False, "b", "c", "d", "e", needed=True),)},
         "cannot_a", "wrong"),
    ],
)  # fmt: skip
def test_each_trouble_alone_is_found_alone(
    change: dict[str, Any], code: str, level: str
) -> None:
    assert codes(Crm(replace(SOUND, **change))) == {code: level}


@pytest.mark.parametrize("unknown", ["skew_ms", "calls_left", "calls_most"])
def test_what_the_crm_does_not_tell_is_no_finding(unknown: str) -> None:
    assert look(Crm(replace(SOUND, **{unknown: None}))) == []


@pytest.mark.parametrize("on", [True, False])
def test_what_sequences_need_is_looked_at_where_they_are_on(on: bool) -> None:
    crm = Crm()
    doctor.connection(crm, ROW, Settings(native_sequences=on))  # type: ignore[arg-type]
    assert crm.native is on


def test_a_touch_id_that_never_was_unique_is_a_limit_and_no_loss() -> None:
    found = replace(SOUND, unique_touch_id=False)
    assert look(Crm(found), unique_touch_id=False) == []


@pytest.mark.parametrize(
    ("error", "code", "level"),
    [
        (AuthRevoked("Gone."), "access_revoked", "wrong"),
        (RateLimited("Slow.", Wall(1)), "rate_limited", "attention"),
        (Transient("Down."), "not_answering", "wrong"),
    ],
)
def test_an_account_that_does_not_answer_is_a_finding(
    error: CrmError, code: str, level: str
) -> None:
    """What is known of its limits is told all the same."""
    stored = (Capability("a", False, "b", "c", "d"),)
    assert codes(Crm(error=error, stored=stored)) == {code: level, "cannot_a": "note"}
    assert codes(Crm(error=error, revoked=True)) == {code: level}


def test_a_limit_says_what_is_done_instead() -> None:
    one = Capability("a", False, "tasks are made", "send mail", "not granted: x", "Grant it.")
    (found,) = doctor.limits(Crm(stored=(CAN, one)))  # type: ignore[arg-type]
    assert found.what == "Followthrough cannot send mail here: not granted: x."
    assert found.why == "Instead: tasks are made."
    assert found.next == "Grant it."


def test_the_worst_decides_the_exit_status_and_comes_first() -> None:
    def one(level: Any) -> Finding:
        return Finding(level, level, "w", "y", "n")

    note, look_at, wrong = one("note"), one("attention"), one("wrong")
    assert exit_status([]) == 0
    assert exit_status([note]) == 0
    assert exit_status([note, look_at]) == 1
    assert exit_status([look_at, wrong, note]) == 2
    assert ordered([note, look_at, wrong]) == [wrong, look_at, note]
