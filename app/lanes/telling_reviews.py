"""What approvers and authors are told of a version: in the product, and in the morning's digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from app.model.ids import touch_id
from app.model.playbook import Playbook
from app.model.time import Business
from app.store import installations, notices

REVIEW = "version_review"
"""Code of these notices; their text stands in their data."""

Row = Mapping[Any, Any]


def ask_to_look(
    conn: Connection, inst: int, playbook: Playbook, version: int, author: str,
    whom: Sequence[Row], now: Business,
) -> None:  # fmt: skip
    """Tell whoever may approve a version that it waits: the admins together, others each."""
    name = playbook.title or playbook.id
    text = (
        f"Version {version}, saved by {author or 'somebody'}, waits for approval. Until then the "
        f"one before stays. See Rules, {playbook.id}, Approval."
    )
    owners = dict.fromkeys(None if row["role"] == "admin" else row["owner_id"] for row in whom)
    _tell(conn, inst, f"{playbook.id}:{version}:asked", name, text, owners, now)


def tell_the_author(
    conn: Connection, inst: int, row: Row, by: str, authors: Sequence[Row], now: Business
) -> None:
    """Tell whoever saved a version what became of it, where the CRM still lists them. row: of the
    version. by: name of who decided."""
    said = row["review_comment"]
    approved = row["review"] == "approved"
    text = (
        f"{by} {'approved' if approved else 'sent back'} version {row['version']} of "
        f"{row['playbook']}. "
        + ("An admin may put it in force." if approved else "Correct it and save a new version.")
        + (f" Their words: “{said}”" if said else "")
    )
    place = f"{row['playbook']}:{row['version']}:{row['review']}"
    owners = dict.fromkeys(one["owner_id"] for one in authors)
    _tell(conn, inst, place, row["playbook"], text, owners, now)


def _tell(
    conn: Connection, inst: int, what: str, name: str, text: str,
    owners: Mapping[str | None, None], now: Business,
) -> None:  # fmt: skip
    row = installations.get(conn, inst)
    key = f"{row['crm']}:{row['account_id']}" if row else ""
    told = [
        {
            "id": touch_id(key, f"review:{what}:{owner or 'admins'}"),
            "subject_id": None,
            "owner_id": owner,
            "code": REVIEW,
            "data": {"name": name, "text": text},
            "noticed_at": now,
        }
        for owner in owners
    ]
    if told:
        notices.add(conn, inst, told)
