"""Reading playbook files: each mistake with its place and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.model.playbook import (
    INSTEAD,
    AllOf,
    AnyOf,
    Compare,
    CreateTasks,
    Enrol,
    Hold,
    LatePolicy,
    NativeSequence,
    Need,
    Notify,
    NotOf,
    Reassign,
    SetField,
    Stop,
    When,
)
from app.model.time import Delay, Unit
from app.model.vocabulary import (
    EXITS,
    Again,
    Priority,
    SignalKind,
    StageKind,
    StopReason,
    TaskType,
)
from app.playbooks.loader import MAX_BYTES, load_file, load_text
from app.playbooks.problems import PlaybookError, Problem

GOOD = """\
playbook: example
rules:
  - id: sent
    when: {stage_entered: proposal}
    if: {all: [{field: deal.amount, op: ">=", value: 1000}]}
    then: [{enrol: cadence}]
    limit: 50
sequences:
  - id: cadence
    goal: {stage_entered: [negotiation, won]}
    steps:
      - {id: first, at: 3d, task: call, template: talk}
      - {id: second, at: 7d, email: mail, then: {recycle: 90d}}
templates:
  talk: {decides: "Any questions?", body: "Ask."}
  mail:
    decides: Which date?
    email_subject: A date
    body: "Hello {{ contact.first_name | default: 'there' }}"
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(PlaybookError) as caught:
        load_text(text, "file.yaml")
    return caught.value.problems


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_sound_file_becomes_a_playbook() -> None:
    playbook = load_text(GOOD, "file.yaml")
    (rule,) = playbook.rules
    assert rule.key == "example/sent"
    assert rule.when == When(SignalKind.STAGE_ENTERED, frozenset({StageKind.PROPOSAL}))
    assert rule.condition == AllOf((Compare("deal.amount", ">=", 1000),))
    assert rule.then == (Enrol("cadence"),)
    assert (rule.limit, rule.again, rule.settle) == (50, Again.STAGE_ENTRY, None)
    sequence = playbook.sequences["cadence"]
    assert sequence.exits == frozenset(EXITS)
    assert sequence.goal is not None
    assert sequence.goal.stages == {StageKind.NEGOTIATION, StageKind.WON}
    first, second = sequence.steps
    assert (first.at, first.task, first.priority) == (
        Delay(3, Unit.D),
        TaskType.CALL,
        Priority.MEDIUM,
    )
    assert first.subject == "Call: Any questions?"
    assert (second.task, second.template, second.recycle) == (
        TaskType.EMAIL,
        "mail",
        Delay(90, Unit.D),
    )
    assert playbook.title == "Example"


STEP = "sequences[0].steps[0]"
COMPARE = "rules[0].if.all[0]"
GOAL = "goal: {stage_entered: [negotiation, won]}"

