"""The admin's pages: the guide, settings, people, files, the audit."""

from __future__ import annotations

import html
import io
import re
import zipfile
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from app.installations.people import view
from app.installations.settings import Settings
from app.model.time import Wall
from app.store import approvals, calls, people
from app.store.budgets import SqlBudget
from app.store.installations import change
from app.store.tables import enrolments, ledger
from app.web.admin import people as people_pages
from app.web.admin.setting_fields import ELSEWHERE, GROUPS
from tests.web.support import NOW, URL, Browser, Served, confirm_all, fill
from tests.web.test_access import as_role
from tests.web.test_api import PLAYBOOK


@pytest.fixture
def admin(served: Served) -> Browser:
    return served.connected()


MORNING = (("from", "8:00"), ("to", "12:00"))


def post(browser: Browser, path: str, fields: Any) -> TestResponse:
    """A plain form, as a browser without script sends it."""
    data = MultiDict(fields)
    data["csrf"] = browser.csrf
    return browser.client.post(path, data=data, base_url=URL)


def open_steps(browser: Browser) -> list[str]:
    return [s["step"] for s in browser.get("/api/setup").get_json()["steps"] if not s["done"]]


def listed(browser: Browser, path: str) -> tuple[list[str], list[str]]:
    """Who stands in a list of people, and the words of the links that lead on."""
    text = browser.get(path).text
    return (
        re.findall(r'<strong><a href="/people/(\d+)"', text),
        re.findall(r'rel="(?:prev|next)" href="[^"]*">([^<]*)<', text),
    )


def test_a_long_list_of_people_has_pages_and_a_search(
    served: Served, admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_pages, "AT_ONCE", 2)
    assert listed(admin, "/people") == (["1", "2"], ["The next ones"])
    assert listed(admin, "/people?skip=2") == (["3", "4"], ["Those before"])
    assert listed(admin, "/people?q=CLE") == (["3"], [])
    assert "1 to 2 of 4" in admin.get("/people").text
    assert "Nobody is called “zoe”" in admin.get("/people?q=zoe").text
    for skip in (0, 2):
        text = admin.get(f"/people?skip={skip}").text
        assert all(f'<option value="{id}">' in text for id in "123"), "any of them may lead"
    guided = listed(admin, "/setup?step=people&skip=2")
    assert guided == (["3"], ["Those before"]), "the fourth is not active any more"


def test_the_guide_leads_from_step_to_step_and_is_taken_up_where_it_was_left(
    served: Served, admin: Browser
) -> None:
    inst = served.installation()
    assert open_steps(admin) == [
        "import", "pipelines", "stages", "people", "playbook", "watch", "live",
    ]  # fmt: skip
    assert "0</strong> records so far" in admin.get("/setup").text
    with served.store.write() as conn:
        change(conn, inst, status="active", imported=1234)
    assert "Which pipelines count?" in admin.get("/setup").text
    confirm_all(served, inst)
    text = admin.get("/setup").text
    assert "Look over the people" in text
    assert "<strong>2 without a manager:</strong> Ben, Cleo" in text
    admin.send("POST", "/api/setup/people", {})
    assert "Choose what is followed up first" in admin.get("/setup").text
    admin.send("POST", "/api/playbooks", {"preset": "proposal"})
    text = admin.get("/setup").text
    assert "Proposal cadence: look before it acts" in text
    assert 'data-load="/playbooks/proposal/looking-back"' in text
    assert 'data-load="/playbooks/proposal/already-owed"' in text
    # Somebody else takes it up: what is done is read from what stands, not from this browser.
    other = served.connected()
    assert open_steps(other) == ["import", "watch", "live"], "connected anew, it reads anew"
    answer = other.get("/setup?step=nope", headers={"Accept": "text/html"})
    assert (answer.status_code, "There are: connect, import" in answer.text) == (422, True)


def test_each_preset_is_shown_with_its_sentence_and_its_days(admin: Browser) -> None:
    text = admin.get("/setup?step=playbook").text
    assert "the decision after fourteen" in text
    assert "4 touches within 21 days" in text
    assert "from 90 days before the date" in text
    assert "Needs your data first: deal.contract_end" in text
    assert text.count("Choose this one") > 20


