from typing import Any

import pytest

from app.decisions.conditions import compile_condition, getter, needs, values_read
from app.decisions.relative import RELATIVE_OPS
from app.model.playbook import AllOf, AnyOf, Compare, Condition, NotOf
from app.model.records import ContactView
from app.model.time import parse_distance
from app.model.vocabulary import StageKind, SubjectType
from tests.decisions.build import AMSTERDAM, CONTACT, NOW, at, subject

RICH = subject(
    name="Solar roof",
    currency="EUR",
    fields={"score": "80", "vip": "true", "tags": ["new", "eu"], "renewal": "2026-06-01"},
    contacts=(ContactView("c1", email="ada@example.test", fields={"title": "CFO"}),),
)
UNKNOWN = Compare("deal.amount", ">", 1)
POOR = subject(amount=None, contacts=())


@pytest.mark.parametrize(
    ("field", "op", "value", "met"),
    [
        ("deal.amount", ">=", 5000, True),
        ("deal.amount", ">", 5000, False),
        ("deal.amount", "<", 5000.5, True),
        ("deal.amount", "<=", 4999, False),
        ("deal.stage_kind", "in", ["qualified", "proposal"], True),
        ("deal.stage_kind", "not_in", [StageKind.WON, "lost"], True),
        ("deal.stage_kind", "==", StageKind.PROPOSAL, True),
        ("deal.pipeline", "!=", "p2", True),
        ("deal.owner", "==", "o1", True),
        ("deal.name", "contains", "SOLAR", True),
        ("deal.currency", "==", "EUR", True),
        ("subject.type", "==", "deal", True),
        ("contact.email", "contains", "example", True),
        ("contact.title", "==", "CFO", True),
        ("contact.phone", "known", None, False),
        ("score", ">=", 80, True),  # the CRM sends numbers as text
        ("deal.score", "in", [79, 80], True),
        ("vip", "==", True, True),
        ("vip", "==", False, False),
        ("tags", "contains", "eu", True),
        ("renewal", "<", "2026-07-01", True),
        ("deal.created_at", "<", "2026-03-01", True),  # an instant against a date
        ("deal.created_at", ">", "2026-03-01", False),
        ("nothing", "unknown", None, True),
        ("deal.amount", "known", None, True),
        ("deal.amount", "unknown", None, False),
        ("deal.name", ">", 3, False),  # not a number: unknown
    ],
)
def test_comparisons(field: str, op: Any, value: Any, met: bool) -> None:
    assert compile_condition(Compare(field, op, value))(RICH, NOW, AMSTERDAM) is met


@pytest.mark.parametrize("op", ["==", "!=", ">", ">=", "<", "<=", "in", "not_in", "contains"])
def test_an_unknown_value_makes_every_comparison_false(op: Any) -> None:
    condition = Compare("deal.amount", op, [1] if op in ("in", "not_in") else 1)
    assert compile_condition(condition)(POOR, NOW, AMSTERDAM) is False
    assert compile_condition(NotOf(condition))(POOR, NOW, AMSTERDAM) is False  # unknown


@pytest.mark.parametrize(
    ("condition", "met"),
    [
        (AllOf((UNKNOWN, Compare("deal.owner", "==", "o1"))), False),
        (NotOf(AllOf((UNKNOWN, Compare("deal.owner", "==", "other")))), True),
        (AnyOf((UNKNOWN, Compare("deal.owner", "==", "o1"))), True),
        (NotOf(AnyOf((UNKNOWN, Compare("deal.owner", "==", "other")))), False),
        (AllOf(()), True),
        (AnyOf(()), False),
        (NotOf(Compare("deal.owner", "==", "other")), True),
        (AllOf((Compare("deal.owner", "==", "o1"), Compare("deal.pipeline", "==", "p2"))), False),
    ],
)
def test_logic_has_three_values(condition: Condition, met: bool) -> None:
    assert compile_condition(condition)(POOR, NOW, AMSTERDAM) is met


def test_no_condition_is_met_by_all() -> None:
    assert compile_condition(None)(POOR, NOW, AMSTERDAM)
    assert needs(None) == set()


def test_a_contact_field_is_the_chosen_persons() -> None:
    two = subject(
        contacts=(
            ContactView("c1", email="a@x.test", labels=("Champion",)),
            ContactView("c2", email="b@x.test", labels=("Buyer",)),
        )
    )
    condition = Compare("contact.email", "==", "b@x.test")
    assert compile_condition(condition, ("buyer",))(two, NOW, AMSTERDAM)
    assert not compile_condition(condition, ("champion",))(two, NOW, AMSTERDAM)
    assert not compile_condition(condition)(two, NOW, AMSTERDAM)  # nobody is chosen


def test_what_a_condition_needs_and_read() -> None:
    condition = AllOf((UNKNOWN, NotOf(AnyOf((Compare("x.y", "known"), Compare("z", "==", 1))))))
    assert needs(condition) == {"deal.amount", "x.y", "z"}
    read = values_read(condition, subject(amount=None, fields={"z": 7}), (), AMSTERDAM)
    assert read == {"deal.amount": None, "x.y": None, "z": 7}


