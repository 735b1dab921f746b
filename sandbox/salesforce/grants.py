"""Who authorized which app in which org, and the tokens that came of it. Kept with the world."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.salesforce.errors import oauth
from sandbox.world.kept import kept
from sandbox.world.records import App
from sandbox.world.store import World


@dataclass(slots=True)
class Code:
    """An authorization code waiting to be exchanged. ``expires`` is the wall, in seconds."""

    app_id: int
    portal_id: int
    owner_id: str
    scopes: tuple[str, ...]
    redirect_uri: str
    challenge: str
    expires: float


@dataclass(slots=True)
class Grant:
    """What a user has allowed an app. It has one live refresh token, and remembers the former."""

    id: int
    app_id: int
    portal_id: int
    owner_id: str
    scopes: tuple[str, ...]
    refresh: str
    used_at: float
    access: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Access:
    """An access token: a session of the user. ``expires`` is the wall, in seconds."""

    grant: int
    expires: float
    issued: float


@dataclass(slots=True)
class Grants:
    """All codes, grants and tokens."""

    codes: dict[str, Code] = field(default_factory=dict)
    grants: dict[int, Grant] = field(default_factory=dict)
    access: dict[str, Access] = field(default_factory=dict)
    refresh: dict[str, int] = field(default_factory=dict)
    """Every refresh token that was ever given, live or used up → its grant."""
    next_grant: int = 1

    @classmethod
    def of(cls, world: World) -> Grants:
        """The grants of a world, made on first use."""
        return kept(world.extra, "salesforce_grants", cls)

    def issue_code(
        self, app: App, portal_id: int, owner_id: str, scopes: Iterable[str], redirect_uri: str,
        challenge: str, seconds: float,
    ) -> str:  # fmt: skip
        """A code for one approval; to be exchanged once, within ``seconds``."""
        code = "aPrx" + secrets.token_urlsafe(48)
        self.codes[code] = Code(
            app.app_id, portal_id, owner_id, tuple(scopes), redirect_uri, challenge,
            time.time() + seconds,
        )  # fmt: skip
        return code

    def redeem_code(self, app: App, code: str, redirect_uri: str, verifier: str) -> Code:
        """Takes a code back, once, after all checks of the exchange."""
        found = self.codes.get(code)
        if found is None or found.app_id != app.app_id or found.expires < time.time():
            raise oauth("sf_code", "expired authorization code")
        if found.redirect_uri != redirect_uri:
            raise oauth("sf_code_redirect", "redirect_uri must match configuration")
        digest = hashlib.sha256(verifier.encode()).digest()
        made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not 43 <= len(verifier) <= 128 or not hmac.compare_digest(made, found.challenge):
            raise oauth("sf_verifier", "invalid code verifier")
        del self.codes[code]
        return found

    def open(self, app_id: int, portal_id: int, owner_id: str, scopes: Iterable[str]) -> Grant:
        """A new grant with its first refresh token."""
        made = Grant(
            self.next_grant, app_id, portal_id, owner_id, tuple(scopes), _refresh_token(),
            time.time(),
        )  # fmt: skip
        self.next_grant += 1
        self.grants[made.id] = made
        self.refresh[made.refresh] = made.id
        return made

    def take_refresh(self, app: App, token: str, *, rotates: bool, idle: float) -> Grant:
        """The grant of a refresh token, with its next one where they rotate.

        One that was used before ends the grant: current refresh token and all access tokens.
        """
        grant = self.grants.get(self.refresh.get(token, 0))
        if grant is None or grant.app_id != app.app_id:
            raise oauth("sf_refresh", "expired access/refresh token")
        if grant.refresh != token:
            self.close(grant)
            raise oauth("sf_refresh_reused", "expired access/refresh token")
        now = time.time()
        if now - grant.used_at > idle:
            self.close(grant)
            raise oauth("sf_refresh", "expired access/refresh token")
        grant.used_at = now
        if rotates:
            grant.refresh = _refresh_token()
            self.refresh[grant.refresh] = grant.id
        return grant

    def issue_access(self, grant: Grant, org_id: str, seconds: float) -> tuple[str, float]:
        """An access token of a grant, and the instant (wall, in seconds) of its issue."""
        token, now = f"{org_id[:15]}!AQ{secrets.token_urlsafe(60)}", time.time()
        self.access[token] = Access(grant.id, now + seconds, now)
        live = {one for one in grant.access if self.access[one].expires > now}
        for gone in grant.access - live:
            del self.access[gone]
        grant.access = live | {token}
        return token, now

    def close(self, grant: Grant) -> None:
        """Ends a grant: its tokens die at once."""
        for token in grant.access:
            self.access.pop(token, None)
        self.grants.pop(grant.id, None)
        self.refresh = {token: one for token, one in self.refresh.items() if one != grant.id}

    def revoke(self, token: str) -> bool:
        """Ends a refresh token's whole grant, or one access token. False: there is none such."""
        if token in self.refresh:
            self.close(self.grants[self.refresh[token]])
            return True
        held = self.access.pop(token, None)
        if held is not None:
            self.grants[held.grant].access.discard(token)
        return held is not None

    def withdraw(self, app_id: int, portal_id: int) -> None:
        """Ends all grants of an app in an org."""
        for grant in list(self.grants.values()):
            if (grant.app_id, grant.portal_id) == (app_id, portal_id):
                self.close(grant)


def _refresh_token() -> str:
    return "5Aep861" + secrets.token_urlsafe(56)
