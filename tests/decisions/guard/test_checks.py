"""Each row of the guard's table, and that without it its cases would be judged otherwise."""

from dataclasses import replace
from typing import Any

import pytest

from app.decisions import guard
from app.decisions.assigning import stand_ins
from app.decisions.codes import Code
from app.decisions.explain import text
from app.decisions.guard import CHECKS, apply_ruling, explain_ruling, judge
from app.decisions.guard.absence import handed_over
from app.decisions.guard.holdout import share_of
from app.decisions.guard.quiet_hours import place
from app.decisions.texts import TEXTS
from app.model.calendar import NINE_TO_FIVE, WorkCalendar
from app.model.decisions import Ruling, Verdict
from app.model.guard import Cap, CapSegment, GuardFacts, Others
from app.model.ids import touch_id
from app.model.playbook import Compare, LatePolicy, NativeSequence, Scope, Step, When
from app.model.records import ContactView, PersonDeed
from app.model.time import Business, Delay, Unit, parse_delay
from app.model.vocabulary import (
    EnrolmentState,
    Mode,
    Priority,
    SignalKind,
    StageKind,
    StopReason,
    TaskType,
)
from tests.decisions.build import (
    BOSS,
    CAL,
    CONTACT,
    COVER,
    NEW_YORK,
    NOW,
    OWNER,
    active,
    at,
    facts,
    rule,
    sequence,
    step,
    subject,
)

MONDAY, TUESDAY = NOW, at("2026-03-03 10:00")
NEXT_MORNING = at("2026-03-03 09:00")
DROP, DEFER, DO, HAND_TO = Verdict.DROP, Verdict.DEFER, Verdict.DO, Verdict.HAND_TO
OLD = {"stage_entered_at": at("2026-02-27 10:00")}
TODO = step("x", task=TaskType.TODO)
AT_TWO = tuple(PersonDeed(at(f"2026-02-{day} 14:10"), answer=True) for day in range(10, 16))
EMAIL = step("x", task=TaskType.EMAIL)
NATIVE = step(
    "x", task=TaskType.TODO, lead=Delay(0, Unit.MIN), native=NativeSequence("hubspot", "Outreach")
)


def who(**more: Any) -> ContactView:
    return replace(CONTACT, **more)


def away(start: str, end: str, **more: Any) -> Any:
    return replace(OWNER, absences=((at(start), at(end)),), **more)


BEFORE = Step("x", Delay(-5, Unit.D), TaskType.TODO, "Do x", "t", anchor="field:close")


