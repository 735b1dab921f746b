"""What parts of the sandbox keep with the world or with an account, and so in its saved state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def kept(extra: dict[str, Any], name: str, make: Callable[[], T]) -> T:
    """What stands under a name in the ``extra`` of a world or account, made on first use."""
    found: T | None = extra.get(name)
    return extra.setdefault(name, make()) if found is None else found
