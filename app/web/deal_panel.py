"""The deal panel: one record at a glance, and what a person may do about it.

Alike for the page, the JSON API and the cards inside CRMs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from app.decisions.timing import local_date
from app.lanes import governing
from app.lanes.by_hand import ActError, AskedOtherwise
from app.model.acts import (
    Act,
    Begin,
    Complete,
    GoOn,
    HandTo,
    Pause,
    Rewrite,
    SkipTouch,
    Snooze,
    Stop,
)
from app.model.time import Business, Unit, local_instant, parse_delay
from app.store import acts, people
from app.web import access, summaries, telling
from app.web.answers import Refusal, services, wrong
from app.web.api.subjects import find
from app.web.formats import moment

Row = Mapping[Any, Any]

HISTORY = 12
"""Lines of history: what somebody reads before a call."""

_MORNING = "T09:00"
_ID_CHARS = 64


def shown(
    type: str, crm_id: str, *, draft: bool = True, about: str | None = None,
    known: tuple[Row, Row] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Everything that the panel shows. draft: with the words of the next touch, for which the CRM
    is asked where its task stands there. about: the id of another touch to show as the next. known:
    the record and what `summaries.subject` says of it, from a page that shows that as well."""
    who = access.viewer()
    with services().store.read() as conn:
        row = known[0] if known else find(conn, type, crm_id)
        whole = known[1] if known else summaries.subject(conn, who, row)
        team = _team(conn, who.installation_id)
        ahead = _ahead(whole, about)
        touch = acts.touch(conn, row["id"], ahead["touch"]) if ahead and ahead["touch"] else None
        why = _why(conn, ahead, touch, whole["ledger"])
        locked = _locked(conn, touch)
    found = {
        key: whole[key]
        for key in (
            "type", "id", "name", "url", "deleted", "where", "who", "flags", "momentum", "control",
            "pause_until", "amount", "currency", "last_activity_at", "last_reply_at", "holds",
        )
    }  # fmt: skip
    return {
        **found,
        "next": _next(ahead, touch, why),
        "draft": _draft(touch, locked) if touch and draft else None,
        "running": [_running(one, whole["contacts"]) for one in whole["enrolments"]
                    if one["state"] in ("active", "proposed") and one["mode"] != "shadow"],
        "history": _history(whole),
        "offers": services().runtime.offers(who.installation_id),
        "people": team,
    }


def _draft(touch: Row, locked: str) -> dict[str, Any]:
    """The words of a touch; `locked`: why the viewer may not change them, empty where they may."""
    found = services().runtime.draft(access.viewer().installation_id, touch)
    return {**found, "locked": locked}


def _locked(conn: Connection, touch: Row | None) -> str:
    """Why the viewer may not change the words of a touch; empty where they may."""
    who = access.viewer()
    lock = None if touch is None or who.role == "admin" else governing.lock_on(
        conn, who.installation_id, touch["definition"]
    )  # fmt: skip
    if lock is None:
        return ""
    return (
        f"The words of {lock['what']} are locked for all but admins, by {lock['locked_by']}. An "
        f"admin may unlock them ({governing.admins(conn, who.installation_id)})."
    )


def _ahead(whole: Mapping[str, Any], about: str | None) -> dict[str, Any] | None:
    if about is None or (whole["next"] or {}).get("touch") == about:
        return whole["next"]
    for touch in whole["touches"]:
        if touch["id"] == about:
            return summaries.as_next(touch, whole["who"]["name"])
    return whole["next"]


def _next(
    ahead: Mapping[str, Any] | None, touch: Mapping[str, Any] | None, why: str
) -> dict[str, Any] | None:
    """The next touch with whether it stands in the CRM."""
    if ahead is None:
        return None
    in_crm = touch is not None and touch["outcome"] == "open"
    urgent = touch is not None and touch["priority"] == 0
    return {**ahead, "why": why, "in_crm": in_crm, "urgent": urgent}


def _why(
    conn: Connection,
    ahead: Mapping[str, Any] | None,
    touch: Mapping[str, Any] | None,
    lines: list[dict[str, Any]],
) -> str:
    """The rule that owes it, by its name, and what was said last of a touch that has to wait."""
    if ahead is None or touch is None:
        return ahead["what"] if ahead else ""
    title = telling.rule_title(conn, touch["version_id"], touch["rule"])
    scope = f"touch:{touch['id']}"
    said = next((line for line in lines if line["scope"] == scope), None)
    if said is None or said["positive"] or touch["outcome"] == "open":
        return f"{title}."
    return f"{title}. {said['text']}"


def _running(one: Mapping[str, Any], contacts: list[dict[str, Any]]) -> dict[str, Any]:
    person = next((c for c in contacts if c["id"] == one["contact_id"]), None)
    return {
        "enrolment": one["id"],
        "definition": one["definition"],
        "rule": one["rule"],
        "state": one["state"],
        "started_at": one["started_at"],
        "contact": (person["name"] or person["email"]) if person else None,
        "ahead": one["ahead"],
    }


