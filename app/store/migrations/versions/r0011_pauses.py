"""Rules that an admin has wait, and how far a resume under way has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("rule_states", sa.Column("paused_at", sa.BigInteger))
    op.add_column(
        "rule_states",
        sa.Column("pause_queues", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    op.add_column("rule_states", sa.Column("resume_after", sa.String(36)))


def downgrade() -> None:
    for column in ("resume_after", "pause_queues", "paused_at"):
        op.drop_column("rule_states", column)
