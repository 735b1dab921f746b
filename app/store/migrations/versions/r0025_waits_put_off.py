"""Control steps that were put off begin no earlier than that."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("passages", sa.Column("from_at", sa.BigInteger))


def downgrade() -> None:
    with op.batch_alter_table("passages") as table:
        table.drop_column("from_at")
