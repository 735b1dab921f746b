"""Activations that can be undone; what a rule began lately is counted from its index alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BY_RULE = ["installation_id", "rule", "state"]


def upgrade() -> None:
    op.create_table(
        "activations",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("playbook", sa.String(64), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("activated_at", sa.BigInteger(), nullable=False),
        sa.Column("activated_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("undone_at", sa.BigInteger()),
        sa.Column("undone_by", sa.Text()),
    )
    op.create_index("ix_activations", "activations", ["installation_id", "id"])
    op.drop_index("ix_enrolments_rule", "enrolments")
    op.create_index("ix_enrolments_rule", "enrolments", [*_BY_RULE, "started_at"])


def downgrade() -> None:
    op.drop_index("ix_enrolments_rule", "enrolments")
    op.create_index("ix_enrolments_rule", "enrolments", _BY_RULE)
    op.drop_table("activations")