def _history(whole: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was done and what came of it, the latest first."""
    found = [
        {
            "at": touch["outcome_at"] or touch["performed_at"] or touch["due_at"],
            "what": touch["title"],
            "state": touch["outcome"] or touch["state"],
            "why": touch["outcome_why"] or touch["reason"],
        }
        for touch in whole["touches"]
        if touch["mode"] != "shadow" and touch["state"] in ("performed", "dropped")
        and touch["outcome"] != "open"
    ]  # fmt: skip
    found += [
        {"at": one["occurred_at"], "what": one["kind"], "state": "outcome", "why": one["cause"]}
        for one in whole["outcomes"]
    ]
    return sorted(found, key=lambda line: -line["at"])[:HISTORY]


def _team(conn: Connection, inst: int) -> list[dict[str, Any]]:
    team = people.names(conn, inst, active=True)
    return [
        {"owner_id": owner, "name": name}
        for owner, name in sorted(team.items(), key=lambda one: one[1])
    ]


# --- doing ---------------------------------------------------------------------------------------


def do(type: str, crm_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out what a request asks. → `done`, `seen` (whether the panel shows it already), `said`.
    """
    who, parts = access.viewer(), services()
    with parts.store.read() as conn:
        row = find(conn, type, crm_id)
        zone = telling.zone_of(conn, who.installation_id)
    act = _act(given, zone)
    if isinstance(act, Rewrite):
        with parts.store.read() as conn:
            locked = _locked(conn, acts.touch(conn, row["id"], act.touch))
        if locked:
            raise Refusal(403, "locked", locked, "Use them as they are, snooze or skip the step.")
    request_id = _request_id(given)
    try:
        done = parts.runtime.act(who.installation_id, row["id"], act, who.who, request_id)
    except AskedOtherwise as error:
        raise Refusal(409, "request_id", str(error), "Send a new request_id.") from error
    except ActError as error:
        field, _, message = str(error).partition(": ")
        if not message:
            raise Refusal(422, "not_done", str(error), "Reload to see how it stands.") from error
        raise wrong(field, message, "GET /api/panel/… shows what there is.") from error
    return {**done, "said": _said(act, zone)}


def _request_id(given: Mapping[str, Any]) -> str:
    found = given.get("request_id")
    if found in (None, ""):
        return uuid4().hex
    if not isinstance(found, str) or len(found) > _ID_CHARS:
        raise wrong("request_id", f"{found!r} is no text of at most {_ID_CHARS} characters",
                    "Take a UUID, and the same one when you ask again.")
    return found


DEEDS: Mapping[str, tuple[str, ...]] = {
    "pause": ("until",),
    "go_on": (),
    "stop": (),
    "complete": ("touch",),
    "skip": ("touch",),
    "snooze": ("touch", "until"),
    "begin": ("sequence",),
    "rewrite": ("touch", "text"),
    "hand_to": ("owner",),
}
"""What may be done, with the fields that it takes."""


def _act(given: Mapping[str, Any], zone: str) -> Act:
    asked = str(given.get("do"))
    if asked not in DEEDS:
        raise wrong("do", f"{asked!r} is nothing that can be done", f"One of {', '.join(DEEDS)}.")
    strange = sorted(set(given) - {"do", "request_id", *DEEDS[asked]})
    if strange:
        takes = ", ".join(DEEDS[asked]) or "nothing else"
        raise wrong(strange[0], f"not understood with {asked!r}", f"It takes {takes}.")
    makers: Mapping[str, Callable[[], Act]] = {
        "pause": lambda: Pause(_until(given, zone, "T00:00") if given.get("until") else None),
        "go_on": GoOn,
        "stop": Stop,
        "complete": lambda: Complete(_text(given, "touch")),
        "skip": lambda: SkipTouch(_text(given, "touch")),
        "snooze": lambda: Snooze(_text(given, "touch"), _until(given, zone, _MORNING)),
        "begin": lambda: Begin(_text(given, "sequence")),
        "rewrite": lambda: Rewrite(_text(given, "touch"), _text(given, "text", empty=True)),
        "hand_to": lambda: HandTo(_text(given, "owner")),
    }
    return makers[asked]()


def _text(given: Mapping[str, Any], field: str, *, empty: bool = False) -> str:
    value = given.get(field)
    if not isinstance(value, str) or not (value or empty):
        raise wrong(field, "missing, or no text", "GET /api/panel/… shows what there is.")
    return value


def _until(given: Mapping[str, Any], zone: str, hour: str) -> Business:
    """`2026-09-21T10:00` or `2026-09-21` in the account's zone, milliseconds, or `3d` from today.
    A day alone begins at `hour`."""
    value = given.get("until")
    if type(value) is int:
        return Business(value)
    text = str(value or "").strip()
    try:
        delay = parse_delay(text) if text[:1].isdigit() and "-" not in text else None
        if delay is not None and delay.unit == Unit.D:
            today = date.fromisoformat(local_date(services().clocks.business(), zone))
            text = (today + timedelta(days=delay.amount)).isoformat()
        elif delay is not None:
            return Business(services().clocks.business() + delay.approximate_ms())
        return Business(local_instant(text if "T" in text else text + hour, zone))
    except ValueError as error:
        raise wrong("until", str(error), "Such as 2026-09-21, 2026-09-21T10:00 or 3d.") from None


def _said(act: Act, zone: str) -> str:
    match act:
        case Pause(until):
            return f"Paused until {moment(until, zone)}." if until else "Paused."
        case GoOn():
            return "Automatic follow-up goes on."
        case Stop():
            return "Stopped: follow-up on this record ends, and none begins."
        case Complete():
            return "Done: the task is completed in the CRM."
        case SkipTouch():
            return "Skipped."
        case Snooze(_, until):
            return f"Snoozed until {moment(until, zone)}."
        case Begin(sequence):
            return f"Begun: {sequence}."
        case Rewrite():
            return "The text is saved."
        case HandTo():
            return "The record has another owner."
