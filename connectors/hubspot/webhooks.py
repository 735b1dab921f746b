"""HubSpot's webhooks: signatures and events.

Signatures cover the raw body and the address as HubSpot sees it, so a body that was parsed and
written again, or the address behind a proxy, never matches.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from app.model.time import MINUTE, Business, Wall
from connectors.contract import SEVERAL, BadSignature, Event, Invalid, ObjectType
from connectors.headers import header
from connectors.hubspot.tables import ENGAGEMENTS, TYPE_OF
from connectors.mapping import CrmMapping

MAX_AGE_MS = 5 * MINUTE

_URI_DECODING = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
"""The only escapes that are undone before hashing (request validation guide)."""

_KINDS = {
    "creation": "created",
    "deletion": "deleted",
    "restore": "restored",
    "merge": "merged",
    "propertyChange": "changed",
    "associationChange": "associated",
    "privacyDeletion": "erased",
}


_STATED = (*ENGAGEMENTS, "quote")
"""Types of which one change moves several properties, and that are read by themselves."""


def decode_uri(uri: str) -> str:
    """The address as HubSpot hashes it: a fixed table of escapes undone, and nothing else."""
    if "%" not in uri:
        return uri
    for escape, plain in _URI_DECODING.items():
        uri = uri.replace(escape, plain).replace(escape.lower(), plain)
    return uri


def signature_v1(secret: str, body: bytes) -> str:
    return hashlib.sha256(secret.encode() + body).hexdigest()


def signature_v2(secret: str, method: str, uri: str, body: bytes) -> str:
    return hashlib.sha256(f"{secret}{method}{uri}".encode() + body).hexdigest()


def signature_v3(secret: str, method: str, uri: str, body: bytes, timestamp: str) -> str:
    message = f"{method}{decode_uri(uri)}".encode() + body + timestamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), message, "sha256")).decode()


def verify_v3(
    secret: str, method: str, uri: str, headers: Mapping[str, str], body: bytes, now: Wall
) -> None:
    """Raises BadSignature unless HubSpot signed this request within the last five minutes."""
    signature = header(headers, "X-HubSpot-Signature-v3")
    timestamp = header(headers, "X-HubSpot-Request-Timestamp")
    if not signature or not timestamp:
        missing = "X-HubSpot-Request-Timestamp" if signature else "X-HubSpot-Signature-v3"
        raise BadSignature(f"The request has no {missing} header; it does not come from HubSpot.")
    if not timestamp.isascii() or not timestamp.isdigit():
        raise BadSignature("X-HubSpot-Request-Timestamp is not a number of milliseconds.")
    if abs(now - int(timestamp)) > MAX_AGE_MS:
        raise BadSignature(
            "The request was signed more than five minutes from now: it is old, or the clock of "
            "this machine is wrong."
        )
    if not _same(signature_v3(secret, method, uri, body, timestamp), signature):
        raise BadSignature(
            "The signature does not match. Check the client secret, and that the public address "
            "configured here is the one that HubSpot calls."
        )


def verify_v2(
    secret: str, method: str, uri: str, headers: Mapping[str, str], body: bytes
) -> None:
    """Workflow actions and cards sign by v1 or v2, without a time. Raises BadSignature."""
    version = header(headers, "X-HubSpot-Signature-Version")
    signature = header(headers, "X-HubSpot-Signature")
    if version == "v1":
        expected = signature_v1(secret, body)
    elif version == "v2":
        expected = signature_v2(secret, method, uri, body)
    else:
        raise BadSignature("X-HubSpot-Signature-Version is neither v1 nor v2.")
    if not signature or not _same(expected, signature):
        raise BadSignature("The signature does not match. Check the client secret and the address.")


def _same(expected: str, given: str) -> bool:
    # As bytes: compare_digest refuses text beyond ASCII, which a forger may well send.
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def parse_events(body: bytes, mapping: CrmMapping) -> list[Event]:
    """The events of one request, at most 100; kinds that we do not know are left out.

    What is told of one activity or quote at one instant, its creation included, comes as one event
    (`SEVERAL`): each task that is created changes seven properties at once, and an event is no more
    than a hint to look at it.

    Raises Invalid if the body is no list of events.
    """
    try:
        rows: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid("The webhook's body is not JSON.", {"body": str(error)}) from None
    if not isinstance(rows, list):
        raise Invalid("The webhook's body is not a list of events.", {"body": "not a list"})
    events: list[Event] = []
    together: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    try:
        for row in rows:
            kind, type_, is_stated = _meaning(row["subscriptionType"], row.get("objectTypeId"))
            if kind is None or type_ is None:
                continue
            if is_stated:
                key = (row["objectId"], row["occurredAt"], type_, row["portalId"])
                found = together.get(key)
                if found is None:
                    together[key] = [row]
                else:
                    found.append(row)
            else:
                _READERS[kind](row, kind, type_, mapping, events)
        for (_, _, type_, _), told in together.items():
            _read_activity(told, type_, mapping, events)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid(
            "A webhook event lacks what every event has.", {"event": repr(error)}
        ) from None
    return events


@lru_cache(maxsize=1024)
def _meaning(name: str, type_id: str | None) -> tuple[str | None, ObjectType | None, bool]:
    """(our kind, our type, whether it states values of an activity or quote) of a subscription;
    None for what we do not know."""
    subject, _, what = name.partition(".")
    kind, type_ = _KINDS.get(what), TYPE_OF.get(type_id or subject)
    return kind, type_, kind in ("created", "changed") and type_ in _STATED


def _read_activity(
    rows: Sequence[dict[str, Any]], type_: ObjectType, mapping: CrmMapping, events: list[Event]
) -> None:
    """What was told of one activity or quote at one instant, as one event."""
    row = rows[0]
    if len(rows) == 1 and row.get("propertyName") is None:
        _read_one(row, "created", type_, mapping, events)
        return
    kind, changes = "changed", list[tuple[str, str | None]]()
    for one in rows:
        name = one.get("propertyName")
        if name is None:
            kind = "created"
        else:
            changes.append((name, one.get("propertyValue")))
    text = orjson.dumps(mapping.objects[type_].parse_values(changes)).decode()
    account, id_, at = str(row["portalId"]), str(row["objectId"]), row["occurredAt"]
    # The key is indexed; a task's whole body in it would cost more than all the rest of the row.
    mark = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    events.append(
        Event(
            kind, type_, id_, at, SEVERAL, text, row.get("changeSource") or "",
            row.get("sourceId") or "", f"{account}|{type_}|{id_}|{at}|{kind}|{mark}", account,
        )
    )  # fmt: skip


def _read_one(
    row: dict[str, Any], kind: str, type_: ObjectType, mapping: CrmMapping, events: list[Event]
) -> None:
    get = row.get
    id_, at = str(row["objectId"]), row["occurredAt"]
    name, value = get("propertyName"), get("propertyValue")
    account = str(row["portalId"])
    what = row["subscriptionType"].rpartition(".")[2]
    events.append(
        Event(
            kind,
            type_,
            id_,
            at,
            mapping.objects[type_].canonical(name) if name else None,
            value,
            get("changeSource") or "",
            get("sourceId") or "",
            # eventId is documented as not unique; these fields together are.
            f"{account}|{get('subscriptionId')}|{id_}|{name}|{at}|{value}|{what}",
            account,
        )
    )


def _read_merge(
    row: dict[str, Any], kind: str, type_: ObjectType, mapping: CrmMapping, events: list[Event]
) -> None:
    survivor = str(row.get("newObjectId") or row.get("primaryObjectId") or row["objectId"])
    # The primary first: where the merge made a new record, it is the one whose place that takes.
    named = map(str, filter(None, (row.get("primaryObjectId"), *row.get("mergedObjectIds", ()))))
    for gone in dict.fromkeys(one for one in named if one != survivor):
        events.append(_pair(row, kind, type_, survivor, None, gone, type_))


def _read_association(
    row: dict[str, Any], kind: str, type_: ObjectType, mapping: CrmMapping, events: list[Event]
) -> None:
    # DEAL_TO_CONTACT; both directions are sent, each from its own side.
    near, far, is_told_there = _ends(row.get("associationType") or "")
    if is_told_there:
        # A subscription cannot be narrowed to one far end. Which tasks, mails and quotes stand on a
        # record is read with them; each task that we create would have its deal and person read
        # again.
        return
    value = "removed" if row.get("associationRemoved") else "added"
    from_id, to_id = str(row["fromObjectId"]), str(row["toObjectId"])
    events.append(_pair(row, kind, near or type_, from_id, value, to_id, far))


@lru_cache(maxsize=256)
def _ends(name: str) -> tuple[ObjectType | None, ObjectType | None, bool]:
    """(near type, far type, whether what is at the far end is read by itself) of an association's
    name."""
    near, _, far = name.lower().partition("_to_")
    far_type = TYPE_OF.get(far)
    return TYPE_OF.get(near), far_type, far_type in _STATED


def _pair(
    row: dict[str, Any],
    kind: str,
    type_: ObjectType,
    id_: str,
    value: str | None,
    other_id: str,
    other_type: ObjectType | None,
) -> Event:
    account, at = str(row["portalId"]), Business(row["occurredAt"])
    name = row.get("associationType")
    return Event(
        kind,
        type_,
        id_,
        at,
        name,
        value,
        row.get("changeSource") or "",
        row.get("sourceId") or "",
        f"{account}|{row.get('subscriptionId')}|{id_}|{name}|{at}|{value}|{kind}|{other_id}",
        account,
        other_id,
        other_type,
    )


_READERS = {
    **dict.fromkeys(_KINDS.values(), _read_one),
    "merged": _read_merge,
    "associated": _read_association,
}
