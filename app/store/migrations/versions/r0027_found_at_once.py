"""Indexes by which a search reads names alone, figures an installation's records in the order in
which they lie, and proposals are found without the rest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_NAMED = sa.text("name != ''")
_PROPOSED = sa.text("state = 'proposed'")


def upgrade() -> None:
    op.create_index("ix_subjects_installation", "subjects", ["installation_id"])
    op.create_index(
        "ix_subjects_name", "subjects", ["installation_id", "name", "id"],
        sqlite_where=_NAMED, postgresql_where=_NAMED,
    )  # fmt: skip
    op.create_index(
        "ix_enrolments_proposed", "enrolments", ["installation_id", "started_at"],
        sqlite_where=_PROPOSED, postgresql_where=_PROPOSED,
    )  # fmt: skip


def downgrade() -> None:
    op.drop_index("ix_enrolments_proposed", "enrolments")
    op.drop_index("ix_subjects_name", "subjects")
    op.drop_index("ix_subjects_installation", "subjects")