# check, what differs from facts that pass, verdict, code, until, due_at
CASES: list[tuple[str, dict[str, Any], Verdict, str, int | None, int | None]] = [
    ("mode_and_stop", {"stopped": True}, DEFER, Code.STOPPED, None, None),
    ("mode_and_stop", {"rule": None}, DROP, Code.RULE_OFF, None, None),
    ("mode_and_stop", {"rule": active(mode=Mode.OFF)}, DROP, Code.RULE_OFF, None, None),
    ("mode_and_stop", {"mode": Mode.OFF}, DROP, Code.RULE_OFF, None, None),
    ("mode_and_stop", {"mode": Mode.SHADOW}, DROP, Code.SHADOW, None, None),
    ("mode_and_stop", {"rule": active(mode=Mode.SHADOW)}, DROP, Code.SHADOW, None, None),
    (
        "mode_and_stop",
        {"enrolment_state": EnrolmentState.ENDED},
        DROP,
        Code.ENROLMENT_ENDED,
        None,
        None,
    ),
    (
        "mode_and_stop",
        {"enrolment_state": EnrolmentState.BACKLOG},
        DEFER,
        Code.NOT_RELEASED,
        None,
        None,
    ),
    (
        "mode_and_stop",
        {"enrolment_state": EnrolmentState.PROPOSED},
        DEFER,
        Code.NOT_RELEASED,
        None,
        None,
    ),
    (
        "date_moved",
        {"step": BEFORE, "subject": subject(**OLD, fields={"close": None})},
        DROP,
        "date_emptied",
        None,
        None,
    ),
    (
        "date_moved",
        {"step": BEFORE, "subject": subject(**OLD, fields={"close": "2026-03-20"})},
        DEFER,
        Code.STEP_MOVED,
        at("2026-03-16 09:00"),
        at("2026-03-16 09:00"),
    ),
    ("consent", {"contact": who(opted_out=True)}, DROP, "opted_out", None, None),
    ("consent", {"contact": who(opted_out=None)}, DROP, Code.CONSENT_UNKNOWN, None, None),
    ("consent", {"contact": who(suppressed="asked us")}, DROP, Code.SUPPRESSED, None, None),
    ("consent", {"contact": None}, DROP, Code.CONTACT_GONE, None, None),
    ("consent", {"contact": who(bounced=True), "step": EMAIL}, DROP, "bounced", None, None),
    ("consent", {"twins": (who(opted_out=True),)}, DROP, Code.TWIN_BARRED, None, None),
    ("consent", {"twins": (who(suppressed="asked"),)}, DROP, Code.TWIN_BARRED, None, None),
    (
        "consent", {"twins": (who(bounced=True),), "step": EMAIL}, DROP, Code.TWIN_BARRED, None,
        None,
    ),
    ("same_address", {"earlier": "c2"}, DROP, Code.SAME_ADDRESS, None, None),
    ("consent", {"contact": who(opted_out=True), "step": NATIVE}, DROP, "opted_out", None, None),
    ("consent", {"contact": who(bounced=True), "step": NATIVE}, DROP, "bounced", None, None),
    ("native_running", {"running_native": "t0"}, DEFER, Code.SEQUENCE_RUNNING, None, None),
    (
        "outranked",
        {"outranked": ("pb/urgent", 9), "sequence": sequence(priority=1)},
        DEFER,
        Code.OUTRANKED_BY,
        None,
        None,
    ),
    ("open_and_scope", {"subject": subject(deleted=True)}, DROP, "record_deleted", None, None),
    (
        "open_and_scope",
        {"subject": subject(stage_kind=StageKind.WON), "anchor_stage": None},
        DROP,
        "closed_won",
        None,
        None,
    ),
    (
        "open_and_scope",
        {"subject": subject(stage_kind=StageKind.LOST, stage_id="st-lost")},
        DROP,
        "closed_lost",
        None,
        None,
    ),
    (
        "open_and_scope",
        {"followed_pipelines": frozenset({"p9"})},
        DROP,
        Code.NOT_FOLLOWED,
        None,
        None,
    ),
    *[
        (
            "open_and_scope",
            {"rule": active(rule(scope=scope))},
            DROP,
            Code.OUT_OF_SCOPE,
            None,
            None,
        )
        for scope in (
            Scope(pipelines=frozenset({"p9"})),
            Scope(reps=frozenset({"o9"})),
            Scope(teams=frozenset({"south"})),
        )
    ],
    (
        "answered_since",
        {"subject": subject(last_reply_at=at("2026-02-27 11:00"), **OLD)},
        DROP,
        "replied",
        None,
        None,
    ),
    (
        "answered_since",
        {"subject": subject(last_meeting_at=at("2026-02-27 11:00"), **OLD)},
        DROP,
        Code.MEETING_HELD,
        None,
        None,
    ),
    ("still_true", {"subject": subject(stage_id="st-q")}, DROP, "stage_left", None, None),
    (  # out of the stage when it fell due on Saturday, back in it on Sunday
        "still_true",
        {
            "subject": subject(stage_entered_at=at("2026-03-01 12:00")),
            "owed_at": at("2026-02-28 10:00"),
        },
        DROP,
        "stage_left",
        None,
        None,
    ),
    (
        "still_true",
        {"rule": active(rule(condition=Compare("deal.amount", "<", 1)))},
        DROP,
        Code.CONDITION_FALSE,
        None,
        None,
    ),
    ("holds", {"holds": {"ooo": TUESDAY}}, DEFER, Code.HELD, TUESDAY, TUESDAY),
    ("holds", {"holds": {"ooo": TUESDAY, "manual": None}}, DEFER, Code.HELD, None, None),
    ("holds", {"holds": {"a": NEXT_MORNING, "b": TUESDAY}}, DEFER, Code.HELD, TUESDAY, TUESDAY),
    ("control", {"subject": subject(control="stop", **OLD)}, DROP, "stopped_by_rep", None, None),
    ("control", {"contact": who(control="stop")}, DROP, "stopped_by_rep", None, None),
    (
        "control",
        {"subject": subject(control="pause", pause_until=TUESDAY, **OLD)},
        DEFER,
        Code.PAUSED,
        TUESDAY,
        None,
    ),
    ("control", {"subject": subject(control="pause", **OLD)}, DEFER, Code.PAUSED, None, None),
    ("control", {"contact": who(control="pause")}, DEFER, Code.PAUSED, None, None),
    ("holdout", {"holdout_percent": 100}, DROP, Code.HOLDOUT, None, None),
    (
        "late",
        {"due_at": at("2026-02-26 10:00"), "step": step("x", late=LatePolicy("skip"))},
        DROP,
        Code.TOO_LATE,
        None,
        None,
    ),
    ("late", {"due_at": at("2026-02-26 10:00")}, DO, Code.LATE, None, NOW),
    (
        "caps",
        {"cap_7_days": 3, "contact_touches": (3, 3)},
        DEFER,
        Code.CAP_7_DAYS,
        NEXT_MORNING,
        None,
    ),
    (
        "caps",
        {"cap_30_days": 9, "contact_touches": (0, 9)},
        DEFER,
        Code.CAP_30_DAYS,
        NEXT_MORNING,
        None,
    ),
    (
        "caps",
        {
            "cap_7_days": 9,
            "segments": (CapSegment("Big", Compare("deal.amount", ">", 1), Cap(2)),),
            "contact_touches": (2, 2),
        },
        DEFER,
        Code.CAP_7_DAYS,
        NEXT_MORNING,
        None,
    ),
    (
        "caps",
        {
            "segments": (CapSegment("", None, Cap(), {TaskType.CALL: Cap(month=4)}),),
            "channel_touches": (0, 4),
        },
        DEFER,
        Code.CAP_30_DAYS,
        NEXT_MORNING,
        None,
    ),
    ("rep_budget_and_merge", {"open_task": "t9"}, DEFER, Code.MERGE, None, None),
    (
        "rep_budget_and_merge",
        {"rep_daily_tasks": 5, "rep_tasks_today": 5},
        DEFER,
        Code.REP_BUDGET,
        NEXT_MORNING,
        NEXT_MORNING,
    ),
    (  # four in the morning in New York
        "quiet_hours",
        {"zone": NEW_YORK},
        DO,
        Code.QUIET_HOURS,
        None,
        at("2026-03-02 15:00"),
    ),
    (
        "working_days",
        {"calendar": replace(CAL, holidays=frozenset({"2026-03-02"}))},
        DEFER,
        Code.NOT_WORKING,
        NEXT_MORNING,
        NEXT_MORNING,
    ),
    (
        "best_time",
        {"contact": who(deeds=AT_TWO), "step": step("x", "3d"), "best_time_days": 0},
        DO,
        Code.BEST_TIME,
        None,
        at("2026-03-02 14:00"),
    ),
    (
        "absence",
        {"owner": away("2026-03-01 00:00", "2026-03-09 00:00")},
        DEFER,
        Code.ABSENT,
        at("2026-03-09 09:00"),
        at("2026-03-09 09:00"),
    ),
    (
        "absence",
        {
            "owner": away("2026-03-01 00:00", "2026-03-09 00:00"),
            "step": step("x", priority=Priority.HIGH),
        },
        HAND_TO,
        Code.COVERED,
        None,
        None,
    ),
    ("absence", {"owner": replace(OWNER, active=False)}, HAND_TO, Code.OWNER_ARCHIVED, None, None),
    (
        "approval",
        {"enrolment_state": EnrolmentState.APPROVAL},
        DEFER,
        Code.APPROVAL,
        None,
        None,
    ),
]


