"""What an inbox has sent lately is counted before it sends more."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("ix_native_sent", "native_enrolments", ["installation_id", "sent_at"])


def downgrade() -> None:
    op.drop_index("ix_native_sent", "native_enrolments")
