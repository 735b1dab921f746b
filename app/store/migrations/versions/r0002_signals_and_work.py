"""Signals, playbooks, what runs, and the touches."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("object_type", sa.String(16), nullable=False),
        sa.Column("object_id", sa.String(64), nullable=False),
        sa.Column("occurred_at", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(64)),
        sa.Column("value", sa.Text()),
        sa.Column("other_id", sa.String(64)),
        sa.Column("received_wall", sa.BigInteger(), nullable=False),
        sa.Column("retry_wall", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("error", sa.Text()),
        sa.Column("dedupe", sa.Text(), nullable=False),
        sa.UniqueConstraint("installation_id", "dedupe"),
    )
    op.create_index("ix_inbox_due", "inbox", ["installation_id", "retry_wall", "id"])
    op.create_table(
        "timers",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("subject_id", Big, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.Text(), primary_key=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False, server_default="{}"),
    )
    op.create_index("ix_timers_due", "timers", ["installation_id", "due_at"])
    op.create_table(
        "playbook_versions",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("playbook", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("saved_wall", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("installation_id", "playbook", "version"),
    )
    op.create_table(
        "rule_states",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("rule", sa.String(160), primary_key=True),
        sa.Column("version_id", Big, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("activated_at", sa.BigInteger(), nullable=False),
        sa.Column("activated_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("release_per_day", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("released_until_at", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("approval", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("stopped_why", sa.Text()),
    )
    op.create_table(
        "enrolments",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("subject_id", Big, nullable=False),
        sa.Column("contact_id", sa.String(64)),
        sa.Column("rule", sa.String(160), nullable=False),
        sa.Column("definition", sa.String(160), nullable=False),
        sa.Column("is_firing", sa.Boolean(), nullable=False),
        sa.Column("version_id", Big, nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("anchor_at", sa.BigInteger(), nullable=False),
        sa.Column("anchor_stage", sa.String(64)),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False, server_default=""),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("end_reason", sa.String(32)),
        sa.Column("recycle_at", sa.BigInteger()),
    )
    op.create_index("ix_enrolments_rule", "enrolments", ["installation_id", "rule", "state"])
    op.create_index(
        "ix_enrolments_running",
        "enrolments",
        ["subject_id"],
        sqlite_where=sa.text("state != 'ended'"),
        postgresql_where=sa.text("state != 'ended'"),
    )
    op.create_index("ix_enrolments_subject", "enrolments", ["subject_id", "definition"])
    op.create_table(
        "holds",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("subject_id", Big, primary_key=True, autoincrement=False),
        sa.Column("reason", sa.String(32), primary_key=True),
        sa.Column("until_at", sa.BigInteger()),
    )
    op.create_table(
        "touches",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("enrolment_id", sa.String(36), nullable=False),
        sa.Column("subject_id", Big, nullable=False),
        sa.Column("contact_id", sa.String(64)),
        sa.Column("step", sa.String(64), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("owed_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("write_at", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(48)),
        sa.Column("waits_for", sa.String(36)),
        sa.Column("owner_id", sa.String(64)),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("lease_wall", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("fence", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("retry_wall", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("error", sa.Text()),
        sa.Column("task_id", sa.String(64)),
        sa.Column("performed_at", sa.BigInteger()),
        sa.Column("outcome", sa.String(16)),
        sa.Column("outcome_at", sa.BigInteger()),
        sa.Column("outcome_why", sa.String(48)),
        sa.Column("edited", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("overdue_at", sa.BigInteger()),
        sa.Column("wish", sa.String(16)),
        sa.Column("wish_why", sa.String(48)),
        sa.Column("wish_wall", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("shown_subject", sa.Text()),
    )
    op.create_index(
        "ix_touches_claimed",
        "touches",
        ["installation_id", "lease_wall"],
        sqlite_where=sa.text("state = 'claimed'"),
        postgresql_where=sa.text("state = 'claimed'"),
    )
    op.create_index(
        "ix_touches_day",
        "touches",
        ["installation_id", "due_at"],
        sqlite_where=sa.text("outcome IS NOT NULL"),
        postgresql_where=sa.text("outcome IS NOT NULL"),
    )
    op.create_index(
        "ix_touches_due",
        "touches",
        ["installation_id", "write_at", "priority", "id"],
        sqlite_where=sa.text("state = 'planned'"),
        postgresql_where=sa.text("state = 'planned'"),
    )
    op.create_index("ix_touches_enrolment", "touches", ["enrolment_id"])
    op.create_index(
        "ix_touches_open",
        "touches",
        ["subject_id"],
        sqlite_where=sa.text("outcome = 'open'"),
        postgresql_where=sa.text("outcome = 'open'"),
    )
    op.create_index(
        "ix_touches_overdue",
        "touches",
        ["installation_id", "overdue_at"],
        sqlite_where=sa.text("overdue_at IS NOT NULL"),
        postgresql_where=sa.text("overdue_at IS NOT NULL"),
    )
    op.create_index("ix_touches_subject", "touches", ["subject_id"])
    op.create_index(
        "ix_touches_task",
        "touches",
        ["installation_id", "task_id"],
        sqlite_where=sa.text("task_id IS NOT NULL"),
        postgresql_where=sa.text("task_id IS NOT NULL"),
    )
    op.create_index(
        "ix_touches_waits",
        "touches",
        ["waits_for"],
        sqlite_where=sa.text("waits_for IS NOT NULL"),
        postgresql_where=sa.text("waits_for IS NOT NULL"),
    )
    op.create_index(
        "ix_touches_wish",
        "touches",
        ["installation_id", "wish_wall"],
        sqlite_where=sa.text("wish IS NOT NULL"),
        postgresql_where=sa.text("wish IS NOT NULL"),
    )
    op.create_table(
        "crm_objects",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("type", sa.String(16), primary_key=True),
        sa.Column("crm_id", sa.String(64), primary_key=True),
        sa.Column("touch_id", sa.String(36)),
        sa.Column("known", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("pending", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("archived", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )


def downgrade() -> None:
    op.drop_table("crm_objects")
    op.drop_table("touches")
    op.drop_table("holds")
    op.drop_table("enrolments")
    op.drop_table("rule_states")
    op.drop_table("playbook_versions")
    op.drop_table("timers")
    op.drop_table("inbox")
