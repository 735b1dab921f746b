from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decisions.codes import Code
from app.decisions.context import LOOP_LIMIT
from app.decisions.rules import decide, restore_signal, serialise_signal, settled
from app.decisions.starting import as_view
from app.model.decisions import (
    ArmTimer,
    Decision,
    EndEnrolment,
    HoldSubject,
    Notice,
    ReassignTasks,
    SetProperty,
    StartEnrolment,
)
from app.model.ids import enrolment_id, stage_anchor, touch_id
from app.model.playbook import (
    Compare,
    CreateTasks,
    Enrol,
    Hold,
    Notify,
    Reassign,
    Scope,
    SetField,
    Stop,
    When,
)
from app.model.records import ContactView
from app.model.signals import Signal
from app.model.time import MINUTE, Business, parse_delay
from app.model.vocabulary import (
    Again,
    EnrolmentState,
    Mode,
    SignalKind,
    StageKind,
    StopReason,
    SubjectType,
)
from tests.decisions.build import (
    ANY_TIME,
    NOW,
    STEPS,
    active,
    at,
    context,
    enrolment,
    entered,
    rule,
    sequence,
    signal,
    step,
    subject,
)

ANCHOR = stage_anchor("st-proposal", NOW)
STAGE = SignalKind.STAGE_ENTERED


def code(decision: Decision) -> str:
    (line,) = decision.explanations
    return line.code


def started(decision: Decision) -> StartEnrolment:
    (start,) = decision.actions
    assert isinstance(start, StartEnrolment)
    return start


def armed(decision: Decision) -> ArmTimer:
    (timer,) = decision.actions
    assert isinstance(timer, ArmTimer)
    return timer


def test_a_stage_entry_plans_all_tasks_at_once_with_future_due_times() -> None:
    start = started(decide(entered(), context(active()), NOW))
    assert [touch.due_at for touch in start.touches] == [
        at("2026-03-05 10:00"),
        at("2026-03-09 10:00"),
        at("2026-03-16 10:00"),
    ]
    assert {touch.write_at for touch in start.touches} == {NOW}
    assert start.definition == "pb/r"
    assert start.sequence is None
    assert (start.contact, start.choice) == ("c1", "only_contact")
    assert start.state is EnrolmentState.ACTIVE
    assert start.anchor_stage == "st-proposal"


def test_ids_are_derived_from_the_cause_alone() -> None:
    start = started(decide(entered(), context(active()), NOW))
    assert start.id == enrolment_id("hubspot:1", ("deal", "d1"), "pb/r", ANCHOR)
    assert [touch.id for touch in start.touches] == [
        touch_id(start.id, one) for one in ("d3", "d7", "d14")
    ]


@given(st.integers(0, 30 * 24 * 60), st.integers(0, 600))
def test_whichever_path_and_whenever_the_same_cause_gives_the_same_ids_and_due_times(
    later: int, settle: int
) -> None:
    """Live, settled, re-read after a crash: only what is late by then may move."""
    signal_, now = entered(), Business(NOW + later * MINUTE)
    live = started(decide(signal_, context(active()), NOW))
    slow = active(settle_ms=settle * MINUTE)
    other = started(settled(signal_, slow, context(slow, calendar=ANY_TIME), now))
    assert other.id == live.id
    assert [t.id for t in other.touches] == [t.id for t in live.touches]
    again = started(settled(signal_, slow, context(slow), NOW))
    assert again.touches == live.touches


def test_a_sequence_is_enrolled_and_its_tasks_wait_for_their_day() -> None:
    one = active(rule(Enrol("seq")), sequence())
    start = started(decide(entered(), context(one), NOW))
    assert start.definition == "pb/seq"
    assert [touch.write_at for touch in start.touches] == [
        at("2026-03-05 09:00"),
        at("2026-03-09 09:00"),
        at("2026-03-16 09:00"),
    ]


@pytest.mark.parametrize(
    ("when", "made"),
    [
        (When(STAGE), True),
        (When(STAGE, frozenset({StageKind.PROPOSAL, StageKind.WON})), True),
        (When(STAGE, frozenset({StageKind.WON})), False),
        (When(SignalKind.REPLIED), False),
        (When(STAGE, subject_types=frozenset({"deal"})), True),
        (When(STAGE, subject_types=frozenset({"contact"})), False),
    ],
)
def test_only_the_signal_that_a_rule_names(when: When, made: bool) -> None:
    decision = decide(entered(), context(active(rule(when=when))), NOW)
    assert bool(decision.actions) is made
    assert bool(decision.explanations) is made  # silent about signals it does not wait for


