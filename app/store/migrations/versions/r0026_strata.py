"""With which others an enrolment is compared while a part of them is held out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("enrolments", sa.Column("stratum", sa.Text))


def downgrade() -> None:
    with op.batch_alter_table("enrolments") as table:
        table.drop_column("stratum")
