"""The facts behind a large account's figures are kept with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.add_column("kept_figures", sa.Column("behind", sa.LargeBinary))


def downgrade() -> None:
    with op.batch_alter_table("kept_figures") as table:
        table.drop_column("behind")
