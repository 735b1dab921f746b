"""What several places of a playbook must agree on: ids, references, tokens, condition fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from app.decisions.relative import RELATIVE_OPS
from app.model.vocabulary import StageKind, SubjectType, TaskType
from app.playbooks import schema as form
from app.playbooks.ends import end_findings
from app.playbooks.finding import Finding, Location
from app.playbooks.step_schema import AnchorFieldYaml
from app.playbooks.windows import window_findings
from app.wording.language import check_tokens, suggest

_SUBJECT_FIELDS = (
    "name",
    "amount",
    "currency",
    "stage",
    "stage_kind",
    "stage_entered_at",
    "pipeline",
    "owner",
    "created_at",
    "last_activity_at",
    "last_reply_at",
    "next_meeting_at",
    "contacts",
)
_CONTACT_FIELDS = ("name", "email", "zone", "opted_out", "bounced", "control")
CONDITION_FIELDS = (
    "subject.type",
    *(f"{prefix}.{name}" for prefix in ("deal", "subject") for name in _SUBJECT_FIELDS),
    *(f"contact.{name}" for name in _CONTACT_FIELDS),
)
"""What a condition may ask without a mapping; times are instants, `contacts` is their number."""

DATE_FIELDS = ("deal.close_date",)
"""Dates that a step may count from without a mapping."""

DATE_TYPES = frozenset({"date", "instant"})
"""Types of a mapped field that are dates."""

_CLOSED_CHOICES = {
    "deal.stage_kind": tuple(kind.value for kind in StageKind),
    "subject.stage_kind": tuple(kind.value for kind in StageKind),
    "subject.type": tuple(kind.value for kind in SubjectType),
}
NAME_SEPARATOR = " — "


def check(
    playbook: form.PlaybookYaml, fields: Mapping[str, str], closed: Mapping[str, str]
) -> list[Finding]:
    """All findings. fields: names that the installation has mapped beside the built-in ones, each
    with its type. closed: windows in which nobody works, with the sentence that says so."""
    known = frozenset(fields)
    dates = frozenset((*DATE_FIELDS, *(n for n, type in fields.items() if type in DATE_TYPES)))
    return [
        *_unique(("rules",), [rule.id for rule in playbook.rules], "rule"),
        *_unique(("sequences",), [item.id for item in playbook.sequences], "sequence"),
        *(finding for found in _rules(playbook, known, dates) for finding in found),
        *(finding for found in _sequences(playbook, known, dates) for finding in found),
        *window_findings(playbook, closed),
        *end_findings(playbook),
        *_templates(playbook, known),
    ]


def _unique(base: Location, ids: list[str], what: str) -> Iterator[Finding]:
    for index, name in enumerate(ids):
        if name in ids[:index]:
            yield Finding(
                (*base, index, "id"),
                f"{what} id `{name}` is used twice",
                "ids are remembered by what has run, so give each its own",
            )


def _rules(
    playbook: form.PlaybookYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Iterable[Finding]]:
    sequences = [item.id for item in playbook.sequences]
    for number, rule in enumerate(playbook.rules):
        base: Location = ("rules", number)
        yield _when((*base, "when"), rule.when, known, dates)
        if rule.if_ is not None:
            yield _condition((*base, "if"), rule.if_, known, dates)
        if rule.settle is not None and rule.settle.unit.value == "wd":
            yield [Finding((*base, "settle"), "settle cannot be in working days", "write 5min")]
        step_ids: list[str] = []
        for index, action in enumerate(rule.then):
            place: Location = (*base, "then", index)
            if isinstance(action, form.CreateTasksAction):
                yield _steps((*place, "create_tasks"), action.create_tasks, playbook, firing=True)
                yield _unique_steps((*place, "create_tasks"), action.create_tasks, step_ids)
                yield _dates((*place, "create_tasks"), action.create_tasks, dates)
            elif isinstance(action, form.EnrolAction):
                yield _known((*place, "enrol"), "sequence", action.enrol, sequences)
            elif isinstance(action, form.StopAction) and action.stop != "any":
                for at, name in enumerate(action.stop):
                    yield _known((*place, "stop", at), "sequence", name, sequences)
            elif isinstance(action, form.NotifyAction):
                name = action.notify.template
                yield _known((*place, "notify", "template"), "template", name, playbook.templates)


def _unique_steps(
    base: Location, steps: list[form.StepYaml], earlier: list[str]
) -> Iterator[Finding]:
    """Over all `create_tasks` of a rule: their touches share one firing."""
    for index, step in enumerate(steps):
        if step.id in earlier:
            yield Finding((*base, index, "id"), f"step id `{step.id}` is used twice in this rule")
        earlier.append(step.id)


def _sequences(
    playbook: form.PlaybookYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Iterable[Finding]]:
    for number, sequence in enumerate(playbook.sequences):
        base: Location = ("sequences", number)
        yield _unique((*base, "steps"), [step.id for step in sequence.steps], "step")
        yield _steps((*base, "steps"), sequence.steps, playbook, firing=False)
        yield _dates((*base, "steps"), sequence.steps, dates)
        if sequence.goal is not None:
            yield _goal((*base, "goal"), sequence.goal, known, dates)


def _goal(
    base: Location, goal: form.WhenYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    if goal.no_activity_for is not None or goal.date is not None:
        what = "silence" if goal.date is None else "a date"
        yield Finding(base, f"{what} is no goal", "name what success looks like")
    else:
        yield from _when(base, goal, known, dates)


def _when(
    base: Location, when: form.WhenYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    if when.date is not None:
        yield from _date((*base, "date", "field"), when.date.field, dates)
    if when.field_changed is not None and when.field_changed not in {*known, *DATE_FIELDS}:
        yield unmapped((*base, "field_changed"), when.field_changed, {*known, *DATE_FIELDS})


def _dates(base: Location, steps: list[form.StepYaml], dates: frozenset[str]) -> Iterator[Finding]:
    """A step on a date that nobody fills would never come, and nobody would miss it."""
    for index, step in enumerate(steps):
        for key, anchor in (("after", step.after), ("before", step.before)):
            if isinstance(anchor, AnchorFieldYaml):
                yield from _date((*base, index, key, "field"), anchor.field, dates)


def _date(location: Location, name: str, dates: frozenset[str]) -> Iterator[Finding]:
    if plain_field(name) not in {plain_field(known) for known in dates}:
        yield unmapped(location, name, dates, "date field")


def unmapped(location: Location, name: str, known: Iterable[str], what: str = "field") -> Finding:
    """A field that nothing is mapped to; known: those that the author may have meant."""
    hint, prefix = suggest(name, known), name.partition(".")[0]
    if prefix in ("deal", "contact"):
        mapping = f"map a property of the {prefix} to it first (PUT /api/mapping)"
        hint = f"{hint} Or {mapping}" if hint.startswith("did you mean") else mapping
    return Finding(location, f"unknown {what} `{name}`", hint)


def plain_field(name: str) -> str:
    """`deal.close_date` as the subject's mapped fields call it: `close_date`."""
    prefix, _, rest = name.partition(".")
    return rest if rest and prefix in ("deal", "lead", "subject") else name


