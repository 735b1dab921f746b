"""What reps and prospects did, one row each, and the figures that are kept of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "activities",
        sa.Column("subject_id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("cause", sa.String(96), primary_key=True),
        sa.Column("installation_id", _BIG, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("owner_id", sa.String(64)),
    )
    op.create_index("ix_activities_at", "activities", ["subject_id", "at"])
    op.create_index("ix_activities", "activities", ["installation_id", "kind", "at"])
    op.create_table(
        "kept_figures",
        sa.Column("installation_id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(48), primary_key=True),
        sa.Column("days", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("reckoned_at", sa.BigInteger, nullable=False),
        sa.Column("reckoned_wall", sa.BigInteger, nullable=False),
    )
    # Who is connected already has its past read as well.
    op.execute(
        "INSERT INTO cursors (installation_id, name, value) "
        "SELECT id, 'history', '' FROM installations WHERE status = 'active'"
    )


def downgrade() -> None:
    op.execute("DELETE FROM cursors WHERE name = 'history'")
    op.drop_table("kept_figures")
    op.drop_table("activities")
