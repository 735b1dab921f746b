"""The JSON API: set-up, playbooks, backlog, subjects, lists."""

from __future__ import annotations

from typing import Any

import pytest

from app.store import approvals, audit, installations, people, pipelines, playbooks
from app.store.tables import rule_states
from tests.web.support import NOW, Browser, Served, fill

PLAYBOOK = """\
playbook: mine
title: Mine
rules:
  - id: sent
    when: {stage_entered: proposal}
    then: [{create_tasks: [{id: ask, at: 3d, task: call, subject: Ask them, template: ask}]}]
templates:
  ask: {decides: "Are there questions?", body: "Ask what is open."}
"""


@pytest.fixture
def admin(served: Served) -> Browser:
    return served.connected()


def revision(served: Served) -> int:
    with served.store.read() as conn:
        row = installations.get(conn, served.installation())
    assert row is not None
    return row["revision"]


def audited(served: Served) -> list[str]:
    with served.store.read() as conn:
        return [row["what"] for row in audit.read(conn, served.installation())]


def test_status(served: Served, admin: Browser) -> None:
    data = admin.get("/api/status").get_json()
    assert data["status"] == "importing"
    assert (data["pipelines"], data["followed"]) == (1, 0)
    assert (data["stages"], data["confirmed"]) == (3, 0)
    assert data["people"] == 3
    assert data["refused_properties"] == [["x", "no scope"]]
    assert data["rules"] == {}
    assert data["now"] == NOW


def test_confirm_stages_and_follow_a_pipeline(served: Served, admin: Browser) -> None:
    before = revision(served)
    board = admin.get("/api/stages").get_json()
    assert [stage["kind"] for stage in board["pipelines"][0]["stages"]] == [
        "qualified", "proposal", "won"
    ]  # fmt: skip
    answer = admin.send("PUT", "/api/stages", {"stages": [
        {"pipeline": "default", "id": "s1", "kind": "meeting_done"},
        {"pipeline": "default", "id": "s2"},
    ]})
    assert answer.status_code == 200
    stages = answer.get_json()["pipelines"][0]["stages"]
    assert [(stage["kind"], stage["confirmed"]) for stage in stages] == [
        ("meeting_done", True), ("proposal", True), ("won", False)
    ]  # fmt: skip
    answer = admin.send("PUT", "/api/pipelines/default", {"followed": True})
    assert answer.get_json()["pipelines"][0]["followed"] is True
    with served.store.read() as conn:
        assert pipelines.kinds(conn, served.installation())["default", "s1"] == "meeting_done"
    assert revision(served) == before + 2
    assert audited(served)[:2] == ["pipeline_followed", "stages_confirmed"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "stages"),
        ({"stages": []}, "stages"),
        ({"stages": [1]}, "stages[0]"),
        ({"stages": [{"pipeline": "default", "id": "zz"}]}, "stages[0]"),
        ({"stages": [{"pipeline": "default", "id": "s1"},
                     {"pipeline": "default", "id": "s2", "kind": "propsal"}]}, "stages[1].kind"),
    ],
)
def test_a_wrong_stage_changes_nothing(
    served: Served, admin: Browser, data: Any, field: str
) -> None:
    before = revision(served)
    answer = admin.send("PUT", "/api/stages", data)
    assert answer.status_code == 422
    assert answer.get_json()["problems"][0]["field"] == field
    assert answer.get_json()["next"]
    assert revision(served) == before
    board = admin.get("/api/stages").get_json()["pipelines"][0]["stages"]
    assert not any(stage["confirmed"] for stage in board)


def test_follow_refuses_what_is_no_pipeline(admin: Browser) -> None:
    assert admin.send("PUT", "/api/pipelines/zz", {"followed": True}).status_code == 404
    assert admin.send("PUT", "/api/pipelines/default", {"followed": 1}).status_code == 422


@pytest.mark.parametrize("body", ["{", "[1]", "nonsense"])
def test_a_body_that_is_no_json_object(admin: Browser, body: str) -> None:
    answer = admin.client.put(
        "/api/settings", data=body, base_url="https://followthrough.example",
        headers={"X-CSRF-Token": admin.csrf},
    )
    assert answer.status_code == 400
    assert "JSON object" in answer.get_json()["next"]


def test_settings(served: Served, admin: Browser) -> None:
    assert admin.get("/api/settings").get_json()["settle_ms"] == 300_000
    before = revision(served)
    answer = admin.send("PUT", "/api/settings", {"settle_ms": 60_000, "default_owner": "2"})
    assert answer.status_code == 200
    assert admin.get("/api/settings").get_json()["settle_ms"] == 60_000
    assert revision(served) == before + 1
    assert "settings" in audited(served)


