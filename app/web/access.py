"""Who is asking, for which installation, and which records they may see. The only such place.

Every query of the web takes the installation from the viewer made here, never from the request, so
that no address can reach into another customer's data. Roles are read from the database on every
request: taking a role away works at once, not when a cookie runs out.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import g, request, session
from sqlalchemy import Connection

from app.installations.rights import EVERYTHING, Rights, held, own_people, rights_of
from app.store import installations, mirror, people, running
from app.web.answers import Refusal, services
from connectors.contract import Asker

P = ParamSpec("P")
R = TypeVar("R")

FRAMED = "f"
"""Marks a session that lives in a frame of the CRM's."""

ROLES = ("rep", "manager", "admin")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who signed in. owner_id is empty for an installer whom the CRM does not list as an
    owner of records; who: how the audit names them; edits, approves: their rights on playbooks."""

    installation_id: int
    owner_id: str
    role: str
    name: str
    who: str
    edits: str = "none"
    approves: str = "none"


def sign_in(installation_id: int, owner_id: str, who: str, *, framed: bool = False) -> None:
    """Begin a session in this browser; whatever session there was ends. framed: in a frame of the
    CRM's, where it is told apart by a cookie of its own."""
    session.clear()
    session.permanent = True
    if framed:
        session[FRAMED] = True
    session["i"] = installation_id
    session["o"] = owner_id
    session["w"] = who
    session["c"] = secrets.token_urlsafe(24)


def sign_out() -> None:
    session.clear()


def csrf_token() -> str:
    """The session's token, which every changing request must carry; empty without a session."""
    return str(session.get("c", ""))


def viewer_or_none() -> Viewer | None:
    """The viewer, read once for each request."""
    if "viewer" not in g:
        g.viewer = _load()
    return cast(Viewer | None, g.viewer)


def viewer() -> Viewer:
    """The viewer. Raises Refusal where nobody is signed in."""
    found = viewer_or_none()
    if found is None:
        raise Refusal(
            401, "sign_in", "You are not signed in, or your access was withdrawn.",
            "Open your sign-in link, ask an admin for a new one, or connect the CRM again.",
        )
    return found


def _load() -> Viewer | None:
    installation_id = session.get("i")
    if not isinstance(installation_id, int):
        return None
    owner_id, who = str(session.get("o", "")), str(session.get("w", ""))
    with services().store.read() as conn:
        installation = installations.get(conn, installation_id)
        if installation is None or installation["status"] == "left":
            return None
        if not owner_id:
            # Only the OAuth callback begins a session without an owner id: the installer.
            return Viewer(installation_id, "", "admin", who, who, "all", "all")
        person = people.read(conn, installation_id, [owner_id]).get(owner_id)
    if person is None or not person["active"]:
        return None
    return _as_viewer(person)


def _as_viewer(person: Mapping[Any, Any]) -> Viewer:
    return Viewer(
        person["installation_id"], person["owner_id"], person["role"],
        person["name"] or person["email"], person["email"] or person["owner_id"], *held(person),
    )  # fmt: skip


def vouched(crm: str, asker: Asker) -> Viewer:
    """The viewer of this request, for whom the CRM vouches. Raises Refusal where nobody here is
    meant: reps get in by the user id, or by their address where the CRM gave us no id of theirs."""
    with services().store.read() as conn:
        row = installations.find(conn, crm, asker.account)
        known = people.read(conn, row["id"]).values() if row and row["status"] != "left" else ()
        active = [one for one in known if one["active"]]
    found = [one for one in active if asker.user_id and one["user_id"] == asker.user_id]
    found = found or [
        one for one in active
        if asker.email and one["email"] == asker.email.lower()
        and not (asker.user_id and one["user_id"])
    ]  # fmt: skip
    if len(found) != 1:
        raise Refusal(
            403, "not_known", "You are not known to Followthrough as a user of this account.",
            "Users come with the daily look at the CRM. Ask an admin whether the app is connected "
            "and whether you stand under People.",
        )
    who = _as_viewer(found[0])
    g.viewer = who
    return who


def require(*roles: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only these roles in; none named lets in everybody who is signed in."""

    def refuse(found: Viewer) -> None:
        if roles and found.role not in roles:
            raise Refusal(
                403, "role", f"This is for {' and '.join(f'{role}s' for role in roles)}; "
                f"you are signed in as {found.role}.",
                "Ask an admin to do it, or to give you the role under People.",
            )

    return _guarding(refuse)


def require_right(right: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only those in who have a right on playbooks, `edits` or `approves`, over any of them."""

    def refuse(found: Viewer) -> None:
        if getattr(found, right) == "none":
            verb = right.removesuffix("s")
            never = " Reps never have it." if found.role == "rep" else ""
            raise Refusal(
                403, "right", f"You have no right to {verb} playbooks.{never}",
                "Ask an admin to do it, or to give you the right under People.",
            )

    return _guarding(refuse)


def _guarding(refuse: Callable[[Viewer], None]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            refuse(viewer())
            check_csrf()
            return view(*args, **kwargs)

        return guarded

    return decorate


def check_csrf() -> None:
    """Raises Refusal for a changing request without the session's token.

    The cookie is SameSite=Lax; the token stands beside it for browsers and proxies that lose that.
    """
    if request.method in SAFE_METHODS:
        return
    given = request.headers.get("X-CSRF-Token") or request.form.get("csrf", "")
    if not given or not hmac.compare_digest(given.encode(), csrf_token().encode()):
        raise Refusal(
            403, "csrf", "The request does not carry this session's token.",
            "Programs: read `csrf` from GET /api/session and send it as X-CSRF-Token. "
            "In a browser: reload the page and try again.",
        )


def owners_seen(conn: Connection, who: Viewer) -> frozenset[str] | None:
    """Owner ids whose records the viewer may see; None is everybody's, the unowned included."""
    if who.role == "admin":
        return None
    if who.role == "rep":
        return frozenset({who.owner_id})
    return own_people(who.owner_id, people.read(conn, who.installation_id))


def rights(conn: Connection, who: Viewer) -> Rights:
    """What the viewer may do about playbooks."""
    if who.role == "admin":
        return EVERYTHING
    return rights_of(who.owner_id, people.read(conn, who.installation_id))


def may_see(conn: Connection, who: Viewer, subject: Mapping[str, Any]) -> bool:
    """Whether a subject is the viewer's to see."""
    seen = owners_seen(conn, who)
    return subject["installation_id"] == who.installation_id and (
        seen is None or subject["owner_id"] in seen
    )


def sees_enrolment(conn: Connection, enrolment: str) -> bool:
    """Whether there is such a follow-up, on a record that is the viewer's to see."""
    row = running.by_id(conn, [enrolment]).get(enrolment)
    subject = mirror.by_id(conn, [row["subject_id"]])[row["subject_id"]] if row else None
    return subject is not None and may_see(conn, viewer(), subject)
