"""The pages say what is known, in words, and escape what others wrote."""

from __future__ import annotations

import re

import pytest

from app.model.time import DAY, HOUR, MINUTE
from app.store import calls, notices
from app.web.formats import amount, lasting, words
from tests.web.support import NOW, Served, confirm_all, event, fill
from tests.web.test_access import as_role
from tests.web.test_api import PLAYBOOK, activated


def test_a_stranger_is_led_to_the_connection(served: Served) -> None:
    browser = served.browser()
    assert browser.get("/").location.endswith("/welcome")
    assert "Connect HubSpot" in browser.get("/welcome").text


def test_result(served: Served) -> None:
    browser = served.connected()
    inst = served.installation()
    fill(served, inst)
    activated(served)
    confirm_all(served, inst)
    text = browser.get("/").text
    for shown in ("Proposal sent", "proposal/proposal-sent", "Ada", "Orphan",
                  "the CRM refused the owner", 'id="holdout"'):
        assert shown in text


def test_subject(served: Served) -> None:
    browser = served.connected()
    fill(served, served.installation())
    text = browser.get("/subjects/deal/901").text
    for question in ("Where is it?", "What happens next?", "Who does it?", "Why, and why not"):
        assert question in text
    assert "Do timeline" in text
    assert "Pat &lt;b&gt;" in text
    assert "Pat <b>" not in text


def test_times_are_shown_in_the_zone_of_the_account(served: Served) -> None:
    browser = served.connected()
    fill(served, served.installation())
    assert '<time datetime="2026-11-18T11:06:40.000Z">' in browser.get("/subjects/deal/901").text
    assert "12:06" in browser.get("/subjects/deal/901").text  # Berlin in winter
    browser.send("PUT", "/api/settings", {"zone": "Asia/Tokyo"})
    assert "20:06" in browser.get("/subjects/deal/901").text


def test_setup_shows_what_is_missing(served: Served) -> None:
    browser = served.connected()
    text = browser.get("/setup").text
    assert "nothing acts in a pipeline that is not followed" in text
    assert "no scope" in text
    confirm_all(served, served.installation())
    text = browser.get("/setup").text
    assert "done: 1 of 1 followed" in text
    assert "done: 3 confirmed" in text


def test_rules(served: Served) -> None:
    browser = served.connected()
    browser.send("POST", "/api/playbooks", {"text": PLAYBOOK})
    text = browser.get("/rules").text
    assert "mine/sent" in text
    assert "All live" in text
    manager = as_role(served, "2", "manager")
    assert "mine/sent" in manager.get("/rules").text
    assert "All live" not in manager.get("/rules").text


def test_mine(served: Served) -> None:
    served.connected()
    inst = served.installation()
    fill(served, inst)
    with served.store.write() as conn:
        notices.add(conn, inst, [
            {"id": "n1", "subject_id": inst * 10 + 1, "owner_id": "1", "code": "stale-deal",
             "data": {"text": "Silent for 14 days"}, "noticed_at": NOW},
            {"id": "n2", "subject_id": None, "owner_id": "2", "code": "other",
             "data": {}, "noticed_at": NOW},
        ])
    ada = as_role(served, "1", "rep")
    assert ada.get("/").location.endswith("/next")
    text = ada.get("/mine").text
    assert "Do timeline" in text
    assert "Do questions" not in text  # completed
    assert "Silent for 14 days" in text
    assert ">other" not in text
    ben = as_role(served, "2", "rep")
    assert "Do timeline" not in ben.get("/mine").text


def test_health_page(served: Served) -> None:
    browser = served.connected()
    served.deliver([event()], secret="wrong")
    text = browser.get("/health").text
    assert "webhook not signed by the vendor" in text


def test_find(served: Served) -> None:
    browser = served.connected()
    fill(served, served.installation())
    assert "/subjects/deal/901" in browser.get("/subjects?q=ACME").text
    assert "/subjects/deal/902" in browser.get("/subjects?q=902").text
    for words_ in ("%", "_", "zzz", "<i>"):
        text = browser.get("/subjects", query_string={"q": words_}).text
        assert "Nothing found" in text
        assert "<i>" not in text


def test_every_label_and_field_is_named(served: Served) -> None:
    """Each field has a label or a name of its own, or is hidden, for screen readers."""
    browser = served.connected()
    browser.send("POST", "/api/playbooks", {"text": PLAYBOOK})
    fill(served, served.installation())
    for path in ("/setup", "/rules", "/people", "/subjects", "/settings", "/people/1", "/audit",
                 "/playbooks/mine/edit", "/playbooks/mine/edit?view=yaml", "/playbooks/files",
                 "/playbooks/mine/history", "/setup?step=stages", "/setup?step=people"):
        text = browser.get(path).text
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', text))
        within = re.sub(r"<label.*?</label>", "", text, flags=re.S)
        for field in re.findall(r"<(?:input|select|textarea)[^>]*>", within):
            named = re.search(r'id="([^"]+)"', field)
            hidden = 'type="hidden"' in field or " hidden>" in field or "aria-label=" in field
            assert hidden or (named and named[1] in labelled), (path, field)


def test_liveness_and_readiness(served: Served) -> None:
    client = served.app.test_client()
    assert client.get("/healthz").get_json() == {"ok": True}
    served.connected()
    served.deliver([event()])
    served.clocks.at += 5000
    ready = client.get("/readyz").get_json()
    assert ready == {"ok": True, "inbox": 1, "inbox_age_ms": 5000, "late_ms": 0}


def test_not_ready_without_a_database(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object) -> None:
        raise OSError("no such file")

    monkeypatch.setattr(served.store, "read", gone)
    answer = served.app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert "DATABASE_URL" in answer.get_json()["next"]
    assert served.app.test_client().get("/healthz").status_code == 200


def test_metrics(served: Served) -> None:
    served.connected()
    fill(served, served.installation())
    with served.store.write() as conn:
        calls.refuse(conn, "webhook_signature", NOW, 3)
    text = served.app.test_client().get("/metrics").text
    assert 'followthrough_refusals_total{reason="webhook_signature"} 3.0' in text
    assert 'followthrough_touches{state="performed"} 2.0' in text
    assert "Acme" not in text


def test_formats() -> None:
    assert lasting(3 * DAY + HOUR) == "3 days"
    assert lasting(HOUR) == "1 hour"
    assert lasting(12 * MINUTE) == "12 min"
    assert lasting(0) == "nothing"
    assert amount(None, "EUR") == "unknown"
    assert amount(0.0, "EUR") == "0.00 EUR"
    assert words("stage_left") == "left the stage"
    assert words("some_new_code") == "some new code"