def test_one_wrong_setting_changes_none(served: Served, admin: Browser) -> None:
    answer = admin.send("PUT", "/api/settings", {"merge": False, "cap_7_days": "many", "x": 1})
    assert answer.status_code == 422
    assert {p["field"] for p in answer.get_json()["problems"]} == {"cap_7_days", "x"}
    assert admin.get("/api/settings").get_json()["merge"] is True


def test_the_default_owner_exists(admin: Browser) -> None:
    answer = admin.send("PUT", "/api/settings", {"default_owner": "77"})
    assert answer.status_code == 422
    assert "GET /api/people" in answer.get_json()["next"]


def test_stop_and_resume(served: Served, admin: Browser) -> None:
    assert admin.send("POST", "/api/stop").get_json() == {"stopped": True}
    assert admin.get("/api/status").get_json()["stopped"] is True
    assert "Everything is stopped" in admin.get("/").text
    assert ("dispatch", served.installation()) in served.runtime.pokes
    assert admin.send("POST", "/api/resume").get_json() == {"stopped": False}
    assert audited(served)[:2] == ["resumed", "stopped"]


def test_people(served: Served, admin: Browser) -> None:
    answer = admin.send("PUT", "/api/people/2", {
        "role": "manager", "manager_id": "1", "cover_id": "3", "zone": "Europe/Paris",
        "country": "US-CA", "absences": [[NOW, NOW + 5], [NOW + 3, NOW + 9]],
    })
    assert answer.status_code == 200, answer.text
    person = answer.get_json()
    assert person["absences"] == [{"start": NOW, "end": NOW + 9, "ours": True}]
    assert (person["country"], person["zone"]) == ("US-CA", "Europe/Paris")
    shown = admin.get("/api/people").get_json()["people"]
    assert [row["owner_id"] for row in shown] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("data", "right"),
    [
        ({"role": "boss"}, "rep, manager, admin"),
        ({"manager_id": "2"}, "another person"),
        ({"cover_id": "77"}, "another person"),
        ({"zone": "Berlin"}, "Europe/Amsterdam"),
        ({"country": "Germany"}, "ISO code"),
        ({"country": 4}, "ISO code"),
        ({"absences": [[5, 4]]}, "pairs of instants"),
        ({"absences": [[1, 2, 3]]}, "pairs of instants"),
        ({"email": "x@example.com"}, "the CRM's"),
    ],
)
def test_a_wrong_value_of_a_person(
    served: Served, admin: Browser, data: dict[str, Any], right: str
) -> None:
    answer = admin.send("PUT", "/api/people/2", data)
    assert answer.status_code == 422
    assert right in answer.text
    with served.store.read() as conn:
        assert people.read(conn, served.installation())["2"]["role"] == "rep"


def test_save_and_activate_a_preset(served: Served, admin: Browser) -> None:
    answer = admin.send("POST", "/api/playbooks", {"preset": "proposal"})
    assert answer.status_code == 201
    saved = answer.get_json()
    assert saved["version"] == 1
    assert "proposal/proposal-sent" in saved["rules"]
    listed = admin.get("/api/playbooks").get_json()
    assert {"proposal", "inbound-lead"} <= {row["playbook"] for row in listed["presets"]}
    assert {rule["mode"] for rule in listed["saved"][0]["rules"]} == {"off"}  # nothing activated
    answer = admin.send("POST", "/api/playbooks/proposal/activate", {})
    assert answer.get_json()["rules"][0]["backlog"] == 7
    inst = served.installation()
    assert served.runtime.activated == [(inst, "proposal", "shadow", None, "ada@example.com")]
    admin.send("POST", "/api/playbooks/proposal/activate",
               {"mode": "live", "rules": ["proposal-sent", "proposal/proposal-sent"]})
    assert served.runtime.activated[1][2:4] == ("live", ["proposal/proposal-sent"] * 2)


def test_own_yaml_and_its_versions(admin: Browser) -> None:
    assert admin.send("POST", "/api/playbooks", {"text": PLAYBOOK}).get_json()["version"] == 1
    answer = admin.client.post(
        "/api/playbooks", data=PLAYBOOK.replace("3d", "4d"), base_url="https://followthrough.example",
        headers={"X-CSRF-Token": admin.csrf, "Content-Type": "application/yaml"},
    )  # fmt: skip
    assert answer.get_json() == {
        "playbook": "mine", "version": 2, "waits": False, "rules": ["mine/sent"], "warnings": [],
    }
    assert "4d" in admin.get("/api/playbooks/mine").get_json()["text"]
    assert admin.get("/api/playbooks/proposal").get_json()["version"] == 0


