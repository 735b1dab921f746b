"""Drawing a sample by chance, so that anybody who knows the seed draws the same one."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from heapq import nsmallest
from typing import TypeVar

Item = TypeVar("Item")


def draw(seed: str, named: Iterable[tuple[str, Item]], most: int) -> list[tuple[str, Item]]:
    """Of things by their names those whose SHA-256 of seed, a space and name is smallest: each has
    the same chance, in whatever order they come, and a part of them is a sample of that part."""
    return nsmallest(most, named, key=lambda one: sha256(f"{seed} {one[0]}".encode()).digest())
