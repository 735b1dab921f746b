"""Which digest tells a notice, settled before it is written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("notices", sa.Column("digest", sa.String(36)))


def downgrade() -> None:
    op.drop_column("notices", "digest")
