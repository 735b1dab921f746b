"""Many records at once, by an import or a bulk edit: known as such, so that they flood nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.model.signals import Signal

SOURCE = "source"
"""Key in a signal's data: what wrote the change, where the CRM says so."""

CAME_BY = "came_by"
"""Key in a signal's data: the import or bulk edit that it came by, with many others."""

MANY = 10
"""More records than this in one reading are many at once; a rep who moves five deals in a list
does their work."""

_WORDS = {"import": "an import", "bulk": "a bulk edit"}


def mark_many(signals: Sequence[Signal]) -> list[Signal]:
    """The signals, marked where one import or bulk edit brought more than `MANY` records."""
    subjects: dict[Any, set[int]] = {}
    for signal in signals:
        source = signal.data.get(SOURCE)
        if source in _WORDS:
            subjects.setdefault(source, set()).add(signal.subject)
    many = {source for source, found in subjects.items() if len(found) > MANY}
    if not many:
        return list(signals)
    return [
        replace(one, data={**one.data, CAME_BY: _WORDS[one.data[SOURCE]]})
        if one.data.get(SOURCE) in many
        else one
        for one in signals
    ]
