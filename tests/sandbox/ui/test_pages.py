"""The CRM page shows what is there, and its buttons do what a user would do."""

from __future__ import annotations

import pytest

from sandbox.world.records import Property
from tests.sandbox.simulated import Desk


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(deals=30)


def test_accounts_are_listed(desk: Desk):
    page = desk.client.get("/crm/")
    assert "Northwind 1" in page.text


def test_the_board_shows_every_stage_and_its_deals(desk: Desk):
    page = desk.client.get(f"/crm/{desk.portal}/")
    assert page.status_code == 200
    for stage in desk.account.pipelines["deals"]["default"].stages:
        assert stage.label in page.text
    assert desk.deal().get("dealname") in page.text


def test_the_board_of_one_owner_leaves_out_the_others(desk: Desk):
    deal = desk.deal()
    other = next(
        one
        for one in desk.account.objects["deals"].values()
        if one.get("hubspot_owner_id") not in ("", deal.get("hubspot_owner_id"))
    )
    page = desk.client.get(f"/crm/{desk.portal}/?owner={deal.get('hubspot_owner_id')}")
    assert deal.get("dealname") in page.text
    assert other.get("dealname") not in page.text


def test_a_deal_shows_its_timeline_and_contacts(desk: Desk):
    deal = desk.deal("deal-00002")
    task = desk.task(deal, "Ask about the proposal")
    desk.act("reply", deal=deal.id, text="We are <b>interested</b>")
    page = desk.client.get(f"/crm/{desk.portal}/deals/{deal.id}").text
    assert "Ask about the proposal" in page
    assert "by app" in page
    assert "We are interested" in page  # tags of the prospect's mail are not taken over
    assert "Entered Meeting done" in page
    contact = desk.account.objects["contacts"][deal.linked("contacts")[0]]
    assert contact.get("email") in page
    desk.act("delete_task", task=task.id)
    page = desk.client.get(f"/crm/{desk.portal}/deals/{deal.id}").text
    assert '<span class="tag deleted">' in page


def test_contacts_and_tasks_are_listed(desk: Desk):
    deal = desk.deal("deal-00003")
    task = desk.task(deal, "Send the figures")
    tasks = f"/crm/{desk.portal}/tasks"
    owner = deal.get("hubspot_owner_id")
    assert "Send the figures" in desk.client.get(f"{tasks}?owner={owner}").text
    desk.act("complete_task", task=task.id)
    assert "Send the figures" not in desk.client.get(tasks).text
    assert "Send the figures" in desk.client.get(f"{tasks}?show=done").text
    contact = desk.account.objects["contacts"][deal.linked("contacts")[0]]
    assert contact.get("email") in desk.client.get(f"/crm/{desk.portal}/contacts").text
    assert contact.get("email") in desk.client.get(f"/crm/{desk.portal}/contacts/{contact.id}").text


def test_moving_a_deal_by_its_form(desk: Desk):
    deal = desk.deal("deal-00004")
    form = {"verb": "move_deal", "deal": deal.id, "stage": "contractsent", "back": "/crm/"}
    answer = desk.client.post(f"/crm/{desk.portal}/act", data=form)
    assert answer.status_code == 302
    assert deal.get("dealstage") == "contractsent"
    assert deal.history["dealstage"][-1].source_type == "CRM_UI"


def test_moving_a_task_reads_the_time_in_the_accounts_zone(desk: Desk):
    task = desk.task(desk.deal("deal-00005"))
    form = {"verb": "move_task", "task": task.id, "due": "2026-10-26T09:30"}
    desk.client.post(f"/crm/{desk.portal}/act", data=form)
    assert task.get("hs_timestamp") == "1793003400000"  # 08:30 UTC: Berlin left summer time


def test_a_click_that_fails_says_why(desk: Desk):
    form = {"verb": "move_deal", "deal": "1", "stage": "contractsent", "back": "/crm/"}
    answer = desk.client.post(f"/crm/{desk.portal}/act", data=form, follow_redirects=True)
    assert answer.status_code == 200
    form = {"verb": "move_task", "task": "1", "due": "soon"}
    answer = desk.client.post(f"/crm/{desk.portal}/act", data=form, follow_redirects=True)
    assert "no date and time" in answer.text


def test_a_form_sent_from_another_site_is_refused(desk: Desk):
    deal = desk.deal("deal-00006")
    before = deal.get("dealstage")
    form = {"verb": "move_deal", "deal": deal.id, "stage": "closedlost"}
    answer = desk.client.post(
        f"/crm/{desk.portal}/act", data=form, headers={"Origin": "http://evil.example"}
    )
    assert answer.status_code == 403
    assert deal.get("dealstage") == before