def test_nothing_stands_against_an_ordinary_touch() -> None:
    ruling, passed = judge(facts())
    assert (ruling.verdict, ruling.code) == (DO, "do")
    assert [one.check for one in passed] == [name for name, _ in CHECKS]


@pytest.mark.parametrize(("check", "change", "verdict", "code", "until", "due"), CASES)
def test_the_table(
    check: str, change: Any, verdict: Verdict, code: str, until: int | None, due: int | None
) -> None:
    ruling, passed = judge(facts(**change))
    assert (ruling.check, ruling.verdict, ruling.code) == (check, verdict, code)
    assert ruling.until == until
    assert ruling.values.get("due_at") == due
    assert ruling.code in TEXTS
    names = [name for name, _ in CHECKS]
    if verdict in (DROP, DEFER):
        assert [one.check for one in passed] == names[: names.index(check)]


@pytest.mark.parametrize(("check", "change", "verdict", "code", "until", "due"), CASES)
def test_without_its_row_the_case_is_judged_otherwise(
    monkeypatch: pytest.MonkeyPatch,
    check: str,
    change: Any,
    verdict: Verdict,
    code: str,
    until: int | None,
    due: int | None,
) -> None:
    fewer = tuple(row for row in CHECKS if row[0] != check)
    monkeypatch.setattr(guard, "CHECKS", fewer)
    ruling, _ = judge(facts(**change))
    assert ruling.check != check


