"""Who installed us, their people and pipelines, and the mirror of their records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "installations",
        sa.Column("id", Big, primary_key=True),
        sa.Column("crm", sa.String(16), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("zone", sa.String(64), nullable=False, server_default="UTC"),
        sa.Column("currency", sa.String(8), nullable=False, server_default=""),
        sa.Column("url", sa.Text(), nullable=False, server_default=""),
        sa.Column("status", sa.String(16), nullable=False, server_default="connecting"),
        sa.Column("stopped", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("unique_touch_id", sa.Boolean(), nullable=False, server_default=sa.text("true")),
        sa.Column("imported", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("installed_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("installed_wall", sa.BigInteger(), nullable=False),
        sa.Column("not_before_wall", sa.BigInteger(), nullable=False, server_default="0"),
        sa.UniqueConstraint("crm", "account_id"),
    )
    op.create_table(
        "tokens",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("access", sa.LargeBinary(), nullable=False),
        sa.Column("refresh", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False, server_default=""),
        sa.Column("expires_wall", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("changed_wall", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "people",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("owner_id", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(64)),
        sa.Column("email", sa.Text(), nullable=False, server_default=""),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("team", sa.Text()),
        sa.Column("role", sa.String(16), nullable=False, server_default="rep"),
        sa.Column("manager_id", sa.String(64)),
        sa.Column("cover_id", sa.String(64)),
        sa.Column("zone", sa.String(64)),
        sa.Column("hours", sa.Text()),
        sa.Column("absences", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("country", sa.String(8)),
        sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.text("true")),
    )
    op.create_table(
        "pipelines",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("followed", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.create_table(
        "stages",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("pipeline_id", sa.String(64), primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("archived", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.create_table(
        "subjects",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("crm_id", sa.String(64), nullable=False),
        sa.Column("first_type", sa.String(16), nullable=False),
        sa.Column("first_id", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("pipeline_id", sa.String(64)),
        sa.Column("stage_id", sa.String(64)),
        sa.Column("stage_entered_at", sa.BigInteger()),
        sa.Column("furthest", sa.Integer(), nullable=False, server_default="-1"),
        sa.Column("owner_id", sa.String(64)),
        sa.Column("amount", sa.Float()),
        sa.Column("currency", sa.String(8)),
        sa.Column("created_at", sa.BigInteger()),
        sa.Column("modified_at", sa.BigInteger()),
        sa.Column("last_activity_at", sa.BigInteger()),
        sa.Column("last_reply_at", sa.BigInteger()),
        sa.Column("last_meeting_at", sa.BigInteger()),
        sa.Column("next_meeting_at", sa.BigInteger()),
        sa.Column("control", sa.String(16), nullable=False, server_default="run"),
        sa.Column("pause_until_at", sa.BigInteger()),
        sa.Column("momentum", sa.String(16)),
        sa.Column("fields", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("deleted", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("summary_due_at", sa.BigInteger()),
        sa.Column("summary_written_at", sa.BigInteger()),
        sa.Column("summary", sa.Text(), nullable=False, server_default=""),
        sa.UniqueConstraint("installation_id", "type", "crm_id"),
    )
    op.create_index("ix_subjects_stage", "subjects", ["installation_id", "stage_id"])
    op.create_index(
        "ix_subjects_summary",
        "subjects",
        ["installation_id", "summary_due_at"],
        sqlite_where=sa.text("summary_due_at IS NOT NULL"),
        postgresql_where=sa.text("summary_due_at IS NOT NULL"),
    )
    op.create_table(
        "contacts",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("crm_id", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, server_default=""),
        sa.Column("email", sa.Text(), nullable=False, server_default=""),
        sa.Column("zone", sa.String(64)),
        sa.Column("opted_out", sa.Boolean()),
        sa.Column("bounced", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("control", sa.String(16), nullable=False, server_default="run"),
        sa.Column("owner_id", sa.String(64)),
        sa.Column("created_at", sa.BigInteger()),
        sa.Column("last_reply_at", sa.BigInteger()),
        sa.Column("form_submitted_at", sa.BigInteger()),
        sa.Column("last_two_way_at", sa.BigInteger()),
        sa.Column("fields", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("deleted", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.create_table(
        "subject_contacts",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("subject_id", Big, primary_key=True, autoincrement=False),
        sa.Column("contact_id", sa.String(64), primary_key=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False, server_default=sa.text("false")),
        sa.Column("labels", sa.Text(), nullable=False, server_default="[]"),
    )
    op.create_index(
        "ix_subject_contacts_contact", "subject_contacts", ["installation_id", "contact_id"]
    )
    op.create_table(
        "stage_entries",
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("subject_id", Big, primary_key=True, autoincrement=False),
        sa.Column("stage_id", sa.String(64), primary_key=True),
        sa.Column("entered_at", sa.BigInteger(), primary_key=True),
    )
    op.create_table(
        "aliases",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("type", sa.String(16), primary_key=True),
        sa.Column("old_id", sa.String(64), primary_key=True),
        sa.Column("new_id", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("aliases")
    op.drop_table("stage_entries")
    op.drop_table("subject_contacts")
    op.drop_table("contacts")
    op.drop_table("subjects")
    op.drop_table("stages")
    op.drop_table("pipelines")
    op.drop_table("people")
    op.drop_table("settings")
    op.drop_table("tokens")
    op.drop_table("installations")