@pytest.mark.parametrize(
    ("one", "facts", "said"),
    [
        (active(mode=Mode.OFF), {}, Code.RULE_OFF),
        (active(), {"subject": subject(deleted=True)}, "record_deleted"),
        (active(), {"followed": frozenset({"p2"})}, Code.NOT_FOLLOWED),
        (active(rule(scope=Scope(pipelines=frozenset({"p2"})))), {}, Code.OUT_OF_SCOPE),
        (active(rule(scope=Scope(reps=frozenset({"o2"})))), {}, Code.OUT_OF_SCOPE),
        (active(rule(scope=Scope(teams=frozenset({"south"})))), {}, Code.OUT_OF_SCOPE),
        (active(), {"recent_for_subject": {"pb/r": LOOP_LIMIT}}, Code.LOOP),
        (active(activated_at=NOW + 1), {}, Code.BEFORE_ACTIVATION),
        (active(), {"past": {"pb/r": frozenset({ANCHOR})}}, Code.ALREADY_FIRED),
        (
            active(rule(again=Again.ONCE)),
            {"past": {"pb/r": frozenset({"stage:x:1"})}},
            Code.ONCE_ONLY,
        ),
        (
            active(rule(condition=Compare("deal.amount", ">", 9000))),
            {},
            Code.CONDITION_FALSE,
        ),
        (active(), {"subject": subject(stage_id="st-won")}, Code.PASSED_THROUGH),
        (active(), {"subject": subject(stage_entered_at=NOW + 5)}, Code.PASSED_THROUGH),
        (active(rule(Enrol("gone"))), {}, Code.SEQUENCE_MISSING),
    ],
)
def test_every_refusal_is_explained(one: Any, facts: dict[str, Any], said: str) -> None:
    decision = decide(entered(), context(one, **facts), NOW)
    assert decision.actions == ()
    assert code(decision) == said
    assert decision.explanations[0].scope == "rule:pb/r"
    assert not decision.explanations[0].positive


def test_scope_lets_pass_what_it_names() -> None:
    everywhere = Scope(frozenset({"p1"}), frozenset({"north"}), frozenset({"o1"}))
    one = active(rule(scope=everywhere))
    known = context(one, owner_team="north", followed=frozenset({"p1"}))
    assert decide(entered(), known, NOW).actions


def test_a_stage_that_was_not_confirmed_does_not_act() -> None:
    strange = entered(kind=StageKind.IGNORED)
    assert code(decide(strange, context(active()), NOW)) == Code.NOT_FOLLOWED


def test_what_a_false_condition_read_is_told_with_what_is_unknown() -> None:
    one = active(rule(condition=Compare("deal.amount", ">", 9000)))
    decision = decide(entered(), context(one, subject=subject(amount=None)), NOW)
    assert decision.explanations[0].values == {
        "read": {"deal.amount": None},
        "unknown": ["deal.amount"],
    }


@pytest.mark.parametrize(
    ("again", "forward", "past", "fires"),
    [
        (Again.STAGE_ENTRY, True, {"stage:st-proposal:1"}, True),
        (Again.STAGE_ENTRY, False, set[str](), False),
        (Again.EVERY_ENTRY, False, {"stage:st-proposal:1"}, True),
        (Again.EVERY_SIGNAL, False, {"stage:st-proposal:1"}, True),
        (Again.ONCE, True, set[str](), True),
        (Again.ONCE, False, set[str](), True),
        (Again.ONCE, True, {"stage:st-proposal:1"}, False),
        (Again.EVERY_ENTRY, True, {ANCHOR}, False),
    ],
)
def test_re_entry(again: Again, forward: bool, past: set[str], fires: bool) -> None:
    one = active(rule(again=again))
    decision = decide(
        entered(forward=forward), context(one, past={"pb/r": frozenset(past)}), NOW
    )
    assert bool(decision.actions) is fires


def test_settling_arms_a_timer_that_carries_the_signal() -> None:
    one = active(settle_ms=5 * MINUTE)
    decision = decide(entered(), context(one), NOW)
    timer = armed(decision)
    assert (timer.subject, timer.rule, timer.due_at) == (1, "pb/r", NOW + 5 * MINUTE)
    assert restore_signal(timer.data) == entered()
    assert code(decision) == Code.SETTLING


