"""Bad input: what is refused, counted, and told in words that help."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
import requests

from demo.http import TIMEOUT_S
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import CLIENT_SECRET, PORTAL, Story, playbook

MISTAKEN = """\
playbook: mistaken
rules:
  - id: sent
    when: {stage_entered: propsal}
    then:
      - create_tasks:
          - {id: one, at: 3 days, task: call, template: ask}
          - {id: two, at: 7d, task: call, template: ask}
          - {id: three, at: 9d, task: call, template: ask, window: night}
    limt: 5
templates:
  ask: {decides: Is it decided?, body: Ask.}
"""


def send_webhook(
    story: Story, *, secret: str = CLIENT_SECRET, aged_ms: int = 0, **event_fields: object
) -> requests.Response:
    """An event as HubSpot would sign it, by somebody who may not be HubSpot."""
    event = {
        "eventId": 1, "subscriptionId": 1, "portalId": PORTAL, "appId": 1, "attemptNumber": 0,
        "occurredAt": story.now, "subscriptionType": "deal.creation", "objectId": 5,
        **event_fields,
    }  # fmt: skip
    body = json.dumps([event])
    url, stamp = f"{story.url}/webhooks/hubspot", str(story.wall() - aged_ms)
    digest = hmac.new(secret.encode(), f"POST{url}{body}{stamp}".encode(), hashlib.sha256)
    return requests.post(
        url,
        data=body,
        headers={
            "Content-Type": "application/json",
            "X-HubSpot-Request-Timestamp": stamp,
            "X-HubSpot-Signature-v3": base64.b64encode(digest.digest()).decode(),
        },
        timeout=TIMEOUT_S,
    )


@pytest.mark.parametrize(
    "forged", [{"secret": "somebody else's"}, {"aged_ms": 6 * 60_000}], ids=["forged", "old"]
)
def test_a_forged_or_old_webhook_is_refused_and_counted(
    story: Story, forged: dict[str, object]
) -> None:
    assert send_webhook(story).status_code == 204, "what is signed right is taken"
    story.settle()
    before = story.refusals()
    answer = send_webhook(story, **forged)  # type: ignore[arg-type]
    assert answer.status_code == 401
    assert answer.json()["next"]
    counted = story.refusals()
    assert counted["webhook_signature"] == before.get("webhook_signature", 0) + 1
    health = story.admin.get("/api/health")
    assert "webhook_signature" in [row["reason"] for row in health["refusals"]]
    assert health["inbox"] == 0, "nothing of it was stored"


def test_an_authorisation_that_began_elsewhere_is_refused_with_a_page(story: Story) -> None:
    other = story.browser()
    begun = other.get(f"{story.url}/connect/hubspot", allow_redirects=False, timeout=TIMEOUT_S)
    assert begun.status_code == 302
    state = begun.headers["Location"].split("state=")[1].split("&")[0]
    victim = story.browser()
    answer = victim.get(
        f"{story.url}/oauth/hubspot/callback?code=stolen&state={state}", timeout=TIMEOUT_S
    )
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "connect" in answer.text.lower()
    assert victim.get(f"{story.url}/api/session", timeout=TIMEOUT_S).status_code == 401
    assert sum(count for reason, count in story.refusals().items() if "oauth" in reason) == 1


def test_a_mistaken_playbook_is_answered_with_every_place_and_nothing_is_saved(
    story: Story,
) -> None:
    problems = story.mistakes(MISTAKEN, "mistaken.yaml")
    assert {problem["file"] for problem in problems} == {"mistaken.yaml"}
    assert [(p["line"], p["column"], p["field"], p["suggestion"]) for p in problems] == [
        (4, 27, "rules[0].when.stage_entered", "did you mean `proposal`?"),
        (7, 27, "rules[0].then[0].create_tasks[0].at", "did you mean `3d`?"),
        (9, 68, "rules[0].then[0].create_tasks[2].window", "use one of: call, email, sms"),
        (10, 5, "rules[0].limt", "did you mean `limit`?"),
    ]
    assert all(problem["message"] for problem in problems)
    assert story.admin.get("/api/playbooks")["saved"] == []
    refused = story.admin.session.post(
        f"{story.url}/api/playbooks/mistaken/activate",
        json={"mode": "live"},
        headers={"X-CSRF-Token": story.admin.get("/api/session")["csrf"]},
        timeout=TIMEOUT_S,
    )
    assert refused.status_code == 404


def test_an_unknown_token_in_a_template_never_reaches_a_prospect(story: Story) -> None:
    text = playbook(
        "- {id: go, when: {stage_entered: new}, then: [{create_tasks: "
        "[{id: a, task: email, template: t}]}]}"
    ).replace("Ask for the decision.", '"Hello {{ contact.frist_name }}"')
    assert "first_name" in json.dumps(story.mistakes(text))


@pytest.mark.feature("G06")
def test_a_template_must_name_the_decision_that_it_advances(story: Story) -> None:
    text = playbook(
        "- {id: go, when: {stage_entered: new}, then: [{create_tasks: "
        "[{id: a, task: email, template: t}]}]}"
    ).replace("decides: Is this decided?, ", "")
    answer = story.admin.session.post(
        f"{story.url}/api/playbooks",
        json={"text": text},
        headers={"X-CSRF-Token": story.admin.get("/api/session")["csrf"]},
        timeout=TIMEOUT_S,
    )
    assert answer.status_code == 422
    assert "decides" in json.dumps(answer.json()["problems"])


@pytest.mark.feature("P12")
def test_only_admins_save_and_switch_on(story: Story) -> None:
    manager = next(person for person in story.people if person.first == "Mia")
    browser = story.signed_in(manager)
    csrf = browser.get(f"{story.url}/api/session", timeout=TIMEOUT_S).json()["csrf"]
    for path, body in (
        ("/api/playbooks", {"preset": "proposal"}),
        ("/api/playbooks/proposal/activate", {"mode": "live"}),
    ):
        answer = browser.post(
            f"{story.url}{path}", json=body, headers={"X-CSRF-Token": csrf}, timeout=TIMEOUT_S
        )
        assert answer.status_code == 403, path


RING = playbook("""
  - id: go
    when: {stage_entered: qualified}
    then: [{create_tasks: [{id: a, at: 1h, task: call, template: t, subject: Ring}]}]
