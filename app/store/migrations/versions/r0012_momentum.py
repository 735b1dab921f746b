"""Since when a subject is of its momentum and has its owner; what the CRM says comes next."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("subjects", sa.Column("next_activity_at", sa.BigInteger))
    op.add_column("subjects", sa.Column("momentum_at", sa.BigInteger))
    op.add_column("subjects", sa.Column("owner_at", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("subjects", "owner_at")
    op.drop_column("subjects", "momentum_at")
    op.drop_column("subjects", "next_activity_at")