def test_after_settling_the_rule_fires_and_counts_from_the_entry() -> None:
    one = active(settle_ms=5 * MINUTE)
    start = started(settled(entered(), one, context(one), Business(NOW + 5 * MINUTE)))
    assert start.anchor_at == NOW
    assert start.touches[0].due_at == at("2026-03-05 10:00")


@pytest.mark.parametrize(
    "now_there",
    [
        {"stage_id": "st-negotiation", "stage_kind": StageKind.NEGOTIATION},
        {"stage_entered_at": NOW + MINUTE},  # left and came back: another entry
    ],
)
def test_a_stage_passed_through_fires_nothing(now_there: dict[str, Any]) -> None:
    one = active(settle_ms=5 * MINUTE)
    later = Business(NOW + 5 * MINUTE)
    decision = settled(entered(), one, context(one, subject=subject(**now_there)), later)
    assert code(decision) == Code.PASSED_THROUGH


def test_a_signal_older_than_its_settling_is_decided_at_once() -> None:
    one = active(settle_ms=5 * MINUTE)
    assert started(decide(entered(), context(one), Business(NOW + 5 * MINUTE)))


def test_settling_waits_only_for_what_can_be_taken_back() -> None:
    one = active(rule(kind=SignalKind.MEETING_HELD), settle_ms=5 * MINUTE)
    assert started(decide(signal(SignalKind.MEETING_HELD), context(one), NOW))
    said = active(
        rule(kind=SignalKind.MEETING_HELD, settle=parse_delay("5min")), settle_ms=5 * MINUTE
    )
    assert armed(decide(signal(SignalKind.MEETING_HELD), context(said), NOW))


def test_the_settling_of_a_rule_that_was_activated_meanwhile_is_backlog() -> None:
    one = active(settle_ms=5 * MINUTE, activated_at=NOW + MINUTE)
    assert code(settled(entered(), one, context(one), NOW)) == Code.BEFORE_ACTIVATION


def test_passing_through_still_tells_where_nothing_is_planned_and_nothing_settles() -> None:
    one = active(rule(Notify("manager", "t")))
    gone = subject(stage_id="st-won", stage_kind=StageKind.WON)
    assert isinstance(decide(entered(), context(one, subject=gone), NOW).actions[0], Notice)


UNLESS = When(
    SignalKind.MEETING_HELD,
    unless=frozenset({SignalKind.REPLIED, SignalKind.MEETING_BOOKED, SignalKind.MEETING_HELD}),
    within=parse_delay("2h"),
)


def test_an_absence_is_awaited_and_the_delays_count_from_its_end() -> None:
    one = active(rule(when=UNLESS))
    held = signal(SignalKind.MEETING_HELD, cause="meeting:3")
    decision = decide(held, context(one), NOW)
    assert armed(decision).due_at == at("2026-03-02 12:00")
    assert code(decision) == Code.AWAITING_ABSENCE
    start = started(settled(held, one, context(one), at("2026-03-02 12:00")))
    assert start.anchor == "meeting:3"
    assert start.anchor_at == at("2026-03-02 12:00")


@pytest.mark.parametrize(
    "known",
    [
        {"seen": {SignalKind.REPLIED: NOW}},
        {"subject": subject(last_reply_at=NOW + 1)},
        {"subject": subject(last_meeting_at=NOW + 1)},
        {"subject": subject(next_meeting_at=at("2026-03-20 10:00"))},  # whenever it was booked
        {"seen": {SignalKind.MEETING_BOOKED: NOW + 1}},
    ],
)
def test_an_answer_meanwhile_fires_nothing(known: dict[str, Any]) -> None:
    one = active(rule(when=UNLESS))
    held = signal(SignalKind.MEETING_HELD)
    decision = settled(held, one, context(one, **known), at("2026-03-02 12:00"))
    assert code(decision) == Code.ANSWERED_MEANWHILE


def test_an_answer_from_before_is_no_answer() -> None:
    one = active(rule(when=UNLESS))
    before = subject(last_reply_at=NOW - 1, next_meeting_at=NOW - 1)
    assert started(settled(signal(SignalKind.MEETING_HELD), one, context(one, subject=before), NOW))


