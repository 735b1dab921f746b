"""The current access token of one installation, renewed by one holder at a time.

Most vendors let a refresh token be sent again. One that rotates them takes each once: a second use
withdraws the whole grant. So before such a token is sent, that it was sent is committed. Whoever
finds that mark without fresh tokens behind it knows that an answer was lost, and asks the vendor
what became of the token before it is sent again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from app.model.time import SECOND, Clocks
from connectors.contract import AuthRevoked, Tokens, TokenStore, Transient

EXPIRY_MARGIN_MS = 2 * SECOND
"""A token is renewed this long before it runs out; a later 401 renews it as well."""

SETTLED_MS = 30 * SECOND
"""A refresh whose answer was lost may be under way for so long; until then nothing is asked."""


T = TypeVar("T")


class TokenRefused(Transient):
    """The access token has run out or was withdrawn. Caught by `Access`, never seen outside."""


class Renewing(Protocol):
    """How a vendor renews access."""

    def refresh(self, old: Tokens) -> Tokens: ...


class Rotating(Renewing, Protocol):
    """Of a vendor that takes a refresh token once."""

    def is_unspent(self, tokens: Tokens) -> bool:
        """Whether the vendor would still take the refresh token; asking does not spend it."""
        ...

    def dated(self, tokens: Tokens) -> Tokens:
        """The same, saying when the access token runs out, where the vendor tells that apart."""
        ...


class Access:
    """See the module. Safe for threads, and among processes by the store's lock."""

    def __init__(self, store: TokenStore, oauth: Renewing, clocks: Clocks) -> None:
        self._store = store
        self._oauth = oauth
        self._clocks = clocks
        self._tokens: Tokens | None = None
        self._lock = threading.Lock()

    def current(self) -> Tokens:
        """The tokens as this process knows them, run out or not."""
        tokens = self._tokens
        if tokens is None:
            tokens = self._tokens = self._store.load()
        return tokens

    def granted(self) -> tuple[str, ...]:
        """Scopes of the current tokens, as the vendor told them with the last grant or renewal."""
        return self.current().scopes

    def bearer(self, refused: str | None = None) -> str:
        """A token that is not `refused` and has time left. Raises AuthRevoked."""
        tokens = self.current()
        if self._good(tokens, refused):
            return tokens.access
        # The process lock first: eight threads of this process need not all wait in the database.
        with self._lock:
            tokens = self._tokens or tokens
            if not self._good(tokens, refused):
                tokens = self._tokens = self._renewed(refused)
            return tokens.access

    def authorized(self, send: Callable[[str], T], untaken: str) -> T:
        """What `send` answers, given the header of authorization; a token that is refused is
        renewed once. untaken: what to say where the CRM refuses the fresh one too."""
        token = self.bearer()
        try:
            return send(f"Bearer {token}")
        except TokenRefused:
            token = self.bearer(refused=token)
        try:
            return send(f"Bearer {token}")
        except TokenRefused as error:
            raise Transient(untaken, error.detail) from None

    def _renewed(self, refused: str | None) -> Tokens:
        with self._store.refresh_lock():
            tokens = self._store.load()
            if self._good(tokens, refused):
                return tokens
            self._before_refresh(tokens)
            fresh = self._oauth.refresh(tokens)
            # Saved before it is used: a crash after the first use would otherwise leave a refresh
            # token behind that the vendor may have replaced.
            self._store.save(fresh)
            return self._told(fresh)

    def _told(self, fresh: Tokens) -> Tokens:
        """What else is to be known of tokens that are saved."""
        return fresh

    def _before_refresh(self, tokens: Tokens) -> None:
        """Nothing, where refresh tokens may be sent again."""

    def _good(self, tokens: Tokens, refused: str | None) -> bool:
        left = tokens.expires_wall - self._clocks.wall()
        return tokens.access != refused and left > EXPIRY_MARGIN_MS


class RotatingAccess(Access):
    """Of a vendor that takes a refresh token once and withdraws the grant on a second use."""

    def __init__(self, store: TokenStore, oauth: Rotating, clocks: Clocks) -> None:
        super().__init__(store, oauth, clocks)
        self._rotating = oauth

    def _before_refresh(self, tokens: Tokens) -> None:
        if tokens.spent_wall:
            if self._clocks.wall() - tokens.spent_wall < SETTLED_MS:
                raise Transient(
                    "Access to the CRM was being renewed when the answer was lost; what became of "
                    "it is asked shortly, by itself.",
                    f"refresh token sent at {tokens.spent_wall}",
                )
            if not self._rotating.is_unspent(tokens):
                raise AuthRevoked(
                    "The CRM handed out new access, but its answer was lost on the way or this "
                    "server went down before it was saved. The CRM gives it only once. Nothing "
                    "else was lost: connect it again to go on.",
                    "the refresh token was spent and no fresh one was saved",
                )
        self._store.save(replace(tokens, spent_wall=self._clocks.wall()))

    def _told(self, fresh: Tokens) -> Tokens:
        dated = self._rotating.dated(fresh)
        if dated != fresh:
            self._store.save(dated)
        return dated
