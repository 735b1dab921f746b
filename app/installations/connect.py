"""From "Connect" to an installation that imports: the OAuth flow and the first look around.

The state that travels through the CRM is signed and holds a nonce that the browser's own session
holds too. A state alone would let somebody finish, in a victim's browser, a flow begun in their
own; the session alone would not survive the vendor's redirect in a second tab. The PKCE verifier
is derived from the nonce and our secret, so that the cookie, which is signed but readable, does
not carry it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy import Connection, RowMapping

from app.installations import people as people_rows
from app.installations.changes import AccountChanges, compare
from app.installations.config import Config
from app.installations.registry import Connectors
from app.installations.settings import parse
from app.model.time import Clocks
from app.store import audit, cursors, footprint, installations, people, pipelines
from app.store.engine import Store
from app.store.sets import dumps
from connectors.contract import (
    Account,
    AuthRevoked,
    Connector,
    CrmError,
    CrmPerson,
    CrmPipeline,
    Tokens,
    Vendor,
)

STATE_SECONDS = 15 * 60
"""How long consent may take: long enough to ask a colleague, short enough for a leaked link."""




class ConnectRefused(Exception):
    """The answer of the consent page was not accepted. reason: a stable word for counting;
    title and action: what the page says, the second what to do next."""

    def __init__(self, reason: str, title: str, action: str) -> None:
        super().__init__(title)
        self.reason = reason
        self.title = title
        self.action = action


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what its session must remember."""

    url: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Connected:
    """An installation that stands, with the person who installed it where the CRM said who."""

    installation_id: int
    account: Account
    owner_id: str | None
    email: str


