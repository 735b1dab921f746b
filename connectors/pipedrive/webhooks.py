"""Pipedrive's webhooks, version 2: who sent them, and what they say.

They carry no signature. What tells them is the user and the password given with the subscription:
the user is the account, the password is derived of it and our secret. So nobody who can send as one
account can send as another, and no more is believed of a delivery than that something changed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from typing import Any, cast

import orjson

from app.model.time import Business
from connectors import values
from connectors.contract import BadSignature, Event, Invalid, ObjectType
from connectors.headers import header
from connectors.mapping import CrmMapping
from connectors.pipedrive.kinds import Kinds
from connectors.pipedrive.mails import latest_mail
from connectors.pipedrive.subscriptions import password
from connectors.pipedrive.tables import ENTITIES

_KINDS = {"create": "created", "change": "changed", "delete": "deleted"}
_LINKS = frozenset({"person_id", "participants_count", "org_id"})
"""Properties of a deal that say who stands on it."""

_MAILS = frozenset({"last_incoming_mail_time"})

Body = Mapping[str, Any]
_NOTHING: Body = {}


def verify(client_secret: str, headers: Mapping[str, str], body: bytes) -> None:
    """Raises BadSignature unless the delivery has the password of the account that it is about."""
    scheme, _, encoded = header(headers, "Authorization").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    account, colon, secret = given.partition(":")
    if scheme.lower() != "basic" or not colon:
        raise BadSignature("The request carries no user and password; it is no subscription's.")
    if not hmac.compare_digest(secret.encode(), password(client_secret, account).encode()):
        raise BadSignature(
            "The password is not the one that was given with the subscription. Check the client "
            "secret; after it was changed, connect the account again."
        )
    if str(_meta(_parsed(body)).get("company_id")) != account:
        raise BadSignature("The request speaks of another account than its password is for.")


def parse_events(body: bytes, mapping: CrmMapping) -> list[Event]:
    """The events of one delivery: it is about one record, which may be several things to us.

    Raises Invalid if the body is no event of version 2.
    """
    told = _parsed(body)
    meta = _meta(told)
    kind = _KINDS.get(str(meta.get("action")))
    if kind is None:
        return []
    data = _object(told.get("data"))
    previous = _object(told.get("previous"))
    try:
        at = Business(values.instant(str(meta["timestamp"])))
        id, account = str(meta["entity_id"]), str(meta["company_id"])
        entity = str(meta["entity"])
    except (KeyError, ValueError) as error:
        raise Invalid(
            "A webhook event lacks what every event has.", {"event": repr(error)}
        ) from None
    if entity == "activity":
        types = _activity(data or previous, Kinds(mapping), new=meta.get("action") == "create")
    else:
        type_ = ENTITIES.get(entity)
        types = (type_,) if type_ is not None else ()
    source = "bulk" if meta.get("is_bulk_edit") else str(meta.get("change_source") or "")
    events: list[Event] = []
    for type in types:
        merged = list(_merges(meta, type, id))
        for what, object_id, other in merged or [(kind, id, None)]:
            events.append(
                _event(
                    what, type, object_id, at, account, meta, source,
                    field=_field(mapping, type, previous) if what == "changed" else None,
                    other=other,
                )
            )  # fmt: skip
    if entity == "deal" and kind == "changed":
        events += _more(previous, id, at, account, meta, source)
    return events


def _more(
    previous: Body, id: str, at: Business, account: str, meta: Body, source: str
) -> Iterable[Event]:
    """What else a change of a deal says: somebody joined or left it, a mail came in."""
    if _LINKS & previous.keys():
        yield _event("associated", "deal", id, at, account, meta, source)
    if _MAILS & previous.keys():
        yield _event("created", "email", latest_mail(id), at, account, meta, source)


def _event(
    kind: str,
    type: ObjectType,
    id: str,
    at: Business,
    account: str,
    meta: Body,
    source: str,
    *,
    field: str | None = None,
    other: str | None = None,
) -> Event:
    # A repeated delivery has the event's own id again; an answer without one is told by the rest.
    mark = meta.get("id") or f"{meta.get('correlation_id')}|{at}"
    return Event(
        kind=kind,
        object_type=type,
        object_id=id,
        at=at,
        field=field,
        source=source,
        source_id=str(meta.get("user_id") or ""),
        dedupe=f"{account}|{type}|{id}|{kind}|{mark}|{other or ''}",
        account=account,
        other_id=other,
        other_type=type if other else None,
    )


def _merges(meta: Body, type: ObjectType, id: str) -> Iterable[tuple[str, str, str]]:
    """(merged, survivor, gone). Either side of a merge is told."""
    for into in _ids(meta.get("merged_to_id")):
        yield "merged", into, id
    for gone in _ids(meta.get("merged_from_id")):
        yield "merged", id, gone


def _ids(value: Any) -> list[str]:
    given = cast(list[Any], value) if isinstance(value, list) else [value]
    return [str(one) for one in given if one]


def _activity(row: Body, kinds: Kinds, *, new: bool) -> tuple[ObjectType, ...]:
    if "note" in row and "type" in row:
        kind = kinds.of(row)
        # A call that was made may be a task of ours whose text, and our mark in it, a rep replaced.
        if new or kind in ("task", "meeting"):
            return (kind,)
    return kinds.may_be(str(row.get("type") or ""), bool(row.get("done")))


def _field(mapping: CrmMapping, type: ObjectType, previous: Body) -> str | None:
    """The one field that changed, canonical where it is mapped; None for several or none."""
    names = [name for name in previous if name not in ("update_time", "custom_fields")]
    return mapping.of(type).canonical(names[0]) if len(names) == 1 else None


def _parsed(body: bytes) -> Body:
    """The event. Raises Invalid where it is none."""
    try:
        told: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid("The webhook's body is not JSON.", {"body": str(error)}) from None
    if not isinstance(told, dict):
        raise Invalid("The webhook's body is not an event.", {"body": "not an object"})
    return cast(Body, told)


def _object(value: Any) -> Body:
    return cast(Body, value) if isinstance(value, dict) else _NOTHING


def _meta(told: Body) -> Body:
    """What an event says of itself."""
    return _object(told.get("meta"))
