"""Since when a refresh token is on its way to a CRM that takes each one once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.add_column(
        "tokens", sa.Column("spent_wall", sa.BigInteger, nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("tokens", "spent_wall")
