"""The unsaved draft tried on a record: the decisions of live work, and nothing stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.playbooks.phrases import SIGNALS
from app.web.admin.preview import record_of
from app.web.answers import Refusal
from app.web.api.dry_run import tried

WAITS = ("replied", "meeting_booked", "meeting_held", "meeting_missed",
         "form_submitted", "owner_changed")  # fmt: skip
"""Signals that can be supposed on any record."""


def signals() -> list[tuple[str, str]]:
    """What can be supposed, with its words."""
    return [("", "nothing new: as it stands now"), *((one, SIGNALS[one]) for one in WAITS)]


def attempted(text: str, typed: Mapping[str, str]) -> dict[str, Any]:
    """What `app.lanes.dry_run` answers, or `problem`. typed: `try_record`, `try_signal`,
    `try_afresh`, `try_answer`."""
    words = typed.get("try_record", "").strip()
    row = record_of(words)
    if row is None:
        return {"problem": f"There is no record “{words}” here." if words else
                "Write the name or the CRM's id of a record, and press again."}  # fmt: skip
    asked: dict[str, Any] = {
        "text": text, "signal": typed.get("try_signal", ""),
        "afresh": bool(typed.get("try_afresh")),
        "answer_after": typed.get("try_answer", "").strip(),
    }  # fmt: skip
    try:
        return tried(row["type"], row["crm_id"], asked)
    except Refusal as refused:
        return {"problem": f"{refused.message} {refused.action}"}
