"""What every lane is handed: the process's parts, and one installation as it is configured now."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from app.decisions.asked import engagement_asked
from app.decisions.asking import ASKING
from app.decisions.reply_table import ANSWERING
from app.installations.people import Calendars, view
from app.installations.settings import Settings, parse
from app.lanes.fresh import FreshReads
from app.model.calendar import WorkCalendar
from app.model.events import QUOTED
from app.model.guard import GuardSettings
from app.model.in_force import in_force
from app.model.playbook import (
    ActiveRule,
    Playbook,
    Sequence,
    Step,
)
from app.model.time import Business, Clocks, Wall
from app.model.vocabulary import ANSWER, QUESTION, Mode
from app.playbooks.codec import from_json
from app.playbooks.segments import segments_of
from app.signals.contacts import STAMPS
from app.signals.stages import StageMap
from app.store import installations, people, pipelines, playbooks, running
from app.store.agenda import Look
from app.store.engine import Store
from app.store.sets import loads
from connectors.config import MAIL_UNTOLD
from connectors.contract import Connector, CrmSequence

_QUOTED = frozenset(QUOTED)

LEAVING = "leaving"
"""Status of an installation that is being cleaned up and then left."""

WORKING = ("importing", "active", LEAVING)
"""Statuses of installations for which lanes have anything to do."""

_KEPT: Mapping[str, tuple[str, ...]] = {
    "deal": ("close_date",),
    "contact": ("buying_roles", *STAMPS),
}
"""Kept without anybody mapping them: dates that a step may count from, by what a person is chosen,
and when they last opened a mail or clicked in one."""

_BUILT_IN: Mapping[str, ActiveRule] = {QUESTION: ASKING, ANSWER: ANSWERING}
"""Rules of our own, by their keys; they stand in no playbook."""


@dataclass(slots=True)
class Tenant:
    """One installation, configured as of `revision`. playbooks: version id → playbook."""

    id: int
    key: str
    crm: str
    revision: int
    status: str
    stopped: bool
    unique_touch_id: bool
    leaving: bool
    zone: str
    settings: Settings
    stages: StageMap
    calendars: Calendars
    rules: list[ActiveRule]
    playbooks: dict[int, Playbook]
    guard: GuardSettings
    fresh: FreshReads
    engagement_days: frozenset[int] = frozenset()  # over which rules in force ask for engagement
    _kept: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    _ranks: bool | None = None
    _steps: dict[tuple[int, str, bool], tuple[Step, ...]] = field(
        default_factory=dict[tuple[int, str, bool], tuple[Step, ...]]
    )

    def calendar(self, owner_id: str | None, now: Business) -> WorkCalendar:
        return self.calendars.of(owner_id, now)

    def owner_or_default(self, owner_id: str | None) -> str | None:
        """Who gets a task: the owner, else the configured default; an inactive owner counts."""
        return owner_id or self.settings.default_owner

    def assignee(self, owner_id: str | None) -> str | None:
        """Who is to have a task of this owner's: they themselves, or where they are no longer
        active their cover, their manager, the default owner; the first of these who is. The owner
        where nobody is: a task that no active person has is flagged, not lost."""
        owner_id = self.owner_or_default(owner_id)
        owner = self.calendars.people.get(owner_id or "")
        if owner is None or owner.active:
            return owner_id
        for other in (owner.cover_id, owner.manager_id, self.settings.default_owner):
            person = self.calendars.people.get(other or "")
            if person is not None and person.active:
                return other
        return owner_id

    @property
    def limits_places(self) -> bool:
        """Whether there is a limit on what runs at a time, or begins in a day."""
        settings = self.settings
        return bool(settings.rep_active or settings.rep_new_per_day) or any(
            sequence.max_active is not None
            for active in self.rules
            for sequence in active.sequences.values()
        )

    @property
    def ranks(self) -> bool:
        """Whether any sequence that may run has a priority; most installations have none."""
        if self._ranks is None:
            self._ranks = any(
                sequence.priority is not None
                for playbook in self.playbooks.values()
                for sequence in playbook.sequences.values()
            )
        return self._ranks

    @property
    def polls(self) -> bool:
        """Whether rules may rest on properties of which no webhook tells: the account's own, since
        an app's subscriptions are the same for all of its installations, and those that the CRM
        computes, of which it may send none; on quotes, of which webhooks are a beta; or whether no
        webhook of the CRM tells of mail."""
        return self.crm in MAIL_UNTOLD or bool(self.settings.mapping) or any(
            active.rule.when.kind in STAMPS.values() or active.rule.when.events & _QUOTED
            for active in self.rules
        )

    def kept(self, type: str) -> tuple[str, ...]:
        """Mapped fields that are kept of a type's records beyond the mirror's columns."""
        found = self._kept.get(type)
        if found is None:
            own = self.settings.mapping.get(type, {})
            found = self._kept[type] = tuple(dict.fromkeys((*_KEPT.get(type, ()), *own)))
        return found

    def rule(self, key: str) -> ActiveRule | None:
        if key in _BUILT_IN:
            return _BUILT_IN[key]
        return next((rule for rule in self.rules if rule.rule.key == key), None)

    def sequence(self, version: int, definition: str) -> Sequence | None:
        playbook = self.playbooks.get(version)
        return playbook.sequences.get(definition.split("/", 1)[1]) if playbook else None

    def steers(self, enrolment: Mapping[Any, Any]) -> bool:
        """Whether control steps steer it: only then is there a way to remember."""
        sequence = self.sequence(enrolment["version_id"], enrolment["definition"])
        return not enrolment["is_firing"] and sequence is not None and bool(sequence.flow)

    def steps(self, version: int, definition: str, is_firing: bool) -> tuple[Step, ...]:
        """Steps of a sequence, or of a rule's `create_tasks`, as of the enrolment's version."""
        key = (version, definition, bool(is_firing))
        found = self._steps.get(key)
        if found is None:
            found = self._steps_of(*key)
            if found:
                self._steps[key] = found
        return found

    def _steps_of(self, version: int, definition: str, is_firing: bool) -> tuple[Step, ...]:
        if definition in _BUILT_IN:
            return _BUILT_IN[definition].rule.tasks
        playbook = self.playbooks.get(version)
        return steps_in(playbook, definition, is_firing) if playbook else ()


def steps_in(playbook: Playbook, definition: str, is_firing: bool) -> tuple[Step, ...]:
    """Steps of a sequence of a playbook, or of one of its rules' `create_tasks`."""
    name = definition.split("/", 1)[1]
    if not is_firing:
        sequence = playbook.sequences.get(name)
        return sequence.steps if sequence else ()
    return next((rule.tasks for rule in playbook.rules if rule.id == name), ())


