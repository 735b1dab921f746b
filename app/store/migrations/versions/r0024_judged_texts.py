"""What was found of the mails and calls that were drawn: never their texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "judged_texts",
        sa.Column("installation_id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("cause", sa.String(96), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("flaws", sa.String(80), nullable=False),
    )


def downgrade() -> None:
    op.execute("DELETE FROM cursors WHERE name = 'texts'")
    op.drop_table("judged_texts")
