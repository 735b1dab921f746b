"""Changes of records as webhook events, for the subscriptions of installed apps.

Legacy subscriptions name the kind (``deal.propertyChange``); generic ones are ``object.…`` with an
``objectType`` and carry ``objectTypeId``. An app's own writes come back as events too, with
``changeSource`` INTEGRATION and its app id as ``sourceId``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.hubspot.grants import Grants
from sandbox.hubspot.kinds import BY_KIND, Kind, kind_of
from sandbox.settings import Settings
from sandbox.world.records import App, Change
from sandbox.world.store import World

ACTIONS = {
    "created": "creation",
    "updated": "propertyChange",
    "deleted": "deletion",
    "restored": "restore",
    "forgotten": "privacyDeletion",
    "merged": "merge",
    "associated": "associationChange",
    "dissociated": "associationChange",
}
LEGACY_KINDS = frozenset(("contacts", "companies", "deals"))
UNSUBSCRIBABLE = frozenset(("num_unique_conversion_events", "hs_lastmodifieddate"))
"""Properties whose changes never fire."""

Event = dict[str, Any]


class _Subscriptions:
    """One app's subscriptions by kind and event."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.plain: dict[tuple[str, str], list[tuple[int, str]]] = {}
        self.values: dict[str, dict[str, list[tuple[int, str]]]] = {}
        for number, row in enumerate(app.subscriptions):
            if row.get("active") is False:
                continue
            name = str(row["subscriptionType"])
            subject, _, event = name.partition(".")
            if subject == "object":
                subject = str(row.get("objectType") or row.get("objectTypeId") or "")
            kind = kind_of(subject).kind
            found = (app.app_id * 1000 + number, name)
            if event == "propertyChange":
                rows = self.values.setdefault(kind, {})
                rows.setdefault(str(row["propertyName"]), []).append(found)
            else:
                self.plain.setdefault((kind, event), []).append(found)
        self.interest: dict[str, set[str]] = {}
        """kind → actions of changes that could meet a subscription."""
        for kind, event in self.plain:
            actions = {action for action, name in ACTIONS.items() if name == event}
            if event == "creation":
                actions.add("merged")
            self.interest.setdefault(kind, set()).update(actions)
        for kind in self.values:
            self.interest.setdefault(kind, set()).update(("created", "updated"))


class Webhooks:
    """Turns each change into the events that installed apps asked for."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        self._known: dict[int, _Subscriptions] = {}

    def events(self, change: Change) -> list[tuple[int, Event]]:
        """(app id, event) of every subscription that the change meets."""
        found: list[tuple[int, Event]] = []
        installed = Grants.of(self._world).installed(change.portal_id)
        for app_id, scopes in installed.items():
            app = self._world.apps.get(app_id)
            if app is None or not app.webhook_url:
                continue
            known = self._known.get(app_id)
            if known is None or known.app is not app:
                known = self._known[app_id] = _Subscriptions(app)
            # Most changes interest nobody (each task moves four properties on two records), so
            # they are told apart before anything is made for them.
            interest = known.interest.get(change.kind)
            if interest is None or change.action not in interest:
                continue
            kind = BY_KIND[change.kind]
            if kind.read in scopes:
                found.extend((app_id, event) for event in self._of_app(known, kind, change))
        return found

    def _of_app(self, known: _Subscriptions, kind: Kind, change: Change) -> Iterator[Event]:
        action = ACTIONS.get(change.action)
        if action is None:
            return
        common = _common(known.app, change)
        if action != "propertyChange":
            for row in known.plain.get((kind.kind, action), ()):
                yield _event(common, row, kind) | _detail(kind, change)
        settings = self._settings
        if action == "merge" and settings.merge_fires_creation:
            for row in known.plain.get((kind.kind, "creation"), ()):
                yield _event(common, row, kind) | {"changeFlag": "CREATED"}
        rows = known.values.get(kind.kind)
        if not rows or change.action not in ("created", "updated"):
            return
        if change.action == "created" and not settings.property_events_on_create:
            return
        values: Mapping[str, str] = change.fields
        if settings.calculated_events:
            values = {**values, **change.derived}
        for name in rows.keys() & values.keys():
            if name not in UNSUBSCRIBABLE:
                for row in rows[name]:
                    event = _event(common, row, kind)
                    event["propertyName"] = name
                    event["propertyValue"] = values[name]
                    event["isSensitive"] = False
                    yield event


def _common(app: App, change: Change) -> Event:
    """What all events of one change say."""
    return {
        "eventId": 0,
        "subscriptionId": 0,
        "portalId": change.portal_id,
        "appId": app.app_id,
        "occurredAt": change.at,
        "subscriptionType": "",
        "attemptNumber": 0,
        "objectId": int(change.record.id),
        "changeSource": change.actor.source_type,
        "sourceId": change.actor.source_id,
    }


def _event(common: Event, row: tuple[int, str], kind: Kind) -> Event:
    event = common.copy()
    event["subscriptionId"], name = row
    event["subscriptionType"] = name
    if name.startswith("object."):
        event["objectTypeId"] = kind.type_id
    return event


def _detail(kind: Kind, change: Change) -> Event:
    """What an event tells beyond the common part."""
    if change.action == "created":
        return {"changeFlag": "CREATED"}
    if change.action == "deleted":
        return {"changeFlag": "DELETED"}
    if change.action == "merged":
        return {
            "objectId": int(change.primary_id),
            "primaryObjectId": int(change.primary_id),
            "mergedObjectIds": [int(change.other_id)],
            "newObjectId": int(change.record.id),
            "numberOfPropertiesMoved": change.moved,
        }
    if change.action in ("associated", "dissociated"):
        other = BY_KIND[change.other_kind]
        return {
            "associationType": f"{kind.singular}_to_{other.singular}".upper(),
            "fromObjectId": int(change.record.id),
            "toObjectId": int(change.other_id),
            "associationRemoved": change.action == "dissociated",
            "isPrimaryAssociation": "primary" in change.labels,
        }
    return {}