@dataclass(slots=True)
class Lanes:
    """The process's parts that lanes work with."""

    store: Store
    clocks: Clocks
    connector_for: Callable[[int], Connector]
    pool: ThreadPoolExecutor
    simulated: bool = False
    sequences: dict[tuple[int, str], tuple[Wall, list[CrmSequence]]] = field(
        default_factory=dict[tuple[int, str], tuple[Wall, "list[CrmSequence]"]]
    )  # (installation, CRM user) → when read, and what they see of the CRM's own
    _tenants: dict[int, Tenant] = field(default_factory=dict[int, Tenant])
    _fresh: dict[int, FreshReads] = field(default_factory=dict[int, FreshReads])
    _versions: dict[int, Playbook] = field(default_factory=dict[int, Playbook])
    _settled: dict[int, int] = field(default_factory=dict[int, int])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> Business:
        return self.clocks.business()

    def wall(self) -> Wall:
        return self.clocks.wall()

    def settle(self, tenant: Tenant) -> None:
        """Whatever followed from the configuration as it is now is done."""
        self._settled[tenant.id] = tenant.revision

    def is_settled(self, tenant: Tenant) -> bool:
        """False after a change of the configuration, and after each start."""
        return self._settled.get(tenant.id) == tenant.revision

    def tenant(self, installation_id: int, found: Look | None = None) -> Tenant:
        """The installation as configured now; rebuilt only when its revision went up.

        found: how it stands, where the caller has just looked.
        """
        cached = self._tenants.get(installation_id)
        if found is not None and cached is not None and cached.revision == found.revision:
            return _as_it_stands(cached, found.status, found.stopped)
        with self.store.read() as conn:
            row = installations.get(conn, installation_id)
            if row is None:
                raise LookupError(f"installation {installation_id} does not exist")
            if cached is not None and cached.revision == row["revision"]:
                return _as_it_stands(cached, row["status"], row["stopped"])
            settings = parse(installations.get_settings(conn, installation_id))
            person_rows = people.read(conn, installation_id).values()
            pipeline_rows = pipelines.read(conn, installation_id)
            stage_rows = pipelines.read_stages(conn, installation_id)
            states = playbooks.states(conn, installation_id).values()
            needed = {state["version_id"] for state in states}
            needed |= running.versions_in_use(conn, installation_id)
            versions = playbooks.load(conn, needed - self._versions.keys())
        for version, saved in versions.items():
            self._versions[version] = from_json(loads(saved["data"]))
        followed = frozenset(p["id"] for p in pipeline_rows if p["followed"])
        key = f"{row['crm']}:{row['account_id']}"
        with self._lock:
            fresh = self._fresh.setdefault(installation_id, FreshReads(self.clocks, self.simulated))
        rules = [
            active
            for state in states
            if (active := self._active(state, settings)) is not None
        ]
        tenant = Tenant(
            id=installation_id,
            key=key,
            crm=row["crm"],
            revision=row["revision"],
            status=_working(row["status"]),
            stopped=row["stopped"],
            unique_touch_id=row["unique_touch_id"],
            leaving=row["status"] == LEAVING,
            zone=settings.zone or row["zone"],
            settings=settings,
            stages=StageMap(stage_rows, followed),
            calendars=Calendars(map(view, person_rows), settings, row["zone"]),
            rules=rules,
            playbooks={v: self._versions[v] for v in needed if v in self._versions},
            guard=replace(
                settings.guard(key, row["zone"], followed, stopped=row["stopped"]),
                segments=segments_of(settings.caps),
            ),
            fresh=fresh,
            engagement_days=engagement_asked(self._versions[v] for v in needed & {*self._versions}),
        )
        self._tenants[installation_id] = tenant
        return tenant

    def playbook(self, version: int) -> Playbook:
        """A saved version, by its row id."""
        found = self._versions.get(version)
        if found is None:
            with self.store.read() as conn:
                row = playbooks.load(conn, [version])[version]
            found = self._versions[version] = from_json(loads(row["data"]))
        return found

    def _active(self, state: Mapping[Any, Any], settings: Settings) -> ActiveRule | None:
        playbook = self._versions.get(state["version_id"])
        mode = Mode(state["mode"])
        if playbook is None or mode is Mode.OFF:
            return None
        rule_id = state["rule"].split("/", 1)[1]
        rule = next((rule for rule in playbook.rules if rule.id == rule_id), None)
        if rule is None:
            return None
        active = in_force(
            rule, playbook, settings.settle_ms,
            version=state["version_id"], mode=mode, activated_at=state["activated_at"],
        )  # fmt: skip
        if state["paused_at"] is None:
            return active
        return replace(active, paused_at=state["paused_at"], queues=state["pause_queues"])


def _as_it_stands(tenant: Tenant, status: str, stopped: bool) -> Tenant:
    tenant.status, tenant.leaving = _working(status), status == LEAVING
    if tenant.stopped != stopped:
        tenant.stopped = stopped
        tenant.guard = replace(tenant.guard, stopped=stopped)
    return tenant


def _working(status: str) -> str:
    """The status as lanes take it: whoever is leaving still works off what that asks for."""
    return "active" if status == LEAVING else status