def test_after_an_absence_a_stage_entry_still_counts_from_the_entry() -> None:
    when = When(STAGE, unless=frozenset({SignalKind.REPLIED}), within=parse_delay("2h"))
    one = active(rule(when=when))
    assert started(settled(entered(), one, context(one), at("2026-03-02 12:00"))).anchor_at == NOW


def test_associations_of_a_new_record_are_awaited_for_two_minutes() -> None:
    fresh = subject(created_at=NOW, contacts=())
    decision = decide(entered(), context(active(), subject=fresh), NOW)
    assert armed(decision).due_at == NOW + 2 * MINUTE
    assert code(decision) == Code.AWAITING_CONTACT
    later = settled(entered(), active(), context(subject=fresh), Business(NOW + 2 * MINUTE))
    assert started(later).contact is None


def test_what_nobody_is_chosen_for_starts_all_the_same() -> None:
    known = subject(contacts=(ContactView("a"), ContactView("b")))
    decision = decide(entered(), context(active(), subject=known), NOW)
    start = started(decision)
    assert (start.contact, start.choice) == (None, "ambiguous")
    assert [touch.step.id for touch in start.touches] == ["d3", "d7", "d14"]
    assert decision.explanations[0].values["candidates"] == ("a", "b")


@pytest.mark.parametrize(
    ("one", "facts", "state", "said", "verdict"),
    [
        (active(mode=Mode.SHADOW), {}, EnrolmentState.ACTIVE, Code.WOULD_ENROL, "shadow"),
        (active(mode=Mode.MANUAL), {}, EnrolmentState.PROPOSED, Code.PROPOSED, "proposed"),
        (
            active(rule(limit=50)),
            {"recent_firings": {"pb/r": 50}},
            EnrolmentState.APPROVAL,
            Code.OVER_LIMIT,
            "approval",
        ),
    ],
)
def test_what_is_not_live_plans_nothing_but_says_what_it_would(
    one: Any, facts: dict[str, Any], state: EnrolmentState, said: str, verdict: str
) -> None:
    decision = decide(entered(), context(one, **facts), NOW)
    start = started(decision)
    assert (start.state, start.touches, start.mode) == (state, (), one.mode)
    (line,) = decision.explanations
    assert (line.code, line.verdict, line.positive) == (said, verdict, False)
    assert line.values["due"] == {
        "d3": at("2026-03-05 10:00"),
        "d7": at("2026-03-09 10:00"),
        "d14": at("2026-03-16 10:00"),
    }


def test_below_its_limit_a_rule_acts() -> None:
    one = active(rule(limit=50))
    start = started(decide(entered(), context(one, recent_firings={"pb/r": 49}), NOW))
    assert start.state is EnrolmentState.ACTIVE


EFFECTS = (
    Notify("manager", "stale"),
    SetField("followthrough_momentum", "hot"),
    Hold("promise", parse_delay("2d")),
    Reassign("manager"),
    Stop(),
)


def test_effects_of_a_live_rule() -> None:
    one = active(rule(EFFECTS))
    running = [enrolment(id="e1"), enrolment(id="e2", state=EnrolmentState.ENDED)]
    decision = decide(entered(), context(one, running=running), NOW)
    notice, prop, hold, reassign, end = decision.actions
    assert isinstance(notice, Notice)
    assert notice.who == "manager"
    assert prop == SetProperty(1, "followthrough_momentum", "hot")
    assert hold == HoldSubject(1, "promise", at("2026-03-04 10:00"))
    assert reassign == ReassignTasks(1, "manager")
    assert end == EndEnrolment("e1", 1, StopReason.RULE_STOP, NOW)
    assert all(line.positive for line in decision.explanations)


@pytest.mark.parametrize(("mode", "kinds"), [(Mode.SHADOW, []), (Mode.MANUAL, [Notice])])
def test_effects_of_a_rule_that_is_not_live(mode: Mode, kinds: list[type]) -> None:
    decision = decide(entered(), context(active(rule(EFFECTS), mode=mode)), NOW)
    assert [type(action) for action in decision.actions] == kinds
    assert len(decision.explanations) == len(EFFECTS)


def test_a_notice_decided_twice_has_one_id() -> None:
    one = active(rule((Notify("owner", "a"), Notify("owner", "b"))))
    first, again = (decide(entered(), context(one), NOW) for _ in range(2))
    assert first.actions == again.actions
    assert len({action.id for action in first.actions if isinstance(action, Notice)}) == 2


