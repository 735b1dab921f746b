"""Connecting: only the browser that began it may finish, and every refusal says what to do."""

from __future__ import annotations

import base64
import hashlib

import pytest

from app.installations import signing
from app.installations.connect import STATE_SECONDS
from app.store import audit, calls, cursors, installations, people, pipelines
from app.store.sets import loads
from tests.web.support import NOW, URL, Served


def refused(served: Served) -> dict[str, int]:
    with served.store.read() as conn:
        return {row["reason"]: row["count"] for row in calls.refused(conn)}


def test_the_golden_path(served: Served) -> None:
    browser = served.browser()
    answer = browser.connect("1000")
    assert answer.location.endswith("/setup")
    inst = served.installation()
    with served.store.read() as conn:
        row = installations.get(conn, inst)
        folk = people.read(conn, inst)
        stages = pipelines.read_stages(conn, inst)
        pipes = pipelines.read(conn, inst)
        done = audit.read(conn, inst)
        refusals = loads(cursors.get(conn, inst, "install_refused") or "[]")
    assert row is not None
    assert (row["status"], row["zone"], row["currency"]) == ("importing", "Europe/Berlin", "EUR")
    assert row["unique_touch_id"]
    assert row["revision"] == 1
    assert folk["1"]["role"] == "admin"  # who installed is the first admin
    assert folk["1"]["email"] == "ada@example.com"
    assert folk["2"]["role"] == "rep"
    assert [(s["id"], s["kind"], s["confirmed"]) for s in stages][:2] == [
        ("s1", "qualified", False), ("s2", "proposal", False)
    ]  # fmt: skip
    assert not pipes[0]["followed"]
    assert done[0]["what"] == "connected"
    assert refusals == [["x", "no scope"]]
    assert served.runtime.pokes == [("sync", inst)]
    assert served.connectors.tokens(inst, "1000").load().refresh == "refresh"