# (what is changed, into what, where the problem points, its field, its message, its suggestion)
WRONG_KEYS = [
    ("limit: 50", "limt: 50", "limt", "rules[0].limt", "unknown key `limt`", "`limit`"),
    ("rules:", "rulez:", "rulez", "rulez", "unknown key `rulez`", "`rules`"),
    ("first, at:", "first, att:", "att", f"{STEP}.att", "unknown key", "`at`"),
    ("goal:", "gaol:", "gaol", "sequences[0].gaol", "unknown key", "`goal`"),
    ('{decides: "A', '{decide: "A', "decide:", "templates.talk.decide", "unknown", "`decides`"),
    ("[{enrol:", "[{enroll:", "{enroll", "rules[0].then[0]", "one of these keys", ""),
    ("recycle:", "recyle:", "recyle", "sequences[0].steps[1].then.recyle", "key", "`recycle`"),
    (
        "stage_entered: pro",
        "stage_entred: pro",
        "stage_entred",
        "rules[0].when.stage_entred",
        "unknown key",
        "`stage_entered`",
    ),
]
WRONG_VALUES = [
    (": proposal}", ": propsal}", "propsal", "rules[0].when.stage_entered", "stage", "`proposal`"),
    (", won]", ", wn]", "wn]", "sequences[0].goal.stage_entered[1]", "not a stage", "`won`"),
    ("at: 3d", "at: 3 days", "3 days", f"{STEP}.at", "'3 days' is not a delay", "`3d`"),
    ("at: 3d", "at: 3", "3,", f"{STEP}.at", "3 is not a delay", "`3d`"),
    ("at: 3d", "at: 2 weeks", "2 weeks", f"{STEP}.at", "is not a delay", "`14d`"),
    ("at: 3d", "at: soon", "soon", f"{STEP}.at", "is not a delay", "30min"),
    ("at: 3d", "at: 3d, window: cal", "cal,", f"{STEP}.window", "is not a window", "`call`"),
    ("at: 3d", "at: 3d, window: sms", "sms", f"{STEP}.window", "does not fit", "own channel"),
    ("task: call", "task: phone", "phone", f"{STEP}.task", "is not a kind of task", "call"),
    ("at: 3d", "at: 3d, priority: hihg", "hihg", f"{STEP}.priority", "a priority", "`high`"),
    ("limit: 50", "again: evry_entry", "evry", "rules[0].again", "`again`", "`every_entry`"),
    ("limit: 50", "limit: 0", "0\nseq", "rules[0].limit", "greater than or equal to 1", ""),
    ("limit: 50", "settle: 2wd", "2wd", "rules[0].settle", "working days", "5min"),
    ('op: ">="', 'op: "=>"', '"=>"', f"{COMPARE}.op", "'=>' is not possible here", ">="),
    (GOAL, "exits: {repleid: off}", "repleid", "sequences[0].exits.repleid", "exit", "`replied`"),
    (GOAL, "exits: {replied: x}", "x}", "sequences[0].exits.replied", "'x'", "on or off"),
    (GOAL, "goal: {no_activity_for: 3d}", "goal", "sequences[0].goal", "silence", ""),
]
WRONG_REFERENCES = [
    ("id: sent", "id: Proposal Sent", "Proposal", "rules[0].id", "not an id", "`proposal-sent`"),
    ("id: second", "id: first", "first, at: 7d", "sequences[0].steps[1].id", "used twice", ""),
    (
        "enrol: cadence",
        "enrol: cadense",
        "cadense",
        "rules[0].then[0].enrol",
        "there is no sequence `cadense`",
        "`cadence`",
    ),
    ("template: talk", "template: talks", "talks", f"{STEP}.template", "no template", "`talk`"),
    (
        "email: mail",
        "email: male",
        "male",
        "sequences[0].steps[1].email",
        "there is no template `male`",
        "`mail`",
    ),
]
WRONG_STEPS = [
    ("task: call, ", "", "{id: first", STEP, "either a `task`, an `email`", "task: call"),
    (", template: talk", "", "{id: first", STEP, "names no template", "template"),
    (
        "at: 3d",
        "at: 3d, after: previous_done",
        "previous_done",
        f"{STEP}.after",
        "no previous step",
        "`entry`",
    ),
    ("at: 3d", "at: 3d, after: prev", "prev", f"{STEP}.after", "not possible", "previous_done"),
    (
        "at: 3d",
        "at: 3d, subject: 'Call {{ deal.name }}'",
        "'Call",
        f"{STEP}.subject",
        "fixed text",
        "deal's name",
    ),
    (
        "at: 3d",
        "at: 3d, after: {field: deal.closedate}",
        "deal.closedate",
        f"{STEP}.after.field",
        "unknown date field",
        "`deal.close_date`",
    ),
    ("at: 3d", "at: 3d, subject: 'A — b'", "'A", f"{STEP}.subject", "cannot contain", "colon"),
]
WRONG_CONDITIONS = [
    (
        "deal.amount",
        "deal.amout",
        "deal.amout",
        f"{COMPARE}.field",
        "unknown field `deal.amout`",
        "`deal.amount`",
    ),
    (", value: 1000", "", "{field", COMPARE, "needs a value", "value"),
    ('op: ">="', "op: known", "{field", COMPARE, "takes no value", "leave"),
    ('op: ">="', "op: in", "{field", COMPARE, "does not fit `in`", "list"),
    (
        'amount, op: ">=", value: 1000',
        "close_date, op: within, value: 90",
        "{field",
        COMPARE,
        "`within`: 90 is not a distance in time",
        "-365d for the 365 days up to now",
    ),
    (
        'amount, op: ">=", value: 1000',
        "close_date, op: older_than, value: 3wd",
        "{field",
        COMPARE,
        "counts somebody's working days",
        "min, h or d",
    ),
    (
        'op: ">=", value: 1000',
        "op: within, value: -365d",
        "deal.amount",
        f"{COMPARE}.field",
        "`deal.amount` is no date",
        "deal.close_date",
    ),
    (
        'deal.amount, op: ">=", value: 1000',
        'deal.stage_kind, op: "==", value: wonn',
        "wonn",
        f"{COMPARE}.value",
        "'wonn' is no deal.stage_kind",
        "`won`",
    ),
    (": proposal}", ": proposal, replied: any}", "when", "rules[0].when", "exactly one", "stage"),
    ("{stage_entered: proposal}", "{}", "when", "rules[0].when", "exactly one signal", ""),
    (
        ": proposal}",
        ": proposal, unless: [replied]}",
        "when",
        "rules[0].when",
        "belong together",
        "within: 3d",
    ),
    (
        "{stage_entered: proposal}",
        "{replied: often}",
        "often",
        "rules[0].when.replied",
        "'often' is not a class of replies",
        "unclassified",
    ),
]
WRONG_TEMPLATES = [
    (
        "contact.first_name",
        "contact.frist_name",
        '"Hello',
        "templates.mail.body",
        "unknown token `contact.frist_name`",
        "`contact.first_name`",
    ),
    (
        '"Any questions?"',
        '"Any {{ deal.name }}?"',
        '"Any {{',
        "templates.talk.decides",
        "fixed sentence",
        "token",
    ),
    (', body: "Ask."', "", "talk: {", "templates.talk.body", "`body` is missing", ""),
]


