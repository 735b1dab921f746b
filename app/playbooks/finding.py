"""A mistake in a playbook, before it has a line and a column."""

from __future__ import annotations

from dataclasses import dataclass

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A mistake at a place of the file. at_key: the key itself is wrong, not what it holds."""

    location: Location
    message: str
    suggestion: str = ""
    at_key: bool = False
