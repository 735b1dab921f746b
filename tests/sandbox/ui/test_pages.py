"""The CRM page shows what is there, and its buttons do what a user would do."""

from __future__ import annotations

import pytest

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
