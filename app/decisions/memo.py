"""Remembering what was compiled from a frozen record that cannot be hashed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class IdentityMemo(Generic[K, V]):
    """Results of `make`, found again by the identity of the argument.

    `functools.lru_cache` needs a hash, and records that hold a mapping or a list have none; hashing
    their content on every call would cost more than what is remembered. Each entry keeps its
    argument alive, so that an identity cannot be reused while the entry stands. When `limit`
    entries are held all are forgotten, which bounds memory and costs one round of compiling.
    """

    def __init__(self, make: Callable[[K], V], limit: int = 4096) -> None:
        self._make = make
        self._limit = limit
        self._held: dict[int, tuple[K, V]] = {}

    def __call__(self, key: K) -> V:
        entry = self._held.get(id(key))
        if entry is not None:
            return entry[1]
        value = self._make(key)
        if len(self._held) >= self._limit:
            self._held = {}
        self._held[id(key)] = (key, value)
        return value