def test_every_check_has_a_case() -> None:
    assert {case[0] for case in CASES} == {name for name, _ in CHECKS}


@pytest.mark.parametrize(
    "change",
    [
        {"contact": who(opted_out=True), "step": TODO},  # a rep's own work
        {"contact": who(bounced=True)},  # a call reaches who cannot be mailed
        {"twins": (who(bounced=True),)},
        {"twins": (who(opted_out=True),), "step": TODO},
        {"earlier": "c2", "step": TODO},
        {"contact": None, "step": TODO},
        {"followed_pipelines": frozenset({"p1"})},
        {"subject": subject(stage_kind=StageKind.WON, **OLD)},  # onboarding in the won stage
        {"rule": active(rule(scope=Scope(frozenset({"p1"}), frozenset({"north"}))))},
        {"rule": active(rule(scope=Scope(reps=frozenset({"o1"}))))},
        {"subject": subject(last_reply_at=at("2026-02-27 09:59"), **OLD)},  # before it was planned
        {"subject": subject(last_meeting_at=at("2026-03-05 10:00"), **OLD)},  # lies ahead
        {"rule": active(rule(condition=Compare("deal.amount", ">", 1)))},
        {"holds": {"ooo": NOW}},  # over
        {"subject": subject(control="pause", pause_until=NOW, **OLD)},
        {"subject": subject(control="run", pause_until=TUESDAY, **OLD)},
        {"holdout_percent": 0, "holdout_salt": "x"},
        {"cap_7_days": 3, "cap_30_days": 9, "contact_touches": (2, 8)},
        {"cap_7_days": 3, "contact_touches": (9, 9), "step": TODO},
        {"cap_7_days": 0, "contact_touches": (9, 9)},
        {  # the first segment that it meets, and no other
            "cap_7_days": 1,
            "segments": (
                CapSegment("Small", Compare("deal.amount", "<", 1), Cap(1)),
                CapSegment("Unknown", Compare("contact.tier", "==", "gold"), Cap(1)),
                CapSegment("All", None, Cap(3), {TaskType.EMAIL: Cap(1)}),
            ),
            "contact_touches": (2, 2),
            "channel_touches": (2, 2),
        },
        {"open_task": "t9", "merge": False},
        {"open_task": "t1"},  # itself
        {"rep_daily_tasks": 5, "rep_tasks_today": 4},
        {"zone": NEW_YORK, "step": EMAIL},  # nobody is woken by a mail
        {"zone": NEW_YORK, "windows_off": True},
        {"owner": away("2026-03-03 00:00", "2026-03-09 00:00")},
        {"owner": None},
        {"mode": Mode.MANUAL, "rule": active(mode=Mode.MANUAL)},  # accepted by the rep
        {"open_task": "t9", "step": NATIVE},  # the CRM mails by itself: no second task for the rep
        {"rep_daily_tasks": 5, "rep_tasks_today": 5, "step": NATIVE},
        {"running_native": "t1", "step": NATIVE},  # itself
    ],
)
def test_what_passes(change: dict[str, Any]) -> None:
    assert judge(facts(**change))[0].verdict is DO
    assert "due_at" not in judge(facts(**change))[0].values