def test_settings_are_saved_part_by_part(served: Served, admin: Browser) -> None:
    before = admin.get("/api/settings").get_json()
    fields = {
        "cap_7_days": "", "cap_30_days": "12", "rep_daily_tasks": "40", "default_owner": "2",
        "backlog_per_day": "10", "merge.there": "1",
    }  # fmt: skip
    assert post(admin, "/settings/limits", fields).status_code == 303
    after = admin.get("/api/settings").get_json()
    assert {name for name in after if after[name] != before[name]} == {
        "cap_7_days", "cap_30_days", "default_owner", "merge",
    }  # fmt: skip
    assert (after["cap_7_days"], after["cap_30_days"], after["merge"]) == (None, 12, False)
    window = {"call_hours.start": "8:30", "call_hours.end": "18:00", "zone": "Asia/Tokyo"}
    assert post(admin, "/settings/hours", window).status_code == 303
    after = admin.get("/api/settings").get_json()
    assert (after["call_hours"], after["email_hours"]) == ([510, 1080], [600, 660])
    rules = {"settle_ms": "0.5", "roles": "Decision maker\nBuyer\n",
             "caps": "- name: Key\n  segment: {field: deal.amount, op: '>=', value: 50000}\n"
                     "  cap_7_days: 3\n"}  # fmt: skip
    assert post(admin, "/settings/rules", rules).status_code == 303
    after = admin.get("/api/settings").get_json()
    assert (after["settle_ms"], after["roles"]) == (30_000, ["Decision maker", "Buyer"])
    assert after["caps"][0]["segment"]["value"] == 50000
    text = admin.get("/settings").text
    assert "value: 50000" in text
    told = admin.get("/api/audit").get_json()["changes"][2]["text"]
    for said in ("cap_7_days from 7 to none", "cap_30_days from 20 to 12", "merge from on to off"):
        assert said in told


@pytest.mark.parametrize(
    ("group", "fields", "named"),
    [
        ("limits", {"cap_7_days": "many"}, "&#39;many&#39; is no number"),
        ("limits", {"cap_7_days": "0"}, "greater than or equal to 1"),
        ("hours", {"zone": "Europe/Nowhere"}, "not a zone of the IANA list"),
        ("hours", {"call_hours.start": "17:00", "call_hours.end": "9:00"}, "start before end"),
        ("hours", {"call_hours.start": "nine", "call_hours.end": "17:00"}, "write it like 09:00"),
        ("hours", {"email_hours.start": "22:00", "email_hours.end": "23:00"}, "nobody works"),
        ("rules", {"caps": "- {name: x, cap_7_days: none}"}, "valid integer"),
        ("rules", {"caps": "a: ["}, "not YAML"),
    ],
)
def test_a_setting_that_is_wrong_is_named_beside_its_field(
    admin: Browser, group: str, fields: dict[str, str], named: str
) -> None:
    before = admin.get("/api/settings").get_json()
    answer = post(admin, f"/settings/{group}", {"cap_30_days": "9", **fields})
    assert answer.status_code == 200
    assert named in answer.text
    assert 'aria-invalid="true"' in answer.text
    typed = next(iter(fields.values()))
    assert typed in html.unescape(answer.text), "what was typed stays"
    assert admin.get("/api/settings").get_json() == before


def test_hours_zone_and_absences_of_a_person(served: Served, admin: Browser) -> None:
    fields = [
        ("role", "rep"), ("manager_id", "1"), ("cover_id", "3"), ("zone", "Europe/Lisbon"),
        ("country", "PT"), ("hours.there", "1"),
        *[(f"{end}.{day}", time) for day in range(4) for end, time in MORNING],
        ("from.0", "13:00"), ("to.0", "24:00"),
        ("away.there", "1"), ("away.first", "2026-12-24"), ("away.last", "2026-12-31"),
        ("away.first", ""), ("away.last", ""),
    ]  # fmt: skip
    assert post(admin, "/people/2", fields).status_code == 303
    ben = next(p for p in admin.get("/api/people").get_json()["people"] if p["owner_id"] == "2")
    assert ben["hours"]["0"] == [[480, 720], [780, 1440]]
    assert (ben["hours"]["3"], ben["hours_ours"], ben["country"]) == ([[480, 720]], True, "PT")
    (away,) = ben["absences"]
    assert (away["end"] - away["start"], away["ours"]) == (8 * 86_400_000, True)
    with served.store.read() as conn:
        row = people.read(conn, served.installation(), ["2"])["2"]
    assert view(row).hours is not None
    assert dict(view(row).hours or {})[1] == ((480, 720),)
    text = admin.get("/people/2").text
    assert 'value="2026-12-24"' in text
    assert 'value="13:00"' in text
    # Saved again as it stands, nothing changes; emptied, they are gone.
    assert post(admin, "/people/2", fields).status_code == 303
    assert post(admin, "/people/2", [("hours.there", "1"), ("away.there", "1")]).status_code == 303
    ben = next(p for p in admin.get("/api/people").get_json()["people"] if p["owner_id"] == "2")
    assert (ben["hours"], ben["absences"], ben["manager_id"]) == (None, [], "1")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ([("hours.there", "1"), ("from.1", "9"), ("to.1", "17:00")], "Tuesday: &#39;9&#39;"),
        ([("hours.there", "1"), ("from.1", "18:00"), ("to.1", "17:00")], "18:00 is not before"),
        ([("zone", "Mars/Base")], "a zone such as"),
        ([("country", "Nowhere")], "not a country"),
        ([("away.there", "1"), ("away.first", "2026-12-31"), ("away.last", "2026-12-24")],
         "2026-12-31 is after 2026-12-24"),
        ([("manager_id", "2")], "another person"),
    ],
)  # fmt: skip
def test_what_is_wrong_about_a_person_is_named(
    admin: Browser, fields: list[tuple[str, str]], named: str
) -> None:
    answer = post(admin, "/people/2", fields)
    assert (answer.status_code, named in answer.text) == (200, True), answer.text
    assert "Nothing was changed" in answer.text


