"""A row of an enrolment, with those of its touches, as decisions see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.lanes.context import Tenant
from app.lanes.steps import DONE, is_over
from app.model.decisions import EnrolmentView
from app.model.flow import Passage
from app.model.time import Business
from app.model.vocabulary import EnrolmentState as State
from app.model.vocabulary import Mode

Row = Mapping[Any, Any]


def enrolment_view(
    tenant: Tenant, row: Row, steps: Sequence[Row], passed: Mapping[str, Passage]
) -> EnrolmentView:
    """The enrolment with these rows of its touches. A step is over when its latest touch is."""
    latest = {s["step"]: s for s in sorted(steps, key=lambda s: s["occurrence"])}
    done = [s["outcome_at"] for s in steps if s["outcome"] in DONE]
    version, definition = row["version_id"], row["definition"]
    sequence = None if row["is_firing"] else tenant.sequence(version, definition)
    return EnrolmentView(
        id=row["id"],
        subject=row["subject_id"],
        definition=definition,
        rule=row["rule"],
        sequence=sequence,
        steps=tenant.steps(version, definition, row["is_firing"]),
        anchor=row["anchor"],
        anchor_at=row["anchor_at"],
        anchor_stage=row["anchor_stage"],
        started_at=row["started_at"],
        contact=row["contact_id"],
        state=State(row["state"]),
        mode=Mode(row["mode"]),
        planned=frozenset(s["step"] for s in steps),
        finished=frozenset(name for name, step in latest.items() if is_over(step)),
        last_done_at=max(done, default=None),
        touches=tuple(steps),
        counts_from=row.get("counts_from"),
        passages=dict(passed),
        held_since=_held_since(tenant, row["rule"]) if sequence and sequence.flow else None,
    )


def _held_since(tenant: Tenant, rule: str) -> Business | None:
    active = tenant.rule(rule)
    at = active.paused_at if active is not None else None
    return None if at is None else Business(at)
