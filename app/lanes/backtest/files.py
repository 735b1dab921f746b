"""The past of a pipeline out of CSV files, as `imports` reads them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from app.installations.people import Calendars
from app.installations.settings import Settings
from app.lanes.backtest.report import Ground, Span, report
from app.model.backtest import History
from app.model.playbook import Playbook
from app.model.records import ContactView, SubjectView
from app.model.signals import Signal
from app.model.time import Business
from app.model.vocabulary import SignalKind, SubjectType
from app.signals.deals import stage_signals
from app.signals.stages import StageMap
from connectors.contract import Version
from imports.mapping import Mapping, read_mapping
from imports.reader import CallRow, DealRow, StageMove, read_timetable

TOLD = frozenset(
    {
        SignalKind.SUBJECT_CREATED,
        SignalKind.STAGE_ENTERED,
        SignalKind.CLOSED,
        SignalKind.REP_ACTIVITY,
        SignalKind.NO_ACTIVITY,
        SignalKind.STALLED,
        SignalKind.TASK_COMPLETED,
        SignalKind.RECYCLED,
    }
)
"""What such files say: creation, stages and calls. Replies, meetings and dates are not in them."""


CAPS = "Whom a call of the files reached is not said, so caps count our steps alone."


def backtest_files(
    playbook: Playbook, data: Path, mapping_file: Path, days: int, settings: Settings | None = None
) -> dict[str, Any]:
    """The figures over the last `days` before the last event of the files.

    Limits and hours are those of an installation whose settings nobody changed, in the mapping's
    zone. Raises `imports.mapping.ImportProblem`, with file, line and field, for a faulty file.
    """
    mapping = read_mapping(mapping_file)
    histories, until = read_histories(mapping, data)
    settings = settings or Settings.model_validate({})
    ground = Ground(
        key=f"files:{mapping.name}",
        zone=mapping.timezone,
        settings=settings,
        calendars=Calendars((), settings, mapping.timezone),
        followed=frozenset({mapping.pipeline_id}),
        told=TOLD,
        known=(CAPS,),
        roles=False,
    )
    found = report(playbook, histories, ground, Span(until, days))
    return {"source": mapping.name, **found}


def read_histories(mapping: Mapping, data: Path) -> tuple[list[History], Business]:
    """A history of every deal, and the instant of the last event."""
    table = read_timetable(mapping, data)
    stages = _stages(mapping)
    moves: dict[str, list[StageMove]] = defaultdict(list)
    calls: dict[str, list[CallRow]] = defaultdict(list)
    for move in table.moves:
        moves[move.deal].append(move)
    for call in table.calls:
        calls[call.deal].append(call)
    histories = [
        _history(number, deal, mapping, stages, moves[deal.key], calls[deal.key])
        for number, deal in enumerate(table.deals.values(), 1)
    ]
    return histories, Business(table.ends_at)


def _stages(mapping: Mapping) -> StageMap:
    rows = [
        {
            "id": stage.id,
            "pipeline_id": mapping.pipeline_id,
            "label": stage.label,
            "kind": stage.kind,
            "position": position,
            "confirmed": True,
            "archived": False,
        }
        for position, stage in enumerate(mapping.stages)
    ]
    return StageMap(rows, [mapping.pipeline_id])


def _history(
    number: int,
    deal: DealRow,
    mapping: Mapping,
    stages: StageMap,
    moves: list[StageMove],
    calls: list[CallRow],
) -> History:
    created = Business(deal.created_at)
    begins = Version(mapping.initial_stage, created)
    versions = [begins, *(Version(move.stage, Business(move.at)) for move in moves)]
    facts = [Signal(SignalKind.SUBJECT_CREATED, number, created, "created", data={"type": "deal"})]
    facts += stage_signals(number, versions, stages)
    facts += [_call(number, call) for call in calls]
    facts.sort(key=lambda fact: fact.at)
    subject = SubjectView(
        id=number,
        type=SubjectType.DEAL,
        crm_id=deal.key,
        first_seen=("deal", deal.key),
        name=mapping.deal_name.format(key=deal.key),
        pipeline=mapping.pipeline_id,
        owner_id=deal.owner or None,
        amount=float(deal.amount) if deal.amount else None,
        currency=mapping.currency,
        created_at=created,
        contacts=(ContactView(f"of-{deal.key}", primary=True),),
    )
    return History(subject, facts)


def _call(number: int, call: CallRow) -> Signal:
    """A call counts from its beginning, as the CRM dates it; without one, from its end."""
    at = Business(call.at if call.started is None else call.started)
    return Signal(SignalKind.REP_ACTIVITY, number, at, f"call:{call.line}", data={"what": "call"})
