"""What people call the things that figures count, and what each stage owes by the playbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection

from app.feedback.counted import (
    Drawn,
    Names,
    RecordName,
    Row,
    StageName,
    StepName,
    Taken,
    TermName,
)
from app.feedback.proportions import Share
from app.model.condition import Compare, Condition, NotOf
from app.model.playbook import CreateTasks, Enrol, Playbook, Rule, Step
from app.model.time import DAY, HOUR, Delay
from app.model.vocabulary import Mode, SignalKind, StageKind
from app.playbooks.codec import from_json
from app.playbooks.presets import preset
from app.store import audit, installations, mirror, people, pipelines, playbooks, texts
from app.store.measured.ground import OVER
from app.store.measured.stays import Term
from app.store.sets import loads

TAKEN = "advice_taken"
"""What the audit calls an edit that was made because a figure asked for it."""

MOST_TAKEN = 50
"""Such edits whose outcome is shown."""

SLA = "stage-sla"
"""The playbook that says what each stage owes; one that was saved holds, else the preset."""

REPEATS = 3
"""A contact every so often is asked for so many times over."""


def names_of(
    conn: Connection, inst: int, rows: Mapping[str, Sequence[Row]], terms: Sequence[Term],
    zone: str,
) -> Names:  # fmt: skip
    """Names for all that these rows speak of."""
    row = installations.get(conn, inst)
    staff = people.read(conn, inst)
    stages = pipelines.read_stages(conn, inst)
    versions = {
        one["version_id"]
        for found in rows.values()
        if found and "version_id" in found[0]
        for one in found
    }
    titles, steps = _steps(conn, versions)
    states = playbooks.states(conn, inst).values()
    return Names(
        people={key: one["name"] or one["email"] for key, one in staff.items()},
        teams={key: one["team"] for key, one in staff.items() if one["team"]},
        stages={
            one["id"]: StageName(one["label"], one["kind"], place)
            for place, one in enumerate(stages)
        },
        pipelines={one["id"]: one["label"] for one in pipelines.read(conn, inst)},
        sequences=titles,
        steps=steps,
        terms=[TermName(term.kind, _told(term)) for term in terms],
        silence_rules=_acted_on(conn, [s for s in states if s["mode"] == Mode.LIVE.value]),
        taken=_taken(conn, inst),
        currency=row["currency"] if row else "",
        zone=zone,
        cost=installations.get_settings(conn, inst).get("acquisition_cost"),
        records=_records(conn, inst, rows.get("texts", ())),
        drawn=Drawn(**drawn) if "texts" in rows and (drawn := texts.drawn(conn, inst)) else None,
    )


def _records(conn: Connection, inst: int, rows: Sequence[Row]) -> dict[int, RecordName]:
    """The records that a sample stands on."""
    pages = installations.record_pages(conn, inst)
    return {
        key: RecordName(row["type"], row["crm_id"], row["name"], pages(row["type"], row["crm_id"]))
        for key, row in mirror.by_id(conn, {row["subject_id"] for row in rows}).items()
    }


def zone_of(conn: Connection, inst: int) -> str:
    """The installation's zone: its own setting, else the CRM account's."""
    row = installations.get(conn, inst)
    chosen = installations.get_settings(conn, inst).get("zone")
    return chosen or (row["zone"] if row else "UTC")


@lru_cache(maxsize=64)
def _playbook(data: str) -> Playbook:
    """A saved version never changes, so its text is its name."""
    return from_json(loads(data))


def _steps(
    conn: Connection, versions: set[int]
) -> tuple[dict[str, str], dict[tuple[int, str, str], StepName]]:
    titles: dict[str, str] = {}
    steps: dict[tuple[int, str, str], StepName] = {}
    for version, row in sorted(playbooks.load(conn, versions).items()):
        playbook = _playbook(row["data"])
        defined: list[tuple[str, Sequence[Step]]] = []
        for sequence in playbook.sequences.values():
            titles[sequence.key] = sequence.title or sequence.key
            defined.append((sequence.key, sequence.steps))
        for rule in playbook.rules:
            if rule.tasks:
                titles[rule.key] = rule.title or rule.key
                defined.append((rule.key, rule.tasks))
        for key, found in defined:
            for place, step in enumerate(found):
                channel = "native" if step.native is not None else step.task.value
                steps[version, key, step.id] = StepName(
                    step.subject or step.id, step.template, channel, place
                )
    return titles, steps


def _taken(conn: Connection, inst: int) -> list[Taken]:
    """Edits that were made from advice, the latest first."""
    found: list[Taken] = []
    for row in audit.read(conn, inst, MOST_TAKEN, what=TAKEN):
        data = loads(row["data"])
        before = Share(*data.pop("before"))
        found.append(Taken(**data, before=before, who=row["who"]))
    return found


def _acted_on(conn: Connection, live: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Kinds of stages for which some rule that is live acts on silence, with the soonest."""
    found = playbooks.load(conn, {state["version_id"] for state in live})
    keys = {state["rule"] for state in live}
    kinds: dict[str, Rule] = {}
    for row in found.values():
        for rule in _playbook(row["data"]).rules:
            if rule.key not in keys or rule.when.kind is not SignalKind.NO_ACTIVITY:
                continue
            for kind in _kinds_asked(rule):
                if kind not in kinds or _silence(rule) < _silence(kinds[kind]):
                    kinds[kind] = rule
    return {kind: rule.key for kind, rule in kinds.items()}


