"""Who installed which app where, and the tokens that came of it. Kept with the world."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.hubspot import errors
from sandbox.settings import Settings
from sandbox.world.kept import kept
from sandbox.world.records import PAID_TIERS, App
from sandbox.world.store import World

SCOPE_TIERS: dict[str, tuple[str, ...]] = {
    "automation": PAID_TIERS,
    "automation.sequences.read": PAID_TIERS,
    "automation.sequences.enrollments.write": PAID_TIERS,
    "communication_preferences.statuses.batch.read": ("enterprise",),
    "crm.objects.leads.read": PAID_TIERS,
    "crm.objects.leads.write": PAID_TIERS,
    "crm.schemas.leads.write": PAID_TIERS,
}
"""Scopes that not every account can grant → the tiers that can. All others are free."""


def tier_has(tier: str, scope: str, settings: Settings) -> bool:
    """Whether an account of this tier can grant a scope, and use what it opens."""
    if scope.startswith("crm.objects.users.") and not settings.users_scope_on_small_tiers:
        return tier in PAID_TIERS
    return tier in SCOPE_TIERS.get(scope, (tier,))


@dataclass(slots=True)
class Code:
    """An authorization code waiting to be exchanged."""

    app_id: int
    portal_id: int
    user_id: int
    scopes: list[str]
    redirect_uri: str
    challenge: str
    expires: float


@dataclass(slots=True)
class Access:
    """An access token. ``expires`` is the wall in seconds since the epoch."""

    app_id: int
    portal_id: int
    user_id: int
    scopes: frozenset[str]
    expires: float


@dataclass(slots=True)
class Refresh:
    """A refresh token; it does not expire."""

    app_id: int
    portal_id: int
    user_id: int
    scopes: list[str]


@dataclass(slots=True)
class Grants:
    """All codes and tokens, by their secret string."""

    codes: dict[str, Code] = field(default_factory=dict)
    access: dict[str, Access] = field(default_factory=dict)
    refresh: dict[str, Refresh] = field(default_factory=dict)
    uninstalled: dict[str, int] = field(default_factory=dict)
    """Refresh tokens of installations that have ended → app id."""
    _installed: dict[int, dict[int, frozenset[str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, world: World) -> Grants:
        """The grants of a world, made on first use."""
        return kept(world.extra, "hubspot_grants", cls)

    def installed(self, portal_id: int) -> dict[int, frozenset[str]]:
        """app id → scopes of the apps that an account has installed."""
        found = self._installed.get(portal_id)
        if found is None:  # asked for every change of a record, so kept until tokens change
            found = {}
            for token in list(self.refresh.values()):
                if token.portal_id == portal_id:
                    found[token.app_id] = found.get(token.app_id, frozenset()) | set(token.scopes)
            self._installed[portal_id] = found
        return found

    def issue_code(
        self,
        app: App,
        portal_id: int,
        user_id: int,
        scopes: Iterable[str],
        redirect_uri: str,
        challenge: str,
        seconds: int,
    ) -> str:
        """A code for one approval on the consent page; to be exchanged once, within ``seconds``."""
        code = str(uuid.uuid4())
        self.codes[code] = Code(
            app.app_id,
            portal_id,
            user_id,
            list(scopes),
            redirect_uri,
            challenge,
            time.time() + seconds,
        )
        return code

    def redeem_code(self, app: App, code: str, redirect_uri: str, verifier: str) -> Code:
        """Takes a code back, once, after all checks of the exchange."""
        found = self.codes.get(code)
        if found is None or found.app_id != app.app_id or found.expires < time.time():
            raise errors.oauth("oauth_code", "missing or unknown auth code")
        if found.redirect_uri != redirect_uri:
            raise errors.oauth(
                "oauth_redirect",
                "redirect_uri does not match the one the code was issued for",
            )
        if found.challenge:
            digest = hashlib.sha256(verifier.encode()).digest()
            made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            if not hmac.compare_digest(made, found.challenge):
                raise errors.oauth("oauth_verifier", "code verifier does not match")
        del self.codes[code]
        return found

    def issue_refresh(
        self, app_id: int, portal_id: int, user_id: int, scopes: Iterable[str]
    ) -> str:
        """A refresh token: from here on the app is installed in the account."""
        token = f"na1-{uuid.uuid4()}"
        self.refresh[token] = Refresh(app_id, portal_id, user_id, list(scopes))
        self._installed.pop(portal_id, None)
        return token

    def rotate(self, token: str) -> str:
        """A new refresh token in place of a live one."""
        held = self.refresh[token]
        made = self.issue_refresh(held.app_id, held.portal_id, held.user_id, held.scopes)
        del self.refresh[token]
        return made

    def revoke(self, app_id: int, token: str, *, cascade: bool) -> None:
        """Ends one token of an app. Access tokens of a refresh token live out their time, unless
        ``cascade``."""
        held = self.refresh.get(token)
        if cascade and held is not None and held.app_id == app_id:
            for one, access in list(self.access.items()):
                if (access.app_id, access.portal_id) == (app_id, held.portal_id):
                    del self.access[one]
        for tokens in (self.refresh, self.access):
            held = tokens.get(token)
            if held is not None and held.app_id == app_id:
                del tokens[token]
                self._installed.pop(held.portal_id, None)

    def issue_access(self, refresh_token: str, seconds: int) -> str:
        """An access token for a live refresh token."""
        held = self.refresh[refresh_token]
        token = "CP" + secrets.token_urlsafe(180)
        now = time.time()
        self.access[token] = Access(
            held.app_id, held.portal_id, held.user_id, frozenset(held.scopes), now + seconds
        )
        if len(self.access) > 10_000:
            self.access = {t: a for t, a in self.access.items() if a.expires > now - 86_400}
        return token

    def withdraw(self, portal_id: int, scopes: Iterable[str]) -> None:
        """Takes scopes away from every token of an account; only a new installation asks again."""
        gone = frozenset(scopes)
        for access in self.access.values():
            if access.portal_id == portal_id:
                access.scopes -= gone
        for refresh in self.refresh.values():
            if refresh.portal_id == portal_id:
                refresh.scopes = [one for one in refresh.scopes if one not in gone]
        self._installed.pop(portal_id, None)

    def uninstall(self, app_id: int, portal_id: int) -> bool:
        """Ends an installation: all its tokens die at once. False when there was none."""
        installed = app_id in self.installed(portal_id)
        for token, held in self.refresh.items():
            if (held.app_id, held.portal_id) == (app_id, portal_id):
                self.uninstalled[token] = app_id
        for tokens in (self.refresh, self.access):
            for token, held in list(tokens.items()):
                if (held.app_id, held.portal_id) == (app_id, portal_id):
                    del tokens[token]
        self._installed.pop(portal_id, None)
        return installed


def grantable(
    tier: str, requested: Iterable[str], optional: Iterable[str], settings: Settings
) -> list[str]:
    """The scopes that an account of this tier grants: all required ones, or it is not installed;
    optional ones that it cannot grant are dropped without a word."""
    able = [scope for scope in optional if tier_has(tier, scope, settings)]
    return list(dict.fromkeys((*requested, *able)))


def scopes_now(granted: Iterable[str], tier: str, settings: Settings) -> frozenset[str]:
    """What a token still opens in an account whose tier may have changed since it was granted."""
    if not settings.downgrade_withdraws_scopes:
        return frozenset(granted)
    return frozenset(scope for scope in granted if tier_has(tier, scope, settings))
