"""What an admin does at the CRM's settings screens, one method per deed.

Users leave, come back, change their hours and go on leave; stages, pipelines and properties are
added, renamed and deleted. Each deed answers what it touched as kind, id and properties.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sandbox.world import money
from sandbox.world.people_pipelines import Pipelines, Told
from sandbox.world.people_sequences import SequenceAdmin
from sandbox.world.people_terms import ActError
from sandbox.world.records import Actor, Option, Owner, Property

DAYS = (
    *("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"),
    *("MONDAY_TO_FRIDAY", "SATURDAY_SUNDAY", "EVERY_DAY"),
)


class Admin(Pipelines, SequenceAdmin):
    """The deeds of an admin in one account."""

    def do(self, verb: str, params: dict[str, Any]) -> Told:
        """Do one deed by name; unknown verbs and missing parameters raise `ActError`."""
        return self.perform(verb, params, ADMIN_VERBS)

    # --- users -------------------------------------------------------------------------------

    def archive_owner(self, owner: str, user: str = "") -> Told:
        """Deactivate a user; deals and tasks keep their owner id."""
        found = self.owner_of(owner)
        self.account.set_archived(found, True, self.by(user))
        return _owner(found)

    def restore_owner(self, owner: str, user: str = "") -> Told:
        """Let a user back in."""
        found = self.owner_of(owner)
        self.account.set_archived(found, False, self.by(user))
        return _owner(found)

    def set_hours(
        self,
        owner: str,
        start: Any = "",
        end: Any = "",
        days: str = "MONDAY_TO_FRIDAY",
        zone: str = "",
    ) -> Told:
        """A user's working minutes of the local day and zone; without both, hours are cleared."""
        fields: dict[str, str] = {"hs_working_hours": ""}
        if start != "" or end != "":
            begins, ends = _whole("start", start), _whole("end", end)
            if not 0 <= begins < ends <= 1440:
                raise ActError("end", "must be after start, in minutes of the day up to 1440")
            if days not in DAYS:
                raise ActError("days", f"{days!r} is none of {', '.join(DAYS)}")
            block = {"days": days, "startMinute": begins, "endMinute": ends}
            fields["hs_working_hours"] = json.dumps([block], separators=(",", ":"))
        elif zone:
            del fields["hs_working_hours"]
        if zone:
            fields["hs_standard_time_zone"] = zone
        return self._user(owner, fields)

    def set_out_of_office(self, owner: str, start: Any = "", end: Any = "") -> Told:
        """When a user is away (business ms); without both they are back."""
        spans: list[dict[str, int]] = []
        if start != "" or end != "":
            begins, ends = _whole("start", start), _whole("end", end)
            if ends <= begins:
                raise ActError("end", "must be after start, both as instants in ms")
            spans.append({"startTimestamp": begins, "endTimestamp": ends})
        return self._user(owner, {"hs_out_of_office_hours": json.dumps(spans) if spans else ""})

    def _user(self, owner: str, fields: dict[str, str]) -> Told:
        found = self.owner_of(owner)
        if not found.user_record_id:
            raise ActError("owner", f"{found.email} has no user record to keep this on")
        by = Actor.user(found.user_id)
        record = self.account.update("users", found.user_record_id, fields, by)
        return {"kind": "users", "id": record.id, "properties": record.fields}

    # --- currencies --------------------------------------------------------------------------

    def set_rate(self, currency: str, rate: Any = "") -> Told:
        """What one unit of a currency is worth in the company's; without `rate`: not known."""
        if currency == self.account.currency or not currency.isalpha() or len(currency) != 3:
            raise ActError("currency", "must be a code of three letters, not the company's own")
        try:
            value = float(rate) if rate != "" else None
        except (TypeError, ValueError):
            raise ActError("rate", f"must be a number, not {rate!r}") from None
        if value is not None and value <= 0:
            raise ActError("rate", "must be above zero; leave it out if it is not known")
        money.set_rate(self.account, currency.upper(), value)
        return {"kind": "currency", "id": currency.upper(), "properties": {"rate": str(rate)}}

    # --- properties --------------------------------------------------------------------------

    def add_property(
        self,
        kind: str,
        property: str,
        label: str = "",
        type: str = "string",
        options: Sequence[str] = (),
    ) -> Told:
        """A custom property; with `options` it is an enumeration of them."""
        if property in self._properties(kind) and not self._properties(kind)[property].archived:
            raise ActError("property", f"{kind} have {property!r} already")
        made = Property(
            property,
            label or property,
            "enumeration" if options else type,
            "select" if options else "text",
            next(iter(self.account.groups[kind])),
            options=[Option(one, one, order) for order, one in enumerate(options)],
            built_in=False,
        )
        return _property(kind, self.account.add_property(kind, made))

    def delete_property(self, kind: str, property: str) -> Told:
        """Archive a custom property, an app's own included."""
        found = self._custom(kind, property, archived=False)
        self.account.archive_property(kind, found)
        return _property(kind, found)

    def restore_property(self, kind: str, property: str) -> Told:
        """Bring an archived property back with its values."""
        found = self._custom(kind, property, archived=True)
        self.account.restore_property(kind, found)
        return _property(kind, found)

    def _custom(self, kind: str, name: str, *, archived: bool) -> Property:
        found = self._properties(kind).get(name)
        if found is None or found.archived != archived:
            state = "deleted" if archived else "live"
            raise ActError("property", f"{kind} have no {state} property {name!r}")
        if found.built_in:
            raise ActError("property", f"{name!r} is HubSpot's own; only custom ones can go")
        return found

    def _properties(self, kind: str) -> dict[str, Property]:
        if kind not in self.account.properties:
            raise ActError("kind", f"{kind!r} is none of {', '.join(self.account.properties)}")
        return self.account.properties[kind]


def _whole(field: str, value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ActError(field, f"must be a whole number, not {value!r}") from None


def _owner(owner: Owner) -> Told:
    properties = {"email": owner.email, "archived": str(owner.archived).lower()}
    return {"kind": "owner", "id": owner.id, "properties": properties}


def _property(kind: str, definition: Property) -> Told:
    properties = {"on": kind, "archived": str(definition.archived).lower()}
    return {"kind": "property", "id": definition.name, "properties": properties}


ADMIN_VERBS = (
    "connect_inbox",
    "disconnect_inbox",
    "make_workflow",
    "remove_workflow",
    "archive_owner",
    "restore_owner",
    "set_hours",
    "set_out_of_office",
    "add_pipeline",
    "rename_pipeline",
    "delete_pipeline",
    "add_stage",
    "rename_stage",
    "delete_stage",
    "set_rate",
    "add_property",
    "delete_property",
    "restore_property",
)
"""What `/sandbox/act` understands about the account itself."""
