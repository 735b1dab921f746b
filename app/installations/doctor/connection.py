"""The CRM account as it answers right now, by reading alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.installations.doctor.findings import Finding
from app.installations.settings import Settings
from app.model.time import MINUTE, SECOND
from connectors.contract import (
    AuthRevoked,
    Capability,
    Checkup,
    Connector,
    CrmError,
    RateLimited,
)

SKEW_MS = 2 * MINUTE
"""Signatures older than five minutes are refused; a clock this wrong will soon be."""

_LITTLE_LEFT = 0.1


def connection(
    connector: Connector, row: Mapping[Any, Any], settings: Settings
) -> list[Finding]:
    """What the account says when it is asked, limits included. row: of `installations`.

    Never raises a CrmError: what the CRM refuses is a finding.
    """
    about = str(row["name"] or row["account_id"])
    try:
        found = connector.checkup(native=settings.native_sequences)
    except CrmError as error:
        return [_unanswered(error, about), *limits(connector, about)]
    return [
        *_account(found, row, about),
        *_clock(found, about),
        *_rate(found, about),
        *_misfits(found, about),
        *_touch_id(found, row, about),
        *_limits(found.capabilities, about),
    ]


def limits(connector: Connector, about: str = "") -> list[Finding]:
    """What this account cannot do and what is done instead, by the grant as it is stored; no call
    is made. An account without stored access has no limits to tell."""
    try:
        return _limits(connector.capabilities(), about)
    except AuthRevoked:
        return []


def _limits(found: Iterable[Capability], about: str) -> list[Finding]:
    return [
        Finding(
            f"cannot_{one.name}", "wrong" if one.needed else "note",
            f"Followthrough cannot {one.label} here: {one.why}.",
            f"Instead: {one.instead}.", one.remedy or "Nothing to do.", about,
        )
        for one in found
        if not one.available
    ]  # fmt: skip


def _unanswered(error: CrmError, about: str) -> Finding:
    if isinstance(error, AuthRevoked):
        return Finding(
            "access_revoked", "wrong", error.message,
            "Nothing can be read or written in this account.",
            "Have a super admin connect it again on the first page.", about,
        )  # fmt: skip
    if isinstance(error, RateLimited):
        return Finding(
            "rate_limited", "attention", "The CRM's rate limit is used up at the moment.",
            "The account could not be checked; work waits and goes on by itself.",
            "Look again in a minute. If it stays so, see which other app uses the account's calls.",
            about,
        )  # fmt: skip
    return Finding(
        "not_answering", "wrong", f"The CRM account could not be checked: {error.message}",
        "What is due waits until the CRM answers.",
        "Look again in a few minutes; the server's log has the details.", about,
    )  # fmt: skip


def _account(found: Checkup, row: Mapping[Any, Any], about: str) -> Iterator[Finding]:
    if found.account.id != row["account_id"]:
        yield Finding(
            "other_account", "wrong",
            f"The stored access opens account {found.account.id}, not {row['account_id']}.",
            "Follow-up would be written into another account.",
            "Connect the account again.", about,
        )  # fmt: skip
    if found.account.zone != row["zone"]:
        yield Finding(
            "zone_changed", "attention",
            f"The account's time zone is {found.account.zone} now; {row['zone']} is used.",
            "Due times of people without a zone of their own fall in the old zone.",
            "Connect the account again to take it over, or set the zone in the settings.", about,
        )  # fmt: skip


def _clock(found: Checkup, about: str) -> Iterator[Finding]:
    if found.skew_ms is not None and abs(found.skew_ms) > SKEW_MS:
        way = "behind" if found.skew_ms > 0 else "ahead of"
        yield Finding(
            "clock_skew", "wrong",
            f"This machine's clock is {abs(found.skew_ms) // SECOND} seconds {way} the CRM's.",
            "Webhooks signed more than five minutes from now are refused, and tokens are renewed "
            "at the wrong moment.",
            "Let the machine set its clock by NTP.", about,
        )  # fmt: skip


def _rate(found: Checkup, about: str) -> Iterator[Finding]:
    left, most = found.calls_left, found.calls_most
    if left is not None and most and left < most * _LITTLE_LEFT:
        yield Finding(
            "rate_budget_low", "attention",
            f"Only {left} of {most} calls are left in the CRM's present window.",
            "Work that needs more waits for the next window.",
            "Nothing, if an import or a reconcile is running. If it stays so, see which other app "
            "uses the account's calls.", about,
        )  # fmt: skip


def _misfits(found: Checkup, about: str) -> Iterator[Finding]:
    for one in found.misfits:
        if one.ours:
            yield Finding(
                "own_property", "attention", f"Our field {one.name} {one.problem}.",
                "What it should carry is not written to the CRM, or cannot be found again by it.",
                "Press Repair under Set-up where it is offered, or connect the account again as a "
                "super admin: what is missing is made anew. A field that is there in another form "
                "must be deleted in the CRM first.", about,
            )  # fmt: skip
        else:
            yield Finding(
                "mapped_property", "attention", f"{one.problem}",
                "Conditions and texts that use the field find nothing in it.",
                "Correct the field's mapping, or the property in the CRM.", about,
            )  # fmt: skip


def _touch_id(found: Checkup, row: Mapping[Any, Any], about: str) -> Iterator[Finding]:
    if found.unique_touch_id or not row["unique_touch_id"]:
        return
    yield Finding(
        "touch_id_lost", "wrong", "Tasks can no longer be found by the id of their touch.",
        "After a lost answer we could not tell whether a task stands in the CRM.",
        "Connect the account again as a super admin, which makes the field anew.", about,
    )  # fmt: skip