def test_mistakes_name_file_line_column_field_and_a_suggestion(
    served: Served, admin: Browser
) -> None:
    text = PLAYBOOK.replace("stage_entered: proposal", "stage_enterd: proposal").replace("3d", "3x")
    answer = admin.send("POST", "/api/playbooks?name=mine.yaml", {"text": text})
    assert answer.status_code == 422
    problems = answer.get_json()["problems"]
    assert {problem["line"] for problem in problems} >= {5, 6}
    for problem in problems:
        assert problem["file"] == "mine.yaml"
        assert problem["column"] > 0
        assert problem["field"].startswith("rules[0]")
        assert problem["message"]
    assert any("stage_entered" in problem["suggestion"] for problem in problems)
    with served.store.read() as conn:
        assert playbooks.latest(conn, served.installation()) == []
    assert served.runtime.activated == []


@pytest.mark.parametrize(
    ("path", "data", "status", "right"),
    [
        ("/api/playbooks", {}, 422, "YAML"),
        ("/api/playbooks", {"preset": "propsal"}, 422, "proposal"),
        ("/api/playbooks/nothing/activate", {}, 404, "Save it first"),
        ("/api/playbooks/mine/activate", {"mode": "on"}, 422, "shadow"),
        ("/api/playbooks/mine/activate", {"rules": ["snt"]}, 422, "sent"),
        ("/api/playbooks/mine/activate", {"rules": []}, 422, "sent"),
        ("/api/backlog/release", {"rule": "mine/sent"}, 422, "GET /api/backlog"),
    ],
)
def test_wrong_requests_about_playbooks(
    served: Served, admin: Browser, path: str, data: Any, status: int, right: str
) -> None:
    admin.send("POST", "/api/playbooks", {"text": PLAYBOOK})
    answer = admin.send("POST", path, data)
    assert answer.status_code == status
    assert right in answer.get_json()["next"]
    assert served.runtime.activated == []
    assert served.runtime.released == []


def activated(served: Served) -> None:
    with served.store.write() as conn:
        conn.execute(
            rule_states.insert().values(
                installation_id=served.installation(), rule="proposal/proposal-sent",
                version_id=1, mode="live", activated_at=NOW, activated_by="ada@example.com",
            )
        )  # fmt: skip


def test_backlog_and_release(served: Served, admin: Browser) -> None:
    fill(served, served.installation())
    activated(served)
    assert admin.get("/api/backlog").get_json()["rules"] == [{
        "rule": "proposal/proposal-sent", "count": 1, "oldest_at": 1, "mode": "live",
        "release_per_day": 0, "released_until_at": 0,
    }]
    answer = admin.send("POST", "/api/backlog/release",
                        {"rule": "proposal/proposal-sent", "per_day": 5})
    assert answer.get_json() == {"rule": "proposal/proposal-sent", "released": 5}
    assert served.runtime.released == [
        (served.installation(), "proposal/proposal-sent", 5, "ada@example.com")
    ]
    for per_day in (-1, "5", True, 1.5):
        answer = admin.send("POST", "/api/backlog/release",
                            {"rule": "proposal/proposal-sent", "per_day": per_day})
        assert answer.status_code == 422


def test_what_the_lanes_refuse_is_said(served: Served, admin: Browser) -> None:
    served.runtime.refuses = "rules: x is not in this playbook"
    answer = admin.send("POST", "/api/playbooks/proposal/activate", {})
    assert answer.status_code == 422
    assert "x is not in this playbook" in answer.get_json()["message"]


def test_a_preset_may_be_activated_at_once(served: Served, admin: Browser) -> None:
    answer = admin.send("POST", "/api/playbooks/idle-deal/activate", {"mode": "shadow"})
    assert answer.status_code == 200
    assert served.runtime.activated[0][1] == "idle-deal"


