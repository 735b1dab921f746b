"""Events that a customer's own tools post: keys, the events, and which names ever came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

Big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "event_keys",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("hint", sa.String(8), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False, server_default=""),
        sa.Column("made_wall", sa.BigInteger(), nullable=False),
        sa.Column("until_wall", sa.BigInteger()),
        sa.Column("used_wall", sa.BigInteger()),
    )
    op.create_index("ix_event_keys", "event_keys", ["installation_id"])
    op.create_table(
        "events",
        sa.Column("id", Big, primary_key=True),
        sa.Column("installation_id", Big, nullable=False),
        sa.Column("event_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.String(64)),
        sa.Column("person_email", sa.Text()),
        sa.Column("company_id", sa.String(64)),
        sa.Column("deal_id", sa.String(64)),
        sa.Column("data", sa.Text(), nullable=False, server_default="{}"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("contact_id", sa.String(64)),
        sa.Column("reason", sa.String(32)),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("installation_id", "event_id"),
    )
    refused = sa.text("state = 'refused'")
    op.create_index(
        "ix_events_refused", "events", ["installation_id", "id"],
        sqlite_where=refused, postgresql_where=refused,
    )  # fmt: skip
    op.create_index("ix_events_received", "events", ["installation_id", "received_at"])
    op.create_table(
        "event_names",
        sa.Column("installation_id", Big, primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("count", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_contacts_email", "contacts", ["installation_id", "email"])


def downgrade() -> None:
    op.drop_index("ix_contacts_email", "contacts")
    op.drop_table("event_names")
    op.drop_table("events")
    op.drop_table("event_keys")