@pytest.mark.parametrize(
    ("old", "new", "points_at", "field", "message", "suggestion"),
    [
        *WRONG_KEYS,
        *WRONG_VALUES,
        *WRONG_REFERENCES,
        *WRONG_STEPS,
        *WRONG_CONDITIONS,
        *WRONG_TEMPLATES,
    ],
)
def test_each_mistake_has_file_line_column_field_and_suggestion(
    old: str, new: str, points_at: str, field: str, message: str, suggestion: str
) -> None:
    text = changed(old, new)
    found = {problem.field: problem for problem in problems(text)}
    assert field in found
    problem = found[field]
    before = text[: text.index(points_at)]
    place = (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert (problem.file, problem.line, problem.column) == ("file.yaml", *place)
    assert message in problem.message
    assert suggestion in problem.suggestion


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("then: [{enrol: cadence}]", "then: {enrol: cadence}", "rules[0].then", "a list must"),
        ("then: [{enrol: cadence}]", "then: [cadence]", "rules[0].then[0]", "one of these keys"),
        ("then: [{enrol: cadence}]", "then: []", "rules[0].then", "at least one"),
        ("{stage_entered: proposal}", "proposal", "rules[0].when", "keys with values"),
        ("{stage_entered: proposal}", "{stage_entered: 5}", "rules[0].when.stage_entered", "5 is"),
        ("limit: 50", 'limit: "many"', "rules[0].limit", "integer"),
        ("limit: 50", "title: 5", "rules[0].title", "text must stand here"),
        ("limit: 50", 'title: "a\\nb"', "rules[0].title", "one line"),
        ("templates:", "templates: x\nunused:", "templates", "names with values"),
        ("at: 3d", "at: 3d, late: {skip: 2d}", "sequences[0].steps[0].late.skip", "unknown key"),
        ("at: 3d", "at: 3d, late: later", "sequences[0].steps[0].late", "not possible"),
        ("{enrol: cadence}", "{stop: [cadense]}", "rules[0].then[0].stop[0]", "no sequence"),
        ("{enrol: cadence}", "{stop: all}", "rules[0].then[0].stop", "not possible"),
    ],
)
def test_a_value_of_the_wrong_form(old: str, new: str, field: str, message: str) -> None:
    found = {problem.field: problem for problem in problems(changed(old, new))}
    assert message in found[field].message
    assert found[field].line > 0


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = changed("limit: 50", "limt: 50").replace("at: 3d", "at: 3x").replace("won]", "wn]")
    found = problems(text)
    assert [problem.line for problem in found] == [7, 10, 12]
    assert str(found[0]) == (
        "file.yaml:7:5: rules[0].limt: unknown key `limt`; did you mean `limit`?"
    )


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("playbook: a\nplaybook: b\n", (2, 1), "key `playbook` stands twice"),
        (GOOD + "  talk: {decides: a, body: b}\n", (20, 3), "key `talk` stands twice"),
        ("playbook: [a\nrules: b", (2, 6), "not YAML"),
        ("playbook: a: b", (1, 12), "not YAML"),
        ("", (1, 1), "not a playbook"),
        ("- a\n- b\n", (1, 1), "not a playbook"),
        ("playbook: x\x00y", (1, 1), "not YAML"),
        ("a: &a [1]\nb: *a\n", (2, 4), "aliases are not read"),
        ("a: !!python/object:os.system x", (1, 1), ""),
        ("x" * (MAX_BYTES + 1), (1, 1), "too large"),
    ],
)
def test_what_is_no_yaml_or_no_playbook(text: str, place: tuple[int, int], message: str) -> None:
    found = problems(text)
    assert message in found[0].message
    assert (found[0].line, found[0].column) == place


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"playbook: a\ntitle: caf\xe9\n")
    with pytest.raises(PlaybookError) as caught:
        load_file(file)
    assert caught.value.problems[0].line == 2