def test_approval(served: Served, admin: Browser) -> None:
    inst = served.installation()
    assert admin.send("POST", "/api/approvals", {"rule": "mine/sent"}).status_code == 422
    admin.send("POST", "/api/playbooks", {"text": PLAYBOOK})
    with served.store.write() as conn:
        approvals.ask(conn, inst, ["mine/sent"], NOW)
    assert admin.get("/api/playbooks").get_json()["saved"][0]["rules"][0]["waits_for_approval"]
    assert "Approve what waits" in admin.get("/rules").text
    answer = admin.send("POST", "/api/approvals", {"rule": "mine/sent"})
    assert answer.get_json() == {"rule": "mine/sent", "started": 3}
    assert served.runtime.approved == [(inst, "mine/sent", "ada@example.com")]


def test_a_subject_answers_where_what_next_and_who(served: Served, admin: Browser) -> None:
    fill(served, served.installation())
    data = admin.get("/api/subjects/deal/901").get_json()
    assert data["where"]["label"] == "Proposal sent"
    assert data["next"]["step"] == "timeline"  # open and due first
    assert data["next"]["name"] == "Ada"
    assert data["who"] == {"owner_id": "1", "name": "Ada"}
    assert data["flags"] == []
    assert data["url"] == "https://crm.example/0-3/901"
    assert data["contacts"][0]["email"] == "pat@example.org"
    assert [touch["step"] for touch in data["touches"]] == [
        "questions", "timeline", "decision", "close-file"
    ]  # fmt: skip
    assert data["ledger"][0]["code"] == "enrolled"
    assert data["ledger"][0]["text"]
    orphan = admin.get("/api/subjects/deal/902").get_json()
    assert orphan["flags"] == ["no_owner", "no_next_step"]


def test_why(served: Served, admin: Browser) -> None:
    fill(served, served.installation())
    data = admin.get("/api/why/deal/901?rule=proposal/proposal-sent").get_json()
    assert [row["code"] for row in data["decisions"]] == ["enrolled"]
    assert data["answer"] == data["decisions"][0]["text"]
    silent = admin.get("/api/why/deal/901?rule=idle-deal/stale").get_json()
    assert silent["decisions"] == []
    assert "Nothing was decided" in silent["answer"]
    assert admin.get("/api/why/deal/901").status_code == 422
    assert len(admin.get("/api/ledger/deal/901").get_json()["ledger"]) == 1


def test_touches_are_paged(
    served: Served, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(served, served.installation())
    whole = admin.get("/api/touches").get_json()
    assert whole["after"] is None
    assert len(whole["touches"]) == 4
    monkeypatch.setattr("app.web.api.subjects.PAGE", 3)
    first = admin.get("/api/touches").get_json()
    second = admin.get(f"/api/touches?after={first['after']}").get_json()
    assert first["touches"] + second["touches"] == whole["touches"]
    touch = next(t for t in whole["touches"] if t["step"] == "timeline")
    assert touch["subject_type"] == "deal"
    assert touch["subject_id"] == "901"
    assert touch["definition"] == "proposal/proposal-cadence"
    assert touch["anchor"] == f"stage:s2:{NOW}"
    assert (touch["state"], touch["outcome"], touch["task_id"]) == (
        "performed", "open", "task-timeline"
    )  # fmt: skip


def test_result(served: Served, admin: Browser) -> None:
    fill(served, served.installation())
    activated(served)
    data = admin.get("/api/result").get_json()
    proposal = next(row for row in data["stages"] if row["id"] == "s2")
    assert (proposal["entries"], proposal["now"], proposal["enrolments"]) == (2, 2, 1)
    rule = data["rules"][0]
    assert rule["enrolments"] == {"active": 1, "backlog": 1}
    assert rule["touches"] == {"failed": 1, "performed": 2, "planned": 1}
    assert rule["outcomes"] == {"completed": 1, "open": 1}
    assert data["open_tasks"] == [
        {"owner_id": "1", "open": 1, "due": 1, "overdue": 0, "name": "Ada"}
    ]
    assert [row["step"] for row in data["failed"]] == ["close-file"]
    assert data["unowned"] == []  # no stage is confirmed yet


def test_health(served: Served, admin: Browser) -> None:
    fill(served, served.installation())
    with served.store.read():
        pass
    served.connectors._counters[served.installation()].call(
        "POST", "/crm/objects/2026-03/tasks/123/x?y=1", 200, 5.0, "dispatch"
    )
    data = admin.get("/api/health").get_json()
    assert {"endpoint": "POST /crm/objects/2026-03/tasks/{id}/x", "status": 200, "count": 1} in [
        {key: row[key] for key in ("endpoint", "status", "count")} for row in data["calls"]
    ]
    assert data["inbox"] == 0
    assert data["failed"][0]["error"] == "the CRM refused the owner"