def test_a_sequence_that_answers_do_not_end_goes_on_after_one() -> None:
    stubborn = sequence(exits=frozenset({StopReason.STAGE_LEFT}))
    replied = subject(last_reply_at=NOW, last_meeting_at=NOW, **OLD)
    for one in (stubborn, None):
        assert judge(facts(sequence=one, subject=replied))[0].verdict is DO


def test_a_sequence_may_outlive_its_stage() -> None:
    one = sequence(exits=frozenset())
    assert judge(facts(sequence=one, subject=subject(stage_id="st-q")))[0].verdict is DO


def test_a_task_without_a_chosen_person_addresses_nobody_yet() -> None:
    given = facts()
    nobody = replace(given, contact=None, touch=replace(given.touch, contact=None))
    assert judge(nobody)[0].verdict is DO


# --- the CRM's own sequence, which mails at the instant of its enrolment


def test_an_enrolment_waits_for_a_decent_hour_of_the_person_and_a_working_one_of_the_rep() -> None:
    in_new_york = {"step": NATIVE, "zone": NEW_YORK}
    ruling, due = moved(**in_new_york)
    assert (ruling.verdict, ruling.code) == (DEFER, Code.QUIET_HOURS)
    assert ruling.until == due == at("2026-03-02 14:00")  # 8:00 there
    ruling, due = moved(**in_new_york, windows_off=True)
    assert ruling.until == at("2026-03-02 14:00"), "even where due times are taken as they fall"
    tokyo, next_day = "Asia/Tokyo", at("2026-03-03 09:00")
    ruling, due = moved(step=NATIVE, zone=tokyo, now=at("2026-03-02 10:30"))
    assert ruling.until == next_day, "18:30 in Tokyo; the rep's morning is the next time that fits"


def test_an_enrolment_that_is_late_on_its_day_does_not_mail_at_night() -> None:
    """A task due at ten may be written at night; a mail would leave then."""
    night = at("2026-03-02 23:30")
    assert judge(facts(step=TODO, now=night))[0].verdict is DO
    ruling, _ = moved(step=NATIVE, now=night)
    assert (ruling.verdict, ruling.until) == (DEFER, NEXT_MORNING)
    weekend = at("2026-03-07 11:00")
    ruling, _ = moved(step=NATIVE, now=weekend, due_at=weekend)
    assert (ruling.code, ruling.until) == (Code.NOT_WORKING, at("2026-03-09 09:00"))


def test_an_enrolment_counts_against_the_caps_of_its_person() -> None:
    ruling, _ = moved(step=NATIVE, cap_7_days=3, contact_touches=(3, 3))
    assert ruling.code == Code.CAP_7_DAYS


def test_a_segment_is_asked_of_the_person_who_is_touched() -> None:
    gold = who(crm_id="c2", fields={"tier": "gold"})
    segments = (CapSegment("Gold", Compare("contact.tier", "==", "gold"), Cap(1)),)
    several = subject(contacts=(CONTACT, gold), **OLD)
    about = facts(subject=several, segments=segments, contact_touches=(1, 1))
    assert judge(about)[0].verdict is DO, "it is for the other one"
    about = replace(about, contact=gold, touch=replace(about.touch, contact="c2"))
    ruling, _ = judge(about)
    assert ruling.values["segment"] == "Gold"


def test_whose_touches_filled_the_cap_is_told_where_not_all_were_ours() -> None:
    said = text(Code.CAP_7_DAYS, {"count": 3, "cap": 3})
    assert said == "The contact was touched 3 times in 7 days; the cap is 3."
    others = Others((2, 5), {"Ada": 2, "Ben": 1})
    ruling, _ = judge(facts(cap_7_days=3, contact_touches=(3, 8), others=others))
    assert text(ruling.code, ruling.values) == (
        "The contact was touched 3 times in 7 days (in 30 days besides us: Ada 2, Ben 1, others "
        "2); the cap is 3."
    )


# --- absence


