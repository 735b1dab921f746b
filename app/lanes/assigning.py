"""Due touches whose step names somebody else than the owner get who is to have their task.

Settled once, and stored before anything is created: a retry finds who it is, and nobody else has a
turn for it. What would be dropped, or waits for something that has nothing to do with who does it,
takes no turn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.decisions.assigning import Assigned, assign, away_until
from app.decisions.guard import judge
from app.lanes.case import Case
from app.lanes.context import Lanes, Tenant
from app.model.decisions import Explanation, Verdict
from app.model.time import Business
from app.store import ledger, turns

_OF_THE_REP = frozenset(
    {"rep_budget_and_merge", "quiet_hours", "working_days", "best_time", "absence"}
)
"""Checks that may say another thing of another rep."""


def assign_cases(
    lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business
) -> None:
    """Settle it for those that ask for it; their facts are of that person from here on."""
    open_cases = [case for case in cases if _asks(tenant, case)]
    if not open_cases:
        return
    open_cases.sort(key=lambda case: (case.row["due_at"], case.row["priority"], case.id))
    people = tenant.calendars.people
    lines: list[Explanation] = []
    with lanes.store.write() as conn:
        last = turns.read(conn, tenant.id)
        given: Counter[str] = Counter()
        for case in open_cases:
            owner = tenant.owner_or_default(case.facts.subject.owner_id)
            found = assign(case.facts.touch.step.assign, owner, people, last, _due(case))
            if (found.to, found.by) == (case.row["assignee"], case.row["assigned_by"]):
                continue
            if found.team is not None and found.to is not None:
                last[found.team] = found.to
                given[found.team] += 1
            case.give(tenant, found.to, found.by, now)
            lines.append(_line(case, found, now))
        turns.assign(
            conn,
            [
                {"key": case.id, "held": case.row["fence"], "assignee": case.row["assignee"],
                 "assigned_by": case.row["assigned_by"]}
                for case in open_cases
            ],
        )  # fmt: skip
        turns.take(conn, tenant.id, {team: last[team] for team in given}, given)
        ledger.write(conn, tenant.id, lines)


def _asks(tenant: Tenant, case: Case) -> bool:
    wanted, row = case.facts.touch.step.assign, case.row
    if wanted.to == "owner" or case.is_duty or case.is_native:
        return False
    if row["assigned_by"] is not None and (row["attempts"] > 1 or _stands(tenant, case)):
        return False
    ruling = judge(case.facts)[0]
    return ruling.verdict in (Verdict.DO, Verdict.HAND_TO) or ruling.check in _OF_THE_REP


def _stands(tenant: Tenant, case: Case) -> bool:
    """Whether a turn that was given stays: not while its person is away and nothing is written.

    A manager and a person by name are looked up again, for the owner may have changed since.
    """
    if case.row["assigned_by"] != "team":
        return False
    person = tenant.calendars.people.get(case.row["assignee"] or "")
    return person is not None and person.active and away_until(person, _due(case)) is None


def _due(case: Case) -> Business:
    touch = case.facts.touch
    return max(touch.due_at, case.facts.now)


def _line(case: Case, found: Assigned, now: Business) -> Explanation:
    touch = case.facts.touch
    values = {"step": touch.step.id, **found.values}
    return Explanation(
        touch.subject, f"touch:{touch.id}", "assigned", found.code, now, True, values
    )
