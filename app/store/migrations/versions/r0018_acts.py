"""What people did on our pages, each once; and the text that a rep wrote for a step to come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column(
            "installation_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("request_id", sa.String(64), primary_key=True),
        sa.Column("asked", sa.Text, nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("asked_wall", sa.BigInteger, nullable=False),
    )
    op.add_column("touches", sa.Column("draft", sa.Text()))


def downgrade() -> None:
    op.drop_column("touches", "draft")
    op.drop_table("acts")
