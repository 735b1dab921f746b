"""Pipedrive's word that the app was uninstalled: whose access ends, and whose does not."""

from __future__ import annotations

import orjson
import pytest
from werkzeug.test import TestResponse

from app.installations.connect import establish
from app.store import audit, calls, installations
from app.store.engine import Store
from connectors.contract import AuthRevoked
from connectors.pipedrive.oauth import basic
from connectors.pipedrive.vendor import PipedriveVendor
from tests.web.support import Served, Vendor

PIPEDRIVE = {"PIPEDRIVE_CLIENT_ID": "client", "PIPEDRIVE_CLIENT_SECRET": "pd secret"}
ADA, BEN = 11, 12


class Pipedrive(Vendor):
    """Pipedrive's own check of who says so, around an OAuth that answers from memory."""

    crm = "pipedrive"

    def __init__(self, served: Served) -> None:
        super().__init__()
        self.uninstalled = PipedriveVendor(served.config.vendor("pipedrive")).uninstalled


@pytest.fixture
def pipedrive(store: Store) -> Served:
    """Account 1000, which Ada connected."""
    served = Served(store, **PIPEDRIVE)
    vendor = Pipedrive(served)
    served.connectors._vendors["pipedrive"] = vendor  # type: ignore[assignment]
    tokens = vendor.exchange("1000", "https://ours.example", "verifier")
    establish(store, served.connectors, served.clocks, "pipedrive", tokens)
    return served


def tell(
    served: Served, user: int, *, account: int = 1000, secret: str = "pd secret"
) -> TestResponse:
    said = {"client_id": "client", "company_id": account, "user_id": user, "timestamp": "now"}
    return served.app.test_client().delete(
        "/oauth/pipedrive/callback",
        data=orjson.dumps(said),
        headers={"Authorization": basic("client", secret), "Content-Type": "application/json"},
    )


def status(served: Served) -> str:
    with served.store.read() as conn:
        row = installations.find(conn, "pipedrive", "1000")
    assert row is not None
    return row["status"]


def test_access_ends_at_once_and_what_is_known_stays(pipedrive: Served) -> None:
    assert status(pipedrive) == "importing"
    assert tell(pipedrive, ADA).status_code == 204
    assert status(pipedrive) == "revoked"
    with pipedrive.store.read() as conn:
        row = installations.find(conn, "pipedrive", "1000")
        assert row is not None
        assert audit.read(conn, row["id"])[0]["what"] == "uninstalled"
    with pytest.raises(AuthRevoked):
        pipedrive.connectors.tokens(row["id"], "1000").load()
    assert tell(pipedrive, ADA).status_code == 204, "told twice, done once"


def test_another_users_own_installation_is_not_ours(pipedrive: Served) -> None:
    assert tell(pipedrive, BEN).status_code == 204
    assert status(pipedrive) == "importing"


def test_an_account_that_nobody_knows_changes_nothing(pipedrive: Served) -> None:
    assert tell(pipedrive, ADA, account=1001).status_code == 204
    assert status(pipedrive) == "importing"


def test_nobody_else_can_say_so(pipedrive: Served) -> None:
    answer = tell(pipedrive, ADA, secret="guess")
    assert answer.status_code == 401
    assert status(pipedrive) == "importing"
    with pipedrive.store.read() as conn:
        refused = {row["reason"]: row["count"] for row in calls.refused(conn)}
    assert refused == {"uninstall_signature": 1}


def test_a_crm_that_is_not_set_up_is_unknown(served: Served) -> None:
    answer = served.app.test_client().delete("/oauth/pipedrive/callback", data=b"{}")
    assert answer.status_code == 404
