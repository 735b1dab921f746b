"""Enrolments in the CRM's own sequences."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("in_sequence", sa.String(64)))
    op.add_column("touches", sa.Column("instead", sa.String(48)))
    op.create_table(
        "native_enrolments",
        sa.Column("touch_id", sa.String(36), primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("enrolment_id", sa.String(36), nullable=False),
        sa.Column("contact_id", sa.String(64), nullable=False),
        sa.Column("sequence_id", sa.String(64), nullable=False),
        sa.Column("sequence", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("sent_wall", sa.BigInteger(), nullable=False),
        sa.Column("crm_id", sa.String(64)),
        sa.Column("enrolled_at", sa.BigInteger()),
        sa.Column("stop_why", sa.String(48)),
        sa.Column("asked_at", sa.BigInteger()),
        sa.Column("person_touch", sa.String(36)),
        sa.Column("ended_at", sa.BigInteger()),
        sa.Column("end_reason", sa.String(48)),
        sa.Column("look_at", sa.BigInteger()),
        sa.Column("retry_wall", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.create_index(
        "ix_native_look",
        "native_enrolments",
        ["installation_id", "look_at"],
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    )
    op.create_index("ix_native_enrolment", "native_enrolments", ["enrolment_id"])
    op.create_index("ix_native_contact", "native_enrolments", ["installation_id", "contact_id"])


def downgrade() -> None:
    op.drop_table("native_enrolments")
    op.drop_column("touches", "instead")
    op.drop_column("contacts", "in_sequence")