@pytest.mark.parametrize(
    ("cover", "boss", "to"),
    [
        ({}, {}, "cover"),
        ({"absences": ((at("2026-03-01 00:00"), at("2026-03-04 00:00")),)}, {}, "boss"),
        ({"absences": ((at("2026-03-01 00:00"), NOW),)}, {}, "cover"),  # just back
        ({"active": False}, {}, "boss"),
        ({"active": False}, {"active": False}, None),
        ({"active": False}, {"absences": ((NOW, at("2026-03-10 00:00")),)}, None),
    ],
)
def test_urgent_work_goes_to_the_first_who_is_there(
    cover: dict[str, Any], boss: dict[str, Any], to: str | None
) -> None:
    week = away("2026-03-01 00:00", "2026-03-09 00:00")
    urgent = step("x", priority=Priority.HIGH)
    stand_ins = (replace(COVER, **cover), replace(BOSS, **boss))
    ruling, due = moved(owner=week, step=urgent, stand_ins=stand_ins)
    assert ruling.to == to
    if to is None:
        assert (ruling.code, due) == (Code.NOBODY_COVERS, at("2026-03-09 09:00"))
    elif cover:
        assert ruling.values.get("away", []) == (["Cover"] if "absences" in cover and to == "boss"
                                                 else [])  # fmt: skip


def test_where_nobody_is_there_the_first_who_is_back_gets_it() -> None:
    week = away("2026-03-01 00:00", "2026-03-09 00:00")
    boss = replace(BOSS, absences=((at("2026-03-02 00:00"), NEXT_MORNING),))
    ruling, due = moved(owner=week, step=step("x", priority=Priority.HIGH), stand_ins=(boss,))
    assert (ruling.verdict, ruling.code) == (DEFER, Code.NOBODY_COVERS)
    assert (ruling.until, due) == (NEXT_MORNING, None), "still due, and not moved"


# --- holdout


def test_the_holdout_is_a_stable_share_per_rule_and_salt() -> None:
    shares = [share_of("salt", "pb/r", "deal", str(n)) for n in range(5000)]
    assert shares == [share_of("salt", "pb/r", "deal", str(n)) for n in range(5000)]
    assert 400 < sum(share < 1000 for share in shares) < 600
    other = [share_of("pepper", "pb/r", "deal", str(n)) for n in range(5000)]
    both = sum(a < 1000 and b < 1000 for a, b in zip(shares, other, strict=True))
    assert both < 100  # drawn anew


def test_the_holdout_asks_under_which_id_the_subject_was_first_seen() -> None:
    share = share_of("s", "pb/r", "contact", "c7")
    first = subject(first_seen=("contact", "c7"), **OLD)
    percent = share // 100 + 1
    held = {"holdout_percent": percent, "holdout_salt": "s", "subject": first}
    assert judge(facts(**held))[0].code == Code.HOLDOUT
    held["holdout_percent"] = share // 100
    assert judge(facts(**held))[0].verdict is DO


# --- due times that move


def moved(**change: Any) -> tuple[Ruling, Any]:
    ruling, _ = judge(facts(**change))
    return ruling, ruling.values.get("due_at")


def test_a_late_step_moves_to_working_time() -> None:
    saturday = {"now": at("2026-03-07 11:00"), "due_at": NOW}
    ruling, due = moved(**saturday)
    assert (ruling.verdict, due) == (DEFER, at("2026-03-09 09:00"))
    at_once = step("x", late=LatePolicy("now"))
    ruling, due = moved(**saturday, step=at_once)
    assert (ruling.verdict, due) == (DO, at("2026-03-07 11:00"))  # a Saturday, all the same
    ruling, due = moved(**{**saturday, "now": at("2026-03-07 22:00")}, step=at_once)
    assert ruling.code == Code.QUIET_HOURS  # but nobody is called at night


@pytest.mark.parametrize(("older_than", "verdict"), [("2d", DROP), ("7d", DO)])
def test_a_skipped_step_may_be_somewhat_late(older_than: str, verdict: Verdict) -> None:
    policy = LatePolicy("skip", parse_delay(older_than))
    ruling, _ = moved(due_at=at("2026-02-26 10:00"), step=step("x", late=policy))
    assert ruling.verdict is verdict


def test_a_call_moves_to_where_both_days_meet() -> None:
    _, due = moved(zone=NEW_YORK, due_at=at("2026-03-02 16:59"), now=at("2026-03-02 16:59"))
    assert due is None  # 10:59 there
    rep = WorkCalendar("Asia/Tokyo", NINE_TO_FIVE)
    ruling, due = moved(calendar=rep, zone=NEW_YORK, now=NOW)
    assert due == at("2026-03-02 09:00", NEW_YORK)  # they never meet: the person's day wins
    assert ruling.code == Code.QUIET_HOURS


