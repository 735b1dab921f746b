"""What was done with each person: what caps and best times of a backtest are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "person_acts",
        sa.Column("installation_id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("contact_id", sa.String(64), primary_key=True),
        sa.Column("cause", sa.String(96), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("owner_id", sa.String(64)),
        sa.Column("answered", sa.Boolean, nullable=False),
    )
    # Accounts that were connected before have their past read once more, with its people.
    op.execute(
        "INSERT INTO cursors (installation_id, name, value) "
        "SELECT id, 'history', '' FROM installations WHERE status = 'active' AND NOT EXISTS ("
        "SELECT 1 FROM cursors WHERE installation_id = installations.id AND name = 'history')"
    )


def downgrade() -> None:
    op.execute("DELETE FROM cursors WHERE name IN ('history:since', 'history:wanted')")
    op.drop_table("person_acts")
