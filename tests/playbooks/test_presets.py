"""The presets: sound, recognisable by their subjects, and as the documentation says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.actions.rendering import TaskContext, render_notice, render_task
from app.model.guard import CHANNELS
from app.model.playbook import CreateTasks, Enrol, Notify, Playbook, RuleAction, Step
from app.model.time import Delay, Unit
from app.model.vocabulary import EXITS, Again, Priority, SignalKind, StopReason, TaskType
from app.playbooks.needs import lacking, needs
from app.playbooks.presets import preset, preset_ids, preset_text

PROSE = (Path(__file__).parents[2] / "docs/presets.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z0-9-]+)`[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|$", re.MULTILINE)
WORDS = {
    TaskType.EMAIL: "e-mail, with draft",
    TaskType.CALL: "call",
    TaskType.TODO: "to-do",
    TaskType.LINKEDIN: "LinkedIn",
}
EVERY = frozenset(EXITS)
NO_STAGE = EVERY - {StopReason.STAGE_LEFT}
EXITS_OF = {
    "after-meeting": NO_STAGE,
    "after-the-hour": NO_STAGE,
    "first-minutes": NO_STAGE,
    "inbound-cadence": NO_STAGE,
    "inbound-nurture": NO_STAGE,
    "stage-map": EVERY - {
        StopReason.REPLIED, StopReason.MEETING_BOOKED, StopReason.OPTED_OUT, StopReason.BOUNCED
    },
    "to-the-buyer": NO_STAGE,
    "team-demo": NO_STAGE,
    "team-inbound": NO_STAGE,
    "to-the-demo": NO_STAGE,
    "until-recovered": EVERY - {StopReason.REPLIED, StopReason.MEETING_BOOKED},
    "until-paid": EVERY - {StopReason.REPLIED, StopReason.MEETING_BOOKED},
}
"""Sequence → its exits; all others have every exit."""


def steps_of(playbook: Playbook) -> Iterator[Step]:
    for rule in playbook.rules:
        for action in rule.then:
            if isinstance(action, CreateTasks):
                yield from action.steps
    for sequence in playbook.sequences.values():
        yield from sequence.steps


def all_steps() -> list[tuple[str, Step]]:
    return [(name, step) for name in preset_ids() for step in steps_of(preset(name))]


def test_every_preset_is_sound_and_named_as_its_file() -> None:
    for name in preset_ids():
        assert preset(name).id == name
        assert preset(name).description


def test_the_prose_has_every_preset_once_in_its_table() -> None:
    side = PROSE.split("\n## Side by side")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `([a-z-]+)` \|", side, re.MULTILINE)
    assert sorted(listed) == sorted(preset_ids())
    needy = side.partition("**What needs your data**")[2].partition("**Where a channel")[0]
    mapped, _, told = needy.partition("What rests on events")
    named = set(re.findall(r"`([a-z-]+)`", mapped)) - {"needs"}
    assert named == {name for name in preset_ids() if preset(name).needs}
    waiting = {
        name for name in preset_ids() if any(lacking(rule, ()) for rule in preset(name).rules)
    }
    assert set(re.findall(r"`([a-z-]+)`", told)) == waiting


@pytest.mark.parametrize("name", preset_ids())
def test_a_preset_declares_exactly_the_data_that_it_needs(name: str) -> None:
    assert {need.field for need in preset(name).needs} == needs(preset(name))


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(KeyError, match="proposal-stage-map"):
        preset_text("propsal")


@pytest.mark.parametrize("name", preset_ids())
def test_the_prose_lists_exactly_the_steps(name: str) -> None:
    section = PROSE.split(f"\n## `{name}`")[1].split("\n## ")[0]
    rows = {row[0]: tuple(cell.strip() for cell in row[1:]) for row in ROW.findall(section)}
    expected: dict[str, tuple[str, ...]] = {}
    for step in steps_of(preset(name)):
        due = str(step.at) if step.at else "at once"
        if step.anchor == "previous_done":
            due = f"{due} after the step before is done"
        elif step.anchor != "entry":
            end = "the end" if name == "renewal" else "that date"
            due = f"{due.removeprefix('-')} before {end}"
        if name == "idle-deal":
            due = "when the 7 days are over"
        kind = WORDS[step.task] if step.native is None else "sequence, else e-mail with draft"
        kind = "note" if step.note else kind
        expected[step.id] = (due, kind, step.priority.value, step.subject)
    assert rows == expected


@pytest.mark.parametrize("name", preset_ids())
def test_the_prose_names_every_rule_and_sequence(name: str) -> None:
    section = PROSE.split(f"\n## `{name}`")[1].split("\n## ")[0]
    for rule in preset(name).rules:
        assert f"`{rule.id}`" in section
    for sequence in preset(name).sequences:
        assert f"`{sequence}`" in section


@pytest.mark.parametrize(
    ("name", "rule", "kind", "again", "limit"),
    [
        ("proposal", "proposal-sent", SignalKind.STAGE_ENTERED, Again.STAGE_ENTRY, 50),
        ("inbound-lead", "lead-created", SignalKind.SUBJECT_CREATED, Again.ONCE, 50),
        ("inbound-lead", "lead-form", SignalKind.FORM_SUBMITTED, Again.EVERY_SIGNAL, 50),
        ("post-meeting", "meeting-recap", SignalKind.MEETING_HELD, Again.EVERY_SIGNAL, None),
        ("post-meeting", "meeting-outcome", SignalKind.OUTCOME_UNKNOWN, Again.EVERY_SIGNAL, None),
        ("post-meeting", "meeting-rebook", SignalKind.MEETING_MISSED, Again.EVERY_SIGNAL, None),
        ("idle-deal", "idle-7", SignalKind.NO_ACTIVITY, Again.EVERY_SIGNAL, 50),
        ("idle-deal", "idle-14", SignalKind.NO_ACTIVITY, Again.EVERY_SIGNAL, 50),
        ("proposal-stage-map", "stage-entered", SignalKind.STAGE_ENTERED, Again.EVERY_ENTRY, None),
        ("comeback", "date-has-come", SignalKind.RECYCLED, Again.STAGE_ENTRY, 50),
        ("renewal", "contract-ends", SignalKind.DATE, Again.STAGE_ENTRY, 50),
    ],
)
def test_rules_wait_repeat_and_brake_as_documented(
    name: str, rule: str, kind: SignalKind, again: Again, limit: int | None
) -> None:
    found = {rule.id: rule for rule in preset(name).rules}[rule]
    assert (found.when.kind, found.again, found.limit) == (kind, again, limit)


def test_exits_are_as_documented() -> None:
    sequences = [item for name in preset_ids() for item in preset(name).sequences.values()]
    assert len({item.id for item in sequences}) == len(sequences)
    assert EXITS_OF.keys() < {item.id for item in sequences}
    for item in sequences:
        assert item.exits == EXITS_OF.get(item.id, EVERY), item.id


def days_of(playbook: Playbook, action: RuleAction) -> list[int]:
    """On which days after its signal an action addresses the person, as far as that is fixed."""
    steps: tuple[Step, ...] = ()
    if isinstance(action, CreateTasks):
        steps = action.steps
    elif isinstance(action, Enrol):
        steps = playbook.sequences[action.sequence].steps
    return [
        step.at.amount if step.at is not None and step.at.unit is Unit.D else 0
        for step in steps
        if step.task in CHANNELS and step.anchor == "entry"
    ]


def test_no_preset_comes_near_the_caps_by_itself() -> None:
    """As `docs/presets.md` claims: at most 7 touches in any 7 days, 20 in any 30."""
    for name in preset_ids():
        for rule in preset(name).rules:
            days = [day for action in rule.then for day in days_of(preset(name), action)]
            for length, cap in ((7, 7), (30, 20)):
                most = [sum(first <= day < first + length for day in days) for first in days]
                assert max(most, default=0) <= cap, rule.key


def test_the_stage_map_is_written_when_due_and_settles_a_minute() -> None:
    playbook = preset("proposal-stage-map")
    assert playbook.rules[0].settle == Delay(1, Unit.MIN)
    assert [step.lead for step in playbook.sequences["stage-map"].steps] == [Delay(0, Unit.MIN)] * 4


def test_a_subject_names_its_step_among_all_presets() -> None:
    # What makes a subject hot differs; its one answer to that stands in several rules.
    subjects = [step.subject for _, step in dict.fromkeys(all_steps())]
    assert len(set(subjects)) == len(subjects)
    assert not any(one != other and one.startswith(other) for one in subjects for other in subjects)
    assert not any("{{" in subject or " — " in subject for subject in subjects)
    assert "Choose the contact for this follow-up" not in subjects


NOTHING = TaskContext("", "why")
each_step = pytest.mark.parametrize(
    ("name", "step"), all_steps(), ids=lambda value: getattr(value, "id", value)
)


@pytest.mark.parametrize(
    ("name", "step"), all_steps(), ids=lambda value: getattr(value, "id", value)
)
def test_every_text_can_be_written_when_the_crm_knows_nothing(name: str, step: Step) -> None:
    made = render_task(step, preset(name).templates[step.template], NOTHING)
    assert made.problem == ""


@pytest.mark.parametrize(
    ("name", "step"), all_steps(), ids=lambda value: getattr(value, "id", value)
)
def test_every_text_has_one_question_to_decide_and_no_filler(name: str, step: Step) -> None:
    template = preset(name).templates[step.template]
    assert template.decides.endswith("?")
    assert template.decides.count("?") == 1
    words = (template.body + template.email_subject).lower()
    for filler in ("checking in", "touching base", "touch base", "circling back", "any updates"):
        assert filler not in words
    if step.task is TaskType.EMAIL:
        assert template.email_subject
        assert "contact.first_name" in template.body
        assert "?" in template.body + template.email_subject


def test_notices_can_be_written_when_the_crm_knows_nothing() -> None:
    notices = [
        preset(name).templates[action.template]
        for name in preset_ids()
        for rule in preset(name).rules
        for action in rule.then
        if isinstance(action, Notify)
    ]
    told = {
        "idle-manager", "sla-no-meeting", "answers-manager", "hot-stalled", "unowned-told",
        "no-step-told",
    }  # fmt: skip
    assert {notice.id for notice in notices} == told
    assert [render_notice(notice, {}).problem for notice in notices] == [""] * len(told)


def test_only_what_cannot_wait_is_urgent() -> None:
    urgent = {step.id for _, step in all_steps() if step.priority is Priority.HIGH}
    assert urgent == {
        "questions", "reply", "recap", "rebook", "last-week",
        "answer", "text", "first-mail", "first-call", "hand-over", "recap-hour", "summary",
        "arrived", "silent-call", "contact", "with-manager", "viewed", "notice-mail",
        "success-call", "sla-new", "sla-book", "sla-summary", "in-1", "demo-1",
        "ask-back", "missed", "act", "rescue",
        "prices", "opened-again", "accepted", "used-less", "trial", "told-mail", "told-call",
        "competitor-out", "several", "many", "competitor", "while-they-look",
        "quote-ends", "quote-won",
    }  # fmt: skip
