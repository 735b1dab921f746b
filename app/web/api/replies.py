"""What a reply means, by a person's word, and leave to go on after one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.decisions.timing import local_date
from app.model.replies import LETTERS, Said
from app.model.vocabulary import ReplyClass
from app.signals.reply_dates import read_date
from app.signals.reply_mail import is_automatic
from app.store import mirror
from app.web import access, telling
from app.web.answers import answer, body, services, wrong
from app.web.api.subjects import find

blueprint = Blueprint("api_replies", __name__)

DATED = (ReplyClass.NOT_NOW, ReplyClass.PROMISE, ReplyClass.OUT_OF_OFFICE, ReplyClass.CHOICE_B)
"""Classes to which a date belongs."""

REPLY_DATED = tuple(kind.value for kind in DATED)

_KEYS = ("class", "date", "contact", "headers")


@blueprint.post("/subjects/<type>/<crm_id>/reply")
@access.require()
def classify(type: str, crm_id: str) -> Response:
    """Say what the latest reply on a record means: {"class", "date"?, "contact"?, "headers"?}.

    A date that can be read in two ways is not acted on; the answer says how it could be read.
    """
    parts, who, given = services(), access.viewer(), body()
    with parts.store.read() as conn:
        row = find(conn, type, crm_id)
        today = local_date(parts.clocks.business(), telling.zone_of(conn, who.installation_id))
        said = said_in(given, who.who, date.fromisoformat(today), _KEYS)
        contact = _contact(conn, row, given.get("contact"))
    about = row["crm_id"] if row["type"] == "deal" else None
    parts.runtime.tell_reply(who.installation_id, contact, said, about)
    return answer(shown(said, contact), 202)


def said_in(given: Mapping[str, Any], by: str, today: date, keys: tuple[str, ...]) -> Said:
    """What a request says of a reply. Raises Refusal that names the field and what would be right.
    """
    unknown = sorted(set(given) - set(keys))
    if unknown:
        raise wrong(unknown[0], "no such key", f"Send any of {', '.join(keys)}.")
    name = str(given.get("class") or _by_headers(given.get("headers")))
    words = [kind.value for kind in ReplyClass]
    if name not in words:
        raise wrong("class", f"{name!r} is no class of replies",
                    f"Send one of: {', '.join(words)}.")
    kind, text = ReplyClass(name), given.get("date")
    if text in (None, ""):
        return Said(kind, by=by)
    if kind not in DATED:
        raise wrong("date", f"{kind.value} goes with no date",
                    f"Leave it out; dates go with {', '.join(one.value for one in DATED)}.")
    if not isinstance(text, str | int) or isinstance(text, bool):
        raise wrong("date", f"{text!r} is not a date", "Write it as 2026-12-31.")
    read = read_date(text, today)
    if read.problem:
        raise wrong("date", read.problem, "A day that can be read in one way only is 2026-12-31.")
    return Said(kind, read.day, read.readings, str(text), by)


def _by_headers(headers: Any) -> str:
    """What the headers of the mail alone prove, where the request names no class."""
    if headers is None:
        return ""
    if not isinstance(headers, dict):
        raise wrong("headers", "no headers of a mail", 'Send them as {"Auto-Submitted": "…"}.')
    machine = is_automatic(cast(dict[str, object], headers))
    return (ReplyClass.OUT_OF_OFFICE if machine else ReplyClass.UNCLASSIFIED).value


def shown(said: Said, contact: str) -> dict[str, Any]:
    """What was understood."""
    return {
        "contact": contact,
        "class": said.kind.value,
        "letter": LETTERS.get(said.kind),
        "date": said.date,
        "readings": list(said.readings),
    }


def _contact(conn: Connection, row: Mapping[Any, Any], named: Any) -> str:
    """Whose reply it is: as named, the only one on the record, or whoever wrote last."""
    if row["type"] == "contact":
        return row["crm_id"]
    inst = row["installation_id"]
    people = [one for one, _, _ in mirror.links(conn, inst, [row["id"]]).get(row["id"], ())]
    if named is not None:
        if named not in people:
            raise wrong("contact", f"{named!r} does not stand on this record",
                        f"There are: {', '.join(people) or 'none'}.")
        return str(named)
    rows = mirror.contact_rows(conn, inst, people)
    wrote = sorted((rows.get(one, {}).get("last_reply_at") or 0, one) for one in people)
    if len(people) == 1 or (wrote and wrote[-1][0]):
        return wrote[-1][1]
    raise wrong("contact", "it is not clear who replied",
                f"Name one of: {', '.join(people) or 'none; add a contact in the CRM first'}.")


@blueprint.post("/subjects/<type>/<crm_id>/go-on")
@access.require()
def go_on(type: str, crm_id: str) -> Response:
    """Let automatic follow-up of a record go on: whatever it waits for because of a reply or a rule
    is over."""
    parts, who = services(), access.viewer()
    with parts.store.read() as conn:
        row = find(conn, type, crm_id)
    reasons = parts.runtime.go_on(who.installation_id, row["id"], who.who)
    return answer({"went_on": reasons})
