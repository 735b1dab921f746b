"""Sequences with the texts that they use, as parts of a playbook that may be locked by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from app.playbooks import phrases
from app.playbooks.raw import Raw, items, mapping


def changed_sequences(before: Raw, after: Raw) -> set[str]:
    """Ids of the former version's sequences that read otherwise in the later, are gone from it, or
    use a text that does. before, after: JSON, as `app.playbooks.codec` writes it."""
    was, now = _sequences(before), _sequences(after)
    return {id for id, part in was.items() if now.get(id) != part}


def _sequences(data: Raw) -> dict[str, tuple[Any, dict[str, Any]]]:
    texts = mapping(data.get("templates"))
    return {
        str(one.get("id")): (one, {name: texts.get(name) for name in _used(one)})
        for one in map(mapping, items(data.get("sequences")))
    }


def _used(node: Any) -> Iterator[str]:
    """Names of the texts of all steps below a sequence."""
    if isinstance(node, Mapping):
        step = cast(Raw, node)
        if phrases.template_of(step):
            yield phrases.template_of(step)
        node = list(step.values())
    if isinstance(node, list):
        for one in cast(list[Any], node):
            yield from _used(one)
