"""Mails and calls that were drawn by chance, and what was found of each."""

from __future__ import annotations

from sqlalchemy import and_, func, select

from app.model.flaws import Flaw
from app.store.measured.ground import Facts, Span, flag
from app.store.tables import activities, judged_texts, subjects

_a, _j, _s = activities.c, judged_texts.c, subjects.c

JUDGED = "judged"

FLAWS = tuple(map(str, Flaw))


def texts(span: Span) -> Facts:
    """Those of the span, each on the first record that it stands on; hit: nothing is wrong with it.

    what: `email`, `call`. state: `judged`, or why it was not. A column for each flaw says whether
    it has it. owner: who wrote or called, else whose record it is.
    """
    same = and_(_a.installation_id == span.inst, _a.kind == _j.kind, _a.at == _j.at,
                _a.cause == _j.cause)  # fmt: skip
    lead = (
        select(_j.cause, func.min(_a.subject_id).label("subject_id"))
        .join(activities, same)
        .join(subjects, and_(_s.id == _a.subject_id, _s.deleted.is_(False)))
        .where(_j.installation_id == span.inst, _j.at >= span.since, _j.at <= span.now)
        .group_by(_j.cause)
        .subquery("lead")
    )
    flawed = [flag(_j.flaws.like(f"% {name} %")).label(name) for name in FLAWS]
    return (
        select(
            _a.subject_id, func.coalesce(_a.owner_id, _s.owner_id).label("owner_id"), _a.cause,
            _a.kind.label("what"), _a.at.label("at"), _j.state,
            flag(and_(_j.state == JUDGED, _j.flaws == " ")).label("hit"), *flawed,
        )
        .select_from(judged_texts)
        .join(lead, lead.c.cause == _j.cause)
        .join(
            activities,
            and_(_a.subject_id == lead.c.subject_id, _a.cause == _j.cause),
        )
        .join(subjects, _s.id == _a.subject_id)
        .where(_j.installation_id == span.inst)
    )
