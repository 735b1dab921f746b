"""Sessions of people: one cookie for our own pages, another for the panel in a CRM's frame."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from app.model.time import HOUR, SECOND
from app.web.access import FRAMED

FRAME_COOKIE = "followthrough_frame"

FRAME_S = 8 * HOUR // SECOND
"""A working day: the CRM vouches for its user anew each time the card is opened."""

_NO_SESSION = ("/webhooks/", "/card/")


class Sessions(SecureCookieSessionInterface):
    """Webhooks, events and cards, which are signed, have none: to look for one costs more than to
    check their signature.

    A frame of another site gets no cookie that is `Lax`, so the panel's session there is in one
    that is `None`, `Secure` and `Partitioned`: it exists inside that CRM alone, is sent from
    nowhere else, and never meets the session of our own pages.
    """

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(_NO_SESSION) or request.path == "/events":
            return None
        session = super().open_session(app, request)
        given = request.cookies.get(FRAME_COOKIE)
        serializer = self.get_signing_serializer(app)
        if session or given is None or serializer is None:
            return session
        try:
            data: dict[str, Any] = serializer.loads(given, max_age=FRAME_S)
        except BadSignature:
            return session
        return self.session_class(data)

    def save_session(
        self, app: Flask, session: SessionMixin, response: Response
    ) -> None:
        serializer = self.get_signing_serializer(app)
        if not session.get(FRAMED) or serializer is None:
            super().save_session(app, session, response)
            return
        response.vary.add("Cookie")
        if session.modified:
            response.set_cookie(
                FRAME_COOKIE, serializer.dumps(dict(session)), max_age=FRAME_S, httponly=True,
                secure=True, samesite="None", partitioned=True,
            )  # fmt: skip
