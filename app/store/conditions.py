"""Conditions on touches and enrolments that partial indexes are made for.

Their constants stand in the text of the statement: a planner that is handed them as parameters
cannot prove that the index has all rows that are asked for, and reads the whole table.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import Select, literal_column, or_

from app.store.tables import enrolments, subjects, touches

Query = TypeVar("Query", bound=Select[*tuple[Any, ...]])

IS_OPEN = touches.c.outcome == literal_column("'open'")
"""A task of ours that stands open in the CRM."""

IS_BROKEN = or_(
    touches.c.state.in_([literal_column("'failed'"), literal_column("'unknown'")]),
    touches.c.error.is_not(None),
)
"""A touch that failed, whose fate is unknown, or that keeps failing."""

IS_PLANNED = touches.c.state == literal_column("'planned'")
"""A touch that is to be written when it is due."""

IS_PROPOSED = enrolments.c.state == literal_column("'proposed'")
"""An enrolment that a rule proposes and nobody has decided on."""

IS_BACKLOG = enrolments.c.state == literal_column("'backlog'")
"""An enrolment that was owed before its rule's activation and waits for a release."""

IS_NAMED = subjects.c.name != literal_column("''")
"""A record that has a name."""

IS_RUNNING = enrolments.c.state != literal_column("'ended'")
"""An enrolment that has not ended."""


def among_running(query: Query) -> Query:
    """A query about enrolments, of those alone that have not ended: by the index that has no
    others, like `among_open`."""
    return query.where(IS_RUNNING).with_hint(
        enrolments, "INDEXED BY ix_enrolments_running", "sqlite"
    )


def among_open(query: Query) -> Query:
    """A query about touches of an installation, of those alone that stand open: by the index that
    has no others. SQLite knows no sizes, and would as soon read all that ever had an outcome."""
    return query.where(IS_OPEN).with_hint(touches, "INDEXED BY ix_touches_owner", "sqlite")