def test_the_way_back_never_leads_to_another_site(desk: Desk):
    form = {"verb": "log_call", "deal": desk.deal().id, "back": "//evil.example/"}
    answer = desk.client.post(f"/crm/{desk.portal}/act", data=form)
    assert answer.headers["Location"] == f"/crm/{desk.portal}/"


def test_the_vendors_record_address_leads_to_the_deal(desk: Desk):
    deal = desk.deal()
    answer = desk.client.get(f"/contacts/{desk.portal}/record/0-3/{deal.id}")
    assert answer.headers["Location"] == f"/crm/{desk.portal}/deals/{deal.id}"


def test_unknown_accounts_and_records_are_not_found(desk: Desk):
    assert desk.client.get("/crm/1/").status_code == 404
    assert desk.client.get(f"/crm/{desk.portal}/deals/1").status_code == 404


def click(desk: Desk, verb: str, **form: str) -> str:
    """One click, and the page that it leads to."""
    data = {"verb": verb, "back": f"/crm/{desk.portal}/", **form}
    answer = desk.client.post(f"/crm/{desk.portal}/act", data=data, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("kind", ["deals", "contacts"])
def test_a_record_is_deleted_found_in_the_bin_and_restored(desk: Desk, kind: str):
    deal = desk.deal("deal-00007")
    record = deal if kind == "deals" else desk.account.need(kind, deal.linked(kind)[0])
    here = f"/crm/{desk.portal}/{kind}/{record.id}"
    assert 'value="delete"' in desk.client.get(here).text
    click(desk, "delete", kind=kind, record=record.id)
    assert record.archived
    page = desk.client.get(here).text
    assert 'value="restore"' in page
    assert 'value="delete"' not in page
    bin = desk.client.get(f"/crm/{desk.portal}/bin").text
    assert f"/{kind}/{record.id}" in bin
    click(desk, "restore", kind=kind, record=record.id)
    assert not record.archived
    assert f"/{kind}/{record.id}" not in desk.client.get(f"/crm/{desk.portal}/bin").text


def test_merging_leads_to_the_new_record(desk: Desk):
    one, two = desk.deal("deal-00008"), desk.deal("deal-00009")
    assert two.id in desk.client.get(f"/crm/{desk.portal}/deals/{one.id}").text
    page = click(desk, "merge", kind="deals", primary=one.id, other=two.id)
    new = desk.account.need("deals", two.id)
    assert new.id not in (one.id, two.id)
    assert f'name="primary" value="{new.id}"' in page


def test_a_contact_erased_is_nowhere(desk: Desk):
    contact = desk.account.need("contacts", desk.deal("deal-00010").linked("contacts")[0])
    email = contact.get("email")
    page = click(desk, "erase", contact=contact.id)
    assert "Contacts (" in page
    assert email not in page
    assert desk.client.get(f"/crm/{desk.portal}/contacts/{contact.id}").status_code == 404


def test_a_deleted_task_can_be_restored(desk: Desk):
    task = desk.task(desk.deal("deal-00011"), "Bring me back")
    click(desk, "delete_task", task=task.id)
    deleted = f"/crm/{desk.portal}/tasks?show=deleted"
    assert f'name="record" value="{task.id}"' in desk.client.get(deleted).text
    click(desk, "restore", kind="tasks", record=task.id)
    assert not task.archived


def test_the_settings_change_users_stages_pipelines_properties_and_rates(desk: Desk):
    settings = f"/crm/{desk.portal}/settings"
    owner = list(desk.account.owners.values())[-1]
    click(desk, "archive_owner", owner=owner.id)
    assert 'value="restore_owner"' in desk.client.get(settings).text
    form = {"start": "2026-10-13T09:00", "end": "2026-10-14T09:00"}
    click(desk, "set_out_of_office", owner=owner.id, **form)
    user = desk.account.need("users", owner.user_record_id or "")
    assert "1791874800000" in user.get("hs_out_of_office_hours")
    click(desk, "add_pipeline", label="Renewals", stages="Due, Offer, Won, Lost")
    made = list(desk.account.pipelines["deals"].values())[-1]
    assert [stage.label for stage in made.stages] == ["Due", "Offer", "Won", "Lost"]
    board = desk.client.get(f"/crm/{desk.portal}/?pipeline={made.id}").text
    assert "Offer" in board
    click(desk, "create_deal", name="Renewal 1", pipeline=made.id, stage="Offer")
    assert "Renewal 1" in desk.client.get(f"/crm/{desk.portal}/?pipeline={made.id}").text
    assert "Renewal 1" not in desk.client.get(f"/crm/{desk.portal}/").text
    page = click(desk, "delete_stage", pipeline=made.id, stage="Offer", back=settings)
    assert "name a stage to move them to" in page
    click(desk, "delete_stage", pipeline=made.id, stage="Offer", move_to="Due")
    page = desk.client.get(settings).text
    assert 'value="Offer"' not in page
    click(desk, "add_property", kind="deals", property="tier")
    assert 'value="delete_property"' in desk.client.get(settings).text
    click(desk, "delete_property", kind="deals", property="tier")
    assert 'value="restore_property"' in desk.client.get(settings).text
    click(desk, "set_rate", currency="SEK", rate="0.09")
    assert "SEK" in desk.client.get(settings).text


def test_leads_and_companies_have_pages_of_their_own(desk: Desk):
    deal = desk.deal("deal-00012")
    contact = desk.account.need("contacts", deal.linked("contacts")[0])
    click(desk, "create_lead", contact=contact.id, name="Second try", label="HOT")
    lead = list(desk.account.objects["leads"].values())[-1]
    listed = desk.client.get(f"/crm/{desk.portal}/leads").text
    assert f"/leads/{lead.id}" in listed
    assert "hot" in listed
    click(desk, "move_lead", lead=lead.id, stage="connected-stage-id")
    page = desk.client.get(f"/crm/{desk.portal}/leads/{lead.id}").text
    assert "Entered Connected" in page
    assert contact.get("email") in page
    assert 'value="move_lead"' in page
    assert f"/leads/{lead.id}" in desk.client.get(f"/crm/{desk.portal}/contacts/{contact.id}").text
    company = desk.account.need("companies", deal.linked("companies")[0])
    listed = desk.client.get(f"/crm/{desk.portal}/companies").text
    assert f"/companies/{company.id}" in listed
    page = desk.client.get(f"/crm/{desk.portal}/companies/{company.id}").text
    assert company.get("domain") in page
    assert f"/deals/{deal.id}" in page
    answer = desk.client.get(f"/contacts/{desk.portal}/record/0-2/{company.id}")
    assert answer.headers["Location"] == f"/crm/{desk.portal}/companies/{company.id}"
    assert f"Leads ({len(desk.account.objects['leads']) - 1})" in click(
        desk, "delete", kind="leads", record=lead.id
    )


def test_a_contact_enters_and_leaves_a_sequence(desk: Desk):
    contact = next(iter(desk.account.objects["contacts"].values()))
    page = f"/crm/{desk.portal}/contacts/{contact.id}"
    sequence = next(iter(desk.account.sequences.known.values()))
    assert "Enrol</button>" in desk.client.get(page).text
    form = {"verb": "enrol", "contact": contact.id, "sequence": sequence.id, "back": page}
    desk.client.post(f"/crm/{desk.portal}/act", data=form)
    shown = desk.client.get(page).text
    assert f"In “{sequence.name}” since" in shown
    assert "Unenrol</button>" in shown
    desk.client.post(f"/crm/{desk.portal}/act", data={"verb": "unenrol", "contact": contact.id})
    assert desk.account.sequences.active(contact.id) is None


def test_the_admin_connects_inboxes_and_makes_the_workflow_that_unenrols(desk: Desk):
    settings, state = f"/crm/{desk.portal}/settings", desk.account.sequences
    owner = list(desk.account.owners.values())[-1]
    assert owner.user_id not in state.inboxes
    desk.act("connect_inbox", owner=owner.id)
    assert state.inboxes[owner.user_id] == [owner.email]
    assert desk.client.get(settings).text.count("Disconnect</button>") == len(state.inboxes)
    desk.act("disconnect_inbox", owner=owner.id)
    assert owner.user_id not in state.inboxes
    stop = Property("app_stop", "Stop now", "datetime", "date", built_in=False)
    desk.account.add_property("contacts", stop)
    assert '<option value="app_stop">Stop now</option>' in desk.client.get(settings).text
    assert desk.refused("make_workflow", property="nothing")["field"] == "property"
    wrong = {"property": "app_stop", "seconds": "soon"}
    assert desk.refused("make_workflow", **wrong)["field"] == "seconds"
    desk.act("make_workflow", property="app_stop")
    assert "80 seconds after app_stop becomes known" in desk.client.get(settings).text
    desk.act("remove_workflow")
    assert state.workflow is None
