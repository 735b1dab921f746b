"""The mapping file, overrides, and the reading and writing of values."""

from __future__ import annotations

from typing import Any

import pytest

from app.model.vocabulary import Priority, TaskType
from connectors import values
from connectors.fitting import fitted
from connectors.mapping import MappingError, PropertyInfo, load
from connectors.stages import StageFacts

MAPPING = load("hubspot")


def item(**properties: str | None) -> dict[str, Any]:
    return {
        "id": 12,
        "properties": properties,
        "createdAt": "2026-10-12T06:00:00Z",
        "updatedAt": "2026-10-12T06:00:00.250Z",
    }


def test_a_record_reads_canonically() -> None:
    record = MAPPING.of("deal").parse(
        item(
            dealname="Acme",
            amount="12.50",
            hs_is_closed="false",
            closedate="2026-11-01",
            notes_last_contacted="1791784800000",
            followthrough_control="pause",
            hubspot_owner_id="",
        )
    )
    assert (record.id, record.created_at, record.updated_at) == (
        "12", 1_791_784_800_000, 1_791_784_800_250,
    )
    assert record.fields == {
        "name": "Acme",
        "amount": 12.5,
        "closed": False,
        "close_date": 1_793_491_200_000,
        "last_contacted_at": 1_791_784_800_000,
        "control": "pause",
        "owner": None,
    }


def test_a_property_that_the_crm_does_not_show_is_absent() -> None:
    """Consent depends on it: unset means never opted out, unreadable means no."""
    assert "opted_out" not in MAPPING.of("contact").parse(item(email="a@b.c")).fields
    assert MAPPING.of("contact").parse(item(hs_email_optout=None)).fields == {"opted_out": None}


def test_histories_read_oldest_first() -> None:
    entry = {"sourceType": "CRM_UI", "sourceId": "userId:1"}
    newest_first = [
        {"value": "b", "timestamp": "2026-10-13T00:00:00Z", **entry},
        {"value": "a", "timestamp": "2026-10-12T00:00:00Z"},
    ]
    history = MAPPING.of("deal").parse(
        {**item(), "propertiesWithHistory": {"dealstage": newest_first, "amount": newest_first}}
    ).history
    assert set(history) == {"stage", "amount"}
    assert [version.value for version in history["stage"]] == ["a", "b"]
    assert history["stage"][1].source == "CRM_UI"
    assert history["stage"][0].source == ""


def test_history_values_are_canonical() -> None:
    entries = [{"value": "2026-10-13T00:00:00Z", "timestamp": "2026-10-13T00:00:00Z"}]
    record = MAPPING.of("task").parse(
        {**item(), "propertiesWithHistory": {
            "hs_timestamp": entries,
            "hs_task_status": [{"value": "WAITING", "timestamp": "2026-10-13T00:00:00Z"}],
        }}
    )
    assert record.history["due_at"][0].value == 1_791_849_600_000
    assert record.history["status"][0].value == "open"


@pytest.mark.parametrize("kind", list(TaskType))
def test_every_task_type_reads_back_as_written(kind: TaskType) -> None:
    task = MAPPING.of("task")
    assert task.parse_fields(task.write({"type": kind.value}))["type"] == kind.value


@pytest.mark.parametrize("priority", list(Priority))
def test_every_priority_reads_back_as_written(priority: Priority) -> None:
    task = MAPPING.of("task")
    assert task.parse_fields(task.write({"priority": priority.value}))["priority"] == priority.value


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("NOT_STARTED", "open"), ("IN_PROGRESS", "open"), ("WAITING", "open"),
        ("COMPLETED", "completed"), ("DEFERRED", "deferred"), ("A_CUSTOM_ONE", "open"),
    ],
)
def test_task_states(theirs: str, ours: str) -> None:
    assert MAPPING.of("task").parse(item(hs_task_status=theirs)).fields["status"] == ours


def test_an_unknown_call_result_stays_itself() -> None:
    fields = MAPPING.of("call").parse(item(hs_call_disposition="0000-own")).fields
    assert fields["disposition"] == "0000-own"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (12.0, "12"), (12.5, "12.5"), (7, "7"), ("x", "x")],
)
def test_values_write_as_the_crm_takes_them(value: Any, text: str) -> None:
    assert values.write(value) == text