def test_load_file_reads_what_load_text_reads(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert load_file(file) == load_text(GOOD, "other")


def test_a_step_may_count_from_a_mapped_date() -> None:
    text = changed("at: 3d", "at: 3d, after: {field: deal.contract_end}")
    assert len(problems(text)) == 1
    step = load_text(text, "x", {"deal.contract_end": "date"}).sequences["cadence"].steps[0]
    assert step.anchor == "field:contract_end"


def test_what_is_no_date_is_refused_as_one() -> None:
    text = changed("at: 3d", "at: 3d, before: {field: deal.score}")
    with pytest.raises(PlaybookError) as caught:
        load_text(text, "x", {"deal.score": "number"})
    (problem,) = caught.value.problems
    assert problem.message == "unknown date field `deal.score`"
    assert "PUT /api/mapping" in problem.suggestion


def test_mapped_fields_are_known_to_conditions_and_templates() -> None:
    text = changed("deal.amount", "deal.score").replace("contact.first_name", "deal.score")
    assert len(problems(text)) == 2
    assert load_text(text, "x", {"deal.score": "number"}).rules[0].condition == AllOf(
        (Compare("deal.score", ">=", 1000),)
    )


NEEDY = GOOD.replace("rules:", """needs:
  - {field: deal.score, type: number, what: The score that your marketing tool writes.}
rules:""").replace("deal.amount", "deal.score")  # fmt: skip


def test_a_need_is_met_by_what_is_mapped_or_where_no_installation_is_at_hand() -> None:
    need = Need("deal.score", "number", "The score that your marketing tool writes.")
    assert load_text(NEEDY, "x", {"deal.score": "number"}).needs == (need,)
    assert load_text(NEEDY, "x", trusting=True).needs == (need,)


@pytest.mark.parametrize(
    ("old", "new", "fields", "message"),
    [
        ("", "", {}, "unknown field `deal.score`"),
        ("", "", {"deal.score": "text"}, "to a property of type text, and number is needed"),
        ("deal.score, op", "deal.amount, op", {"deal.score": "number"}, "nothing in this playbook"),
        ("field: deal.score, type", "field: deal.amount, type", {}, "is read of every record"),
        ("needs:\n", "needs:\n  - {field: deal.score, type: date, what: W}\n", {}, "stands twice"),
        ("type: number", "type: numbr", {}, "'numbr' is not possible here"),
        ("what: The", "wat: The", {}, "unknown key `wat`"),
        ("field: deal.score, type", "field: score, type", {}, "no field of a record"),
    ],
)
def test_a_need_that_is_not_met_or_none_is_refused_at_its_place(
    old: str, new: str, fields: dict[str, str], message: str
) -> None:
    with pytest.raises(PlaybookError) as caught:
        load_text(NEEDY.replace(old, new) if old else NEEDY, "x", fields)
    found = [problem for problem in caught.value.problems if message in problem.message]
    assert found, str(caught.value)
    assert found[0].field.startswith("needs[")
    assert found[0].line in (2, 3, 4)
    assert found[0].suggestion


EVERYTHING = """\
playbook: all
title: All of it
description: Everything a file can say.
needs:
  - {field: deal.fit, type: number, what: How well the deal fits.}
rules:
  - id: one
    title: One
    when: {subject_created: [contact, lead], unless: [replied, meeting_booked], within: 3d}
    if:
      any:
        - {field: deal.stage_kind, op: in, value: [won, lost]}
        - not: {field: contact.email, op: unknown}
    then:
      - create_tasks:
          - {id: a, task: linkedin, template: t, subject: A, assign: manager}
          - {id: b, at: 2wd, task: meeting, template: t, late: {skip_after: 2d},
             assign: {rep: a@b}}
      - stop: [s]
      - stop: any
      - notify: {who: manager, template: t}
      - set: {field: momentum, value: hot}
      - hold: {reason: vacation, for: 7d}
      - reassign: manager
    again: once
    settle: 0min
    scope: {pipelines: [p1], teams: [t1], reps: ["7"]}
  - {id: two, when: {closed: lost}, then: [{enrol: s}]}
  - {id: three, when: {no_activity_for: 14d}, then: [{stop: any}], again: every_signal}
  - {id: four, when: {closed: any}, then: [{stop: any}], again: every_entry}
  - {id: five, when: {overdue: any}, then: [{notify: {who: owner, template: t}}]}
  - {id: six, when: {date: {field: deal.close_date, before: 30d}}, then: [{enrol: s}]}
  - {id: seven, when: {date: {field: deal.close_date, after: 2wd}}, then: [{enrol: s}]}
  - {id: nine, when: {recycled: [s, other]}, then: [{enrol: s}]}
  - {id: eight, when: {field_changed: deal.close_date}, then: [{stop: any}]}
sequences:
  - id: s
    title: S
    exits: {replied: off, stage_left: on}
    on_deal: move
    exclusive: true
    steps:
      - {id: a, at: 1h, task: todo, template: t, priority: low, lead: 0min, late: now}
      - {id: b, at: 30min, task: call, template: t, after: previous_done, window: call}
      - {id: c, at: 1d, task: call, template: t, after: {field: deal.close_date}, late: shift}
      - {id: d, at: 2d, sequence: {hubspot: Outreach}, window: email}
      - {id: e, at: 3d, sequence: {hubspot: "77", sender: owner}, template: t, subject: E}
      - {id: f, at: 5d, task: call, template: t, before: {field: deal.close_date},
         assign: {team: Desk}}
templates:
  t: {decides: D, body: "{{ deal.fit | default: 0 }}"}
"""


def test_everything_that_a_file_can_say() -> None:
    playbook = load_text(EVERYTHING, "file.yaml", {"deal.fit": "number"})
    assert playbook.needs == (Need("deal.fit", "number", "How well the deal fits."),)
    one, two, three, four, five, six, seven, nine, eight = playbook.rules
    assert one.when == When(
        SignalKind.SUBJECT_CREATED,
        subject_types=frozenset({"contact", "lead"}),
        unless=frozenset({SignalKind.REPLIED, SignalKind.MEETING_BOOKED}),
        within=Delay(3, Unit.D),
    )
    assert one.condition == AnyOf(
        (
            Compare("deal.stage_kind", "in", ["won", "lost"]),
            NotOf(Compare("contact.email", "unknown")),
        )
    )
    tasks, *others = one.then
    assert isinstance(tasks, CreateTasks)
    assert [(s.id, s.at, s.late) for s in tasks.steps] == [
        ("a", None, LatePolicy("shift")),
        ("b", Delay(2, Unit.WD), LatePolicy("skip", Delay(2, Unit.D))),
    ]
    assert others == [
        Stop(frozenset({"s"})),
        Stop(),
        Notify("manager", "t"),
        SetField("momentum", "hot"),
        Hold("vacation", Delay(7, Unit.D)),
        Reassign("manager"),
    ]
    assert (one.again, one.settle) == (Again.ONCE, Delay(0, Unit.MIN))
    assert (one.scope.pipelines, one.scope.teams, one.scope.reps) == ({"p1"}, {"t1"}, {"7"})
    assert two.when == When(SignalKind.CLOSED, frozenset({StageKind.LOST}))
    assert three.when == When(SignalKind.NO_ACTIVITY, after=Delay(14, Unit.D))
    assert four.when == When(SignalKind.CLOSED)
    assert five.when.kind is SignalKind.OVERDUE
    assert six.when == When(SignalKind.DATE, after=Delay(-30, Unit.D), field="close_date")
    assert seven.when == When(SignalKind.DATE, after=Delay(2, Unit.WD), field="close_date")
    assert nine.when == When(SignalKind.RECYCLED, sequences=frozenset({"s", "other"}))
    assert eight.when == When(SignalKind.FIELD_CHANGED, field="close_date")
    sequence = playbook.sequences["s"]
    assert sequence.exits == frozenset(EXITS) - {StopReason.REPLIED}
    assert (sequence.on_deal, sequence.exclusive) == ("move", True)
    assert [(s.anchor, s.lead, s.window, s.late.action) for s in sequence.steps] == [
        ("entry", Delay(0, Unit.MIN), None, "now"),
        ("previous_done", None, "call", "shift"),
        ("field:close_date", None, None, "shift"),
        ("entry", Delay(0, Unit.MIN), "email", "shift"),
        ("entry", Delay(0, Unit.MIN), None, "shift"),
        ("field:close_date", None, None, "shift"),
    ]
    *plain, own, drafted, before = sequence.steps
    assert before.at == Delay(-5, Unit.D)
    assert {step.native for step in plain} == {None}
    assert (own.native, own.task, own.template) == (
        NativeSequence("hubspot", "Outreach"), TaskType.TODO, INSTEAD
    )  # fmt: skip
    assert own.subject == "Follow up by hand instead of the sequence Outreach"
    assert (drafted.native, drafted.task) == (NativeSequence("hubspot", "77"), TaskType.EMAIL)
    assert (drafted.template, drafted.subject) == ("t", "E")


@pytest.mark.parametrize(
    "kind",
    [
        "replied",
        "meeting_booked",
        "meeting_held",
        "meeting_missed",
        "meeting_cancelled",
        "outcome_unknown",
        "task_completed",
        "task_deleted",
        "task_edited",
        "owner_changed",
        "form_submitted",
        "overdue",
    ],
)
def test_every_plain_signal_can_be_waited_for(kind: str) -> None:
    text = changed("{stage_entered: proposal}", f"{{{kind}: any}}")
    assert load_text(text, "x").rules[0].when == When(SignalKind(kind))


def test_tasks_of_a_rule_share_one_firing_so_their_ids_differ_and_nothing_recycles() -> None:
    text = EVERYTHING.replace(
        "      - stop: [s]\n",
        "      - create_tasks:\n"
        "          - {id: a, task: call, template: t, then: {recycle: 9d}}\n"
        "          - {id: d, task: call, template: t, after: previous_done}\n",
    )
    found = {problem.field: problem.message for problem in problems(text)}
    base = "rules[0].then[1].create_tasks"
    assert "used twice" in found[f"{base}[0].id"]
    assert "only a step of a sequence" in found[f"{base}[0].then"]
    assert "no previous step" in found[f"{base}[1].after"]


NATIVE = "sequence: {hubspot: Outreach}"


@pytest.mark.parametrize(
    ("step", "field", "message", "suggestion"),
    [
        (f"{NATIVE}, task: call", "", "either a `task`", "sequence: {hubspot: <name>}"),
        (f"{NATIVE}, lead: 1d", ".lead", "has no lead", "leave `lead` out"),
        (f"{NATIVE}, window: call", ".window", "does not fit", "leave it out"),
        (f"{NATIVE}, template: tlak", ".template", "no template `tlak`", "`talk`"),
        ("sequence: {hubspt: Outreach}", ".sequence.hubspt", "unknown key", "`hubspot`"),
        ("sequence: {hubspot: 77}", ".sequence.hubspot", "text must stand", "in quotes"),
        ("sequence: {hubspot: A, sender: all}", ".sequence.sender", "not possible", "owner"),
    ],
)
def test_mistakes_in_a_sequence_of_the_crm(
    step: str, field: str, message: str, suggestion: str
) -> None:
    found = problems(changed("task: call, template: talk", step))
    named = {problem.field.removeprefix("sequences[0].steps[0]"): problem for problem in found}
    assert message in named[field].message
    assert suggestion in named[field].suggestion
    assert named[field].line == 12


def test_a_rules_own_tasks_cannot_start_a_sequence_of_the_crm() -> None:
    tasks = f"{{create_tasks: [{{id: own, {NATIVE}}}]}}"
    (problem,) = problems(changed("{enrol: cadence}", tasks))
    assert problem.field == "rules[0].then[0].create_tasks[0].sequence"
    assert "put the step into a sequence" in problem.suggestion


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("{id: n, note: talk, at: 1d}", "it takes no `at`"),
        ("{id: n, note: talk, task: call}", "either a `task`"),
        ("{id: n, note: tlak}", "no template `tlak`"),
    ],
)
def test_mistakes_in_a_note(step: str, message: str) -> None:
    found = problems(changed("{enrol: cadence}", f"{{create_tasks: [{step}]}}"))
    assert any(message in problem.message for problem in found)