def test_hours_that_the_crm_says_stay_the_crms(served: Served, admin: Browser) -> None:
    with served.store.write() as conn:
        people.change(conn, served.installation(), "2", hours='{"0":[[540,600]]}')
    answer = admin.send("PUT", "/api/people/2", {"hours": None})
    assert (answer.status_code, answer.get_json()["problems"][0]["field"]) == (422, "hours")
    text = admin.get("/people/2").text
    assert "These come from the CRM" in text
    assert 'name="hours.there"' not in text


def test_playbooks_travel_as_files_whole_or_not_at_all(admin: Browser) -> None:
    def bring(*files: tuple[str, str]) -> TestResponse:
        data: Any = {
            "csrf": admin.csrf,
            "files": [(io.BytesIO(text.encode()), name) for name, text in files],
        }
        return admin.client.post("/playbooks/files", data=data, base_url=URL)

    text = bring(("ours.yaml", PLAYBOOK), ("bad.yaml", PLAYBOOK.replace("3d", "3 dayz"))).text
    assert "Nothing was saved" in text
    assert "bad.yaml, line" in text
    assert admin.get("/api/playbooks").get_json()["saved"] == []
    text = bring(("ours.yaml", PLAYBOOK)).text
    assert "saved as version 1" in text
    assert "the same as version 1" in bring(("ours.yaml", PLAYBOOK)).text
    admin.send("POST", "/api/playbooks", {"preset": "proposal"})
    packed = zipfile.ZipFile(io.BytesIO(admin.get("/api/export/playbooks").data))
    assert packed.namelist() == ["mine.yaml", "proposal.yaml"]
    assert packed.read("mine.yaml").decode() == PLAYBOOK
    file = admin.get("/api/playbooks/mine/file")
    assert (file.text, file.mimetype) == (PLAYBOOK, "application/yaml")
    assert 'filename="mine-1.yaml"' in file.headers["Content-Disposition"]
    both = [{"name": "a", "text": PLAYBOOK}, {"name": "b", "text": PLAYBOOK}]
    answer = admin.send("POST", "/api/import/playbooks", {"files": both})
    assert (answer.status_code, "two of them" in answer.get_json()["message"]) == (422, True)


def test_versions_and_what_changed_between_them(admin: Browser) -> None:
    admin.send("POST", "/api/playbooks", {"text": PLAYBOOK})
    admin.send("POST", "/api/playbooks", {"text": PLAYBOOK.replace("3d", "5d")})
    rows = admin.get("/api/playbooks/mine/versions").get_json()["versions"]
    assert [(row["version"], row["running"]) for row in rows] == [(2, 0), (1, 0)]
    (one,) = admin.get("/api/playbooks/mine/diff").get_json()["differences"]
    assert (one["field"], one["before"], one["after"]) == ("when it is due", "3d", "5d")
    text = admin.get("/playbooks/mine/compare?from=2&to=1").text
    assert "<del>5d</del> to <ins>3d</ins>" in text
    assert admin.get("/api/playbooks/mine/diff?from=7").status_code == 404
    assert admin.get("/api/playbooks/mine/diff?from=x").status_code == 422
    assert "edit from here" in admin.get("/playbooks/mine/history").text


def test_the_audit_says_who_changed_what(served: Served, admin: Browser) -> None:
    admin.send("PUT", "/api/people/2", {"role": "manager", "manager_id": "3"})
    admin.send("PUT", "/api/pipelines/default", {"followed": True})
    found = admin.get("/api/audit").get_json()
    assert [(row["who"], row["text"]) for row in found["changes"][:2]] == [
        ("ada@example.com", "followed the pipeline default"),
        ("ada@example.com", "changed Ben: manager Cleo, role manager"),
    ]
    assert "changed Ben: manager Cleo" in admin.get("/audit").text
    only = admin.get("/api/audit?what=person").get_json()
    assert [row["what"] for row in only["changes"]] == ["person"]
    assert admin.get("/api/audit?who=nobody").get_json()["changes"] == []
    last = found["changes"][0]["id"]
    earlier = admin.get(f"/api/audit?before={last}").get_json()["changes"]
    assert [row["id"] for row in earlier] == [row["id"] for row in found["changes"][1:]]
    other = served.connected("2000")
    assert "Ben" not in other.get("/audit").text