def test_writing_refuses_what_the_mapping_does_not_know() -> None:
    with pytest.raises(ValueError, match=r"deal\.colour is not mapped; there are: name"):
        MAPPING.of("deal").write({"colour": "red"})
    with pytest.raises(ValueError, match="'loud' is not one of low, medium, high"):
        MAPPING.of("task").write({"priority": "loud"})


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22T09:00:00Z", 1_795_338_000_000),
        ("2026-11-22T09:00:00.007Z", 1_795_338_000_007),
        ("2026-11-22T10:00:00+01:00", 1_795_338_000_000),
        ("2026-11-22", 1_795_305_600_000),
        ("1795338000000", 1_795_338_000_000),
        ("-1000", -1_000),
    ],
)
def test_instants(text: str, instant: int) -> None:
    assert values.instant(text) == instant


@pytest.mark.parametrize(
    ("slug", "zone"),
    [
        ("america_slash_new_york", "America/New_York"),
        ("us_slash_eastern", "US/Eastern"),
        ("america_slash_port_hyphen_au_hyphen_prince", "America/Port-au-Prince"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),
    ],
)
def test_zones(slug: str, zone: str) -> None:
    assert values.zone(slug) == zone


def test_an_unreadable_value_is_none_and_stops_nothing() -> None:
    fields = MAPPING.of("contact").parse(item(hs_timezone="mars", firstname="A")).fields
    assert fields == {"zone": None, "first_name": "A"}


def test_unreadable_consent_is_an_opt_out() -> None:
    assert MAPPING.of("contact").parse(item(hs_email_optout="??")).fields["opted_out"] is True
    assert MAPPING.of("contact").parse(item(hs_email_optout="false")).fields["opted_out"] is False


@pytest.mark.parametrize(("count", "bounced"), [("0", False), ("2", True), ("true", True)])
def test_bounces_are_counted(count: str, bounced: bool) -> None:
    assert MAPPING.of("contact").parse(item(hs_email_bounce=count)).fields["bounced"] is bounced


def test_working_hours() -> None:
    text = '[{"days":"SATURDAY","startMinute":600,"endMinute":660},' \
        '{"days":"MONDAY_TO_FRIDAY","startMinute":780,"endMinute":1020},' \
        '{"days":"MONDAY","startMinute":540,"endMinute":720}]'
    hours = values.hours(text)
    assert hours is not None
    assert hours[0] == [(540, 720), (780, 1020)]
    assert hours[4] == [(780, 1020)]
    assert hours[5] == [(600, 660)]
    assert 6 not in hours
    assert values.hours("[]") is None


@pytest.mark.parametrize("start", [1_730_379_600, 17_303_796_000, 1_730_379_600_000])
def test_absences_in_whatever_unit(start: int) -> None:
    text = f'[{{"startTimestamp":{start},"endTimestamp":1730466000000}}]'
    assert values.absences(text) == ((1_730_379_600_000, 1_730_466_000_000),)


# --- overrides and the live schema ---------------------------------------------------------------


def test_an_override_moves_a_field_and_keeps_its_kind() -> None:
    changed = MAPPING.with_overrides(
        {"deal": {"amount": "acv", "region": {"property": "region", "history": True}}}
    )
    deal = changed.of("deal")
    assert deal.parse(item(acv="3", amount="5", region="EU")).fields == {
        "amount": 3.0, "region": "EU",
    }
    assert "region" in deal.history_properties
    assert MAPPING.of("deal").fields["amount"].property == "amount"


def test_an_override_of_choices() -> None:
    changed = MAPPING.with_overrides({"call": {"disposition": {"values": {"guid-9": "connected"}}}})
    assert changed.of("call").parse(item(hs_call_disposition="guid-9")).fields == {
        "disposition": "connected"
    }


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"deals": {}}, "'deals' is no object type; there are: deal"),
        ({"deal": {"amount": {"typ": "number"}}}, "overrides.deal.amount: unknown key 'typ'"),
        ({"deal": {"amount": {"type": "money"}}}, "'money' is no type; there are: text"),
        ({"deal": {"new": {"type": "number"}}}, "say which `property`"),
        ({"deal": {"new": {"property": "x", "type": "choice"}}}, "needs `values`"),
        ({"deal": {"amount": 5}}, "write a property's name"),
    ],
)
def test_a_wrong_override_says_what_would_be_right(overrides: Any, message: str) -> None:
    with pytest.raises(MappingError) as caught:
        MAPPING.with_overrides(overrides)
    assert message in str(caught.value)


def test_check_tells_what_the_account_lacks() -> None:
    deal = MAPPING.of("deal")
    schema = {
        field.property: PropertyInfo(
            field.property,
            {"number": "number", "instant": "datetime", "bool": "bool"}.get(field.type, "string"),
        )
        for field in deal.fields.values()
        if not field.ours
    }
    assert MAPPING.check({"deal": schema}) == []
    schema["amount"] = PropertyInfo("amount", "string")
    del schema["closedate"]
    problems = MAPPING.check({"deal": schema})
    assert len(problems) == 2
    assert "deal.amount" in problems[0]
    assert "type number" in problems[0]
    assert "deal.close_date" in problems[1]
    assert "'closedate'" in problems[1]