def test_a_call_on_a_holiday_of_the_rep_moves_within_the_persons_hours() -> None:
    off = replace(CAL, holidays=frozenset({"2026-03-02"}))
    afternoon = at("2026-03-02 16:00")
    _, due = moved(calendar=off, zone=NEW_YORK, due_at=afternoon, now=afternoon)
    assert due == at("2026-03-03 15:00")


def test_a_rules_own_task_is_written_now_with_its_later_due_time() -> None:
    own = {"sequence": None, "rule": active()}
    ruling, due = moved(**own, owner=away("2026-03-01 00:00", "2026-03-09 00:00"))
    assert (ruling.verdict, due) == (DO, at("2026-03-09 09:00"))
    ruling, due = moved(**own, rep_daily_tasks=5, rep_tasks_today=5)
    assert (ruling.verdict, due) == (DO, NEXT_MORNING)


def test_absences_on_end_are_one() -> None:
    twice = replace(
        OWNER,
        cover_id=None,
        manager_id=None,
        absences=(
            (at("2026-03-09 00:00"), at("2026-03-10 00:00")),
            (at("2026-03-02 00:00"), at("2026-03-07 00:00")),
        ),
    )
    ruling, due = moved(owner=twice, step=step("x"))
    assert (ruling.code, due) == (Code.ABSENT, at("2026-03-10 09:00"))


@pytest.mark.parametrize(
    ("owner", "to"),
    [
        (away("2026-03-01 00:00", "2026-03-09 00:00"), "cover"),
        (away("2026-03-01 00:00", "2026-03-09 00:00", cover_id=None), "boss"),
        (replace(OWNER, active=False, cover_id=None, manager_id=None), None),
    ],
)
def test_who_covers(owner: Any, to: str | None) -> None:
    known = stand_ins(owner, {"cover": COVER, "boss": BOSS}, None)
    high = step("x", priority=Priority.HIGH)
    ruling, _ = judge(facts(owner=owner, step=high, stand_ins=known))
    assert (ruling.verdict, ruling.to) == (HAND_TO, to)


def test_handing_over_waits_for_approval_and_keeps_a_moved_due_time() -> None:
    gone = replace(OWNER, active=False)
    waiting, _ = judge(facts(owner=gone, enrolment_state=EnrolmentState.APPROVAL))
    assert waiting.code == Code.APPROVAL
    ruling, due = moved(owner=gone, due_at=at("2026-02-26 10:00"))
    assert (ruling.verdict, due, ruling.to) == (HAND_TO, NOW, "cover")
    applied = apply_ruling(facts(), ruling).touch
    assert (applied.owner_id, applied.due_at) == ("cover", NOW)


def test_a_verdict_that_moves_nothing_leaves_the_facts() -> None:
    given = facts()
    assert apply_ruling(given, judge(given)[0]) is given


# --- merging


def test_tasks_of_one_rule_never_wait_for_each_other() -> None:
    own: dict[str, Any] = {"sequence": None, "enrolment": "e1"}
    assert judge(facts(**own, open_task=touch_id("e1", "d7")))[0].verdict is DO
    assert judge(facts(**own, open_task=touch_id("e2", "d7")))[0].code == Code.MERGE
    future = {**own, "due_at": at("2026-03-05 10:00")}
    assert judge(facts(**future, open_task=touch_id("e2", "d7")))[0].verdict is DO


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [(SignalKind.NO_ACTIVITY, DROP), (SignalKind.STALLED, DROP), (SignalKind.OWNER_CHANGED, DROP),
     (SignalKind.REPLIED, DROP), (SignalKind.MEETING_HELD, DO), (SignalKind.STAGE_ENTERED, DO)],
)  # fmt: skip
def test_the_same_news_is_not_told_twice_while_nobody_took_it_up(
    kind: SignalKind, verdict: Verdict
) -> None:
    again: dict[str, Any] = {"rule": active(rule(kind=kind)), "sequence": None, "twin": "t0"}
    urgent = step("x", task=TaskType.TODO, priority=Priority.HIGH)
    for one in (facts(**again, step=TODO), facts(**again, step=urgent)):
        ruling, _ = judge(one)
        assert ruling.verdict is verdict
        if verdict is DROP:
            assert (ruling.code, ruling.values["open_task"]) == (Code.STANDS_ALREADY, "t0")


