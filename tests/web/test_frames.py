"""The panel in Pipedrive's own frame: for whom its signed address says, and for nobody else."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from app.installations.connect import establish
from app.store import calls, installations
from app.store.engine import Store
from connectors.pipedrive.vendor import PipedriveVendor
from tests.web.support import NOW, URL, Served, Vendor, fill

SECRET = "a secret of the app that has some forty characters"
PIPEDRIVE = {"PIPEDRIVE_CLIENT_ID": "client", "PIPEDRIVE_CLIENT_SECRET": SECRET}


class Pipedrive(Vendor):
    """Pipedrive's own check of an address, around an OAuth that answers from memory."""

    crm = "pipedrive"

    def __init__(self, served: Served) -> None:
        super().__init__()
        self.verify_frame = PipedriveVendor(served.config.vendor("pipedrive")).verify_frame


@pytest.fixture
def pipedrive(store: Store) -> Served:
    """Account 1000, connected by Ada (user 11), with its deals."""
    served = Served(store, **PIPEDRIVE)
    vendor = Pipedrive(served)
    served.connectors._vendors["pipedrive"] = vendor  # type: ignore[assignment]
    tokens = vendor.exchange("1000", "https://ours.example", "verifier")
    establish(store, served.connectors, served.clocks, "pipedrive", tokens)
    with store.read() as conn:
        row = installations.find(conn, "pipedrive", "1000")
    assert row is not None
    fill(served, row["id"])
    return served


def opened(
    served: Served, *, secret: str = SECRET, said: dict[str, Any] | None = None,
    dest: str = "iframe", **query: str,
) -> TestResponse:  # fmt: skip
    claims = {"userId": 11, "companyId": 1000, "exp": NOW // 1000 + 300} | (said or {})
    words = {
        "resource": "deal", "view": "details", "selectedIds": "901", "userId": "11",
        "companyId": "1000", "token": jwt.encode(claims, secret, "HS256"),
    } | query  # fmt: skip
    return served.app.test_client().get(
        "/frame/pipedrive", query_string=words, base_url=URL, headers={"Sec-Fetch-Dest": dest}
    )


def test_the_panel_opens_for_the_user_whom_the_token_names(pipedrive: Served) -> None:
    answer = opened(pipedrive, userId="12", companyId="2000")  # beside the token: nobody's word
    assert (answer.status_code, answer.location) == (302, "/panel/deal/901")
    for part in ("followthrough_frame=", "HttpOnly", "Secure", "SameSite=None", "Partitioned"):
        assert part in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": "another secret of thirty-two chars"},
        {"token": ""},
        {"token": "a.b.c"},
        {"token": jwt.encode({"userId": 11, "companyId": 1000, "exp": NOW}, "", "none")},
        {"said": {"exp": NOW // 1000 - 60}},
        {"said": {"userId": None, "companyId": {}, "exp": "soon"}},
        {"resource": "organization"},
        {"selectedIds": "901,902"},
        {"selectedIds": ""},
        {"selectedIds": "../../admin"},
        {"dest": "document"},
    ],
)
def test_anything_else_opens_nothing_and_is_counted(
    pipedrive: Served, changed: dict[str, Any]
) -> None:
    answer = opened(pipedrive, **changed)
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    with pipedrive.store.read() as conn:
        refused = {row["reason"]: row["count"] for row in calls.refused(conn)}
    assert refused == {"frame_signature": 1}


@pytest.mark.parametrize("said", [{"userId": 99}, {"companyId": 2000}, {"userId": 14}])
def test_whom_we_do_not_know_is_told_so(pipedrive: Served, said: dict[str, Any]) -> None:
    """A stranger, another account's user, and one who was deactivated."""
    assert opened(pipedrive, said=said).status_code == 403


def test_a_vendor_without_frames_has_none(served: Served) -> None:
    for crm in ("hubspot", "pipedrive"):
        assert served.app.test_client().get(f"/frame/{crm}").status_code == 404