def test_check_tells_of_an_enumeration_without_our_values() -> None:
    changed = MAPPING.with_overrides({"task": {"type": "my_type"}})
    info = PropertyInfo("my_type", "enumeration", frozenset({"A", "B"}))
    problems = [p for p in changed.check({"task": {"my_type": info}}) if "my_type" in p]
    assert problems == [
        "task.type: 'my_type' offers none of the values CALL, EMAIL, TODO, LINKED_IN_MESSAGE, "
        "LINKED_IN_CONNECT, MEETING. Map its own values under `values`."
    ]


def test_there_is_no_mapping_of_an_unknown_crm() -> None:
    with pytest.raises(MappingError, match=r"no mapping other\.yaml"):
        load("other")


def test_consent_that_is_not_mapped_is_none() -> None:
    assert MAPPING.consent == {"email": "contact.opted_out", "call": None, "sms": None}
    for field in filter(None, MAPPING.consent.values()):
        type_, _, name = field.partition(".")
        assert name in MAPPING.objects[type_].fields


# --- stages --------------------------------------------------------------------------------------


def proposed(*stages: tuple[str, float | None, bool]) -> list[str]:
    return [kind.value for kind in MAPPING.stages.propose([StageFacts(*one) for one in stages])]


def test_stages_are_proposed_by_name() -> None:
    assert proposed(
        ("New inquiry", 0.1, False),
        ("Qualified to buy", 0.2, False),
        ("Demo", 0.4, False),
        ("Quote sent", 0.6, False),
        ("Legal review", 0.8, False),
        ("Yes", 1.0, True),
        ("No", 0.0, True),
    ) == ["new", "qualified", "meeting_done", "proposal", "negotiation", "won", "lost"]


def test_stages_without_a_telling_name_go_by_place_and_probability() -> None:
    assert proposed(
        ("A", 0.05, False), ("B", 0.2, False), ("C", 0.45, False), ("D", 0.65, False),
        ("E", 0.9, False), ("F", None, False), ("Lost: proposal", 0.0, True),
    ) == ["new", "qualified", "meeting_done", "proposal", "negotiation", "ignored", "lost"]


def test_the_vendors_default_pipeline() -> None:
    assert proposed(
        ("Appointment Scheduled", 0.2, False),
        ("Qualified To Buy", 0.4, False),
        ("Presentation Scheduled", 0.6, False),
        ("Decision Maker Bought-In", 0.8, False),
        ("Contract Sent", 0.9, False),
        ("Closed Won", 1.0, True),
        ("Closed Lost", 0.0, True),
    ) == ["qualified", "qualified", "meeting_done", "negotiation", "negotiation", "won", "lost"]


# --- an account's own properties -----------------------------------------------------------------


def account_with(**types: str) -> dict[Any, dict[str, PropertyInfo]]:
    return {"deal": {name: PropertyInfo(name, type) for name, type in types.items()}}


def test_a_property_of_the_account_is_read_as_what_it_is() -> None:
    schema = account_with(ends="date", live="datetime", fit="number", tier="enumeration")
    wanted = {"deal": {"contract_end": "ends", "go_live": "live", "fit": "fit", "tier": "tier"}}
    found = fitted(MAPPING, wanted, schema)
    assert {name: entry["type"] for name, entry in found["deal"].items()} == {
        "contract_end": "date", "go_live": "instant", "fit": "number", "tier": "text",
    }  # fmt: skip
    deal = MAPPING.with_overrides(found).of("deal")
    read = deal.parse(item(ends="2026-12-31", live="1767225600000", fit="4", tier="gold")).fields
    assert read["contract_end"] == "2026-12-31"
    assert (read["go_live"], read["fit"], read["tier"]) == (1_767_225_600_000, 4.0, "gold")


def test_a_date_is_a_date_in_whatever_form_it_comes() -> None:
    assert values.date("1798675200000") == "2026-12-31"
    assert values.date("2026-12-31T00:00:00Z") == "2026-12-31"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"deal": {"contract_end": "ending"}}, "'ending', which this account does not have"),
        ({"deal": {"amount": "ends"}}, "holds date; it needs a property of type number"),
        ({"deal": {"live": {"property": "live", "type": "date"}}}, "needs a property of type date"),
    ],
)
def test_a_property_that_does_not_fit_is_named(wanted: Any, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        fitted(MAPPING, wanted, account_with(ends="date", live="datetime"))
