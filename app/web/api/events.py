"""What an admin sees and does about events of the customer's own tools: keys, what came, a test."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.lanes.events import REASONS
from app.model.events import EVENTS, spec
from app.model.posted import Posted, read
from app.model.time import HOUR, Wall
from app.store import audit, event_keys, events
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.waiting import lanes_refuse

blueprint = Blueprint("api_events", __name__)

GRACE_H = 24
"""Hours for which a key that is rotated goes on working unless said otherwise."""

_TEST_ID = "test"
_WORDS = ("place", "drop")


def shown(conn: Connection) -> dict[str, Any]:
    """Keys, the names there are with what came of each, and the events that belong to nobody."""
    inst = access.viewer().installation_id
    came = events.names(conn, inst)
    names = dict.fromkeys((*EVENTS, *sorted(came)))
    return {
        "address": f"{services().config.url}/events",
        "keys": event_keys.listed(conn, inst, services().clocks.wall()),
        "names": [
            {
                "name": name,
                "what": spec(name).what,
                "actor": spec(name).actor.value,
                "breaks_silence": spec(name).breaks_silence,
                "count": came.get(name, {}).get("count", 0),
                "last_at": came.get(name, {}).get("last_at"),
            }
            for name in names
        ],
        "refused": refused(conn, inst),
    }


def refused(conn: Connection, inst: int) -> list[dict[str, Any]]:
    """Events that belong to nobody, each with what to do."""
    return [{**row, "next": REASONS.get(row["reason"], "")} for row in events.refused(conn, inst)]


@blueprint.get("/events")
@access.require("admin")
def index() -> Response:
    """See `shown`."""
    with services().store.read() as conn:
        return answer(shown(conn))


@blueprint.post("/events/refused")
@access.require("admin")
def decide() -> Response:
    """{"event": id, "word": "place"}: look for its person again; null places all. "drop" forgets
    one."""
    who, given = access.viewer(), body()
    id, word = given.get("event"), given.get("word", _WORDS[0])
    if word not in _WORDS:
        raise wrong("word", f"{word!r} is none", f"Send one of: {', '.join(_WORDS)}.")
    if (id is not None and not isinstance(id, str)) or (word == "drop" and id is None):
        raise wrong("event", "must be the id of an event", "GET /api/events lists the refused.")
    with lanes_refuse():
        number = services().runtime.decide_posted(who.installation_id, id, word, who.who)
    return answer({"event": id, "word": word, "events": number})


@blueprint.post("/events/test")
@access.require("admin")
def rehearse() -> Response:
    """{"name", "person" | "deal" | "company", "data"?}: whom the event would be about, which rules
    would react and why not the others. Writes nothing but a line of the audit."""
    who, given = access.viewer(), body()
    now = services().clocks.business()
    posted = read({"at": now, **given, "id": _TEST_ID}, now)
    if not isinstance(posted, Posted):
        raise Refusal(
            422, "event", "Nothing was tested: the event is not right.",
            "Correct the fields named; docs/events.md has examples.",
            [{"field": p.field, "message": p.message} for p in posted],
        )  # fmt: skip
    with lanes_refuse():
        return answer(services().runtime.rehearse(who.installation_id, posted, who.who))


@blueprint.get("/event-keys")
@access.require("admin")
def keys() -> Response:
    """The keys that work; of each only its last characters."""
    with services().store.read() as conn:
        inst = access.viewer().installation_id
        return answer({"keys": event_keys.listed(conn, inst, services().clocks.wall())})


@blueprint.post("/event-keys")
@access.require("admin")
def create() -> Response:
    """{"name"}: a new key, shown this once."""
    name = body().get("name")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 64:
        raise wrong("name", "1 to 64 characters must stand here", 'Send {"name": "website"}.')
    with services().store.write() as conn:
        return _issued(conn, name.strip(), "event_key_created")


@blueprint.post("/event-keys/<id>/rotate")
@access.require("admin")
def rotate(id: str) -> Response:
    """A new key of the same name; the old one works for {"hours"?: 24} more."""
    hours = body().get("hours", GRACE_H)
    if isinstance(hours, bool) or not isinstance(hours, int) or not 0 <= hours <= 24 * 30:
        raise wrong("hours", f"{hours!r} is no number of hours", "Send a whole number up to 720.")
    inst, wall = access.viewer().installation_id, services().clocks.wall()
    with services().store.write() as conn:
        name = event_keys.name_of(conn, inst, _number(id), wall)
        if name is None:
            raise _no_key(id)
        event_keys.end(conn, inst, _number(id), Wall(wall + hours * HOUR))
        return _issued(conn, name, "event_key_rotated", {"old": _number(id), "hours": hours})


@blueprint.delete("/event-keys/<id>")
@access.require("admin")
def revoke(id: str) -> Response:
    """The key works no more, from this answer on."""
    who, wall = access.viewer(), services().clocks.wall()
    with services().store.write() as conn:
        if not event_keys.revoke(conn, who.installation_id, _number(id)):
            raise _no_key(id)
        data = {"key": _number(id)}
        audit.write(conn, who.installation_id, who.who, "event_key_revoked", wall, data)
    return answer({"revoked": _number(id)})


def _issued(conn: Connection, name: str, what: str, more: dict[str, Any] | None = None) -> Response:
    who, wall = access.viewer(), services().clocks.wall()
    id, key = event_keys.issue(conn, who.installation_id, name, who.who, wall)
    data = {"key": id, "name": name, **(more or {})}
    audit.write(conn, who.installation_id, who.who, what, wall, data)
    shown_once = f"The key, shown this once: {key}"
    return answer({"id": id, "name": name, "key": key, "shown": shown_once}, 201)


def _number(id: str) -> int:
    return int(id) if id.isdecimal() and len(id) < 18 else 0


def _no_key(id: str) -> Refusal:
    return Refusal(404, "event_key", f"There is no key {id!r}.", "GET /api/event-keys lists them.")

