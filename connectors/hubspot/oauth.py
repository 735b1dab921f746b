"""HubSpot's OAuth: authorize, exchange, refresh, introspect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

from app.model.time import SECOND, Clocks, Wall
from connectors.contract import Tokens
from connectors.hubspot.registration import scopes
from connectors.transport import Request, Transport


class OAuth:
    """Calls of the token endpoints, under whatever transport they are made."""

    def __init__(
        self, transport: Transport, version: str, client_id: str, client_secret: str, clocks: Clocks
    ) -> None:
        self._transport = transport
        self._path = f"/oauth/{version}/token"
        self._client_id = client_id
        self._client_secret = client_secret
        self._clocks = clocks

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """Tokens for an authorization code, with the scopes that were really granted.

        Optional scopes that the account's edition cannot grant are dropped without a word, so the
        granted ones are read by introspection.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        # A code is good for one exchange: repeating a lost one could only fail.
        answer = self._post(self._path, form, (code, verifier), safe=False)
        tokens = self._tokens(answer)
        facts = self.introspect(tokens.access)
        scopes = tuple(facts.get("scopes") or tokens.scopes)
        account = str(facts.get("hub_id") or tokens.account)
        user = str(facts.get("user") or "")
        return Tokens(tokens.access, tokens.refresh, tokens.expires_wall, scopes, account, user)

    def refresh(self, old: Tokens) -> Tokens:
        """Fresh tokens; HubSpot usually keeps the refresh token, and may send a new one."""
        form = {"grant_type": "refresh_token", "refresh_token": old.refresh}
        fresh = self._tokens(self._post(self._path, form, (old.refresh,), safe=True))
        return Tokens(
            fresh.access,
            fresh.refresh or old.refresh,
            fresh.expires_wall,
            fresh.scopes or old.scopes,
            fresh.account or old.account,
            old.user,
        )

    def introspect(self, access: str) -> dict[str, Any]:
        """What HubSpot says of an access token: scopes, hub_id, hub_domain, user_id."""
        form = {"token": access, "token_type_hint": "access_token"}
        return self._post(f"{self._path}/introspect", form, (access,), safe=True)

    def _post(
        self, path: str, form: dict[str, str], secrets: Sequence[str], *, safe: bool
    ) -> dict[str, Any]:
        form = {**form, "client_id": self._client_id, "client_secret": self._client_secret}
        hidden = (*secrets, self._client_secret)
        request = Request(
            "POST", path, form=form, safe=safe, priority="token", secrets=hidden
        )
        return self._transport.call(request).json()

    def _tokens(self, answer: dict[str, Any]) -> Tokens:
        expires = self._clocks.wall() + int(answer.get("expires_in", 1800)) * SECOND
        return Tokens(
            answer["access_token"],
            answer.get("refresh_token") or "",
            Wall(expires),
            tuple(answer.get("scopes") or ()),
            str(answer.get("hub_id") or ""),
        )


def authorize_url(
    app_base: str, client_id: str, state: str, redirect_uri: str, challenge: str
) -> str:
    """Where an admin grants access; scopes are separated by spaces, as HubSpot wants them."""
    query = {
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(scopes().required),
        "optional_scope": " ".join(scopes().optional),
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{app_base}/oauth/authorize?{urlencode(query, quote_via=quote)}"
