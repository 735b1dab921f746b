"""A list of steps in the editor's form: each on its place in time, with its fields."""

from __future__ import annotations

from app.playbooks import phrases
from app.playbooks.raw import Path, items, mapping
from app.playbooks.timeline import drawing, marks
from app.web.admin.form.controls import ADDED, controls_of, ways_of
from app.web.admin.form.places import at
from app.web.admin.form.shape import Button, Known, StepForm, Steps, dotted
from app.web.admin.form.touches import items_of


def steps_box(steps: object, base: Path, known: Known, *, ways: bool = False) -> Steps:
    """The list of steps at a path. ways: control steps can stand in it, as in a sequence."""
    placed = marks(steps)
    ids = [mark.id for mark in placed]
    found: list[StepForm] = []
    for mark in placed:
        path = (*base, *mark.path)
        step = mapping(at({"": steps}, ("", *mark.path)))
        steers = phrases.channel_of(step) in ("wait", "branch", "split", "set")
        found.append(
            StepForm(
                dotted(path), mark,
                controls_of(step, path, known, ids) if steers else items_of(step, path, known),
                ways_of(step, path),
                removable=len(mark.path) > 1 or len(items(steps)) > 1,
            )
        )  # fmt: skip
    row = dotted(base)
    more = [Button(f"add-{kind}:{row}", f"{name}: {said}")
            for kind, (name, said, _) in ADDED.items()] if ways else []  # fmt: skip
    return Steps(row, found, drawing([one.mark for one in found]) if found else None, buttons=more)
