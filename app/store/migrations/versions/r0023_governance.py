"""Who may edit and approve playbooks, what became of each version, and what is locked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

_BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    for column in ("edits", "approves"):
        op.add_column(
            "people", sa.Column(column, sa.String(8), nullable=False, server_default="none")
        )
    op.add_column("playbook_versions", sa.Column("review", sa.String(16)))
    op.add_column("playbook_versions", sa.Column("reviewed_by", sa.Text))
    op.add_column("playbook_versions", sa.Column("reviewed_wall", sa.BigInteger))
    op.add_column(
        "playbook_versions",
        sa.Column("review_comment", sa.Text, nullable=False, server_default=""),
    )
    op.create_table(
        "locks",
        sa.Column("installation_id", _BIG, primary_key=True, autoincrement=False),
        sa.Column("what", sa.String(160), primary_key=True),
        sa.Column("locked_by", sa.Text, nullable=False),
        sa.Column("locked_wall", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("locks")
    for column in ("review_comment", "reviewed_wall", "reviewed_by", "review"):
        op.drop_column("playbook_versions", column)
    for column in ("approves", "edits"):
        op.drop_column("people", column)