def _steps(
    base: Location, steps: list[form.StepYaml], playbook: form.PlaybookYaml, *, firing: bool
) -> Iterator[Finding]:
    for index, step in enumerate(steps):
        place: Location = (*base, index)
        key = "email" if step.email is not None else "template"
        if step.sequence is None or step.template is not None:
            yield from _known(
                (*place, key), "template", step.email or step.template or "", playbook.templates
            )
        if step.sequence is not None:
            yield from _native(place, step, firing)
        if step.subject is not None:
            yield from _subject((*place, "subject"), step.subject)
        if step.after == "previous_done" and (firing or index == 0):
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


def _native(place: Location, step: form.StepYaml, firing: bool) -> Iterator[Finding]:
    """The CRM mails at once and by itself: nothing about it can be written ahead of its time."""
    if firing:
        yield Finding(
            (*place, "sequence"),
            "a rule's own tasks cannot start a sequence of the CRM",
            "put the step into a sequence of this playbook and `enrol` in that",
        )
    if step.assign is not None:
        yield Finding(
            (*place, "assign"),
            "a sequence of the CRM is sent by the record's owner",
            "leave `assign` out",
        )
    if step.lead is not None:
        yield Finding(
            (*place, "lead"),
            "a sequence of the CRM has no lead: its first mail leaves when it is started",
            "leave `lead` out",
        )