def test_every_setting_has_its_place_on_the_page() -> None:
    shown = {name for _, specs in GROUPS.values() for name in specs}
    assert shown | set(ELSEWHERE) == set(Settings.model_fields)
    assert not shown & set(ELSEWHERE)


def test_choices_of_settings(admin: Browser) -> None:
    fields = [("company_stop", "hold"), ("company_stop_on.there", "1"),
              ("company_stop_on", "replied"), ("company_stop_on", "won")]  # fmt: skip
    assert post(admin, "/settings/rules", fields).status_code == 303
    after = admin.get("/api/settings").get_json()
    assert (after["company_stop"], after["company_stop_on"]) == ("hold", ["replied", "won"])
    assert post(admin, "/settings/nothing", fields).status_code == 404


def test_what_a_rule_decided_on_whom_and_why(served: Served, admin: Browser) -> None:
    inst = served.installation()
    fill(served, inst)
    with served.store.write() as conn:
        for number, (code, positive) in enumerate((("condition", False), ("condition", False))):
            conn.execute(
                ledger.insert().values(
                    installation_id=inst, subject_id=inst * 10 + 1 + number,
                    scope="rule:proposal/proposal-sent", verdict="no", code=code, data="{}",
                    first_at=NOW, last_at=NOW, count=3, positive=positive,
                )
            )  # fmt: skip
    found = admin.get("/api/decisions?rule=proposal/proposal-sent").get_json()
    assert [row["subject"] for row in found["decisions"]] == [
        "Orphan", "Acme renewal", "Acme renewal",
    ]  # fmt: skip
    assert found["reasons"] == {"condition": 2, "enrolled": 1}
    only = admin.get("/api/decisions?rule=proposal/proposal-sent&code=enrolled").get_json()
    assert [row["positive"] for row in only["decisions"]] == [True]
    text = admin.get("/why?rule=proposal/proposal-sent").text
    assert "2 records" in text
    assert "Orphan" in text
    # A manager sees their team's records, and no figures about others'.
    ben = as_role(served, "2", "manager")
    seen = ben.get("/api/decisions?rule=proposal/proposal-sent").get_json()
    assert ({row["subject"] for row in seen["decisions"]}, seen["reasons"]) == (
        {"Acme renewal"}, {},
    )  # fmt: skip
    other = served.connected("2000")
    assert other.get("/api/decisions?rule=proposal/proposal-sent").get_json()["decisions"] == []
    assert admin.get("/api/decisions?rule=x").status_code == 422


def test_what_waits_for_approval_is_shown_with_whom_it_is_about(
    served: Served, admin: Browser
) -> None:
    inst = served.installation()
    fill(served, inst)
    assert "No rule waits for your word" in admin.get("/approvals").text
    with served.store.write() as conn:
        approvals.ask(conn, inst, ["proposal/proposal-sent"], NOW)
        conn.execute(
            enrolments.update().where(enrolments.c.id == f"b-{inst}").values(state="approval")
        )
    (rule,) = admin.get("/api/approvals").get_json()["rules"]
    assert (rule["rule"], rule["count"], rule["asked_at"]) == ("proposal/proposal-sent", 1, NOW)
    assert [row["subject"] for row in rule["subjects"]] == ["Acme renewal"]
    text = admin.get("/approvals").text
    assert "Acme renewal" in text
    assert "Let them start" in text


def test_calls_by_the_hour_and_what_is_left(served: Served, admin: Browser) -> None:
    inst = served.installation()
    with served.store.write() as conn:
        calls.add(conn, {(inst, "GET /crm", 200): 40, (inst, "GET /crm", 429): 2}, Wall(NOW))
    SqlBudget(served.store, inst).lease("default", 7, 10_000, 100, Wall(NOW))
    health = admin.get("/api/health").get_json()
    assert len(health["hours"]) == 24
    assert (health["hours"][-1]["count"], health["hours"][-1]["refused"]) == (42, 2)
    assert (health["budget"]["taken"], health["budget"]["free"]) == (7, 93)
    text = admin.get("/health").text
    assert "42 in 24 hours, 2 refused or unanswered" in text
    assert '<rect class="bad"' in text
