"""Parts of a playbook file as YAML gives them, which may be of any form while it is being written:
what is not of the form that is asked for is as good as empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Raw = Mapping[str, Any]

Path = tuple[int | str, ...]
"""Where something stands in a file: keys of mappings, and numbers in lists."""


def mapping(value: Any) -> Raw:
    return cast(Raw, value) if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else []


def plain(value: Any) -> str:
    """The value as a field of a form holds it."""
    return "" if value is None else str(value)
