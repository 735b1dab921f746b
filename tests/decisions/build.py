"""Short makers of the records that decisions take, with defaults that let everything pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.decisions.context import RuleContext
from app.model.calendar import NINE_TO_FIVE, WorkCalendar
from app.model.decisions import DueTouch, EnrolmentView
from app.model.guard import GuardFacts, GuardSettings
from app.model.ids import stage_anchor
from app.model.playbook import ActiveRule, CreateTasks, Playbook, Rule, Sequence, Step, When
from app.model.records import ContactView, PersonView, SubjectView
from app.model.signals import Signal
from app.model.time import Business, from_datetime, parse_delay
from app.model.vocabulary import (
    EnrolmentState,
    Mode,
    SignalKind,
    StageKind,
    SubjectType,
    TaskType,
)

AMSTERDAM = "Europe/Amsterdam"
NEW_YORK = "America/New_York"


def at(text: str, zone: str = AMSTERDAM, fold: int = 0) -> Business:
    """`2026-03-02 09:00` on the zone's wall clock; Monday 2 March 2026 is the tests' first day."""
    local = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return Business(from_datetime(local))


NOW = at("2026-03-02 10:00")
CAL = WorkCalendar(AMSTERDAM, NINE_TO_FIVE)
ANY_TIME = replace(CAL, windows_off=True)
CONTACT = ContactView("c1", name="Ada", email="ada@example.test")
COVER, BOSS = PersonView("cover", name="Cover"), PersonView("boss", name="Boss")
OWNER = PersonView("o1", zone=AMSTERDAM, manager_id="boss", cover_id="cover", team="north")


def step(id: str = "s", delay: str | None = "3d", **more: Any) -> Step:
    more = {"task": TaskType.CALL, "subject": f"Do {id}", "template": "t", **more}
    return Step(id, parse_delay(delay) if delay else None, **more)


STEPS = (step("d3", "3d"), step("d7", "7d"), step("d14", "14d"))


def subject(**more: Any) -> SubjectView:
    defaults: dict[str, Any] = {
        "id": 1,
        "type": SubjectType.DEAL,
        "crm_id": "d1",
        "first_seen": ("deal", "d1"),
        "pipeline": "p1",
        "stage_id": "st-proposal",
        "stage_kind": StageKind.PROPOSAL,
        "stage_entered_at": NOW,
        "owner_id": "o1",
        "amount": 5000.0,
        "created_at": at("2026-02-01 09:00"),
        "contacts": (CONTACT,),
    }
    return SubjectView(**{**defaults, **more})


def rule(then: Any = None, kind: SignalKind = SignalKind.STAGE_ENTERED, **more: Any) -> Rule:
    when = more.pop("when", None) or When(
        kind, stages=more.pop("stages", frozenset()), after=more.pop("after", None)
    )
    actions = then if isinstance(then, tuple) else (then or CreateTasks(STEPS),)
    return Rule(more.pop("id", "r"), "pb", when, actions, **more)


def active(
    one: Rule | None = None,
    *sequences: Sequence,
    mode: Mode = Mode.LIVE,
    activated_at: int = 0,
    settle_ms: int = 0,
) -> ActiveRule:
    one = one or rule()
    named = {sequence.id: sequence for sequence in sequences}
    book = Playbook("pb", "Playbook", (one,), named, {})
    return ActiveRule(one, book, 1, mode, activated_at, settle_ms, named)


def sequence(id: str = "seq", steps: tuple[Step, ...] = STEPS, **more: Any) -> Sequence:
    return Sequence(id, "pb", steps, **more)


def entered(
    when: Business = NOW,
    stage_id: str = "st-proposal",
    kind: StageKind = StageKind.PROPOSAL,
    **more: Any,
) -> Signal:
    cause = stage_anchor(stage_id, when)
    return Signal(SignalKind.STAGE_ENTERED, 1, when, cause, stage=kind, **more)


def signal(kind: SignalKind, when: Business = NOW, cause: str = "email:9", **more: Any) -> Signal:
    return Signal(kind, 1, when, cause, **more)


def context(*rules: ActiveRule, **more: Any) -> RuleContext:
    defaults: dict[str, Any] = {
        "installation_key": "hubspot:1",
        "subject": subject(),
        "rules": rules,
        "calendar": CAL,
    }
    return RuleContext(**{**defaults, **more})


def enrolment(**more: Any) -> EnrolmentView:
    one = more.get("sequence", sequence())
    defaults: dict[str, Any] = {
        "id": "e1",
        "subject": 1,
        "definition": one.key if one else "pb/r",
        "rule": "pb/r",
        "sequence": one,
        "steps": one.steps if one else STEPS,
        "anchor": stage_anchor("st-proposal", NOW),
        "anchor_at": NOW,
        "anchor_stage": "st-proposal",
        "started_at": NOW,
        "contact": "c1",
        "state": EnrolmentState.ACTIVE,
        "mode": Mode.LIVE,
    }
    return EnrolmentView(**{**defaults, **more})


def touch(**more: Any) -> DueTouch:
    one = more.get("sequence", sequence())
    defaults: dict[str, Any] = {
        "id": "t1",
        "enrolment": "e1",
        "definition": "pb/seq",
        "rule": active(),
        "subject": 1,
        "contact": "c1",
        "owner_id": "o1",
        "step": step("d3"),
        "owed_at": NOW,
        "due_at": NOW,
        "planned_at": at("2026-02-27 10:00"),
        "priority": 1,
        "mode": Mode.LIVE,
        "enrolment_state": EnrolmentState.ACTIVE,
        "is_firing": one is None,
        "anchor_stage": "st-proposal",
        "sequence": one,
    }
    return DueTouch(**{**defaults, **more})


def facts(**more: Any) -> GuardFacts:
    """Facts that every check lets pass. Keys of the touch and the settings are given directly."""
    of_touch = set(DueTouch.__slots__) - {"subject", "contact"}
    touch_keys = {name: more.pop(name) for name in list(more) if name in of_touch}
    settings = {name: more.pop(name) for name in list(more) if name in GuardSettings.__slots__}
    defaults: dict[str, Any] = {
        "touch": touch(**touch_keys),
        "subject": subject(stage_entered_at=at("2026-02-27 10:00")),
        "contact": CONTACT,
        "owner": OWNER,
        "calendar": CAL,
        "settings": GuardSettings(**settings),
        "now": NOW,
        "zone": AMSTERDAM,
        "stand_ins": (COVER, BOSS),
    }
    return GuardFacts(**{**defaults, **more})
