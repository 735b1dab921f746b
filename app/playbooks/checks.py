"""What several places of a playbook must agree on: ids, references, tokens, condition fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from app.model.vocabulary import TaskType
from app.playbooks import schema as form
from app.playbooks.control_schema import ItemYaml
from app.playbooks.ends import end_findings
from app.playbooks.event_checks import event_fields, told_fields, urgent_findings
from app.playbooks.event_schema import EventYaml
from app.playbooks.fields import (
    DATE_FIELDS,
    condition_findings,
    dates_of,
    plain_field,
    unmapped,
)
from app.playbooks.finding import Finding, Location
from app.playbooks.items import Placed, placed, touches
from app.playbooks.momentum import placed_rules, unique_findings
from app.playbooks.playbook_schema import PlaybookYaml
from app.playbooks.step_checks import (
    hand_over_findings,
    native_findings,
    pace_findings,
    thread_findings,
)
from app.playbooks.step_schema import AnchorFieldYaml
from app.playbooks.texts import subject_findings, template_findings
from app.playbooks.windows import window_findings
from app.wording.language import suggest

_TOP = 4
"""Length of the place of a sequence's own steps; those of a way on lie deeper."""


def check(
    playbook: PlaybookYaml, fields: Mapping[str, str], closed: Mapping[str, str]
) -> list[Finding]:
    """All findings. fields: names that the installation has mapped beside the built-in ones, each
    with its type. closed: windows in which nobody works, with the sentence that says so."""
    known, dates = usable(fields)
    return [
        *unique_findings(placed_rules(playbook)),
        *_unique(("sequences",), [item.id for item in playbook.sequences], "sequence"),
        *(finding for found in _rules(playbook, known, dates) for finding in found),
        *(finding for found in _sequences(playbook, known, dates) for finding in found),
        *window_findings(playbook, closed),
        *end_findings(playbook),
        *template_findings(playbook, known | told_fields(playbook)),
    ]


def usable(fields: Mapping[str, str]) -> tuple[frozenset[str], frozenset[str]]:
    """Mapped fields that may be used, and those that are dates, the built-in ones included."""
    return frozenset(fields), dates_of(fields)


def _unique(base: Location, ids: list[str], what: str) -> Iterator[Finding]:
    for index, name in enumerate(ids):
        if name in ids[:index]:
            yield Finding(
                (*base, index, "id"),
                f"{what} id `{name}` is used twice",
                "ids are remembered by what has run, so give each its own",
            )


def _rules(
    playbook: PlaybookYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Iterable[Finding]]:
    sequences = [item.id for item in playbook.sequences]
    for stands in placed_rules(playbook):
        rule = stands.rule
        yield signal_findings(stands.when, rule.when, known, dates)
        if rule.if_ is not None:
            asked = known | event_fields(rule.when)
            yield condition_findings(stands.if_, rule.if_, asked, dates)
        yield urgent_findings(stands, rule)
        if rule.settle is not None and rule.settle.unit.value == "wd":
            at = (*stands.when[:-1], "settle")
            yield [Finding(at, "settle cannot be in working days", "write 5min")]
        step_ids: list[str] = []
        for index, action in enumerate(rule.then):
            place: Location = (*stands.then, index)
            if isinstance(action, form.CreateTasksAction):
                tasks = touches((*place, "create_tasks"), action.create_tasks)
                yield _steps(tasks, playbook, firing=True)
                yield _unique_steps(tasks, step_ids)
                yield _dates(tasks, dates)
            elif isinstance(action, form.EnrolAction):
                yield _known((*place, "enrol"), "sequence", action.enrol, sequences)
            elif isinstance(action, form.StopAction) and action.stop != "any":
                for at, name in enumerate(action.stop):
                    yield _known((*place, "stop", at), "sequence", name, sequences)
            elif isinstance(action, form.NotifyAction):
                name = action.notify.template
                yield _known((*place, "notify", "template"), "template", name, playbook.templates)


def _unique_steps(steps: Placed, earlier: list[str]) -> Iterator[Finding]:
    """Over all `create_tasks` of a rule: their touches share one firing."""
    for place, step in steps:
        if step.id in earlier:
            yield Finding((*place, "id"), f"step id `{step.id}` is used twice in this rule")
        earlier.append(step.id)


