"""From when a running enrolment's delays count, where that is not its cause."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("enrolments", sa.Column("counts_from", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("enrolments", "counts_from")