def test_a_note_is_no_step_of_a_sequence() -> None:
    text = (
        "playbook: a\n"
        "rules: [{id: r, when: {replied: any}, then: [{enrol: s}]}]\n"
        "sequences: [{id: s, steps: [{id: n, note: t}]}]\n"
        "templates: {t: {decides: Is it said?, body: It is said.}}\n"
    )
    (problem,) = problems(text)
    assert problem.field == "sequences[0].steps[0].note"
    assert "`create_tasks`" in problem.suggestion


def test_a_playbook_without_sequences_says_so() -> None:
    text = "playbook: a\nrules:\n  - {id: r, when: {replied: any}, then: [{enrol: s}]}\n"
    (problem,) = problems(text)
    assert problem.suggestion == "this playbook defines no sequence at all"


@pytest.mark.parametrize(
    ("assign", "field", "message", "suggestion"),
    [
        ("boss", "", "not possible here", "owner"),
        ("{teem: Desk}", ".teem", "unknown key", "`team`"),
        ("{rep: a@b, team: Desk}", "", "one person or to one team", "{team: Inside sales}"),
        ("{}", "", "one person or to one team", "{rep: ada@firm.example}"),
    ],
)
def test_mistakes_in_whom_a_step_is_for(
    assign: str, field: str, message: str, suggestion: str
) -> None:
    (problem,) = problems(changed("template: talk", f"template: talk, assign: {assign}"))
    assert problem.field == f"sequences[0].steps[0].assign{field}"
    assert message in problem.message
    assert suggestion in problem.suggestion


def test_a_sequence_of_the_crm_is_assigned_to_nobody() -> None:
    (problem,) = problems(changed("task: call, template: talk", f"{NATIVE}, assign: manager"))
    assert problem.message == "a sequence of the CRM is sent by the record's owner"
