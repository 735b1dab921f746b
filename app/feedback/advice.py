"""From outcomes back to rules: what the figures say ought to be changed, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.feedback.counted import Counted, Row, by, share, total
from app.feedback.figures import Behind
from app.feedback.proportions import Share, wilson
from app.feedback.verdicts import LEAST, Worth, worth

MANY = 0.25
"""A stage that so many stays go silent in is worth a rule; only where the interval says so."""

LEFT_UNDONE = 0.25
"""Steps that reps delete so often are not believed in."""


IDLE = "idle-deal"
"""The playbook that is offered where no rule acts on silence."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What one press prepares. key: which edit, as `app.playbooks.prepared` names it, in the text
    of `playbook`. measure, of: the figure by which it will be judged (`Taken`)."""

    playbook: str
    key: str
    measure: str
    of: str


@dataclass(frozen=True, slots=True)
class Advice:
    """found: what was seen, with its numbers. change: what to do about it. edit: the change of a
    playbook that this implies, for a person to look at and save."""

    found: str
    change: str
    behind: Behind | None = None
    edit: Edit | None = None


def advice(counted: Counted) -> list[Advice]:
    """All that the figures ask for, the surest first; not what was done since."""
    found = [*_unanswered(counted), *_silent(counted), *_deleted(counted)]
    done = {(one.playbook, one.key) for one in counted.names.taken}
    return [
        one for one in found
        if one.edit is None or (one.edit.playbook, one.edit.key) not in done
    ]  # fmt: skip


def measured(counted: Counted, measure: str, of: str) -> Share:
    """The figure by which an edit is judged, as it stands."""
    if measure == "silence":
        return share(counted.of("silence_map", stage_id=of))
    if measure == "answered":
        return share(counted.of("answered", definition=of))
    return deletions(counted.of("steps", definition=of))


def deletions(rows: Sequence[Row]) -> Share:
    """How many of the tasks that were written reps have deleted."""
    written = [row for row in rows if row["fate"] in ("deleted", "done", "open")]
    return Share(int(total([row for row in written if row["fate"] == "deleted"])),
                 int(total(written)))  # fmt: skip


def _of_step(kind: str, definition: str, step: str, measure: str) -> Edit:
    playbook, _, part = definition.partition("/")
    return Edit(playbook, f"{kind}:{part}:{step}", measure, definition)


def _ends(counted: Counted, verdicts: Mapping[tuple[str, str], Worth]) -> dict[str, list[str]]:
    """Definition → its last steps, two or more, that are all surely not worth it; something stands
    before them. By the newest version that is counted."""
    newest: dict[str, int] = {}
    for version, definition, _ in counted.names.steps:
        newest[definition] = max(version, newest.get(definition, 0))
    found: dict[str, list[str]] = {}
    for definition, version in newest.items():
        steps = sorted(
            (name.place, step) for (at, own, step), name in counted.names.steps.items()
            if own == definition and at == version
        )  # fmt: skip
        last: list[str] = []
        for _, step in reversed(steps):
            if verdicts.get((definition, step)) is not Worth.DROP:
                break
            last.insert(0, step)
        if 2 <= len(last) < len(steps):
            found[definition] = last
    return found


def _unanswered(counted: Counted) -> list[Advice]:
    groups = by(counted.of("answered"), lambda row: (row["definition"], row["step"]))
    verdicts = {key: worth(share(rows)) for key, rows in groups.items()}
    ends = _ends(counted, verdicts)
    found: list[Advice] = []
    for definition, last in sorted(ends.items()):
        replied = share([row for step in last for row in groups[definition, step]])
        found.append(
            Advice(
                f"The last {len(last)} steps of {definition}: {replied.hits} of {replied.n} "
                "answered; each is under 2 %.",
                f"Stop before “{last[0]}”: the attempts from there on bring nothing.",
                Behind("answered", {"definition": definition, "step": last}),
                _of_step("stop", definition, last[0], "answered"),
            )
        )  # fmt: skip
    for (definition, step), rows in sorted(groups.items()):
        replied, verdict = share(rows), verdicts[definition, step]
        if verdict not in (Worth.DROP, Worth.MAYBE) or step in ends.get(definition, ()):
            continue
        drop = verdict is Worth.DROP
        found.append(
            Advice(
                f"Step “{step}” of {definition}: {replied.hits} of {replied.n} answered, which "
                f"{'is' if drop else 'looks'} under 2 %.",
                "Drop it, or give it another text or channel; running follow-ups are moved with a "
                "preview." if drop else "Watch it for another week or two.",
                Behind("answered", {"definition": definition, "step": step}),
                _of_step("drop", definition, step, "answered") if drop else None,
            )
        )  # fmt: skip
    return found


def _silent(counted: Counted) -> list[Advice]:
    found: list[Advice] = []
    for stage, rows in by(counted.of("silence_map"), lambda row: row["stage_id"]).items():
        silent = share(rows)
        name = counted.names.stages.get(stage)
        if name is None or silent.n < LEAST or wilson(silent)[0] < MANY:
            continue
        acts = name.kind in counted.names.silence_rules
        found.append(
            Advice(
                f"{name.label}: {silent.hits} of {silent.n} stays went silent for 14 days.",
                "A rule acts on silence there already: let it act sooner, or see whether its tasks "
                "are done." if acts else "No rule acts on silence there: activate one, such as "
                "those of “idle-deal”, with this stage in its condition; its backtest says first "
                "what it would owe.",
                Behind("silence_map", {"stage_id": stage, "hit": 1}),
                _against_silence(counted, name.kind, stage),
            )
        )  # fmt: skip
    return found


def _against_silence(counted: Counted, kind: str, stage: str) -> Edit:
    """The rule that acts there acts sooner; without one, that of the preset asks for the stage."""
    playbook, _, rule = counted.names.silence_rules.get(kind, "").partition("/")
    if rule:
        return Edit(playbook, f"sooner:{rule}", "silence", stage)
    return Edit(IDLE, f"silence:{kind}", "silence", stage)


def _deleted(counted: Counted) -> list[Advice]:
    found: list[Advice] = []
    groups = by(counted.of("steps"), lambda row: (row["definition"], row["step"]))
    for (definition, step), rows in sorted(groups.items()):
        deleted = deletions(rows)
        if deleted.n < LEAST or wilson(deleted)[0] < LEFT_UNDONE:
            continue
        found.append(
            Advice(
                f"Step “{step}” of {definition}: reps deleted {deleted.hits} of {deleted.n} tasks.",
                "Ask them why, and change or drop the step.",
                Behind("steps", {"definition": definition, "step": step, "fate": "deleted"}),
                _of_step("drop", definition, step, "deleted"),
            )
        )
    return found
