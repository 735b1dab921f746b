"""Priorities of activities: in each account options of its own, known by what they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping

from connectors.pipedrive.fields import FieldInfo
from connectors.pipedrive.tables import PRIORITY_PATTERNS

FIELD = "priority"


def priority_word(label: str | None) -> str:
    """Our word for an account's; `none` where it says nothing to us."""
    for word, pattern in PRIORITY_PATTERNS:
        if label and re.search(pattern, label, re.IGNORECASE):
            return word
    return "none"


def priority_id(fields: Mapping[str, FieldInfo], word: str) -> int | None:
    """The account's option for our word; None where it has none, or does not show them."""
    info = fields.get(FIELD)
    for id, label in info.options.items() if info is not None else ():
        if priority_word(label) == word:
            return int(id)
    return None
