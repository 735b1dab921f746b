"""What an earlier attempt wrote, though its answer never came: taken over, never made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from app.lanes.case import Case, load_cases
from app.lanes.context import Lanes, Tenant
from app.lanes.record import Result, record_results
from app.model.time import Business
from connectors.contract import Connector, CrmRecord, NewTask, ObjectType, Written


def by_kind(cases: Sequence[Case]) -> list[tuple[Written, list[Case]]]:
    """The cases by what they stand as in the CRM; a kind without any is left out."""
    notes = [case for case in cases if case.is_note]
    if not notes:
        return [("task", list(cases))] if cases else []
    tasks = [case for case in cases if not case.is_note]
    return [*([("task", tasks)] if tasks else ()), ("note", notes)]


def unmade(
    lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business
) -> Sequence[Case]:
    """Those cases whose tasks do not stand in the CRM yet; tasks that do are taken over.

    That is recorded before anything is judged: a task that exists counts for the merging and the
    caps of the others, and the guard could not make it undone.
    """
    repeated = [
        case
        for case in cases
        # An enrolment in the CRM's sequence is no task; what was sent is not claimed again.
        if case.row["attempts"] > 1 and not case.is_native
    ]
    if not repeated:
        return cases
    tasks = {case.id: case.task(tenant) for case in repeated}
    connector = lanes.connector_for(tenant.id)
    found: dict[str, CrmRecord] = {}
    for type, those in by_kind(repeated):
        here = connector.find_tasks([(c.id, tasks[c.id].associations) for c in those], type)
        _relink(connector, type, [(tasks[id], record) for id, record in here.items()])
        found.update(here)
    if not found:
        return cases
    adopted = [case for case in repeated if case.id in found]
    record_results(
        lanes, tenant, [_adoption(case, tasks[case.id], found[case.id]) for case in adopted], now
    )
    rest = [case.row for case in cases if case.id not in found]
    return load_cases(lanes, tenant, rest, now) if rest else []


def _adoption(case: Case, task: NewTask, record: CrmRecord) -> Result:
    """What the first attempt wrote is what we meant; the task as rendered today may differ."""
    written = record.as_written()
    return Result(case, task, record.id, adopted=True, archived=record.archived, written=written)


def _relink(
    connector: Connector, made: Written, adopted: Sequence[tuple[NewTask, CrmRecord]]
) -> None:
    """Give a task its records where creation broke off before them.

    Only while nobody has worked on it: a rep who took a task off its deal meant it.
    """
    pairs: dict[ObjectType, list[tuple[str, str]]] = defaultdict(list)
    for task, record in adopted:
        linked, changed = record.associations, any(len(v) > 1 for v in record.history.values())
        if record.archived or changed or linked is None or any(linked.values()):
            continue
        for type, id in task.associations:
            pairs[type].append((record.id, id))
    for type, found in pairs.items():
        connector.associate(made, type, found)
