"""The past of an installation's records: stages whole, activity as far back as it was read."""

from __future__ import annotations

from typing import Any

from app.decisions.zones import day_text, local_day
from app.lanes.backtest.known import MEASURED, histories_of
from app.lanes.backtest.report import BacktestError, Ground, Span, report
from app.lanes.context import Lanes, Tenant
from app.lanes.counting import MONTH
from app.lanes.history import reach
from app.lanes.snapshot import Snapshot
from app.model.backtest import History
from app.model.playbook import Playbook
from app.model.time import DAY, Business
from app.model.vocabulary import SignalKind
from app.playbooks.presets import preset, preset_ids
from app.store import mirror, playbooks

PAGE = 500

TOLD = MEASURED | {
    SignalKind.SUBJECT_CREATED,
    SignalKind.STAGE_ENTERED,
    SignalKind.CLOSED,
    SignalKind.REP_ACTIVITY,
    SignalKind.NO_ACTIVITY,
    SignalKind.STALLED,
    SignalKind.DATE,
    SignalKind.TASK_COMPLETED,
    SignalKind.RECYCLED,
}
"""What the mirror has dates for."""

COUNTED = (
    "Calls and mails of reps that the CRM shows count against caps as they came, whether or not "
    "they would have been made beside these steps."
)
SINCE_CONNECTED = (
    "Opt-outs and bounces are known since the account was connected, and so is what a reply means."
)


def ground_of(
    tenant: Tenant, told: frozenset[SignalKind], known: tuple[str, ...] = ()
) -> Ground:
    """An installation's own ground, for what the source tells of."""
    return Ground(
        key=tenant.key,
        zone=tenant.zone,
        settings=tenant.settings,
        calendars=tenant.calendars,
        followed=tenant.stages.followed,
        told=told,
        known=known,
    )


def backtest_mirror(
    lanes: Lanes, installation_id: int, playbook: str | Playbook, days: int,
    most: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The figures over the last `days`, on every record of the installation.

    playbook: itself, saved or not; or its id: a saved one's newest version, else a preset. most:
    look at so many records only, the answer's `whole` says whether that left any out. Raises
    BacktestError for an unknown playbook.
    """
    tenant, now = lanes.tenant(installation_id), lanes.now()
    told = playbook
    if isinstance(told, str):
        told = named_playbook(lanes, installation_id, told)
    span = Span(now, days)
    known, more = reach(lanes, installation_id, Business(span.since - MONTH * DAY))
    histories, whole = _histories(lanes, tenant, span, most)
    said = _past_said(known, more, span, tenant.zone)
    found = report(told, histories, ground_of(tenant, TOLD, said), span)
    return {
        "source": f"account {tenant.key.partition(':')[2]}",
        "whole": whole,
        "past": {"known_since_at": known, "being_read": more},
        **found,
    }


def _past_said(known: int | None, more: bool, span: Span, zone: str) -> tuple[str, ...]:
    """How far what the CRM logged is known, in words."""
    logged = "calls, mails, meetings and completed tasks"
    if known is None:
        far = f"of {logged} of before the connection the latest alone"
    elif known <= span.since:
        far = f"{logged} of all these days"
    else:
        far = f"{logged} since {day_text(local_day(known, zone))}, and of before the latest alone"
    rest = "; more of the past is being read, so ask again later" if more else ""
    told = f"Known are the stages of each record as far as the CRM tells them, and {far}{rest}."
    return told, COUNTED, SINCE_CONNECTED


def named_playbook(
    lanes: Lanes, inst: int, name: str, version: int | None = None
) -> Playbook:
    """A saved playbook by its id, the newest version unless one is named; else a preset. Raises
    BacktestError."""
    with lanes.store.read() as conn:
        saved = playbooks.versions(conn, inst, name)
    if version is not None:
        numbers = {row["version"]: row["id"] for row in saved}
        if version not in numbers:
            known = ", ".join(map(str, numbers)) or "none"
            raise BacktestError(f"version: there is no version {version}; there are {known}")
        return lanes.playbook(numbers[version])
    if saved:
        return lanes.playbook(saved[0]["id"])
    if name in preset_ids():
        return preset(name)
    raise BacktestError(
        f"playbook: there is neither a saved playbook nor a preset {name!r}; presets are "
        f"{', '.join(preset_ids())}"
    )


def _histories(
    lanes: Lanes, tenant: Tenant, span: Span, most: int | None
) -> tuple[list[History], bool]:
    found: list[History] = []
    after = 0
    while most is None or len(found) < most:
        with lanes.store.read() as conn:
            ids = mirror.ids_after(conn, tenant.id, after, PAGE)
            if not ids:
                return found, True
            snapshot = Snapshot(tenant, conn, ids, span.until, with_running=False)
            found.extend(histories_of(conn, tenant, snapshot, ids, span.since))
        after = ids[-1]
    with lanes.store.read() as conn:
        return found, not mirror.ids_after(conn, tenant.id, after, 1)
