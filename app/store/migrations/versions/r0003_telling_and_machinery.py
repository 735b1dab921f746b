"""Counting and telling, and the machinery's own tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "contact_activity",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("contact_id", sa.String(64), primary_key=True),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("touches", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_table(
        "counters",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("value", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.create_table(
        "outcomes",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("subject_id", Big, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("touch_id", sa.String(36)),
        sa.Column("contact_id", sa.String(64)),
        sa.Column("data", sa.Text(), nullable=False, server_default="{}"),
        sa.UniqueConstraint("installation_id", "subject_id", "kind", "cause"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("subject_id", Big),
        sa.Column("owner_id", sa.String(64)),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("noticed_at", sa.BigInteger(), nullable=False),
        sa.Column("digested", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.create_index("ix_notices_owner", "notices", ["installation_id", "owner_id"])
    op.create_table(
        "ledger",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("subject_id", Big, nullable=False),
        sa.Column("scope", sa.String(200), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("code", sa.String(48), nullable=False),
        sa.Column("data", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("positive", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_ledger_subject", "ledger", ["subject_id", "scope", "id"])
    op.create_table(
        "approvals",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.String(160), primary_key=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("granted_by", sa.Text()),
        sa.Column("granted_at", sa.BigInteger()),
    )
    op.create_table(
        "suppressions",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("value", sa.String(255), primary_key=True),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "cursors",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until_wall", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "budgets",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("bucket", sa.String(32), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("until_wall", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_budgets", "budgets", ["installation_id", "bucket", "until_wall"])
    op.create_table(
        "calls",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("endpoint", sa.String(120), primary_key=True),
        sa.Column("status", sa.Integer(), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.create_table(
        "refusals",
        sa.Column("reason", sa.String(48), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("last_wall", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.String(64), nullable=False),
        sa.Column("data", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("done_wall", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "signins",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("owner_id", sa.String(64), nullable=False),
        sa.Column("until_wall", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("signins")
    op.drop_table("audit")
    op.drop_table("refusals")
    op.drop_table("calls")
    op.drop_table("budgets")
    op.drop_table("leases")
    op.drop_table("cursors")
    op.drop_table("suppressions")
    op.drop_table("approvals")
    op.drop_table("ledger")
    op.drop_table("notices")
    op.drop_table("outcomes")
    op.drop_table("counters")
    op.drop_table("contact_activity")
