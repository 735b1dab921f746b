"""Any order of events, edits, versions, pauses, clocks and restarts, through HTTP alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from app.decisions import exits, placing
from app.decisions.guard import admission
from app.model.vocabulary import SignalKind
from tests.decisions.test_living import both, deaf, early, instead, never, never_paused, without
from tests.scenarios.harness import MIA, OTTO, Person, Story, playbook
from tests.scenarios.lives import Lives, as_it_is
from tests.scenarios.test_migrating import RULES

REPS = (
    Person("501", "Ada", zone="America/St_Johns"),
    Person("502", "Ben", zone="Asia/Kathmandu"),
    Person("504", "Chi", zone="Pacific/Chatham"),
)
BEGINS = ("2026-03-26 10:00", "2026-04-02 10:00", "2026-09-24 10:00", "2026-10-22 10:00")
"""Days before the clocks change in Europe, on Chatham twice, and in Europe again."""

MAIL, CALL, TODO = "task: email, template: t", "task: call, template: t", "task: todo, template: t"
VERSIONS = (
    f"""
    - id: chase
      steps:
        - {{id: one, at: 1d, {CALL}, subject: One}}
        - {{id: two, at: 3d, {MAIL}, subject: Two}}
        - {{id: three, at: 2d, after: previous_done, {TODO}, subject: Three}}
        - {{id: last, at: 9d, {TODO}, subject: Last}}
    """,
    f"""
    - id: chase
      steps:
        - {{id: one, at: 2d, {CALL}, subject: One}}
        - {{id: extra, at: 4d, {TODO}, subject: Extra}}
        - {{id: three, at: 1d, after: previous_done, {MAIL}, subject: Three}}
    """,
    f"""
    - id: chase
      steps:
        - {{id: one, at: 1d, {CALL}, subject: One}}
        - id: met
          wait: {{until: {{meeting_held: any}}, timeout: 3d}}
          then: [{{id: thank, {TODO}, subject: Thank}}]
          else: [{{id: two, {MAIL}, subject: Two}}]
        - {{id: three, at: 1d, after: previous_done, {TODO}, subject: Three}}
    """,
)
AFTER = {"One": 1, "Two": 3, "Extra": 4, "Three": 1, "Last": 9, "Thank": 0}
"""Days after the stage entry before which none of these owes a step. What counts from a step before
may follow one that was done early on its morning. The last is so late that it comes after the entry
even where it is owed days too early, and does not fall away unseen."""
ANY = st.integers(0, 30)
FOREVER = 1 << 60


class Living(RuleBasedStateMachine):
    """Three deals of three reps around a change of the clocks."""

    seen: ClassVar[dict[str, int]] = {}

    @initialize(begins=st.sampled_from(BEGINS), version=st.integers(0, 2))
    def begin(self, begins: str, version: int) -> None:
        self._folder = TemporaryDirectory()
        self.story = Story(Path(self._folder.name), begins=begins, people=(OTTO, MIA, *REPS))
        self.story.__enter__()
        self._save(version)
        deals = [self.story.deal("qualified", owner=rep, name=rep.first) for rep in REPS]
        self.story.until("+10min")
        for deal in deals:
            self.story.move(deal, "proposal")
        self.lives = Lives(self.story, REPS, deals, AFTER)

    def teardown(self) -> None:
        if hasattr(self, "story"):
            self.story.__exit__(None, None, None)
            self._folder.cleanup()

    def _save(self, version: int) -> None:
        self.story.live(playbook(RULES, VERSIONS[version]))

    def _deal(self, which: int) -> str:
        return self.lives.deals[which % len(self.lives.deals)]

    @rule(which=ANY, stage=st.sampled_from(("proposal", "proposal", "meeting_done")))
    def move(self, which: int, stage: str) -> None:
        self.story.move(self._deal(which), stage)

    @rule(which=ANY, owner=st.sampled_from(REPS))
    def reassign(self, which: int, owner: Person) -> None:
        self.story.act("change_owner", deal=self._deal(which), owner=owner.owner_id)

    @rule(which=ANY, what=st.sampled_from(("complete", "delete", "edit")))
    def work(self, which: int, what: str) -> None:
        tasks = self.lives.open()
        if not tasks:
            return
        task = tasks[which % len(tasks)]
        if what == "edit":
            self.story.act("edit_task", task=task.id, subject=f"{task.subject} (mine)")
        else:
            self.story.act(f"{what}_task", task=task.id)
        (now,) = [one for one in self.story.tasks() if one.id == task.id]
        self.lives.deeds.ours_no_more[task.id] = as_it_is(now)

    @rule(which=ANY, value=st.sampled_from(("run", "run", "pause", "stop")))
    def control(self, which: int, value: str) -> None:
        deal = self._deal(which)
        stops = self.lives.deeds.stops.setdefault(deal, [])
        self.story.control(deal, value)
        self.story.settle()
        if stops and stops[-1][1] == FOREVER:
            stops[-1][1] = self.story.now
        if value != "run":
            stops.append([self.story.now, FOREVER])

    @rule(which=ANY, sure=st.integers(0, 4))
    def opt_out(self, which: int, sure: int) -> None:
        deal = self._deal(which)
        if not sure and deal not in self.lives.deeds.opted_out:
            self.story.act("opt_out", deal=deal)
            self.story.settle()
            self.lives.deeds.opted_out[deal] = self.story.now

    @rule(late=st.sampled_from(("shift", "policy")))
    def pause_or_resume(self, late: str) -> None:
        rules = self.lives.deeds.rules
        if rules and rules[-1][1] == FOREVER:
            rules[-1][1] = self.story.now
            self.story.change("POST", "/api/playbooks/test/resume", {"late": late})
        else:
            self.story.change("POST", "/api/playbooks/test/pause", {"queue": False})
            rules.append([self.story.now, FOREVER])

    @rule(version=st.integers(0, 2), new=st.sampled_from(("none", "ahead", "past", "all")))
    def new_version(self, version: int, new: str) -> None:
        """Saved, in force, and what runs is moved to it as its preview says."""
        self._save(version)
        rows = self.story.admin.get(f"/api/playbooks/test/migrate?new_steps={new}")["enrolments"]
        chosen = [{"id": row["id"], "revision": row["revision"]} for row in rows]
        if not chosen:
            return
        body = {"new_steps": new, "enrolments": chosen}
        self.story.change("POST", "/api/playbooks/test/migrate", body)

    @rule(which=ANY, word=st.sampled_from(("by", "pause_until")), days=st.integers(1, 6))
    def ask(self, which: int, word: str, days: int) -> None:
        """A person's word on one follow-up; where it does not fit, it is refused and changes
        nothing."""
        running = [
            one["id"]
            for one in self.story.subject(self._deal(which))["enrolments"]
            if one["end_reason"] is None
        ]
        until = self.story.local(self.story.now + days * 86_400_000)[4:].replace(" ", "T")
        given = {word: f"{days}d" if word == "by" else until}
        for enrolment in running:
            self.story.admin.session.post(
                f"{self.story.url}/api/enrolments/{enrolment}/reschedule", json=given,
                headers={"X-CSRF-Token": self.story.admin.get("/api/session")["csrf"]}, timeout=10,
            )  # fmt: skip
        self.story.settle()

    @rule(kind=st.sampled_from(("duplicate", "disorder", "drop")))
    def disturb(self, kind: str) -> None:
        """The next events come twice, mixed up, or not at all."""
        fault = {"match": "EVENT .*", "kind": kind, "times": 5}
        self.story.crm.call("POST", "/sandbox/faults", fault)

    @rule(hours=st.integers(1, 30))
    def some_hours(self, hours: int) -> None:
        self.story.until(f"+{hours}h")

    @rule(days=st.integers(1, 5))
    def some_days(self, days: int) -> None:
        self.story.until(f"+{days}d")

    @rule(hours=st.integers(1, 90))
    def outage(self, hours: int) -> None:
        """The app is away while time goes on; then it finds itself hours later."""
        self.story.restart(lambda: self.story.to(self.story.now + hours * 3_600_000))

    @invariant()
    def holds(self) -> None:
        if hasattr(self, "lives"):
            self.lives.check()
            for name, number in self.lives.seen.items():
                self.seen[name] = self.seen.get(name, 0) + number


def play(examples: int, steps: int, **more: Any) -> None:
    run_state_machine_as_test(
        Living,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, database=None, deadline=None,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate,), **more,
        ),
    )  # fmt: skip


def _everything(life: Living) -> None:
    """A little of each, for the quick test."""
    life.some_days(1)
    life.work(0, "edit")
    life.control(1, "pause")
    life.disturb("duplicate")
    life.new_version(1, "ahead")
    life.some_days(2)
    life.holds()
    life.ask(2, "by", 2)
    life.pause_or_resume("shift")
    life.outage(30)
    life.pause_or_resume("shift")
    life.control(1, "run")
    life.new_version(2, "all")
    life.some_days(4)


def test_the_invariants_hold_through_http() -> None:
    Living.seen.clear()
    lived(_everything)
    assert {"once", "window", "anchor", "burst"} <= Living.seen.keys(), "a check saw nothing"


@pytest.mark.long
def test_the_invariants_hold_through_http_in_many_lives() -> None:
    play(60, 40)


# --- each of them can fail ------------------------------------------------------------------------


def _stopped(life: Living) -> None:
    life.control(0, "stop")
    life.some_days(4)


def _paused(life: Living) -> None:
    life.some_hours(1)
    life.pause_or_resume("shift")
    life.some_days(4)


def _refused(life: Living) -> None:
    life.opt_out(0, 0)
    life.some_days(4)


def _nothing(life: Living) -> None:
    life.some_days(5)


def _worked(life: Living) -> None:
    for which in (0, 1, 2):
        life.some_days(2)
        life.work(which, "complete")
        life.holds()


BREAKAGES: dict[str, tuple[str, Callable[[pytest.MonkeyPatch], None], Callable[[Living], None]]] = {
    "the clock on the wall": (
        "window",
        both(
            instead(placing, "shift", lambda at, _: at),
            without("working_days", "quiet_hours", "late"),
        ),
        _worked,
    ),
    "days that count backwards": ("anchor", instead(placing, "owed_at", early), _nothing),
    "one open task at a time": ("burst", instead(admission, "merges", never), _nothing),
    "a rep's word": ("wishes", without("control"), _stopped),
    "a rule's pause": ("paused", deaf(never_paused), _paused),
    "an opt-out": (
        "consent",
        both(
            without("consent"),
            instead(
                exits, "CANDIDATES",
                {kind: why for kind, why in exits.CANDIDATES.items()
                 if kind is not SignalKind.OPTED_OUT},
            ),
        ),
        _refused,
    ),
}  # fmt: skip
"""What the engine leaves out → what notices it, and in which life."""


def lived(deeds: Callable[[Living], None]) -> None:
    life = Living()
    try:
        life.begin(begins=BEGINS[0], version=0)
        deeds(life)
        life.holds()
    finally:
        life.teardown()


@pytest.mark.long
@pytest.mark.parametrize("name", BREAKAGES)
def test_a_breakage_is_noticed_through_http(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said, change, deeds = BREAKAGES[name]
    lived(deeds)
    change(monkeypatch)
    with pytest.raises(AssertionError, match=f"^{said}: "):
        lived(deeds)
