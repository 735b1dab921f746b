"""Indexes by which pages find what is open, failed, unowned or in a backlog among a million."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

_OPEN = sa.text("outcome = 'open'")
_BROKEN = sa.text("state IN ('failed', 'unknown') OR error IS NOT NULL")

_BACKLOG = sa.text("state = 'backlog'")
_UNOWNED = sa.text("owner_id IS NULL")


def upgrade() -> None:
    op.create_index(
        "ix_touches_owner", "touches", ["installation_id", "owner_id", "due_at"],
        sqlite_where=_OPEN, postgresql_where=_OPEN,
    )  # fmt: skip
    op.create_index(
        "ix_touches_broken", "touches", ["installation_id", "due_at"],
        sqlite_where=_BROKEN, postgresql_where=_BROKEN,
    )  # fmt: skip
    op.create_index(
        "ix_enrolments_backlog", "enrolments", ["installation_id", "rule"],
        sqlite_where=_BACKLOG, postgresql_where=_BACKLOG,
    )  # fmt: skip
    op.create_index(
        "ix_subjects_unowned", "subjects", ["installation_id", "id"],
        sqlite_where=_UNOWNED, postgresql_where=_UNOWNED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_subjects_unowned", "subjects")
    op.drop_index("ix_enrolments_backlog", "enrolments")
    op.drop_index("ix_touches_broken", "touches")
    op.drop_index("ix_touches_owner", "touches")
