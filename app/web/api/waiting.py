"""What waits for a person's word: backlogs, rules above their limit, proposals."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Blueprint, Response
from sqlalchemy import Connection

from app.lanes.activation import ActivationError
from app.store import approvals, figures, playbooks, reading
from app.web import access, telling
from app.web.answers import Refusal, answer, body, services, wrong
from app.web.api.setup import wake

blueprint = Blueprint("api_waiting", __name__)

WORDS = ("approve", "spread", "decline")
"""What an admin may say of a rule above its limit."""


@contextmanager
def lanes_refuse() -> Generator[None]:
    """A refusal of the lanes, which names the field and the remedy itself."""
    try:
        yield
    except ActivationError as error:
        raise Refusal(
            422,
            "activation",
            f"Nothing was changed: {error}",
            "GET /api/playbooks shows each rule's mode and backlog.",
        ) from error


# --- backlog -------------------------------------------------------------------------------------


@blueprint.get("/backlog")
@access.require("admin")
def backlog() -> Response:
    """For each rule: what was owed before its activation and waits for release."""
    with services().store.read() as conn:
        return answer({"rules": figures.backlog(conn, access.viewer().installation_id)})


@blueprint.post("/backlog/release")
@access.require("admin")
def release() -> Response:
    """Let a rule's backlog start: {"rule": key, "per_day"?: the setting unless said}; 0 pauses."""
    parts, who, given = services(), access.viewer(), body()
    rule, per_day = given.get("rule"), _per_day(given)
    with parts.store.read() as conn:
        known = playbooks.states(conn, who.installation_id)
    if rule not in known:
        raise wrong(
            "rule",
            f"{rule!r} was never activated",
            "Take a rule's key from GET /api/backlog, such as proposal/proposal-sent.",
        )
    with lanes_refuse():
        done = parts.runtime.release(who.installation_id, rule, per_day, who.who)
    wake("dispatch")
    return answer(done)


def _per_day(given: Mapping[str, Any]) -> int | None:
    per_day = given.get("per_day")
    if per_day is not None and (type(per_day) is not int or not 0 <= per_day <= 10_000):
        raise wrong(
            "per_day",
            f"{per_day!r} is no number from 0 to 10,000",
            "Send how many records the rule may start each day, such as 10; 0 pauses it.",
        )
    return per_day


@blueprint.post("/backlog/discard")
@access.require("admin")
def discard() -> Response:
    """End a rule's backlog unbegun: {"rule": key}. It is not owed again."""
    parts, who, rule = services(), access.viewer(), str(body().get("rule"))
    with parts.store.read() as conn:
        known = {row["rule"] for row in figures.backlog(conn, who.installation_id)}
    if rule not in known:
        raise wrong(
            "rule",
            f"{rule!r} has no backlog",
            f"There is one of: {', '.join(sorted(known)) or 'none'}.",
        )
    with lanes_refuse():
        number = parts.runtime.discard(who.installation_id, rule, who.who)
    return answer({"rule": rule, "discarded": number})


# --- approval ------------------------------------------------------------------------------------


@blueprint.post("/approvals")
@access.require("admin")
def decide() -> Response:
    """A word on what a rule began above its limit: {"rule": key, "word"?, "per_day"?}.

    word: approve (it starts; the default), spread (it becomes backlog, a few a day), decline.
    """
    parts, who, given = services(), access.viewer(), body()
    rule, word = given.get("rule"), given.get("word", WORDS[0])
    with parts.store.read() as conn:
        waiting = approvals.waiting(conn, who.installation_id)
    if rule not in waiting:
        raise wrong(
            "rule",
            f"{rule!r} does not wait for approval",
            f"Waiting are: {', '.join(sorted(waiting)) or 'none'}.",
        )
    if word not in WORDS:
        raise wrong("word", f"{word!r} is none", f"Send one of: {', '.join(WORDS)}.")
    per_day = _per_day(given)
    with lanes_refuse():
        if word == "approve":
            said = {"started": parts.runtime.approve(who.installation_id, rule, who.who)}
        elif word == "spread":
            said = {"spread": parts.runtime.spread(who.installation_id, rule, per_day, who.who)}
        else:
            said = {"declined": parts.runtime.decline(who.installation_id, rule, who.who)}
    wake("dispatch")
    return answer({"rule": rule, **said})


# --- proposals -----------------------------------------------------------------------------------


@blueprint.get("/proposals")
@access.require()
def proposals() -> Response:
    """What rules in manual mode propose for the viewer's records, the latest first."""
    with services().store.read() as conn:
        return answer({"proposals": proposed(conn)})


def proposed(conn: Connection) -> list[dict[str, Any]]:
    """The proposals that the viewer may decide on, with the steps that they would begin."""
    who = access.viewer()
    rows = reading.proposals(conn, who.installation_id, access.owners_seen(conn, who))
    titles = telling.step_titles(conn, {row["version_id"] for row in rows})
    for row in rows:
        version, definition = row.pop("version_id"), row["definition"]
        row["steps"] = [
            title for (known, name, _), title in titles.items()
            if (known, name) == (version, definition)
        ]  # fmt: skip
    return rows


@blueprint.post("/proposals/<enrolment>/accept")
@access.require()
def accept(enrolment: str) -> Response:
    """Begin what was proposed for a record of the viewer's."""
    parts, who = services(), access.viewer()
    _may_decide(enrolment)
    with lanes_refuse():
        parts.runtime.accept_proposal(who.installation_id, enrolment, who.who)
    wake("dispatch")
    return answer({"proposal": enrolment, "accepted": True})


@blueprint.post("/proposals/<enrolment>/decline")
@access.require()
def refuse(enrolment: str) -> Response:
    """End what was proposed for a record of the viewer's; it is not proposed again."""
    parts, who = services(), access.viewer()
    _may_decide(enrolment)
    with lanes_refuse():
        parts.runtime.decline_proposal(who.installation_id, enrolment, who.who)
    return answer({"proposal": enrolment, "accepted": False})


def _may_decide(enrolment: str) -> None:
    """Reps decide on their own records, managers on their team's, admins on all."""
    with services().store.read() as conn:
        if not access.sees_enrolment(conn, enrolment):
            raise Refusal(
                404,
                "proposal",
                f"There is no proposal {enrolment!r} that is yours.",
                "GET /api/proposals lists those that you may decide on.",
            )