def test_whatever_makes_a_lead_hot_is_the_same_news() -> None:
    booked = When(SignalKind.MEETING_BOOKED)
    for when, verdict in ((booked, DO), (replace(booked, enters="hot"), DROP)):
        again = facts(rule=active(rule(when=when)), sequence=None, twin="t0", step=TODO)
        assert judge(again)[0].verdict is verdict


@pytest.mark.parametrize(
    ("known", "due"),
    [(None, at("2026-03-03 09:00")), ("Asia/Tokyo", at("2026-03-03 09:00", "Asia/Tokyo"))],
)
def test_a_guess_of_the_zone_goes_with_the_rep(known: str | None, due: int) -> None:
    tokyo = WorkCalendar("Asia/Tokyo", NINE_TO_FIVE)
    early = at("2026-03-03 09:00", "Asia/Tokyo")
    before = facts(
        owner=replace(OWNER, active=False, zone="Asia/Tokyo"), calendar=tokyo, zone="Asia/Tokyo",
        contact=who(zone=known), step=step("x", task=TaskType.CALL), due_at=early,
    )  # fmt: skip
    ruling, _ = judge(before)
    assert (ruling.verdict, ruling.to) == (HAND_TO, "cover")
    after, ruling = handed_over(before, ruling, COVER, CAL)
    assert ruling.values.get("due_at", early) == due
    assert after.calendar is CAL


# --- the ledger


@pytest.mark.parametrize(("check", "change", "verdict", "code", "until", "due"), CASES)
def test_every_verdict_is_explained(
    check: str, change: Any, verdict: Verdict, code: str, until: int | None, due: int | None
) -> None:
    given: GuardFacts = facts(**change)
    line = explain_ruling(given.touch, judge(given)[0], Business(5))
    assert (line.scope, line.verdict, line.code) == ("touch:t1", verdict.value, code)
    assert line.positive is (verdict in (DO, HAND_TO))
    assert line.values["check"] == check
    assert line.values.get("until") == until


def test_since_planned_means_after() -> None:
    planned = at("2026-02-27 10:00")
    same = subject(last_reply_at=planned, last_meeting_at=planned, **OLD)
    assert judge(facts(subject=same, planned_at=planned))[0].verdict is DO


def test_a_step_is_skipped_only_once_it_is_later_than_allowed() -> None:
    policy = LatePolicy("skip", parse_delay("1d"))
    due = at("2026-03-01 10:00")  # a day before NOW, to the minute
    assert moved(due_at=due, step=step("x", late=policy))[0].verdict is DO
    assert moved(due_at=Business(due - 1), step=step("x", late=policy))[0].verdict is DROP


MAIL = step("x", task=TaskType.EMAIL, window="email")


@pytest.mark.parametrize(
    ("due", "zone", "placed"),
    [
        (at("2026-03-03 08:00"), "Europe/Amsterdam", at("2026-03-03 10:00")),
        (at("2026-03-03 10:30"), "Europe/Amsterdam", at("2026-03-03 10:30")),
        (at("2026-03-06 11:00"), "Europe/Amsterdam", at("2026-03-09 10:00")),
        (at("2026-03-03 10:00"), NEW_YORK, at("2026-03-03 16:00")),
        # Between the changes of the clocks the zones are five hours apart.
        (at("2026-03-17 10:00"), NEW_YORK, at("2026-03-17 15:00")),
        (at("2026-03-03 12:00"), "Asia/Tokyo", at("2026-03-03 12:00")),
    ],
)
def test_a_mail_lands_in_its_window_or_in_working_time(due: Any, zone: str, placed: Any) -> None:
    known = facts(step=MAIL, due_at=due, zone=zone)
    assert place(due, known) == placed
    ruling, _ = judge(facts(step=MAIL, due_at=due, zone=zone, now=due))
    moved = ruling.values.get("due_at")
    assert moved == (placed if placed != due else None)
