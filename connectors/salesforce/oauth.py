"""Salesforce's OAuth: PKCE with a secret beside it, and refresh tokens that are taken once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from app.model.time import MINUTE, SECOND, Clocks, Wall
from connectors.contract import CrmError, Forbidden, Invalid, Tokens
from connectors.salesforce.tables import HOSTS, SCOPES
from connectors.transport import Request, Transport

PATH = "/services/oauth2"

UNTOLD_MS = 15 * MINUTE
"""How long an access token is taken to last where Salesforce does not say: the shortest session
that an admin can set."""

TIMEOUTS = (5.0, 8.0)
"""To connect and to read, in seconds. Asking of a token and refreshing it must fit into the time
for which the lock is held, or a second holder would send the same refresh token."""


class OAuth:
    """Calls of the token endpoints. transport_for: of an address (login or an account's own)."""

    def __init__(
        self,
        transport_for: Callable[[str], Transport],
        login: str,
        client_id: str,
        client_secret: str,
        clocks: Clocks,
    ) -> None:
        self._transport_for = transport_for
        self._login = login
        self._client_id = client_id
        self._client_secret = client_secret
        self._clocks = clocks

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Tokens for an authorization code, with whose they are. Raises Invalid for an address
        that is not Salesforce's."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        # A code is good for one exchange: repeating a lost one could only fail.
        answer = self._post(self._login, "token", form, (code, verifier))
        account = _account(answer)
        base = checked_base(str(answer.get("instance_url") or ""), self._login)
        access = str(answer["access_token"])
        return Tokens(
            access,
            str(answer.get("refresh_token") or ""),
            self._runs_out(base, access),
            _scopes(answer),
            account,
            self._user(base, access),
            base,
        )

    def refresh(self, old: Tokens) -> Tokens:
        """Fresh tokens. The old refresh token is dead once Salesforce has answered: never sent
        again, whatever becomes of the answer."""
        form = {"grant_type": "refresh_token", "refresh_token": old.refresh}
        answer = self._post(self._login, "token", form, (old.refresh,))
        told = str(answer.get("instance_url") or "")
        base = checked_base(told, self._login) if told else old.base
        access = str(answer["access_token"])
        return Tokens(
            access,
            # Without rotation none is sent, and the old one goes on.
            str(answer.get("refresh_token") or old.refresh),
            self._soon(),
            _scopes(answer) or old.scopes,
            old.account,
            old.user,
            base,
        )

    def dated(self, tokens: Tokens) -> Tokens:
        """With the instant at which the access token runs out, which no token answer says."""
        return replace(tokens, expires_wall=self._runs_out(tokens.base, tokens.access))

    def is_unspent(self, tokens: Tokens) -> bool:
        """Whether Salesforce would still take the refresh token."""
        form = {"token": tokens.refresh, "token_type_hint": "refresh_token"}
        told = self._post(self._login, "introspect", form, (tokens.refresh,), safe=True)
        return bool(told.get("active"))

    def revoke(self, tokens: Tokens) -> None:
        """End the grant: the refresh token and all access tokens made of it."""
        self._post(self._login, "revoke", {"token": tokens.refresh}, (tokens.refresh,), safe=True)

    def _runs_out(self, base: str, access: str) -> Wall:
        try:
            form = {"token": access, "token_type_hint": "access_token"}
            told = self._post(base, "introspect", form, (access,), safe=True).get("exp")
        except CrmError:
            told = None  # an access token that runs out unforeseen is renewed when it is refused
        return Wall(int(told) * SECOND) if told else self._soon()

    def _soon(self) -> Wall:
        return Wall(self._clocks.wall() + UNTOLD_MS)

    def _user(self, base: str, access: str) -> str:
        """Address of who consented; empty where it is not told."""
        request = Request("GET", f"{PATH}/userinfo", safe=True, priority="token", secrets=(access,))
        try:
            told = self._transport_for(base).call(request, f"Bearer {access}").json()
        except CrmError:
            return ""
        return str(told.get("email") or "")

    def _post(
        self,
        base: str,
        name: str,
        form: dict[str, str],
        secrets: Sequence[str],
        *,
        safe: bool = False,
    ) -> dict[str, Any]:
        form = {**form, "client_id": self._client_id, "client_secret": self._client_secret}
        request = Request(
            "POST", f"{PATH}/{name}", form=form, safe=safe, priority="token",
            secrets=(*secrets, self._client_secret),
        )  # fmt: skip
        return self._transport_for(base).call(request).json()


def checked_base(told: str, login: str) -> str:
    """The account's address, if it is Salesforce's; a sandbox's must be where its login is.

    Raises Invalid.
    """
    there, configured = urlsplit(told), urlsplit(login)
    host = there.hostname or ""
    vendors = there.scheme == "https" and host.endswith(HOSTS) and there.port in (None, 443)
    same = (there.scheme, there.netloc) == (configured.scheme, configured.netloc)
    real = (configured.hostname or "").endswith(HOSTS)
    if there.username or not (vendors if real else same):
        raise Invalid(
            f"The sign-in named {host or 'no address'!r} as the account's, which is not "
            "Salesforce's. Nothing was sent there. Check SALESFORCE_API_BASE.",
            {"instance_url": told[:200]},
        )
    return told.rstrip("/")


def authorize_url(
    app_base: str, client_id: str, state: str, redirect_uri: str, challenge: str
) -> str:
    """Where an admin grants access. `prompt=consent` makes Salesforce hand out a refresh token
    also to who has consented before."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "prompt": "login consent",
    }
    return f"{app_base}{PATH}/authorize?{urlencode(query, quote_via=quote)}"


def _scopes(answer: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(answer.get("scope") or "").split())


def _account(answer: dict[str, Any]) -> str:
    """The organisation in the identity address that comes with tokens, before the user."""
    parts = urlsplit(str(answer.get("id") or "")).path.rstrip("/").split("/")
    if len(parts) < 2:
        raise Forbidden("Salesforce did not say whose account this is. Start the connection again.")
    return parts[-2]