def begin(config: Config, vendor: Vendor) -> Begun:
    """Start the flow: a fresh nonce, a signed state, a PKCE challenge."""
    nonce = secrets.token_urlsafe(24)
    state = _states(config).dumps([vendor.crm, nonce])
    digest = hashlib.sha256(_verifier(config, nonce).encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    url = vendor.authorize_url(state, config.redirect_uri(vendor.crm), challenge)
    return Begun(url, nonce)


def check_state(config: Config, crm: str, state: str, nonce: str | None) -> str:
    """The PKCE verifier, if this very browser began the flow. Raises ConnectRefused."""
    try:
        began_crm, began_nonce = _states(config).loads(state, max_age=STATE_SECONDS)
    except SignatureExpired:
        raise ConnectRefused(
            "oauth_state_old",
            "The consent took too long",
            f"A connection must be finished within {STATE_SECONDS // 60} minutes. Start it again.",
        ) from None
    except (BadSignature, ValueError, TypeError):
        raise ConnectRefused(
            "oauth_state_invalid",
            "This connection was not started here",
            "The link did not come from this server or was changed on its way. Do not use links "
            "that somebody sent you; start the connection from this page.",
        ) from None
    if began_crm != crm or nonce is None or not hmac.compare_digest(began_nonce, nonce):
        raise ConnectRefused(
            "oauth_state_foreign",
            "This connection was started in another browser",
            "Whoever starts a connection must finish it in the same browser, so that nobody can "
            "attach their CRM account to your session. Nothing was connected. If it was you, with "
            "cookies blocked or in two tabs, start again in one tab.",
        )
    return _verifier(config, nonce)


def exchange(config: Config, vendor: Vendor, code: str, verifier: str) -> Tokens:
    """Tokens for the code. Raises ConnectRefused with the vendor's reason."""
    try:
        return vendor.exchange(code, config.redirect_uri(vendor.crm), verifier)
    except CrmError as error:
        raise ConnectRefused(
            "oauth_exchange", "The CRM did not hand over access", f"{error.message} Nothing was "
            "connected; start again.",
        ) from error


def establish(
    store: Store, connectors: Connectors, clocks: Clocks, crm: str, tokens: Tokens
) -> Connected:
    """Make the tokens an installation that may import. Safe to repeat, also for a re-install.

    Reads the account with tokens that are not saved yet, then saves all in one transaction per
    step; what the CRM refuses of our properties is noted and does not stop the connection.
    Raises ConnectRefused.
    """
    connector = connectors.unsaved(crm, tokens)
    try:
        account = connector.account()
        users = connector.people()
        pipes = connector.pipelines()
    except CrmError as error:
        raise ConnectRefused(
            "oauth_account",
            "The CRM account could not be read",
            f"{error.message} Nothing was connected; start again once that is put right.",
        ) from error
    installer = next((user for user in users if user.email.lower() == tokens.user.lower()), None)
    installation_id = _save(store, connectors, clocks, crm, tokens, account, users, pipes)
    _prepare(store, connectors, installation_id)
    owner_id = installer.owner_id if installer else None
    with store.write() as conn:
        if owner_id is not None:
            people.change(conn, installation_id, owner_id, role="admin")
        # Connected again: what was imported stays, and the lane that imports reads what changed
        # since, before anything else is done. A second import would be a baseline, which takes the
        # changes of the outage in without a signal.
        installations.change(conn, installation_id, status="importing")
        cursors.forget(conn, installation_id, installations.WITHDRAWN)
        installations.bump(conn, installation_id)
        audit.write(
            conn, installation_id, tokens.user or "installer", "connected", clocks.wall(),
            {"crm": crm, "account": account.id, "scopes": list(tokens.scopes)},
        )
    return Connected(installation_id, account, owner_id, tokens.user)


def _save(
    store: Store,
    connectors: Connectors,
    clocks: Clocks,
    crm: str,
    tokens: Tokens,
    account: Account,
    users: list[CrmPerson],
    pipes: list[CrmPipeline],
) -> int:
    with store.write() as conn:
        installation_id = installations.create(
            conn,
            crm,
            account.id,
            clocks.wall(),
            name=account.name,
            zone=account.zone,
            currency=account.currency,
            url=account.url,
            installed_by=tokens.user,
            status="connecting",
        )
        cursors.put(conn, installation_id, "account_types", dumps(account.types))
    connectors.tokens(installation_id, account.id).save(tokens)
    with store.write() as conn:
        save_people(conn, installation_id, users)
        save_pipelines(conn, installation_id, pipes)
    return installation_id


def look_again(store: Store, connector: Connector, installation_id: int) -> AccountChanges:
    """Read people and pipelines again, as upkeep does once a day; false if nothing was new.

    Raises CrmError.
    """
    users, pipes = connector.people(), connector.pipelines()
    with store.write() as conn:
        before = _known(conn, installation_id)
        save_people(conn, installation_id, users)
        save_pipelines(conn, installation_id, pipes)
        changes = compare(before, _known(conn, installation_id))
        if changes:
            installations.bump(conn, installation_id)
    return changes


def _known(conn: Connection, installation_id: int) -> list[list[RowMapping]]:
    return [
        list(people.read(conn, installation_id).values()),
        pipelines.read(conn, installation_id),
        pipelines.read_stages(conn, installation_id),
    ]


def save_people(conn: Connection, installation_id: int, users: list[CrmPerson]) -> None:
    """The CRM's users as they are now, with what an admin added to each kept."""
    known = people.read(conn, installation_id)
    people.put(conn, installation_id, people_rows.rows_of(users, known.values()))


def save_pipelines(conn: Connection, installation_id: int, pipes: list[CrmPipeline]) -> None:
    """Pipelines and stages as the CRM has them; what an admin confirmed is kept.

    A new stage gets the proposed kind, unconfirmed, and therefore does not act.
    """
    pipelines.put(
        conn,
        installation_id,
        {pipe.id: pipe.label for pipe in pipes},
        [
            {
                "pipeline_id": pipe.id,
                "id": stage.id,
                "label": stage.label,
                "position": stage.position,
                "kind": stage.proposed_kind,
            }
            for pipe in pipes
            for stage in pipe.stages
        ],
    )


def repair(
    store: Store, connectors: Connectors, clocks: Clocks, installation_id: int, who: str
) -> list[list[str]]:
    """Make again what somebody deleted of our properties; repeating it changes nothing.

    Answers what the CRM refused, as [property, why]. Raises AuthRevoked.
    """
    refused = _prepare(store, connectors, installation_id)
    with store.write() as conn:
        installations.bump(conn, installation_id)
        audit.write(conn, installation_id, who, "repaired", clocks.wall(), {"refused": refused})
    return refused


def _prepare(store: Store, connectors: Connectors, installation_id: int) -> list[list[str]]:
    with store.read() as conn:
        settings = parse(installations.get_settings(conn, installation_id))
    try:
        connector = connectors.fresh(installation_id)
        report = connector.install()
        if settings.native_sequences:
            connector.install_bridge()
    except AuthRevoked:
        raise
    except CrmError as error:
        refused = [["", error.message]]
        unique = False
    else:
        refused = [list(item) for item in report.refused]
        unique = report.unique_touch_id
    with store.write() as conn:
        installations.change(conn, installation_id, unique_touch_id=unique)
        cursors.put(conn, installation_id, "install_refused", dumps(refused))
        footprint.repaired(conn, installation_id)
    connectors.fresh(installation_id)  # the one just used was made before the probe
    return refused


def _states(config: Config) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(config.secret_key, salt="oauth-state")


def _verifier(config: Config, nonce: str) -> str:
    digest = hmac.digest(config.secret_key.encode(), b"pkce:" + nonce.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
