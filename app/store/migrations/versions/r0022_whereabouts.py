"""Where a contact may be, by their telephone number and by their company."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("contacts", sa.Column("phone_zones", sa.Text))
    op.add_column("contacts", sa.Column("company_zones", sa.Text))
    op.add_column("contacts", sa.Column("company_by", sa.String(16)))
    op.add_column("contacts", sa.Column("company_read_at", sa.BigInteger))


def downgrade() -> None:
    op.drop_column("contacts", "company_read_at")
    op.drop_column("contacts", "company_by")
    op.drop_column("contacts", "company_zones")
    op.drop_column("contacts", "phone_zones")
