"""What comes after sequences: references, endings that stand twice, and circles without an end."""

from __future__ import annotations

from collections.abc import Iterator

from app.playbooks import schema as form
from app.playbooks.end_schema import EndYaml, by_reason
from app.playbooks.finding import Finding, Location
from app.playbooks.items import touches
from app.playbooks.playbook_schema import PlaybookYaml
from app.wording.language import suggest


def end_findings(playbook: PlaybookYaml) -> Iterator[Finding]:
    """Mistakes under `end`."""
    ids = [item.id for item in playbook.sequences]
    for number, sequence in enumerate(playbook.sequences):
        base: Location = ("sequences", number)
        for name, end in by_reason(sequence.end).items():
            place = _place(base, sequence, name)
            if not isinstance(end, str):
                yield from _references(place, end, playbook, ids)
            if name == "finished":
                yield from _twice(base, sequence)
    yield from _circles(playbook)


def _place(base: Location, sequence: form.SequenceYaml, reason: str) -> Location:
    short = isinstance(sequence.end, str | EndYaml)
    return (*base, "end") if short else (*base, "end", reason)


def _references(
    place: Location, end: EndYaml, playbook: PlaybookYaml, ids: list[str]
) -> Iterator[Finding]:
    if end.next is not None and end.next not in ids:
        hint = suggest(end.next, ids)
        yield Finding(
            (*place, "next"), f"there is no sequence `{end.next}` in this playbook", hint
        )
    if end.review is not None and end.review.template not in playbook.templates:
        name = end.review.template
        hint = suggest(name, playbook.templates) or "this playbook defines no template at all"
        yield Finding(
            (*place, "review", "template"), f"there is no template `{name}` in this playbook", hint
        )


def _twice(base: Location, sequence: form.SequenceYaml) -> Iterator[Finding]:
    for place, step in touches((*base, "steps"), sequence.steps):
        if step.then is not None:
            yield Finding(
                (*place, "then"),
                "what comes after the last step stands twice: here and under `end`",
                "keep `end`",
            )


def _circles(playbook: PlaybookYaml) -> Iterator[Finding]:
    """Sequences that follow each other round and round would write to people for ever.

    Each circle is said once, at the first of its sequences in the file.
    """
    follows = {
        item.id: {
            name: end.next
            for name, end in by_reason(item.end).items()
            if isinstance(end, EndYaml) and end.next is not None
        }
        for item in playbook.sequences
    }
    said: set[frozenset[str]] = set()
    for number, sequence in enumerate(playbook.sequences):
        for reason, first in follows[sequence.id].items():
            way = _way(first, sequence.id, follows)
            if way is None or frozenset(way) in said:
                continue
            said.add(frozenset(way))
            told = " → ".join([sequence.id, *way])
            yield Finding(
                (*_place(("sequences", number), sequence, reason), "next"),
                f"the sequences follow each other in a circle without an end: {told}",
                "let one of them end in `archive`, in a `review` by a person, or in `recycle` and "
                "a rule that asks whether anything has changed",
            )


def _way(start: str, goal: str, follows: dict[str, dict[str, str]]) -> list[str] | None:
    """The sequences from one to another along `next`, both included; None where no way leads."""
    ways: list[list[str]] = [[start]]
    seen = {start}
    for way in ways:
        if way[-1] == goal:
            return way
        for after in follows.get(way[-1], {}).values():
            if after not in seen:
                seen.add(after)
                ways.append([*way, after])
    return None
