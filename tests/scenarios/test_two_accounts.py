"""Two accounts in one app: neither slows the other, neither sees the other.

The app runs as in production, on threads and ticks of its own, because the simulation's one thread
would make the accounts wait for each other by design. Business time stands where the test puts it,
so lateness is exact: how much later than owed, in the CRM's time, a task was written.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.installations.config import Config, from_environment
from demo.admin import Admin
from demo.http import TIMEOUT_S
from sandbox.hubspot import errors
from tests.scenarios.harness import ADA, CLIENT_SECRET, KINDS, PORTAL, playbook
from tests.scenarios.live import Live
from tests.scenarios.test_refusals import send_webhook

OTHER = PORTAL + 1
HOUR = 3_600_000
DEALS = 6
PATIENCE_S = 25

RULE = playbook(
    "- {id: go, when: {stage_entered: proposal}, then: [{enrol: cadence}]}",
    """
    - id: cadence
      steps:
        - {id: one, at: 1h, lead: 0h, task: todo, template: t, subject: First}
        - {id: two, at: 2h, lead: 0h, task: todo, template: t, subject: Second}
        - {id: three, at: 3h, lead: 0h, task: todo, template: t, subject: Third}
    """,
)
SETTINGS = {
    "settle_ms": 0, "working_hours": False, "merge": False, "cap_7_days": None,
    "cap_30_days": None, "rep_daily_tasks": None,
}  # fmt: skip


class Two(Live):
    """The usual account, `PORTAL`, and a second one like it, `OTHER`, with people of the same
    names, addresses and ids."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.second = self._account(OTHER)
        self.refused: Callable[[], None] | None = None
        admit = self.hubspot.limits.admit

        def gated(app_id: int, portal_id: int, tier: str, family: str) -> dict[str, str]:
            if portal_id == PORTAL and self.refused is not None:
                self.refused()
            return admit(app_id, portal_id, tier, family)

        self.hubspot.limits.admit = gated  # type: ignore[method-assign]

    def _config(self) -> Config:
        super()._config()
        del self.environment["RATE_MULTIPLIER"]  # the vendor's true limits, of each account alone
        return from_environment(self.environment)

    def _connect(self) -> None:
        self.admins: dict[int, Admin] = {}
        for portal in (PORTAL, OTHER):
            admin = self.admin = self.admins[portal] = Admin(self.url)
            if portal == PORTAL:
                admin.register_at(self.crm, CLIENT_SECRET)
            admin.install(portal)
            admin.wait_for_import()
            admin.confirm_stages({stage: kind for kind, stage in KINDS.items()})
            admin.settings(SETTINGS)
            admin.activate(admin.save({"text": RULE}), "live")

    def act_in(self, portal: int, verb: str, **params: Any) -> str:
        body = {"portal": portal, "verb": verb, **params}
        return str(self.crm.call("POST", "/sandbox/act", body)["id"])

    def deals_in(self, portal: int, name: str) -> list[str]:
        """Deals that enter the stage now; their webhooks are out when this returns."""
        found: list[str] = []
        for number in range(DEALS):
            contact = self.act_in(
                portal, "create_contact", firstname=name, lastname="Vos",
                email=f"{name.lower()}{number}@{name.lower()}.example", owner=ADA.owner_id,
            )  # fmt: skip
            found.append(self.act_in(
                portal, "create_deal", name=f"{name} {number}", stage="proposal", amount="100",
                contact=contact, owner=ADA.owner_id,
            ))  # fmt: skip
        self.hubspot.deliveries.flush()
        return found

    def lateness(self, portal: int) -> list[tuple[str, str, int]]:
        """(deal, step, ms of the CRM's time from when it was owed until its task stood there)."""
        made = {
            row["properties"]["followthrough_touch_id"]: row["created_at"]
            for row in self.crm.export(portal, "tasks")["tasks"]
        }
        return sorted(
            (touch["subject_id"], touch["step"], made[touch["id"]] - touch["owed_at"])
            for touch in self.admins[portal].touches()
            if touch["id"] in made
        )

    def wait_for(self, portal: int, count: int) -> None:
        """Until so many of the account's tasks stand."""
        self.wait(lambda: len(self.lateness(portal)) >= count, f"{count} tasks of {portal} stand")

    def held_off(self, portal: int) -> bool:
        return self.admins[portal].get("/api/health")["held_off_ms"] > 0

    def wait(self, come_true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not come_true():
            assert time.monotonic() < deadline, f"waited in vain until {what}"
            time.sleep(0.02)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """The first account refuses every call, and wants none for an hour."""

        def refuse() -> None:
            error = errors.rate_limited("rate_ten_seconds")
            error.headers = {"Retry-After": "3600"}
            raise error

        self.refused = refuse
        yield
        self.refused = None

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """The first account takes every call and does not answer."""
        gate = threading.Event()
        self.refused = lambda: gate.wait(PATIENCE_S) and None
        try:
            yield
        finally:
            gate.set()
            self.refused = None


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    with Two(tmp_path) as story:
        yield story


def test_a_crawling_account_does_not_make_the_other_late(two: Two) -> None:
    start = two.now
    crawling, healthy = two.deals_in(PORTAL, "Anna"), two.deals_in(OTHER, "Bert")
    with two.hanging():
        two.to(start + HOUR)
        two.wait_for(OTHER, DEALS)
        two.to(start + 2 * HOUR)
        two.wait_for(OTHER, 2 * DEALS)
        assert two.lateness(PORTAL) == [], "nothing could be written in the first account"
    two.wait_for(PORTAL, 2 * DEALS)  # what was late is done once it may be
    late = {(deal, "one", HOUR) for deal in crawling} | {(deal, "two", 0) for deal in crawling}
    assert set(two.lateness(PORTAL)) == late

    with two.refusing():
        two.to(start + 3 * HOUR)
        two.wait_for(OTHER, 3 * DEALS)
        # Its own turn may come after the other's: an account that was not refused is not held off.
        two.wait(lambda: two.held_off(PORTAL), "it is held off")
    assert two.lateness(OTHER) == sorted(
        (deal, step, 0) for deal in healthy for step in ("one", "two", "three")
    )
    assert len(two.lateness(PORTAL)) == 2 * DEALS
    assert two.held_off(PORTAL)
    health = two.admins[OTHER].get("/api/health")
    assert health["held_off_ms"] == 0
    assert health["failed"] == []


def everything(admin: Admin, pages: tuple[str, ...]) -> str:
    """All that an account's admin can read, as text."""
    texts: list[str] = []
    for path in pages:
        answer = admin.session.get(f"{admin.url}{path}", timeout=TIMEOUT_S)
        assert answer.status_code == 200, (path, answer.status_code)
        texts.append(answer.text)
    return "\n".join(texts)


def test_neither_account_sees_the_other(two: Two) -> None:
    anna, bert = two.deals_in(PORTAL, "Anna"), two.deals_in(OTHER, "Bert")
    two.to(two.now + HOUR)
    two.wait_for(PORTAL, DEALS)
    two.wait_for(OTHER, DEALS)
    mine = {PORTAL: ("Anna", anna), OTHER: ("Bert", bert)}
    api = (
        "/api/status", "/api/result", "/api/health", "/api/doctor?live=true", "/api/people",
        "/api/touches", "/api/playbooks", "/api/subjects?q=a", "/api/subjects?q=e",
    )  # fmt: skip
    pages = ("/", "/setup", "/people", "/rules", "/subjects", "/mine", "/health?check=1",
             "/subjects?q=Anna", "/subjects?q=Bert")  # fmt: skip
    for portal, (name, ids) in mine.items():
        admin = two.admins[portal]
        (other_name, other_ids), other = next((mine[p], p) for p in mine if p != portal)
        told = everything(admin, (*api, *pages)).replace("q=Anna", "").replace("q=Bert", "")
        told = told.replace(f'value="{other_name}"', "")  # the words that were searched for
        assert f"{name} 1" in told
        assert f"{other_name} 1" not in told
        assert f"{other_name.lower()}.example" not in told
        assert str(other) not in told
        for deal in ids:
            assert admin.get(f"/api/subjects/deal/{deal}")["id"] == deal
        for path in ("/api/subjects/deal/{}", "/api/ledger/deal/{}", "/subjects/deal/{}",
                     "/api/why/deal/{}?rule=test/go"):  # fmt: skip
            for deal in other_ids:
                answer = admin.session.get(f"{admin.url}{path.format(deal)}", timeout=TIMEOUT_S)
                assert answer.status_code == 404, path
        written = two.crm.export(portal, "tasks")["tasks"]
        linked = {one["id"] for row in written for one in row["associations"]["deals"]}
        assert linked == set(ids), "and nothing was written beside its own records"


def test_an_event_acts_in_the_account_that_it_names_alone(two: Two) -> None:
    """The vendor signs for all accounts with one secret, so the account in the event decides."""
    (deal, *_) = two.deals_in(PORTAL, "Anna")
    two.to(two.now + HOUR)
    two.wait_for(PORTAL, DEALS)
    before = two.refusals().get("webhook_unknown_account", 0)
    assert send_webhook(two, portalId=PORTAL + 7, objectId=int(deal)).status_code == 204
    assert two.refusals()["webhook_unknown_account"] == before + 1

    for kind in ("deletion", "creation"):
        sent = send_webhook(
            two, portalId=OTHER, objectId=int(deal), subscriptionType=f"deal.{kind}"
        )
        assert sent.status_code == 204
    two.deals_in(OTHER, "Bert")
    two.to(two.now + HOUR)
    two.wait_for(OTHER, DEALS)  # by then what came before was taken in
    known = two.admins[PORTAL].get(f"/api/subjects/deal/{deal}")
    assert not known["deleted"]
    assert [row["state"] for row in known["enrolments"]] == ["active"]
    answer = two.admins[OTHER].session.get(
        f"{two.url}/api/subjects/deal/{deal}", timeout=TIMEOUT_S
    )
    assert answer.status_code == 404