def test_every_named_column_reads_its_own() -> None:
    lead = subject(type=SubjectType.LEAD, stage_entered_at=NOW)
    assert getter("lead.stage_entered_at")(lead) == NOW
    assert getter("subject.contacts")(lead) == 1
    assert getter("contact.opted_out")(subject(contacts=(CONTACT,))) is False


def test_compiling_is_remembered_by_identity_not_by_equality() -> None:
    condition = Compare("deal.amount", "in", [1, 2])  # holds a list: has no hash
    assert compile_condition(condition) is compile_condition(condition)


@pytest.mark.parametrize("op", ["==", "contains", "<"])
def test_nothing_is_not_the_word_none(op: Any) -> None:
    assert not compile_condition(Compare("deal.name", op, "None"))(subject(name=""), NOW, AMSTERDAM)


def test_less_is_not_less_or_equal() -> None:
    assert not compile_condition(Compare("deal.amount", "<", 5000))(RICH, NOW, AMSTERDAM)


def test_a_field_that_happens_to_have_a_columns_name_is_the_column() -> None:
    known = subject(fields={"deal.": "dot", "owner": "field"})
    assert getter("deal.owner")(known) == "o1"
    assert getter("deal.")(known) == "dot"


# NOW is Monday 2 March 2026, 10:00 in Amsterdam.
@pytest.mark.parametrize(
    ("found", "op", "value", "met"),
    [
        (at("2025-03-02 10:00"), "within", "-365d", True),  # to the minute, both ends included
        (at("2025-03-02 09:59"), "within", "-365d", False),
        (NOW, "within", "-365d", True),
        (NOW + 1, "within", "-365d", False),
        (NOW + 1, "within", "30d", True),
        (at("2026-04-01 10:00"), "within", "+30d", True),  # summer time lies between
        (at("2026-04-01 10:01"), "within", "30d", False),
        (NOW - 1, "within", "30d", False),
        (at("2025-12-02 10:00"), "older_than", "90d", False),
        (at("2025-12-02 09:59"), "older_than", "90d", True),
        (at("2025-12-02 09:59"), "older_than", "-90d", True),  # the side is said already
        (at("2026-03-04 10:00"), "further_than", "48h", False),
        (at("2026-03-04 10:01"), "further_than", "48h", True),
        ("2026-03-02", "within", "30d", True),  # a date is compared by days: today counts
        ("2026-03-02", "within", "-30d", True),
        ("2026-04-01", "within", "30d", True),
        ("2026-04-02", "within", "30d", False),
        ("2026-01-31", "within", "-30d", True),
        ("2026-01-30", "within", "-30d", False),
        ("2026-01-30", "older_than", "30d", True),
        ("2026-03-02", "within", "-12h", True),  # in hours it begins at midnight
        ("2026-03-02", "within", "-9h", False),
    ],
)
def test_dates_compared_with_the_present(found: Any, op: Any, value: str, met: bool) -> None:
    deal = subject(fields={"end": found})
    condition = Compare("deal.end", op, value)
    assert compile_condition(condition)(deal, NOW, AMSTERDAM) is met
    assert compile_condition(NotOf(condition))(deal, NOW, AMSTERDAM) is not met


@pytest.mark.parametrize("found", [None, "soon", "2026-13-01", "2026-02-3x"])
def test_no_date_is_neither_near_nor_far(found: Any) -> None:
    deal = subject(fields={"end": found})
    for op in RELATIVE_OPS:
        condition = Compare("deal.end", op, "30d")
        assert not compile_condition(condition)(deal, NOW, AMSTERDAM)
        assert not compile_condition(NotOf(condition))(deal, NOW, AMSTERDAM)


def test_the_day_is_that_of_the_zone() -> None:
    deal = subject(fields={"end": "2026-03-02"})
    late = at("2026-03-02 23:30")
    within = compile_condition(Compare("deal.end", "within", "0d"))
    assert within(deal, late, AMSTERDAM)
    assert not within(deal, late, "Asia/Tokyo"), "it is the third there"


def test_a_date_is_told_as_a_day() -> None:
    condition = AllOf((Compare("deal.end", "within", "-9d"), Compare("deal.created_at", "known")))
    deal = subject(fields={"end": at("2026-02-27 23:30", "Europe/London")})
    read = values_read(condition, deal, (), AMSTERDAM)
    assert read == {"deal.end": "2026-02-28", "deal.created_at": deal.created_at}


@pytest.mark.parametrize("text", ["", "365", "-", "--3d", "3 weeks", "1.5d", 365, None, "2wd"])
def test_what_is_no_distance_is_refused_with_what_would_be(text: Any) -> None:
    with pytest.raises(ValueError, match="-365d for the 365 days up to now"):
        parse_distance(text)