def _silence(rule: Rule) -> float:
    return rule.when.after.approximate_ms() if rule.when.after is not None else 0


def _kinds_asked(rule: Rule) -> set[str]:
    """The kinds of stages that a rule's condition names; all open ones where it names none."""
    found = _compared(rule.condition)
    return found or {kind.value for kind in StageKind} - {*OVER}


def _compared(condition: Condition | None) -> set[str]:
    if isinstance(condition, Compare):
        if condition.field != "deal.stage_kind" or condition.op not in ("==", "in"):
            return set()
        value = condition.value
        return {value} if isinstance(value, str) else set(map(str, value or ()))
    if condition is None or isinstance(condition, NotOf):
        return set()
    return {kind for part in condition.parts for kind in _compared(part)}


# --- what stages owe -----------------------------------------------------------------------------


def stage_terms(conn: Connection, inst: int) -> list[Term]:
    """What each stage owes, by the playbook of stage times as it was saved last."""
    saved = playbooks.versions(conn, inst, SLA)
    return terms_of(_playbook(saved[0]["data"]) if saved else preset(SLA))


def terms_of(playbook: Playbook) -> list[Term]:
    """The times that a playbook gives stages: each step of what an entry begins is a contact due
    by its `at`, an absence waited for after an entry is a meeting due by then, and silence in a
    stage is a contact every so often."""
    found: list[Term] = []
    for rule in playbook.rules:
        if rule.when.kind is SignalKind.STAGE_ENTERED:
            for kind in sorted(kind.value for kind in rule.when.stages):
                found += _entered(playbook, rule, kind)
        elif rule.when.kind is SignalKind.NO_ACTIVITY and rule.when.after is not None:
            steps = _steps_of(playbook, rule)
            more = steps[0].at.approximate_ms() if steps and steps[0].at else 0
            every = rule.when.after.approximate_ms() + more
            for kind in sorted(_kinds_asked(rule)):
                found += [Term(kind, (n + 1) * every, n * every) for n in range(REPEATS)]
    return found


def _entered(playbook: Playbook, rule: Rule, kind: str) -> list[Term]:
    when = rule.when
    if when.within is not None:
        return [
            Term(kind, when.within.approximate_ms(), meeting=True)
            for absent in when.unless
            if absent is SignalKind.MEETING_BOOKED
        ]
    dues = sorted(
        step.at.approximate_ms()
        for step in _steps_of(playbook, rule)
        if isinstance(step.at, Delay) and step.at.amount > 0
    )
    return [Term(kind, due, after) for after, due in zip((0, *dues), dues, strict=False)]


def _steps_of(playbook: Playbook, rule: Rule) -> list[Step]:
    found: list[Step] = []
    for act in rule.then:
        if isinstance(act, CreateTasks):
            found += act.steps
        elif isinstance(act, Enrol):
            name = act.sequence.rpartition("/")[2]
            found += playbook.sequences[name].steps if name in playbook.sequences else ()
    return found


def _told(term: Term) -> str:
    what = "a meeting booked" if term.meeting else "a contact"
    if term.after:
        return f"{what} after {_length(term.after)} and by {_length(term.by)}"
    return f"{what} within {_length(term.by)}"


def _length(ms: int) -> str:
    number, unit = (ms // DAY, "day") if ms % DAY == 0 else (ms // HOUR, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"
