"""Who gets a step's task, and whose turn it is in a team."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("touches", sa.Column("assignee", sa.String(64)))
    op.add_column("touches", sa.Column("assigned_by", sa.String(16)))
    op.create_table(
        "turns",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("team", sa.String(200), primary_key=True),
        sa.Column("last_owner", sa.String(64), nullable=False),
        sa.Column("given", sa.BigInteger(), nullable=False, server_default="0"),
    )


def downgrade() -> None:
    op.drop_table("turns")
    op.drop_column("touches", "assigned_by")
    op.drop_column("touches", "assignee")
