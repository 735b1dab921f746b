"""Due touches that had waited for a sequence of higher priority, now that it is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from app.decisions.codes import Code, Deed
from app.decisions.resuming import resumed
from app.lanes.case import Case
from app.lanes.context import Lanes, Tenant
from app.lanes.record import record_rulings
from app.model.decisions import PlannedTouch, Ruling, Verdict
from app.model.time import Business
from app.store import outbox


def resume_cases(
    lanes: Lanes, tenant: Tenant, cases: Sequence[Case], now: Business
) -> Sequence[Case]:
    """Those cases that are due all the same; the others, and the steps to come, are put later.

    Told by the last verdict on them, which the first ruling after the pause replaces: so it is done
    once for each pause.
    """
    paused: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if case.row["reason"] == Code.OUTRANKED_BY and case.facts.outranked is None:
            paused[case.row["enrolment_id"]].append(case)
    if not paused:
        return cases
    with lanes.store.read() as conn:
        standing = outbox.unperformed(conn, list(paused))
    later: dict[str, PlannedTouch] = {}
    for enrolment, waited in paused.items():
        steps = waited[0].ground.steps
        left = [
            PlannedTouch(
                row["id"], steps[row["step"]], row["occurrence"], Business(row["owed_at"]),
                Business(row["due_at"]), Business(row["write_at"]),
            )
            for row in standing.get(enrolment, ())
            if row["step"] in steps
        ]  # fmt: skip
        moved = resumed(left, waited[0].facts.calendar, now)
        later.update((touch.id, touch) for touch in moved if touch.write_at > now)
    put_off = [
        (case, _until(later[case.id])) for case in cases if case.id in later
    ]
    with lanes.store.write() as conn:
        outbox.move(
            conn,
            [
                {"key": touch.id, "owed_at": touch.owed_at, "due_at": touch.due_at,
                 "write_at": touch.write_at}
                for touch in later.values()
            ],
        )  # fmt: skip
    if put_off:
        record_rulings(lanes, tenant, put_off, now)
    return [case for case in cases if case.id not in later]


def _until(touch: PlannedTouch) -> Ruling:
    return Ruling(
        Verdict.DEFER,
        "outranked",
        Deed.RESUMED,
        touch.write_at,
        values={"owed_at": touch.owed_at, "due_at": touch.due_at},
    )