""")
CREATE = "POST /crm/objects/2026-03/tasks/batch/create"


@pytest.mark.usefixtures("brief_holds")
@pytest.mark.parametrize("kind", ["500_before", "500_after", "reset_after", "429"])
def test_a_failing_crm_delays_a_task_and_never_doubles_it(story: Story, kind: str) -> None:
    story.live(RING)
    story.crm.call("POST", "/sandbox/faults", {"match": CREATE, "kind": kind, "times": 1})
    deal = story.deal("qualified")
    story.until("+10min")
    assert [t.due for t in story.tasks(deal)] == ["Mon 2026-09-07 11:00"]


@pytest.mark.feature("P22")
def test_what_the_crm_refuses_is_shown_with_its_error(story: Story) -> None:
    story.live(RING)
    story.crm.call("POST", "/sandbox/faults", {"match": CREATE, "kind": "400", "times": 0})
    deal = story.deal("qualified")
    story.until("+10min")
    assert story.tasks(deal) == []
    (failed,) = story.admin.get("/api/health")["failed"]
    assert (failed["state"], failed["crm_id"], failed["step"]) == ("failed", deal, "a")
    assert failed["error"]


def test_webhooks_that_never_come_are_made_good_by_the_next_event(story: Story) -> None:
    story.live(RING)
    deal = story.deal("new")
    story.until("+1h")
    story.crm.call(
        "POST", "/sandbox/faults",
        {"match": "EVENT deal\\.propertyChange", "kind": "drop", "times": 1},
    )  # fmt: skip
    story.move(deal, "qualified")
    story.until("+1h")
    assert story.tasks(deal) == []
    story.act("set_property", kind="deals", record=deal, property="amount", value="7")
    story.until("+10min")
    (task,) = story.tasks(deal)
    assert task.due == "Mon 2026-09-07 12:00", "counted from the entry, whenever we heard of it"


def test_doubled_and_disordered_webhooks_change_nothing(begin: Begin) -> None:
    story = begin(sandbox_settings={"webhook_duplicate": 1.0, "webhook_disorder": True})
    story.live(RING)
    deals = [story.deal("qualified") for _ in range(3)]
    story.until("+1h")
    assert [len(story.tasks(deal)) for deal in deals] == [1, 1, 1]
