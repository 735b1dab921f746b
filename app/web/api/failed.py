"""Work that failed: what, why, and a person's word on it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from app.store import figures
from app.web import access
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.setup import wake
from app.web.api.waiting import lanes_refuse

blueprint = Blueprint("api_failed", __name__)

TOUCH_WORDS = ("retry", "done", "not_done")
EVENT_WORDS = ("retry", "drop")


@blueprint.get("/failed")
@access.require("admin")
def index() -> Response:
    """Touches that failed, keep failing, or of unknown fate; events that cannot be worked off."""
    inst = access.viewer().installation_id
    with services().store.read() as conn:
        touches = figures.failed_work(conn, inst)
        events = figures.failing_events(conn, inst)
    return answer({"touches": touches, "events": events})


@blueprint.post("/failed/retry")
@access.require("admin")
def retry_all() -> Response:
    """Try all failed touches again at once."""
    who = access.viewer()
    number = services().runtime.retry(who.installation_id, None, who.who)
    wake("dispatch")
    return answer({"retried": number})


@blueprint.post("/failed/touches/<id>")
@access.require("admin")
def touch(id: str) -> Response:
    """{"word": "retry"}, or of one whose fate is unknown "done" or "not_done"."""
    who, word = access.viewer(), _word(TOUCH_WORDS)
    with lanes_refuse():
        if word == "retry":
            services().runtime.retry(who.installation_id, id, who.who)
        else:
            services().runtime.settle(who.installation_id, id, word == "done", who.who)
    wake("dispatch")
    return answer({"touch": id, "word": word})


@blueprint.post("/failed/events/<id>")
@access.require("admin")
def event(id: str) -> Response:
    """{"word": "retry"} at once, or "drop": the record is read again when it next changes."""
    who, word = access.viewer(), _word(EVENT_WORDS)
    if not id.isdecimal():
        raise Refusal(404, "event", f"There is no event {id!r}.", "GET /api/failed lists them.")
    with lanes_refuse():
        services().runtime.decide_event(who.installation_id, int(id), word == "retry", who.who)
    wake("ingest")
    return answer({"event": int(id), "word": word})


def _word(words: tuple[str, ...]) -> str:
    word: Any = body().get("word", words[0])
    if word not in words:
        raise wrong("word", f"{word!r} is none", f"Send one of: {', '.join(words)}.")
    return str(word)
