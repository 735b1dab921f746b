"""Whose touches a person has borne: ours by channel, and what reps and other tools did besides."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_COUNTS = ("calls", "emails", "linkedin", "others", "other_calls", "other_emails")
_READ = ("contacted", "contacted_first", "contacted_exact")


def upgrade() -> None:
    for name in _COUNTS:
        op.add_column(
            "contact_activity", sa.Column(name, sa.Integer(), nullable=False, server_default="0")
        )
    op.add_column(
        "contact_activity", sa.Column("whose", sa.Text(), nullable=False, server_default="{}")
    )
    for name in _READ:
        op.add_column("contacts", sa.Column(name, sa.Integer()))
    op.add_column("contacts", sa.Column("contacted_at", sa.BigInteger()))


def downgrade() -> None:
    for name in ("contacted_at", *_READ):
        op.drop_column("contacts", name)
    for name in ("whose", *_COUNTS):
        op.drop_column("contact_activity", name)
