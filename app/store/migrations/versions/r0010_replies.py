"""What replies mean: holds of people, and what was said of the latest reply."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "contact_holds",
        sa.Column("installation_id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("contact_id", sa.String(64), primary_key=True),
        sa.Column("reason", sa.String(32), primary_key=True),
        sa.Column("until_at", sa.BigInteger()),
    )
    op.add_column("subjects", sa.Column("machine_reply_at", sa.BigInteger()))
    op.add_column("contacts", sa.Column("reply_said", sa.Text()))


def downgrade() -> None:
    op.drop_column("contacts", "reply_said")
    op.drop_column("subjects", "machine_reply_at")
    op.drop_table("contact_holds")
