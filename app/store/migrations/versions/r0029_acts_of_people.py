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
    # Accounts that were imported before have their past read once more, with its people: from the
    # beginning also where it is being read, since the pages behind told of none.
    op.execute("UPDATE cursors SET value = '' WHERE name = 'history'")
    op.execute(
        "INSERT INTO cursors (installation_id, name, value) "
        "SELECT installation_id, 'history', '' FROM cursors AS imported "
        "WHERE name = 'import:deal' AND value = 'done' AND NOT EXISTS (SELECT 1 FROM cursors "
        "WHERE installation_id = imported.installation_id AND name = 'history')"
    )
    # That is not when they were connected: from then on figures know what was done for an inquiry.
    op.execute(
        "INSERT INTO cursors (installation_id, name, value) "
        "SELECT id, 'connected', CAST(installed_wall AS VARCHAR(20)) FROM installations "
        "WHERE EXISTS (SELECT 1 FROM cursors WHERE installation_id = installations.id "
        "AND name = 'import:deal' AND value = 'done') AND NOT EXISTS (SELECT 1 FROM cursors "
        "WHERE installation_id = installations.id AND name = 'connected')"
    )


def downgrade() -> None:
    op.execute("DELETE FROM cursors WHERE name IN ('history:since', 'history:wanted')")
    op.drop_table("person_acts")
