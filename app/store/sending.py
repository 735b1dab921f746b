"""From whose inboxes the CRM's sequences went out, how often, and to whom."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from app.model.native import Used
from app.model.time import Business
from app.store import sets
from app.store.tables import native_enrolments

_n = native_enrolments.c


def used_since(conn: Connection, inst: int, since: int) -> dict[str, Used]:
    """sender's address → what has been sent from it since an instant."""
    query = (
        select(_n.sender, func.count(), func.min(_n.sent_at), func.max(_n.sent_at))
        .where(_n.installation_id == inst, _n.sent_at > since)
        .group_by(_n.sender)
    )
    return {
        sender: Used(count, Business(oldest), Business(latest))
        for sender, count, oldest, latest in conn.execute(query)
    }


def known_senders(conn: Connection, inst: int, contact_ids: Sequence[str]) -> dict[str, str]:
    """Contact → the address that was last used for them."""
    query = (
        select(_n.contact_id, _n.sender)
        .where(_n.installation_id == inst, sets.among(conn, _n.contact_id, contact_ids))
        .order_by(_n.sent_at)
    )
    return {row.contact_id: row.sender for row in conn.execute(query)}


def last_enrolled(conn: Connection, inst: int) -> dict[str, int]:
    """sender's address → when a contact was last enrolled from it."""
    query = (
        select(_n.sender, func.max(_n.enrolled_at))
        .where(_n.installation_id == inst, _n.enrolled_at.is_not(None))
        .group_by(_n.sender)
    )
    return {row[0]: row[1] for row in conn.execute(query)}
