"""Records that a sequence gives to somebody else: the owner is changed in the CRM, then a note says
what they take over.

The owner is set before the note is written, and setting it twice changes nothing: a crash between
the two is made good by the next attempt. That the record has another owner then comes back as a
signal like any other change, and open tasks that nobody touched move with it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.decisions.codes import Code
from app.lanes.case import Case
from app.lanes.context import Lanes, Tenant
from app.lanes.record import Result, record_rulings
from app.lanes.trouble import note_error
from app.model.decisions import Ruling, Verdict
from app.model.time import Business
from app.model.vocabulary import SubjectType
from connectors.contract import Connector, CrmError, Invalid, NewTask, ObjectType, Stopped, Update


def refuse_idle(
    lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business
) -> list[Case]:
    """Those that have somebody to go to; the others are over, with the reason."""
    ruled = [(case, why) for case in cases if (why := _idle(case)) is not None]
    if ruled:
        record_rulings(lanes, tenant, ruled, now)
    idle = {case.id for case, _ in ruled}
    return [case for case in cases if case.id not in idle]


def _idle(case: Case) -> Ruling | None:
    """Why a hand-over would change nothing: nobody was found, or it is theirs already. Not where an
    earlier attempt may have set the owner already."""
    if not case.facts.touch.step.hands_over:
        return None
    if case.row["assigned_by"] in (None, "owner") or case.owner_id is None:
        return Ruling(Verdict.DROP, "hand_over", Code.NOT_HANDED_OVER)
    if case.owner_id == case.facts.subject.owner_id and case.row["attempts"] <= 1:
        person = case.facts.owner
        values = {"to": person.name if person else case.owner_id}
        return Ruling(Verdict.DROP, "hand_over", Code.THEIRS_ALREADY, values=values)
    return None


def hand_over(
    lanes: Lanes,
    tenant: Tenant,
    connector: Connector,
    cases: Sequence[Case],
    tasks: Mapping[str, NewTask],
) -> list[Result]:
    """Give the records to whom they go. Answers what became of those that the CRM did not take;
    they are tried again, or wait for a person, like tasks."""
    failed: list[Result] = []
    wanted = [case for case in cases if case.facts.touch.step.hands_over]
    kinds: tuple[ObjectType, ...] = ("deal", "contact")
    for kind in kinds:
        those = [case for case in wanted if _kind(case) == kind]
        if not those:
            continue
        updates = [Update(one.facts.subject.crm_id, {"owner": one.owner_id}) for one in those]
        try:
            answers = connector.update(kind, updates)
        except Stopped:
            failed += [Result(case, tasks[case.id], stopped=True) for case in those]
            continue
        except CrmError as error:
            failed += [_failed(lanes, tenant, case, tasks[case.id], error) for case in those]
            continue
        # The next step is to be theirs: the record is read again before it is judged.
        tenant.fresh.forget(kind, [update.id for update in updates])
        failed += [
            _failed(lanes, tenant, case, tasks[case.id], answer.error)
            for case, answer in zip(those, answers, strict=True)
            if answer.error is not None
        ]
    return failed


def _kind(case: Case) -> ObjectType:
    return "deal" if case.facts.subject.type is SubjectType.DEAL else "contact"


def _failed(
    lanes: Lanes, tenant: Tenant, case: Case, task: NewTask, error: CrmError
) -> Result:
    permanent = isinstance(error, Invalid)
    retry = None if permanent else note_error(lanes, tenant, error, case.row["attempts"])
    return Result(case, task, error=error, retry_wall=retry)
