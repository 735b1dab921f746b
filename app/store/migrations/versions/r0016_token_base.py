"""Accounts that answer at an address of their own, which comes with their tokens."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.add_column(
        "tokens", sa.Column("base", sa.String(255), nullable=False, server_default="")
    )


def downgrade() -> None:
    op.drop_column("tokens", "base")
