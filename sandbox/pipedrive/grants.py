"""Who installed which app where, and the tokens that came of it. Kept with the world.

A token is one user's: the app acts as that user. A refresh token lives 60 days from its last use.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.pipedrive import errors
from sandbox.world.kept import kept
from sandbox.world.records import App
from sandbox.world.store import World

REFRESH_SECONDS = 60 * 86_400


@dataclass(slots=True)
class Code:
    """An authorization code waiting to be exchanged; instants are seconds of the wall."""

    app_id: int
    portal_id: int
    owner_id: str
    redirect_uri: str
    expires: float


@dataclass(slots=True)
class Access:
    """An access token, with the refresh token that it was made from."""

    app_id: int
    portal_id: int
    owner_id: str
    scopes: frozenset[str]
    expires: float
    refresh: str


@dataclass(slots=True)
class Refresh:
    """A refresh token: as long as it lives, the app is installed for its user."""

    app_id: int
    portal_id: int
    owner_id: str
    scopes: frozenset[str]
    expires: float


@dataclass(slots=True)
class Grants:
    """All codes and tokens, by their secret string."""

    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, Access] = field(default_factory=dict)
    refresh: dict[str, Refresh] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> Grants:
        """The grants of a world, made on first use."""
        return kept(world.extra, "pipedrive_grants", cls)

    def issue_code(
        self, app: App, portal_id: int, owner_id: str, redirect_uri: str, seconds: int
    ) -> str:
        """A code for one "Allow and install"; to be exchanged once, within ``seconds``."""
        code = f"{portal_id}.{owner_id}.{secrets.token_hex(20)}"
        self.codes[code] = Code(
            app.app_id, portal_id, owner_id, redirect_uri, time.time() + seconds
        )
        return code

    def redeem_code(self, app: App, code: str, redirect_uri: str) -> Code:
        """Takes a code back, once, after all checks of the exchange."""
        found = self.codes.get(code)
        if found is None or found.app_id != app.app_id:
            raise errors.oauth("pd_oauth_code", "Invalid grant: authorization_code is invalid")
        if found.expires < time.time():
            raise errors.oauth(
                "pd_oauth_code_expired", "Invalid grant: authorization_code has expired"
            )
        if found.redirect_uri != redirect_uri:
            raise errors.oauth("pd_oauth_redirect", "Invalid request: redirect_uri is invalid")
        del self.codes[code]
        return found

    def issue_refresh(
        self, app_id: int, portal_id: int, owner_id: str, scopes: Iterable[str]
    ) -> str:
        """A refresh token: from here on the app is installed for the user."""
        token = f"{portal_id}:{owner_id}:{secrets.token_hex(20)}"
        until = time.time() + REFRESH_SECONDS
        self.refresh[token] = Refresh(app_id, portal_id, owner_id, frozenset(scopes), until)
        return token

    def use_refresh(self, app: App, token: str, *, rotates: bool) -> str:
        """The refresh token to go on with; its 60 days begin anew."""
        held = self.refresh.get(token)
        if held is None or held.app_id != app.app_id or held.expires <= time.time():
            raise errors.oauth("pd_oauth_refresh", "Invalid grant: refresh_token is invalid")
        if rotates:
            made = self.issue_refresh(held.app_id, held.portal_id, held.owner_id, held.scopes)
            del self.refresh[token]
            for access in self.access.values():
                if access.refresh == token:
                    access.refresh = made
            return made
        held.expires = time.time() + REFRESH_SECONDS
        return token

    def issue_access(self, refresh: str, seconds: int) -> str:
        """An access token for a live refresh token."""
        held = self.refresh[refresh]
        token = f"v1u:{secrets.token_urlsafe(180)}"
        now = time.time()
        self.access[token] = Access(
            held.app_id, held.portal_id, held.owner_id, held.scopes, now + seconds, refresh
        )
        if len(self.access) > 10_000:
            self.access = {t: a for t, a in self.access.items() if a.expires > now - 86_400}
        return token

    def revoke(self, app: App, token: str) -> Refresh | None:
        """Ends a token of an app; the installation that ended with it, if it was its last one."""
        held = self.access.get(token)
        if held is not None and held.app_id == app.app_id:
            del self.access[token]
            return None
        gone = self.refresh.get(token)
        if gone is None or gone.app_id != app.app_id:
            return None
        self.uninstall(gone.app_id, gone.portal_id, gone.owner_id)
        return gone

    def uninstall(self, app_id: int, portal_id: int, owner_id: str) -> bool:
        """Ends an installation for one user, with all its tokens. False when there was none."""
        ends = (app_id, portal_id, owner_id)
        found = self.installed(app_id, portal_id, owner_id)
        for tokens in (self.refresh, self.access):
            for token, held in list(tokens.items()):
                if (held.app_id, held.portal_id, held.owner_id) == ends:
                    del tokens[token]
        return found

    def installed(self, app_id: int, portal_id: int, owner_id: str) -> bool:
        """Whether a user of an account has the app."""
        return any(
            (held.app_id, held.portal_id, held.owner_id) == (app_id, portal_id, owner_id)
            for held in self.refresh.values()
        )

    def installations(self, portal_id: int) -> list[tuple[int, str]]:
        """(app id, owner id) of everybody who has an app in an account."""
        found = (
            (held.app_id, held.owner_id)
            for held in self.refresh.values()
            if held.portal_id == portal_id
        )
        return list(dict.fromkeys(found))

    def withdraw(self, portal_id: int, scopes: Iterable[str]) -> None:
        """Takes scopes away from every token of an account; only a new installation asks again."""
        gone = frozenset(scopes)
        for tokens in (self.access, self.refresh):
            for held in tokens.values():
                if held.portal_id == portal_id:
                    held.scopes -= gone