@pytest.mark.parametrize(
    ("names", "ended"),
    [({"seq"}, ["e1"]), ({"pb/other"}, ["e2"]), (set[str](), ["e1", "e2"]), ({"x"}, [])],
)
def test_stop_ends_what_it_names(names: set[str], ended: list[str]) -> None:
    one = active(rule(Stop(frozenset(names))))
    running = [enrolment(), enrolment(id="e2", definition="pb/other")]
    decision = decide(entered(), context(one, running=running), NOW)
    assert [a.enrolment for a in decision.actions if isinstance(a, EndEnrolment)] == ended


SILENT = replace(entered(), kind=SignalKind.REPLIED, cause="email:4", stage=None)


def reply_rule(*then: Any, seq: Any = None) -> Any:
    return active(rule(then, kind=SignalKind.REPLIED), seq or sequence())


@pytest.mark.parametrize(
    ("seq", "other", "said"),
    [
        (sequence(), enrolment(), Code.ALREADY_ENROLLED),
        (sequence(), enrolment(sequence=sequence("b", exclusive=True)), Code.EXCLUSIVE_RUNNING),
        (sequence(exclusive=True), enrolment(sequence=sequence("b")), Code.OTHERS_RUNNING),
        (sequence(), enrolment(sequence=sequence("b")), None),
        (sequence(), enrolment(state=EnrolmentState.ENDED), None),
        (sequence(), enrolment(mode=Mode.SHADOW), None),  # what only watches forbids nothing
        (sequence(exclusive=True), enrolment(sequence=None, definition="pb/r"), None),
        (sequence(), enrolment(anchor="email:4"), Code.ALREADY_FIRED),
    ],
)
def test_exclusivity(seq: Any, other: Any, said: str | None) -> None:
    one = reply_rule(Enrol("seq"), seq=seq)
    past = {"pb/seq": frozenset({other.anchor})}
    decision = decide(SILENT, context(one, running=[other], past=past), NOW)
    if said is None:
        assert started(decision)
    else:
        assert (code(decision), decision.actions) == (said, ())


def test_an_enrolment_that_this_stage_entry_ends_does_not_forbid_the_next() -> None:
    one = active(rule(Enrol("seq"), again=Again.EVERY_ENTRY), sequence(exclusive=True))
    earlier = enrolment(anchor=stage_anchor("st-proposal", NOW - 10), anchor_at=NOW - 10)
    assert started(decide(entered(), context(one, running=[earlier]), NOW))


def test_stop_then_enrol_is_no_clash() -> None:
    seq = sequence(exclusive=True)
    one = reply_rule(Stop(frozenset({"b"})), Enrol("seq"), seq=seq)
    running = [enrolment(sequence=sequence("b"))]
    decision = decide(SILENT, context(one, running=running), NOW)
    assert [type(action) for action in decision.actions] == [EndEnrolment, StartEnrolment]


def test_of_two_rules_with_exclusive_sequences_the_first_wins() -> None:
    a = active(rule(Enrol("a"), id="ra"), sequence("a", exclusive=True))
    b = active(rule(Enrol("b"), id="rb"), sequence("b", exclusive=True))
    decision = decide(entered(), context(a, b), NOW)
    assert started(decision).definition == "pb/a"
    assert [line.code for line in decision.explanations] == [
        Code.ENROLLED,
        Code.EXCLUSIVE_RUNNING,
    ]


def test_several_create_tasks_of_a_rule_are_one_firing() -> None:
    one = active(rule((CreateTasks(STEPS[:1]), CreateTasks(STEPS[1:]))))
    assert [t.step.id for t in started(decide(entered(), context(one), NOW)).touches] == [
        "d3",
        "d7",
        "d14",
    ]


def test_a_closing_can_start_work_about_the_closed_deal() -> None:
    closed = replace(entered(kind=StageKind.WON), kind=SignalKind.CLOSED)
    one = active(rule(kind=SignalKind.CLOSED, stages=frozenset({StageKind.WON})))
    won = subject(stage_kind=StageKind.WON)
    assert started(decide(closed, context(one, subject=won), NOW)).anchor_stage == "st-proposal"


