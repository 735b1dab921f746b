"""An org as one call sees it: its records as rows of objects, its users, its zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sandbox.salesforce import ids, sources
from sandbox.salesforce.catalogue import objects_of
from sandbox.salesforce.days import is_archived
from sandbox.salesforce.model import Row, SObject
from sandbox.salesforce.state import OrgState
from sandbox.salesforce.tables import KINDS, MERGED
from sandbox.world.account import Account
from sandbox.world.recent import changed_since
from sandbox.world.records import Owner, Record, lagging
from sandbox.world.traces import LEAD_STATUS, Role, Traces

if TYPE_CHECKING:
    from sandbox.settings import Settings

_ARCHIVED = ("Task", "Event")


class Org:
    """Made for one call. ``user``: who the app acts for."""

    def __init__(self, account: Account, settings: Settings, user: Owner | None = None) -> None:
        self.account = account
        self.settings = settings
        self.user = user
        self.state = OrgState.of(account)
        self.traces = Traces.of(account)
        self.now = account.world.clock.now()
        self.lag = settings.read_lag_seconds

    @cached_property
    def objects(self) -> dict[str, SObject]:
        """Every object that whoever calls may see, by its name."""
        return objects_of(self.account, self.settings)

    @cached_property
    def by_lower(self) -> dict[str, SObject]:
        """The same by their names in lower case: the API does not tell case."""
        return {name.lower(): one for name, one in self.objects.items()}

    @cached_property
    def zone(self) -> str:
        """The zone of the user who asks, which days of theirs go by."""
        return self.zone_of(self.user)

    def zone_of(self, owner: Owner | None) -> str:
        """A user's zone; the org's own where nobody set one."""
        if owner is not None and owner.user_record_id:
            record = self.account.find("users", owner.user_record_id)
            if record is not None and record.get("hs_standard_time_zone"):
                return record.get("hs_standard_time_zone")
        return self.account.timezone

    # --- users -------------------------------------------------------------------------------

    @cached_property
    def default_owner(self) -> Owner | None:
        """Whose everything is that has no owner in the world: the org's first user."""
        return next(iter(self.account.owners.values()), None)

    def owner(self, owner_id: str) -> Owner | None:
        """The owner of a record; nothing is without one here."""
        return self.account.owners.get(owner_id) or self.default_owner

    def user_id(self, owner: Owner | None) -> str | None:
        """A user's id."""
        return ids.make("User", int(owner.id)) if owner is not None else None

    def by(self, user_id: int | None) -> str | None:
        """The id of the user who made a change; what nobody did, the first user did."""
        return self.user_id(self._by_login.get(user_id or 0) or self.default_owner)

    @cached_property
    def _by_login(self) -> dict[int, Owner]:
        return {owner.user_id: owner for owner in self.account.owners.values()}

    # --- records -----------------------------------------------------------------------------

    def record_id(self, sobject: str, record: Record) -> str:
        """The id of a world's record as an object shows it."""
        return ids.make(sobject, int(record.id))

    def linked_id(self, sobject: str, record_id: str) -> str:
        """The same by the id that another record's association holds."""
        return ids.make(sobject, int(record_id))

    def is_lead(self, record: Record) -> bool:
        """Whether a person came in as a lead and has not become a contact."""
        return bool(record.fields.get(LEAD_STATUS)) and record.id not in self.traces.converted

    def person_id(self, record_id: str) -> str | None:
        """The id of a person: as a lead until converted, as a contact from then on."""
        record = self.account.find("contacts", record_id) or self.account.archived["contacts"].get(
            record_id
        )
        if record is None:
            return None
        return self.record_id("Lead" if self.is_lead(record) else "Contact", record)

    def shows(self, sobject: str, record: Record) -> bool:
        """Whether an object shows a world's record of one of its kinds."""
        if sobject == "Contact":
            return not self.is_lead(record)
        if sobject == "Lead":
            return bool(record.fields.get(LEAD_STATUS))
        return True

    def find(self, sobject: str, record_id: str, *, deleted: bool = False) -> Row | None:
        """The row with an id, None when there is none; ``deleted`` looks in the bin as well.

        Raises :class:`ids.NoId` for what cannot be an id.
        """
        prefix, number, _ = ids.read(record_id)
        if prefix != ids.PREFIXES[sobject]:
            return None
        if sobject not in KINDS:
            return self._found_among(sobject, ids.same(record_id), deleted)
        key = str(number)
        if key in self.traces.lost_ids:
            # It went into another record; only the recycle bin may still tell of it.
            lost = self._merged(sobject) if deleted else ()
            return next((row for row in lost if row.record and row.record.id == key), None)
        for kind in KINDS[sobject]:
            record = self.account.find(kind, key)
            shown = lagging(record, self.lag) if record is not None and self.lag else record
            if shown is None and (deleted or self.lag):
                gone = self.account.archived[kind].get(key)
                former = lagging(gone, self.lag) if gone is not None and self.lag else None
                shown = gone if deleted else None if former is gone else former
            if shown is not None:
                return Row(sobject, shown) if self.shows(sobject, shown) else None
        return None

    def _found_among(self, sobject: str, record_id: str, deleted: bool) -> Row | None:
        for row in self.rows(sobject, deleted=deleted):
            if row.values["Id"] == record_id:
                return row
        return None

    def rows(self, sobject: str, *, deleted: bool = False, since: int = 0) -> Iterator[Row]:
        """All rows of an object, the deleted ones where asked for. ``since``: those that have not
        changed since then may be left out."""
        if sobject == "OpportunityContactRole":
            yield from self.roles(lambda role: role.updated_at >= since, deleted=deleted)
            return
        if sobject not in KINDS:
            for values in sources.SOURCES[sobject](self):
                if deleted or not values.get("IsDeleted"):
                    yield Row(sobject, None, values)
            return
        for kind in KINDS[sobject]:
            live: Iterable[Record] = self.account.objects[kind].values()
            if since and not self.lag:
                live = changed_since(self.account, kind, since)
            for record in live:
                shown = lagging(record, self.lag) if self.lag else record
                if shown is None or not self.shows(sobject, shown):
                    continue
                if deleted or sobject not in _ARCHIVED or not is_archived(self, shown):
                    yield Row(sobject, shown)
            if not (deleted or self.lag):
                continue
            for record in self.account.archived[kind].values():
                former = lagging(record, self.lag) if self.lag else record
                if former is None or not (deleted or former is not record):
                    continue
                if self.shows(sobject, former):
                    yield Row(sobject, former)
        if deleted:
            yield from self._merged(sobject)

    def _merged(self, sobject: str) -> Iterator[Row]:
        """Records that were merged away, where the recycle bin shows them."""
        if sobject not in MERGED or not self.settings.salesforce_merged_in_bin:
            return
        for (kind, _), record in self.traces.lost.items():
            if kind in KINDS[sobject] and self.shows(sobject, record):
                yield Row(sobject, record)

    def roles(self, wanted: Callable[[Role], bool], *, deleted: bool = False) -> Iterator[Row]:
        """Rows of the roles that are wanted, the deleted ones where asked for."""
        for role in self.traces.roles.values():
            if wanted(role) and (deleted or role.deleted_at is None):
                yield Row("OpportunityContactRole", None, sources.contact_role(self, role))

    def local_day(self, ms: int, zone: str) -> str:
        """The day of an instant in a zone."""
        return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)).strftime("%Y-%m-%d")

    def owned(self, record: Record) -> Owner | None:
        """The owner of a record."""
        return self.owner(record.fields.get("hubspot_owner_id", ""))