def _sequences(
    playbook: PlaybookYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Iterable[Finding]]:
    for number, sequence in enumerate(playbook.sequences):
        base: Location = ("sequences", number)
        steps = touches((*base, "steps"), sequence.steps)
        yield _steps(steps, playbook, firing=False)
        yield _dates([*placed((*base, "steps"), sequence.steps)], dates)
        for index, pace in enumerate(sequence.pace):
            yield condition_findings((*base, "pace", index, "if"), pace.if_, known, dates)
        if sequence.goal is not None:
            yield _goal((*base, "goal"), sequence.goal, known, dates)


def _goal(
    base: Location, goal: form.WhenYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    lasting = (goal.no_activity_for, goal.no_next_step, goal.unowned, goal.stalled)
    if goal.date is not None or any(one is not None for one in lasting):
        what = "silence" if goal.date is None else "a date"
        yield Finding(base, f"{what} is no goal", "name what success looks like")
    elif goal.surge is not None or isinstance(goal.event, EventYaml):
        hint = "name the event alone, such as event: payment_recovered"
        yield Finding(base, "a goal is reached at once and counts nothing", hint)
    else:
        yield from signal_findings(base, goal, known, dates)


def signal_findings(
    base: Location, when: form.WhenYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    if when.date is not None:
        yield from _date((*base, "date", "field"), when.date.field, dates)
    if when.surge is not None and when.surge.near is not None:
        yield from _date((*base, "surge", "near", "field"), when.surge.near.field, dates)
    if when.field_changed is not None and when.field_changed not in {*known, *DATE_FIELDS}:
        yield unmapped((*base, "field_changed"), when.field_changed, {*known, *DATE_FIELDS})


def _dates(
    steps: Sequence[tuple[Location, ItemYaml]], dates: frozenset[str]
) -> Iterator[Finding]:
    """A step on a date that nobody fills would never come, and nobody would miss it."""
    for place, step in steps:
        for key, anchor in (("after", step.after), ("before", step.before)):
            if isinstance(anchor, AnchorFieldYaml):
                yield from _date((*place, key, "field"), anchor.field, dates)


def _date(location: Location, name: str, dates: frozenset[str]) -> Iterator[Finding]:
    if plain_field(name) not in {plain_field(known) for known in dates}:
        yield unmapped(location, name, dates, "date field")


def _steps(
    steps: Placed, playbook: PlaybookYaml, *, firing: bool
) -> Iterator[Finding]:
    for place, step in steps:
        key = next((name for name in ("email", "note") if getattr(step, name)), "template")
        if step.hand_over is not None:
            yield from hand_over_findings(place, firing)
            at, name = (*place, "hand_over", "template"), step.hand_over.template
            yield from _known(at, "template", name, playbook.templates)
        elif step.sequence is None or step.template is not None:
            yield from _known(
                (*place, key), "template", getattr(step, key) or "", playbook.templates
            )
        if step.note is not None and not firing:
            yield Finding(
                (*place, "note"),
                "a note is a rule's own, no step of a sequence",
                "put it into the `create_tasks` of a rule",
            )
        if firing:
            yield from pace_findings(place, step)
            yield from thread_findings(place, step)
        if step.sequence is not None:
            yield from native_findings(place, step, firing)
        if step.subject is not None:
            yield from subject_findings((*place, "subject"), step.subject)
        first = place[-2:] == ("steps", 0) and len(place) == _TOP
        if step.after == "previous_done" and (firing or first):
            yield Finding(
                (*place, "after"),
                "there is no previous step here",
                "tasks of `create_tasks` are written together: use a sequence"
                if firing
                else "let the first step count from `entry`",
            )
        if firing and step.then is not None:
            yield Finding(
                (*place, "then"), "only a step of a sequence can recycle", "use a sequence"
            )
        if step.window is not None and not _window_fits(step):
            yield Finding(
                (*place, "window"),
                f"window `{step.window}` does not fit a {step.task or TaskType.EMAIL} step",
                "leave it out, or use the window of the step's own channel",
            )


def _window_fits(step: form.StepYaml) -> bool:
    task = step.task or TaskType.EMAIL
    return step.window == task.value


def _known(location: Location, what: str, name: str, names: Iterable[str]) -> list[Finding]:
    choice = list(names)
    if name in choice:
        return []
    hint = suggest(name, choice) or f"this playbook defines no {what} at all"
    return [Finding(location, f"there is no {what} `{name}` in this playbook", hint)]


