"""What enrolments passed on their way through sequences with control steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "passages",
        sa.Column("enrolment_id", sa.String(36), primary_key=True),
        sa.Column("step", sa.String(64), primary_key=True),
        sa.Column(
            "installation_id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(16), nullable=False, server_default=""),
        sa.Column("begun_at", sa.BigInteger),
        sa.Column("until_at", sa.BigInteger),
        sa.Column("seen_at", sa.BigInteger),
        sa.Column("passed_at", sa.BigInteger),
        sa.Column("arm", sa.String(64), nullable=False, server_default=""),
    )
    op.create_index("ix_passages", "passages", ["installation_id", "kind"])


def downgrade() -> None:
    op.drop_table("passages")
