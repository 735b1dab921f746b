"""What answers and deliveries say in their headers."""

from __future__ import annotations

from collections.abc import Mapping


def header(headers: Mapping[str, str], name: str) -> str:
    """A header's value, whatever its name's case; empty where it is not there."""
    value = headers.get(name)
    if value is None:
        low = name.lower()
        value = next((text for key, text in headers.items() if key.lower() == low), "")
    return value


def number(headers: Mapping[str, str], name: str) -> int | None:
    """A header's whole number; None where it is none."""
    text = header(headers, name)
    return int(text) if text.isdigit() else None