def test_pkce_verifier_fits_its_challenge_and_stays_out_of_the_cookie(served: Served) -> None:
    browser = served.browser()
    browser.connect("1000")
    digest = hashlib.sha256(served.vendor.verifiers[0].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == served.vendor.challenges[0]
    again = served.browser()
    again.start()
    cookie = again.client.get_cookie("followthrough", domain="followthrough.example")
    assert cookie is not None
    payload = cookie.value.split(".")[0]
    shown = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    assert "oauth" in shown
    assert served.vendor.verifiers[0] not in shown


def test_a_foreign_state_is_refused_with_a_page_that_says_what_to_do(served: Served) -> None:
    attacker, victim = served.browser(), served.browser()
    state = attacker.start()
    victim.start()
    answer = victim.back(state, "1000")
    assert answer.status_code == 400
    assert "started in another browser" in answer.text
    assert "Nothing was connected" in answer.text
    assert refused(served) == {"oauth_state_foreign": 1}
    with served.store.read() as conn:
        assert installations.find(conn, "hubspot", "1000") is None


def test_a_state_without_any_session_is_foreign(served: Served) -> None:
    state = served.browser().start()
    assert served.browser().back(state, "1000").status_code == 400
    assert refused(served) == {"oauth_state_foreign": 1}


def test_a_state_works_once(served: Served) -> None:
    browser = served.browser()
    state = browser.start()
    assert browser.back(state, "1000").status_code == 302
    assert browser.back(state, "1000").status_code == 400


@pytest.mark.parametrize("state", ["", "nonsense", "WyJodWJzcG90IiwibiJd.aaaaaa.bbbbbb"])
def test_a_state_that_we_did_not_sign(served: Served, state: str) -> None:
    browser = served.browser()
    browser.start()
    answer = browser.back(state, "1000")
    assert answer.status_code == 400
    assert "not started here" in answer.text
    assert refused(served) == {"oauth_state_invalid": 1}


def test_a_stale_state_is_refused(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = served.browser()
    state = browser.start()
    import itsdangerous.timed

    real = itsdangerous.timed.time.time

    class Later:
        @staticmethod
        def time() -> float:
            return real() + STATE_SECONDS + 2

    monkeypatch.setattr(itsdangerous.timed, "time", Later)
    answer = browser.back(state, "1000")
    assert answer.status_code == 400
    assert "took too long" in answer.text
    assert refused(served) == {"oauth_state_old": 1}


def test_denied_consent(served: Served) -> None:
    browser = served.browser()
    state = browser.start()
    answer = browser.get(f"/oauth/hubspot/callback?state={state}&error=access_denied")
    assert answer.status_code == 400
    assert "Access was not granted" in answer.text


def test_an_error_of_the_crm_is_shown_and_escaped(served: Served) -> None:
    browser = served.browser()
    state = browser.start()
    answer = browser.get(
        f"/oauth/hubspot/callback?state={state}&error=x&error_description=<script>no</script>"
    )
    assert answer.status_code == 400
    assert "<script>no" not in answer.text
    assert "&lt;script&gt;no" in answer.text


def test_a_code_that_the_crm_does_not_take(served: Served) -> None:
    browser = served.browser()
    answer = browser.back(browser.start(), "bad")
    assert answer.status_code == 400
    assert "The code was used before." in answer.text
    assert refused(served) == {"oauth_exchange": 1}


def test_connecting_again_keeps_the_installation_and_what_was_decided(served: Served) -> None:
    browser = served.connected()
    inst = served.installation()
    browser.send("PUT", "/api/people/2", {"role": "manager", "country": "DE"})
    browser.send("PUT", "/api/stages", {"stages": [
        {"pipeline": "default", "id": "s1", "kind": "meeting_done"}]})
    browser.send("PUT", "/api/people/2", {"absences": [[NOW, NOW + 1000]]})
    served.connected()
    assert served.installation() == inst
    with served.store.read() as conn:
        ben = people.read(conn, inst)["2"]
        stage = pipelines.read_stages(conn, inst)[0]
    assert (ben["role"], ben["country"]) == ("manager", "DE")
    assert loads(ben["absences"]) == [[NOW, NOW + 1000, "ours"]]
    assert (stage["kind"], stage["confirmed"]) == ("meeting_done", True)


def test_connecting_again_keeps_what_was_imported_and_catches_up(served: Served) -> None:
    served.connected()
    inst = served.installation()
    with served.store.write() as conn:
        installations.change(conn, inst, status="revoked")
    served.connected()  # access was lost in mid-import: it goes on
    with served.store.write() as conn:
        assert installations.get(conn, inst)["status"] == "importing"  # type: ignore[index]
        installations.change(conn, inst, status="revoked")
        cursors.put(conn, inst, "import:deal", "done")
        cursors.put(conn, inst, installations.WITHDRAWN, "1")
    served.connected()
    with served.store.read() as conn:
        # The lane that imports finds nothing to import, reads what changed, and turns it active.
        assert installations.get(conn, inst)["status"] == "importing"  # type: ignore[index]
        assert cursors.get(conn, inst, "import:deal") == "done"
        assert cursors.get(conn, inst, installations.WITHDRAWN) is None, "nothing is erased"


def test_an_installer_whom_the_crm_does_not_list_is_admin_of_the_session(served: Served) -> None:
    browser = served.connected("2000")
    assert browser.get("/api/session").get_json()["role"] == "admin"


def test_unknown_crm(served: Served) -> None:
    assert served.browser().get("/connect/other").status_code == 404


# --- sign-in links -------------------------------------------------------------------------------


def link(served: Served, email: str = "ben@example.com") -> str:
    answer = served.connected().send("POST", "/api/signin-links", {"email": email})
    assert answer.status_code == 201, answer.text
    return answer.get_json()["url"]


def test_a_link_signs_in_once(served: Served) -> None:
    address = link(served)
    assert address.startswith(f"{URL}/signin/")
    ben = served.browser()
    answer = ben.sign_in(address)
    assert answer.status_code == 302
    assert answer.location.endswith("/next")
    assert ben.get("/api/session").get_json()["owner_id"] == "2"
    again = served.browser().sign_in(address)
    assert again.status_code == 410
    assert "Ask an admin for a new one" in again.text


def test_opening_a_link_does_not_use_it_up(served: Served) -> None:
    address = link(served)
    path = address.removeprefix(URL)
    for _ in range(2):
        assert served.browser().get(path).status_code == 200
    assert served.browser().sign_in(address).status_code == 302


def test_a_link_runs_out(served: Served) -> None:
    address = link(served)
    served.clocks.at += 24 * 3_600_000
    assert served.browser().sign_in(address).status_code == 410


def test_another_site_cannot_sign_somebody_in(served: Served) -> None:
    address = link(served)
    answer = served.browser().client.post(
        address.removeprefix(URL), base_url=URL, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert served.browser().sign_in(address).status_code == 302  # and it is not used up


@pytest.mark.parametrize("email", ["nobody@example.com", "gone@example.com"])
def test_no_link_for_who_is_no_active_user(served: Served, email: str) -> None:
    answer = served.connected().send("POST", "/api/signin-links", {"email": email})
    assert answer.status_code == 422
    assert answer.get_json()["problems"][0]["field"] == "email"


def test_links_from_the_command_line(served: Served) -> None:
    served.connected("1000")
    served.connected("2000")
    wall = served.clocks.wall()
    links = signing.everywhere(served.store, served.config, " Ben@example.com", wall)
    assert [name for name, _ in links] == ["Account 1000", "Account 2000"]
    ben = served.browser()
    assert ben.sign_in(links[1][1]).status_code == 302
    assert ben.get("/api/session").get_json()["installation"] == served.installation("2000")
    with pytest.raises(signing.NoSuchPerson, match="check the spelling"):
        signing.everywhere(served.store, served.config, "gone@example.com", wall)


def test_whoever_leaves_the_crm_is_out_at_once(served: Served) -> None:
    address = link(served)
    ben = served.browser()
    ben.sign_in(address)
    with served.store.write() as conn:
        people.change(conn, served.installation(), "2", active=False)
    assert ben.get("/api/session").status_code == 401


def test_signing_out(served: Served) -> None:
    browser = served.connected()
    assert browser.client.post("/signout", base_url=URL).status_code == 403
    answer = browser.client.post("/signout", base_url=URL, data={"csrf": browser.csrf})
    assert answer.status_code == 302
    assert browser.get("/api/session").status_code == 401
