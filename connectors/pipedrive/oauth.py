"""Pipedrive's OAuth: authorize, exchange, refresh; and which addresses its tokens may name."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import orjson

from app.model.time import SECOND, Clocks, Wall
from connectors.contract import BadSignature, Invalid, Tokens
from connectors.headers import header
from connectors.pipedrive.tables import HOSTS
from connectors.transport import Request, Transport

_LIFE_S = 3_599


class OAuth:
    """Calls of the token endpoint. The app is named by Basic authorization, never in the form."""

    def __init__(
        self,
        transport: Transport,
        client_id: str,
        client_secret: str,
        clocks: Clocks,
        bases: tuple[str, ...],
    ) -> None:
        """bases: addresses that are trusted besides the vendor's own."""
        self._transport = transport
        self._secret = client_secret
        self._basic = basic(client_id, client_secret)
        self._clocks = clocks
        self._bases = bases

    def exchange(self, code: str, redirect_uri: str) -> Tokens:
        """Tokens for an authorization code, without whose they are."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        # A code is good for one exchange: repeating a lost one could only fail.
        return self._tokens(self._post(form, code, safe=False))

    def refresh(self, old: Tokens) -> Tokens:
        """Fresh tokens. The refresh token is said to stay the same; what comes back is kept."""
        form = {"grant_type": "refresh_token", "refresh_token": old.refresh}
        answer = self._post(form, old.refresh, safe=True)
        fresh = self._tokens({"api_domain": old.base, **answer})
        return replace(
            fresh,
            refresh=fresh.refresh or old.refresh,
            scopes=fresh.scopes or old.scopes,
            account=old.account,
            user=old.user,
        )

    def revoke(self, tokens: Tokens) -> None:
        """Give the access back; Pipedrive then counts the app as uninstalled."""
        form = {"token": tokens.refresh, "token_type_hint": "refresh_token"}
        self._post(form, tokens.refresh, safe=True, path="/oauth/revoke")

    def _post(
        self, form: dict[str, str], secret: str, *, safe: bool, path: str = "/oauth/token"
    ) -> dict[str, Any]:
        request = Request(
            "POST", path, form=form, safe=safe, priority="token", buckets=(),
            secrets=(secret, self._secret, self._basic.removeprefix("Basic ")),
        )  # fmt: skip
        reply = self._transport.call(request, self._basic)
        return reply.json() if path == "/oauth/token" else {}

    def _tokens(self, answer: Mapping[str, Any]) -> Tokens:
        life = int(answer.get("expires_in") or _LIFE_S)
        return Tokens(
            answer["access_token"],
            answer.get("refresh_token") or "",
            Wall(self._clocks.wall() + life * SECOND),
            # Whether a comma or a space stands between them is not documented.
            tuple(scope for scope in re.split(r"[,\s]+", answer.get("scope") or "") if scope),
            base=trusted(str(answer.get("api_domain") or ""), self._bases),
        )


def basic(user: str, password: str) -> str:
    """The header of Basic authorization."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def trusted(address: str, bases: tuple[str, ...]) -> str:
    """An account's address as a token names it, checked before a token is ever sent there.

    Raises Invalid for one that is neither the vendor's nor one of `bases`.
    """
    parts = urlsplit(address if "://" in address else f"https://{address}")
    host = (parts.hostname or "").lower()
    vendors = parts.scheme == "https" and any(
        host.endswith(f".{own}") for own in HOSTS
    ) and parts.path in ("", "/") and parts.port in (None, 443)
    plain = parts.geturl().rstrip("/")
    if not vendors and plain not in bases:
        raise Invalid(
            f"Pipedrive named an address for this account that is not its own: {host!r}. Nothing "
            "was sent there. Start the connection again; if it happens again, tell us.",
            {"api_domain": address},
        )
    return plain


def authorize_url(app_base: str, client_id: str, state: str, redirect_uri: str) -> str:
    """Where a user grants access. What is granted is registered with the app, all or nothing."""
    query = {"client_id": client_id, "redirect_uri": redirect_uri, "state": state}
    return f"{app_base}/oauth/authorize?{urlencode(query, quote_via=quote)}"


def uninstalled(
    client_id: str, client_secret: str, headers: Mapping[str, str], body: bytes
) -> tuple[str, str]:
    """(account, user id) that Pipedrive says has uninstalled the app. Raises BadSignature."""
    given = header(headers, "Authorization")
    wanted = basic(client_id, client_secret)
    if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        raise BadSignature("The request does not carry the app's own credentials.")
    try:
        told: Any = orjson.loads(body)
        return str(told["company_id"]), str(told["user_id"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise BadSignature("The request does not say which account uninstalled the app.") from None