def test_what_was_started_is_seen_as_running() -> None:
    start = started(decide(entered(), context(active()), NOW))
    view = as_view(start)
    assert (view.id, view.anchor, view.steps) == (start.id, start.anchor, start.steps)
    assert view.planned == {"d3", "d7", "d14"}


SIGNALS = st.builds(
    Signal,
    st.sampled_from(SignalKind),
    st.integers(1, 9),
    st.integers(0, 2**41).map(Business),
    st.text(),
    st.none() | st.sampled_from(StageKind),
    st.none() | st.sampled_from(StageKind),
    st.booleans(),
    st.none() | st.text(),
    st.dictionaries(st.text(), st.integers(-(2**31), 2**31) | st.text() | st.none()),
)


@given(SIGNALS)
def test_a_signal_survives_its_timer(one: Signal) -> None:
    assert restore_signal(orjson.loads(orjson.dumps(serialise_signal(one)))) == one


def test_an_inbound_contact_is_followed_up_without_a_deal() -> None:
    lead = subject(
        type=SubjectType.CONTACT,
        crm_id="c1",
        first_seen=("contact", "c1"),
        stage_id=None,
        stage_kind=StageKind.IGNORED,
        pipeline=None,
    )
    when = When(SignalKind.SUBJECT_CREATED, subject_types=frozenset({"contact"}))
    one = active(rule(CreateTasks((step("hi", "4h"),)), when=when))
    born = signal(SignalKind.SUBJECT_CREATED, cause="contact:c1")
    start = started(decide(born, context(one, subject=lead, followed=frozenset({"p1"})), NOW))
    assert start.touches[0].due_at == at("2026-03-02 14:00")
    assert start.anchor_stage is None


def test_what_an_effect_did_is_told() -> None:
    decision = decide(entered(), context(active(rule(EFFECTS))), NOW)
    told = [(line.code, line.values) for line in decision.explanations]
    assert told == [
        (Code.NOTIFIED, {"anchor": ANCHOR, "who": "manager"}),
        (
            Code.PROPERTY_SET,
            {"anchor": ANCHOR, "field": "followthrough_momentum", "value": "hot"},
        ),
        (Code.HELD_BY_RULE, {"anchor": ANCHOR, "reason": "promise", "duration": "2d"}),
        (Code.REASSIGNED, {"anchor": ANCHOR, "to": "manager"}),
        (Code.STOPPED_OTHERS, {"anchor": ANCHOR}),
    ]


BOTH = rule((CreateTasks(STEPS), Enrol("seq")))


def test_of_a_rules_two_definitions_only_the_one_that_is_new_starts() -> None:
    half = {"pb/r": frozenset({ANCHOR})}
    decision = decide(entered(), context(active(BOTH, sequence()), past=half), NOW)
    assert started(decision).definition == "pb/seq"
    assert [line.code for line in decision.explanations] == [Code.ALREADY_FIRED, Code.ENROLLED]


def test_once_counts_for_each_definition() -> None:
    once = active(replace(BOTH, again=Again.ONCE), sequence())
    other = {"pb/seq": frozenset({"stage:x:1"})}
    decision = decide(entered(), context(once, past=other), NOW)
    assert started(decision).definition == "pb/r"
    assert [line.code for line in decision.explanations] == [
        Code.TASKS_PLANNED,
        Code.ONCE_ONLY,
    ]


def test_a_sequence_remembers_the_stage_in_which_it_began() -> None:
    one = reply_rule(Enrol("seq"))
    assert started(decide(SILENT, context(one), NOW)).anchor_stage == "st-proposal"
    tasks = active(rule(kind=SignalKind.REPLIED))
    assert started(decide(SILENT, context(tasks), NOW)).anchor_stage is None


@pytest.mark.parametrize(
    ("kind", "fires"), [(StageKind.PROPOSAL, True), (StageKind.NEGOTIATION, False)]
)
def test_without_the_entrys_time_the_kind_of_stage_must_do(kind: StageKind, fires: bool) -> None:
    known = subject(stage_entered_at=None, stage_kind=kind)
    assert bool(decide(entered(), context(active(), subject=known), NOW).actions) is fires


def test_what_stops_nothing_leaves_the_clash() -> None:
    one = reply_rule(Stop(frozenset({"other"})), Enrol("seq"))
    decision = decide(SILENT, context(one, running=[enrolment()]), NOW)
    assert decision.actions == ()
    assert decision.explanations[-1].code == Code.ALREADY_ENROLLED
