"""What an activity is to us: work for a rep, a meeting, or a call or mail that was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.contract import ObjectType
from connectors.mapping import CrmMapping
from connectors.marks import is_marked

_KINDS: tuple[ObjectType, ...] = ("meeting", "call", "email")


class Kinds:
    """By the account's keys of activity types, as its mapping has them."""

    def __init__(self, mapping: CrmMapping) -> None:
        self._of: dict[str, ObjectType] = {}
        for kind in _KINDS:
            for key in mapping.of(kind).fields["kind"].choices or ():
                self._of[key] = kind

    def of(self, row: Mapping[str, Any]) -> ObjectType:
        """A call or a mail that is still to be made is a task, and so is whatever we wrote."""
        kind = self._of.get(str(row.get("type") or ""), "task")
        if is_marked(str(row.get("note") or "")):
            return "task"
        if kind in ("call", "email") and not row.get("done"):
            return "task"
        return kind

    def may_be(self, key: str, done: bool) -> tuple[ObjectType, ...]:
        """All that an activity may be of which only key and state are known. A call that was made
        may be a task of ours that a rep completed."""
        kind = self._of.get(key)
        if kind == "meeting":
            return ("meeting", "task")
        if kind is not None and done:
            return ("task", kind)
        return ("task",)