def _window_fits(step: form.StepYaml) -> bool:
    task = step.task or TaskType.EMAIL
    return step.window == task.value


def _subject(location: Location, subject: str) -> Iterator[Finding]:
    if "{{" in subject or "{%" in subject:
        yield Finding(
            location,
            "a task's subject is a fixed text",
            "leave the token out: the deal's name is appended to every subject",
        )
    if NAME_SEPARATOR in subject:
        yield Finding(
            location,
            f"a subject cannot contain `{NAME_SEPARATOR}`, after which the deal's name stands",
            "use a colon or a comma",
        )


def _known(location: Location, what: str, name: str, names: Iterable[str]) -> list[Finding]:
    choice = list(names)
    if name in choice:
        return []
    hint = suggest(name, choice) or f"this playbook defines no {what} at all"
    return [Finding(location, f"there is no {what} `{name}` in this playbook", hint)]


def _condition(
    base: Location, condition: form.ConditionYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    if isinstance(condition, form.AllYaml):
        for index, part in enumerate(condition.all):
            yield from _condition((*base, "all", index), part, known, dates)
    elif isinstance(condition, form.AnyYaml):
        for index, part in enumerate(condition.any):
            yield from _condition((*base, "any", index), part, known, dates)
    elif isinstance(condition, form.NotYaml):
        yield from _condition((*base, "not"), condition.not_, known, dates)
    else:
        yield from _comparison(base, condition, known, dates)


def _comparison(
    base: Location, compare: form.CompareYaml, known: frozenset[str], dates: frozenset[str]
) -> Iterator[Finding]:
    names = {*CONDITION_FIELDS, *DATE_FIELDS, *known}
    if compare.field not in names:
        yield unmapped((*base, "field"), compare.field, names)
        return
    if compare.op in RELATIVE_OPS and not _is_date(compare.field, dates):
        yield Finding(
            (*base, "field"),
            f"`{compare.field}` is no date, so nothing lies `{compare.op}` of it",
            "name a date, such as deal.close_date, or map the property with the type date",
        )
    choice = _CLOSED_CHOICES.get(compare.field)
    values = compare.value if isinstance(compare.value, list) else [compare.value]
    if choice is None or compare.op in ("known", "unknown"):
        return
    for index, value in enumerate(values):
        if value not in choice:
            at = (index,) if isinstance(compare.value, list) else ()
            hint = suggest(str(value), choice)
            yield Finding((*base, "value", *at), f"{value!r} is no {compare.field}", hint)


def _is_date(name: str, dates: frozenset[str]) -> bool:
    return name in dates or name.endswith("_at")


def _templates(playbook: form.PlaybookYaml, known: frozenset[str]) -> Iterator[Finding]:
    for name, template in playbook.templates.items():
        base: Location = ("templates", name)
        if "{{" in template.decides or "{%" in template.decides:
            yield Finding(
                (*base, "decides"), "the decision is a fixed sentence", "leave the token out"
            )
        for key in ("email_subject", "body"):
            text = getattr(template, key)
            for problem in check_tokens(text, known) if text else ():
                place = f" (line {problem.line} of the text)" if "\n" in text.strip() else ""
                yield Finding((*base, key), problem.message + place, problem.suggestion)
