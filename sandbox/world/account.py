"""An account, and the one door through which its records change.

Every mutation goes through ``create``, ``update``, ``archive``, ``restore``, ``merge``,
``associate`` or ``dissociate``; history, the CRM's computed properties and the change events are
made there and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.world import effects
from sandbox.world.frame import Frame
from sandbox.world.lifecycle import Lifecycle
from sandbox.world.links import Links
from sandbox.world.preferences import default_preferences, properties
from sandbox.world.records import (
    CALCULATED,
    KINDS,
    Actor,
    Change,
    Link,
    NotFound,
    Owner,
    Pipeline,
    Property,
    Record,
    Required,
    Team,
    UniqueConflict,
    Version,
)
from sandbox.world.schema import default_properties
from sandbox.world.sequence_records import Sequences

if TYPE_CHECKING:
    from sandbox.world.store import World


class Account(Frame, Links, Lifecycle):
    """One CRM account. ``objects`` and ``archived``: kind → id → record, live ones by id."""

    def __init__(
        self,
        world: World,
        portal_id: int,
        name: str,
        timezone: str,
        currency: str,
        tier: str,
        crm: str = "hubspot",
    ) -> None:
        self.world = world
        self.portal_id = portal_id
        self.name = name
        self.timezone = timezone
        self.currency = currency
        self.tier = tier
        self.crm = crm
        """Which vendor's HTTP shows the account; the others do not know of it."""
        self.rates: dict[str, float | None] = {}
        """Currency beside the company's own → what one unit is worth in it, None: not set."""
        self.objects: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self.archived: dict[str, dict[str, Record]] = {kind: {} for kind in KINDS}
        self.pipelines: dict[str, dict[str, Pipeline]] = {kind: {} for kind in KINDS}
        self.owners: dict[str, Owner] = {}
        self.teams: dict[str, Team] = {}
        self.properties: dict[str, dict[str, Property]] = default_properties()
        self.groups: dict[str, dict[str, str]] = {
            kind: {f"{kind}information": f"{kind.title()} information"} for kind in KINDS
        }
        self.unique: dict[str, dict[str, dict[str, str]]] = {
            kind: {p.name: {} for p in self.properties[kind].values() if p.unique} for kind in KINDS
        }
        """kind → unique property → value → id of the live record that has it."""
        self.unique_archived: dict[str, dict[str, dict[str, str]]] = {
            kind: {name: {} for name in self.unique[kind]} for kind in KINDS
        }
        self.merged: dict[str, dict[str, str]] = {kind: {} for kind in KINDS}
        """kind → id of a record that was merged away → id of the record it went into."""
        self.blocked_emails: set[str] = set()
        """Addresses, in lower case, that no contact may have after a privacy request."""
        self.sequences = Sequences()
        self.preferences = default_preferences(portal_id)
        for definition in properties(self.preferences):
            self.properties["contacts"][definition.name] = definition
        self.required: dict[str, list[Required]] = {}
        """kind → what the admin has made required on its records."""
        self.extra: dict[str, Any] = {}

    # --- reading ---------------------------------------------------------------------------

    def find(self, kind: str, record_id: str, *, archived: bool = False) -> Record | None:
        """The record with this id, following merges; ``archived`` asks for archived ones only."""
        if archived:
            return self.archived[kind].get(record_id)
        record = self.objects[kind].get(record_id)
        if record is None and record_id in self.merged[kind]:
            record = self.objects[kind].get(self.merged[kind][record_id])
        return record

    def need(self, kind: str, record_id: str) -> Record:
        """The live record with this id; raises :class:`NotFound`."""
        record = self.find(kind, record_id)
        if record is None:
            raise NotFound(kind, [record_id])
        return record

    def find_unique(
        self, kind: str, name: str, value: str, *, archived: bool = False
    ) -> Record | None:
        """The record that has ``value`` in a unique property."""
        index = self.unique_archived if archived else self.unique
        record_id = index[kind].get(name, {}).get(effects.unique_key(kind, name, value))
        if record_id is None:
            return None
        return (self.archived if archived else self.objects)[kind].get(record_id)

    # --- mutations -------------------------------------------------------------------------

    def create(
        self,
        kind: str,
        fields: Mapping[str, str],
        actor: Actor,
        associations: Iterable[Link] = (),
        at: int | None = None,
    ) -> Record:
        """A new record with its associations, at business instant ``at`` (default: now).

        Raises :class:`UniqueConflict` or :class:`NotFound` (a missing far end) and changes nothing.
        """
        with self.world.lock:
            now = self.world.clock.now() if at is None else at
            values = {name: value for name, value in fields.items() if value != ""}
            if self.unique[kind]:
                self._check_unique(kind, values, None)
            links = [link if len(link) == 3 else Link(*link) for link in associations]
            ends = [self._far_end(link) for link in links]
            record = Record(kind, self.world.new_id(), {}, {}, now, now, actor)
            if self.world.shadow_seconds:
                record.shadow = (time.monotonic(), None)
            derived = effects.on_create(self, record, values, now, actor)
            self._write(record, values, actor, now)
            self._write(record, derived, CALCULATED, now)
            self.objects[kind][record.id] = record
            self._index(record, values)
            self.world.tell(
                Change(self.portal_id, kind, record, "created", now, actor, values, derived)
            )
            for link, end in zip(links, ends, strict=True):
                self._join(record, end, link.labels, actor, now, quiet=True)
            effects.after_create(self, record, now)
            return record

    def update(
        self,
        kind: str,
        record_id: str,
        fields: Mapping[str, str],
        actor: Actor,
        at: int | None = None,
    ) -> Record:
        """Writes the values that differ; ``""`` empties a field. Equal values leave no trace.

        Raises :class:`NotFound` or :class:`UniqueConflict` and changes nothing.
        """
        with self.world.lock:
            record = self.need(kind, record_id)
            current = record.fields
            values = {
                name: value for name, value in fields.items() if current.get(name, "") != value
            }
            if not values:
                return record
            now = self.world.clock.now() if at is None else at
            if self.unique[kind]:
                self._check_unique(kind, values, record)
            self._keep_shadow(record)
            derived = effects.on_update(self, record, values, now, actor)
            before = {name: current.get(name, "") for name in values}
            self._unindex(record, values)
            self._write(record, values, actor, now)
            self._write(record, derived, CALCULATED, now)
            self._index(record, values)
            self.world.tell(
                Change(self.portal_id, kind, record, "updated", now, actor, values, derived)
            )
            effects.after_update(self, record, before, now)
            return record

    def compute(self, record: Record, fields: Mapping[str, str], at: int) -> None:
        """Writes properties that the CRM computes; for :mod:`sandbox.world.effects` only."""
        current = record.fields
        values = {name: value for name, value in fields.items() if current.get(name, "") != value}
        if values:
            self._keep_shadow(record)
            self._write(record, values, CALCULATED, at)
            self.world.tell(
                Change(self.portal_id, record.kind, record, "updated", at, CALCULATED, {}, values)
            )

    # --- inside ----------------------------------------------------------------------------

    def _write(self, record: Record, values: Mapping[str, str], actor: Actor, at: int) -> None:
        source_type, source_id, user_id = actor
        fields, history = record.fields, record.history
        for name, value in values.items():
            version = Version(value, at, source_type, source_id, user_id)
            past = history.get(name)
            if past is None:
                history[name] = [version]
            else:
                past.append(version)
            fields[name] = value
        if at > record.updated_at:
            record.updated_at = at

    def _keep_shadow(self, record: Record) -> None:
        keep = self.world.shadow_seconds
        if not keep:
            return
        now = time.monotonic()
        if record.shadow is not None and now - record.shadow[0] < keep:
            return  # the older state is still the one a lagging reader sees
        former = Record(
            record.kind,
            record.id,
            dict(record.fields),
            {name: list(past) for name, past in record.history.items()},
            record.created_at,
            record.updated_at,
            record.created_by,
        )
        former.links = {kind: dict(ids) for kind, ids in record.links.items()}
        record.shadow = (now, former)

    def _check_unique(self, kind: str, values: Mapping[str, str], record: Record | None) -> None:
        for name, index in self.unique[kind].items():
            value = values.get(name)
            if value and not (name == "email" and self.crm != "hubspot"):  # others only warn
                taken = index.get(effects.unique_key(kind, name, value))
                if taken is not None and (record is None or taken != record.id):
                    raise UniqueConflict(kind, name, value, taken)

    def _index(self, record: Record, values: Mapping[str, str], *, archived: bool = False) -> None:
        indexes = (self.unique_archived if archived else self.unique)[record.kind]
        for name, index in indexes.items():
            if values.get(name):
                for key in effects.unique_keys(record.kind, name, values):
                    index[key] = record.id

    def _unindex(self, record: Record, names: Iterable[str], *, archived: bool = False) -> None:
        indexes = (self.unique_archived if archived else self.unique)[record.kind]
        if indexes:
            fields = {name: record.fields.get(name, "") for name in names}
            for name, index in indexes.items():
                if name in fields:
                    for key in effects.unique_keys(record.kind, name, fields):
                        if index.get(key) == record.id:
                            del index[key]

    def state(self) -> dict[str, Any]:
        """The account's state without its world, for a snapshot."""
        return {name: value for name, value in self.__dict__.items() if name != "world"}

    @classmethod
    def from_state(cls, world: World, state: Mapping[str, Any]) -> Account:
        """The account that :meth:`state` described, in ``world``."""
        account = cls.__new__(cls)
        account.__dict__.update(state)
        account.world = world
        return account
