"""Conditions on touches and enrolments that partial indexes are made for.

Their constants stand in the text of the statement: a planner that is handed them as parameters
cannot prove that the index has all rows that are asked for, and reads the whole table.
"""

from __future__ import annotations

from sqlalchemy import literal_column, or_

from app.store.tables import enrolments, touches

IS_OPEN = touches.c.outcome == literal_column("'open'")
"""A task of ours that stands open in the CRM."""

IS_BROKEN = or_(
    touches.c.state.in_([literal_column("'failed'"), literal_column("'unknown'")]),
    touches.c.error.is_not(None),
)
"""A touch that failed, whose fate is unknown, or that keeps failing."""

IS_PLANNED = touches.c.state == literal_column("'planned'")
"""A touch that is to be written when it is due."""

IS_BACKLOG = enrolments.c.state == literal_column("'backlog'")
"""An enrolment that was owed before its rule's activation and waits for a release."""
