"""Reading against the sandbox: batches, histories, associations, pages, and what changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.contract import Forbidden, Page
from connectors.hubspot import reading
from connectors.hubspot.install import BRIDGE, FOOTPRINT
from sandbox.world.records import Actor, Link, Owner, Stage, Team
from tests.connectors.hubspot.conftest import REP, Installed
from tests.connectors.support import Asked, ScriptedVendor
from tests.sandbox.support import PORTAL, SCOPES

Start = Callable[..., Installed]


def test_reads_in_batches_and_leaves_out_what_is_gone(hubspot: Installed) -> None:
    deals = [hubspot.deal(dealname=f"D{n}", amount=str(n)) for n in range(250)]
    hubspot.account.archive("deals", deals[7].id, REP)
    ids = [deal.id for deal in deals]
    records = hubspot.connector.read("deal", [*ids, ids[0], "999999999"])
    assert sorted(r.id for r in records) == sorted(set(ids) - {deals[7].id})
    assert hubspot.calls.count("batch/read") == 3
    (gone,) = hubspot.connector.read("deal", ids[:20], archived=True)
    assert (gone.id, gone.archived) == (deals[7].id, True)
    assert gone.archived_at == hubspot.sandbox.clock.now()


def test_histories_are_read_in_the_vendors_smaller_batches(hubspot: Installed) -> None:
    deal = hubspot.deal()
    others = [hubspot.deal() for _ in range(60)]
    at = hubspot.sandbox.clock.advance(60_000)
    hubspot.account.update("deals", deal.id, {"dealstage": "contractsent"}, REP)
    records = hubspot.connector.read("deal", [d.id for d in (deal, *others)], history=True)
    assert len(records) == 61
    assert hubspot.calls.statuses() == [200, 200]
    stages = records[0].history["stage"]
    assert [(v.value, v.at) for v in stages] == [
        ("qualifiedtobuy", at - 60_000), ("contractsent", at),
    ]
    assert stages[1].source == "CRM_UI"


def test_associations_come_with_primary_and_labels(hubspot: Installed) -> None:
    deal, lonely = hubspot.deal(), hubspot.deal()
    first = hubspot.contact(deal)
    champion = hubspot.contact(deal, labels=("", "Champion"))
    company = hubspot.account.create(
        "companies", {"name": "Acme"}, REP, [Link("deals", deal.id, ("", "primary"))]
    )
    found = {
        record.id: record
        for record in hubspot.connector.read(
            "deal", [deal.id, lonely.id], associations=("contact", "company")
        )
    }
    record = found[deal.id]
    assert record.associations == {"contact": [first.id, champion.id], "company": [company.id]}
    assert record.primary == {"company": company.id}
    assert record.labels == {("contact", champion.id): ("Champion",)}
    assert found[lonely.id].associations == {"contact": [], "company": []}
    assert hubspot.connector.read("deal", [deal.id])[0].associations is None


def test_engagements_of_a_record(hubspot: Installed) -> None:
    deal = hubspot.deal()
    made = [
        (type_, hubspot.account.create(
            kind, {"hs_timestamp": "1791784800000"}, REP, [Link("deals", deal.id)]
        ).id)
        for type_, kind in (("task", "tasks"), ("email", "emails"), ("meeting", "meetings"),
                            ("call", "calls"), ("note", "notes"))
    ]
    assert sorted(hubspot.connector.engagements_of("deal", deal.id)) == sorted(made)
    assert hubspot.connector.associated("deal", "call", [deal.id]) == {deal.id: [made[3][1]]}


def test_pages_walk_all_live_records(hubspot: Installed) -> None:
    deals = [hubspot.deal() for _ in range(120)]
    contact = hubspot.contact(deals[3])
    seen: dict[str, list[str]] = {}
    after: str | None = None
    pages = 0
    while True:
        page = hubspot.connector.page("deal", after, history=True, associations=("contact",))
        pages += 1
        for record in page.records:
            assert record.history["stage"][0].value == "qualifiedtobuy"
            assert record.associations is not None
            seen[record.id] = record.associations["contact"]
        after = page.after
        if after is None:
            break
    assert set(seen) == {deal.id for deal in deals}
    assert seen[deals[3].id] == [contact.id]
    assert pages == 3, "pages with histories hold fifty"


def walk(hubspot: Installed, watermark: int) -> tuple[list[str], list[Page]]:
    ids: list[str] = []
    pages: list[Page] = []
    after: str | None = None
    while True:
        page = hubspot.connector.changed_since("contact", watermark, after)  # type: ignore[arg-type]
        pages.append(page)
        ids.extend(record.id for record in page.records)
        after = page.after
        if after is None:
            return ids, pages


def test_changes_are_walked_by_time(hubspot: Installed) -> None:
    contacts = []
    for _ in range(450):
        contacts.append(hubspot.contact())
        hubspot.sandbox.clock.advance(1)
    since = contacts[20].updated_at
    ids, pages = walk(hubspot, since + reading.OVERLAP_MS)
    assert list(dict.fromkeys(ids)) == [contact.id for contact in contacts[20:]]
    assert len(pages) == 3
    assert len(ids) - len(set(ids)) == 2, "a page repeats the last instant of the one before"


def test_an_import_within_one_instant_is_walked_by_id(hubspot: Installed) -> None:
    before = hubspot.contact()
    hubspot.sandbox.clock.advance(5)
    same = [hubspot.contact() for _ in range(500)]
    hubspot.sandbox.clock.advance(5)
    later = hubspot.contact()
    ids, _ = walk(hubspot, before.updated_at)
    assert set(ids) == {contact.id for contact in (before, *same, later)}


def test_a_record_that_changes_while_we_page_hides_no_other(hubspot: Installed) -> None:
    contacts = []
    for _ in range(401):
        contacts.append(hubspot.contact())
        hubspot.sandbox.clock.advance(1)
    first = hubspot.connector.changed_since("contact", contacts[0].updated_at, None)  # type: ignore[arg-type]
    for contact in contacts[:50]:
        hubspot.account.update("contacts", contact.id, {"firstname": "Moved"}, REP)
    ids = [record.id for record in first.records]
    after = first.after
    while after is not None:
        page = hubspot.connector.changed_since("contact", contacts[0].updated_at, after)  # type: ignore[arg-type]
        ids.extend(record.id for record in page.records)
        after = page.after
    assert set(ids) == {contact.id for contact in contacts}


def test_calls_take_slots_where_the_vendor_counts_them(hubspot: Installed) -> None:
    deal = hubspot.deal()
    hubspot.budget.leased.clear()
    hubspot.restart(expired=True)
    hubspot.connector.changed_since("contact", 0, None)  # type: ignore[arg-type]
    assert hubspot.budget.leased == {"default", "search"}, "the refresh, then the search"
    hubspot.budget.leased.clear()
    hubspot.restart()
    hubspot.connector.associated("deal", "contact", [deal.id])
    assert hubspot.budget.leased == {"default", "associations"}


def test_people_with_zones_hours_and_absences(hubspot: Installed) -> None:
    account = hubspot.account
    account.add_team(Team("7", "North"))
    account.owners["501"].teams = [("7", True)]
    account.add_owner(Owner("503", 9003, "c@example.com", "Cleo", "", archived=True))
    account.create(
        "users",
        {
            "hs_standard_time_zone": "Europe/Paris",
            "hs_working_hours": '[{"days":"MONDAY","startMinute":540,"endMinute":720}]',
            "hs_out_of_office_hours":
                '[{"startTimestamp":1791784800000,"endTimestamp":1791788400000}]',
            "hubspot_owner_id": "501",
            "hs_internal_user_id": "9001",
        },
        REP,
    )
    ada, ben, cleo = sorted(hubspot.connector.people(), key=lambda person: person.owner_id)
    assert (ada.name, ada.team, ada.user_id, ada.active) == ("Ada Rep", "North", "9001", True)
    assert (ada.zone, ada.hours) == ("Europe/Paris", {0: [(540, 720)]})
    assert ada.out_of_office == ((1_791_784_800_000, 1_791_788_400_000),)
    assert (ben.zone, ben.hours, ben.team) == (None, None, None)
    assert (cleo.name, cleo.active, cleo.user_id) == ("Cleo", False, "9003")


def test_people_without_the_users_scope(start: Start) -> None:
    hubspot = start()
    minted = hubspot.sandbox.mint(
        scopes=[scope for scope in SCOPES if not scope.startswith("crm.objects.users")]
    )
    hubspot.restart(access=minted["access_token"])
    assert [person.zone for person in hubspot.connector.people()] == [None, None]


def test_pipelines_in_order_without_archived_stages(hubspot: Installed) -> None:
    pipeline = hubspot.account.pipelines["deals"]["default"]
    pipeline.stages.append(Stage("old", "Old", 9, 0.5, archived=True))
    pipeline.stages.reverse()
    (read,) = hubspot.connector.pipelines()
    assert [stage.proposed_kind for stage in read.stages] == [
        "new", "qualified", "meeting_done", "proposal", "negotiation", "won", "lost",
    ]
    assert [stage.position for stage in read.stages] == list(range(7))
    assert read.stages[5].closed
    assert read.stages[5].probability == 1.0


def test_the_account_and_the_address_of_a_record(hubspot: Installed) -> None:
    account = hubspot.connector.account()
    assert (account.id, account.zone, account.currency) == (str(PORTAL), "Europe/Amsterdam", "EUR")
    url = hubspot.sandbox.url
    assert account.page("deal", "7") == f"{url}/contacts/{PORTAL}/record/0-3/7"


def test_a_real_account_is_addressed_at_its_own_data_centre() -> None:
    from connectors.hubspot.account import read_account
    from connectors.hubspot.tables import APP_BASE

    class Answering:
        def call(self, *_: object, **__: object) -> dict[str, object]:
            return {"portalId": 5, "timeZone": "UTC", "companyCurrency": "USD",
                    "uiDomain": "app-eu1.hubspot.com"}

    account = read_account(Answering(), APP_BASE, "")  # type: ignore[arg-type]
    assert account.page("task", "9") == "https://app-eu1.hubspot.com/contacts/5/record/0-27/9"


def test_a_missing_scope_is_named(hubspot: Installed) -> None:
    minted = hubspot.sandbox.mint(scopes=["oauth", "crm.objects.contacts.read"])
    hubspot.restart(access=minted["access_token"])
    with pytest.raises(Forbidden) as caught:
        hubspot.connector.read("deal", ["1"])
    assert caught.value.scopes == ("crm.objects.deals.read",)


def test_the_shipped_mapping_fits_a_live_schema(hubspot: Installed) -> None:
    types = ("deal", "contact", "company", "task", "note", "email", "meeting", "call", "user")
    schema = {type_: hubspot.connector.schema(type_) for type_ in types}
    assert hubspot.connector.mapping.check(schema) == []
    ours = {
        field.property
        for type_ in types
        for field in hubspot.connector.mapping.of(type_).fields.values()
        if field.ours
    }
    footprint = {one.name for properties in FOOTPRINT.values() for one in properties}
    assert ours == {*footprint, BRIDGE.name}


def test_associations_of_many_pages_are_followed() -> None:
    pages = {
        None: {"results": [
            {"from": {"id": "1"}, "to": [{"toObjectId": 11, "associationTypes": []}],
             "paging": {"next": {"after": "x"}}},
            {"from": {"id": "2"}, "to": [{"toObjectId": 21, "associationTypes": []}]},
        ]},
        "x": {"results": [{"from": {"id": "1"}, "to": [{"toObjectId": 12}]}]},
    }

    def script(asked: Asked) -> tuple[int, object]:
        return 200, pages[asked.json["inputs"][0].get("after")]

    from connectors.access import Access
    from connectors.hubspot.api import Api
    from connectors.hubspot.reading import Reader
    from connectors.mapping import load
    from tests.connectors.test_transport import transport

    class Always(Access):
        def __init__(self) -> None: ...

        def bearer(self, refused: str | None = None) -> str:
            return "t"

    with ScriptedVendor(script) as server:
        api = Api(transport(server.url), Always(), "2026-03")
        found = Reader(api, load("hubspot")).associated("deal", "contact", ["1", "2"])
    assert {id_: [link[0] for link in links] for id_, links in found.items()} == {
        "1": ["11", "12"], "2": ["21"],
    }


def test_our_own_writes_are_known_by_their_source(hubspot: Installed) -> None:
    """Only a hint, but the history must carry it."""
    deal = hubspot.deal()
    hubspot.account.update("deals", deal.id, {"followthrough_control": "stop"}, Actor.app(777))
    (record,) = hubspot.connector.read("deal", [deal.id], history=True)
    assert [(v.value, v.source, v.source_id) for v in record.history["control"]] == [
        ("stop", "INTEGRATION", "777")
    ]
