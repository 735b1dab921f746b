"""People: the CRM's users with what is ours, and their working time as calendars."""

from __future__ import annotations

from typing import Any

import pytest

from app.installations.connect import look_again, save_people
from app.installations.people import Calendars, holidays_of, is_zone, merge_spans, view
from app.installations.settings import Settings, parse
from app.model.calendar import NINE_TO_FIVE
from app.model.records import PersonView
from app.model.time import DAY, Business, Wall
from app.store import installations, people
from app.store.engine import Store
from app.store.sets import dumps
from connectors.contract import CrmPerson, CrmPipeline, CrmStage

NOW = Business(1_795_000_000_000)  # 18 November 2026


def person(owner_id: str = "1", **more: Any) -> CrmPerson:
    values = {"user_id": "11", "email": "Ada@Example.com", "name": "Ada", "team": None,
              "active": True, **more}
    return CrmPerson(owner_id, **values)


def synced(store: Store, *users: CrmPerson) -> dict[str, Any]:
    with store.write() as conn:
        save_people(conn, 1, list(users))
        return dict(people.read(conn, 1))


def test_ours_survives_a_sync_and_the_crms_is_replaced(store: Store) -> None:
    synced(store, person(zone="Europe/Paris", out_of_office=((1, 5), (4, 9))))
    with store.write() as conn:
        row = people.read(conn, 1)["1"]
        assert row["absences"] == "[[1,9]]"
        people.change(conn, 1, "1", role="manager", cover_id="2", country="DE",
                      absences=dumps([[1, 9], [20, 30, "ours"]]))
    row = synced(store, person(name="Ada L.", zone="Europe/Paris", out_of_office=((40, 50),)))["1"]
    assert (row["role"], row["cover_id"], row["country"]) == ("manager", "2", "DE")
    assert (row["name"], row["email"]) == ("Ada L.", "ada@example.com")
    assert view(row).absences == ((20, 30), (40, 50))


def test_who_leaves_the_crm_stays_inactive(store: Store) -> None:
    synced(store, person("1"), person("2", name="Ben"))
    rows = synced(store, person("1"))
    assert rows["1"]["active"]
    assert (rows["2"]["active"], rows["2"]["name"]) == (False, "Ben")
    assert synced(store, person("1"), person("2", name="Ben"))["2"]["active"]


def test_hours_and_zone_of_a_person(store: Store) -> None:
    hours = {0: [(540, 720), (780, 1020)], 2: [(600, 960)]}
    found = view(synced(store, person(zone="America/Chicago", hours=hours))["1"])
    assert found.zone == "America/Chicago"
    assert found.hours == {0: ((540, 720), (780, 1020)), 2: ((600, 960),)}


def test_a_week_without_an_hour_counts_as_not_filled_in(store: Store) -> None:
    assert view(synced(store, person(hours={0: [], 1: [(60, 60)]}))["1"]).hours is None


def test_a_zone_that_does_not_exist_counts_as_unset(store: Store) -> None:
    assert view(synced(store, person(zone="Mars/Olympus"))["1"]).zone is None
    assert not is_zone("../etc/passwd")
    assert not is_zone("")
    assert is_zone("Europe/Berlin")


def test_spans_are_merged() -> None:
    assert merge_spans([(5, 9), (1, 3), (3, 4), (8, 12), (20, 20), (30, 25)]) == (
        (1, 4), (5, 12)
    )  # fmt: skip


# --- calendars -----------------------------------------------------------------------------------


def test_defaults_of_a_rep_without_anything() -> None:
    calendar = Calendars([PersonView("1")], Settings(), "Europe/Berlin").of("1", NOW)
    assert calendar.zone == "Europe/Berlin"
    assert calendar.hours == NINE_TO_FIVE
    assert calendar.holidays == frozenset()
    assert not calendar.windows_off


def test_settings_zone_wins_over_the_accounts_and_the_reps_over_both() -> None:
    settings = parse({"zone": "Asia/Tokyo"})
    calendars = Calendars([PersonView("1", zone="America/Lima")], settings, "Europe/Berlin")
    assert calendars.of("1", NOW).zone == "America/Lima"
    assert calendars.of(None, NOW).zone == "Asia/Tokyo"
    assert calendars.of("unknown", NOW).zone == "Asia/Tokyo"


def test_holidays_of_the_country_the_persons_first() -> None:
    settings = parse({"holidays": "DE"})
    calendars = Calendars([PersonView("1", country="US")], settings, "UTC")
    assert "2026-10-03" in calendars.of(None, NOW).holidays
    assert "2026-07-04" not in calendars.of(None, NOW).holidays
    assert "2026-07-04" in calendars.of("1", NOW).holidays
    for year in (2025, 2026, 2027, 2028):
        assert f"{year}-12-25" in calendars.of(None, NOW).holidays


def test_a_part_of_a_country() -> None:
    assert "2026-06-04" in holidays_of("DE-BY", 2026)  # Corpus Christi, not in all of Germany
    assert "2026-06-04" not in holidays_of("DE", 2026)
    assert holidays_of("Nowhere", 2026) == frozenset()


def test_windows_off_needs_no_holidays() -> None:
    calendar = Calendars([], parse({"working_hours": False, "holidays": "DE"}), "UTC").of(None, NOW)
    assert calendar.windows_off
    assert calendar.holidays == frozenset()


def test_the_same_object_is_answered_within_a_year_and_a_new_one_after() -> None:
    calendars = Calendars([PersonView("1")], parse({"holidays": "DE"}), "UTC")
    assert calendars.of("1", NOW) is calendars.of("1", Business(NOW + DAY))
    later = calendars.of("1", Business(NOW + 400 * DAY))
    assert later is not calendars.of("1", NOW)
    assert "2029-12-25" in later.holidays


@pytest.mark.parametrize("absences", [((5, 9),), ()])
def test_absences_travel(absences: tuple[tuple[int, int], ...]) -> None:
    calendars = Calendars([PersonView("1", absences=absences)], Settings(), "UTC")
    assert calendars.of("1", NOW).absences == absences


class Crm:
    """A CRM with one person and one pipeline, as it is now."""

    def __init__(self) -> None:
        self.users = [person("1")]
        self.stages = [CrmStage("s1", "Proposal", 0, None, False, "proposal")]

    def people(self) -> list[CrmPerson]:
        return self.users

    def pipelines(self) -> list[CrmPipeline]:
        return [CrmPipeline("p", "Sales", tuple(self.stages))]


def test_looking_again_raises_the_revision_only_for_news(store: Store) -> None:
    with store.write() as conn:
        inst = installations.create(conn, "hubspot", "1000", Wall(1))
    crm = Crm()

    def look() -> tuple[bool, int]:
        news = look_again(store, crm, inst)  # type: ignore[arg-type]
        with store.read() as conn:
            row = installations.get(conn, inst)
        assert row is not None
        return bool(news), row["revision"]

    assert look() == (True, 1)
    assert look() == (False, 1)
    crm.stages.append(CrmStage("s2", "Won", 1, 1.0, True, "won"))
    assert look() == (True, 2)
    crm.users = [person("1", zone="Europe/Berlin")]
    assert look() == (True, 3)
    crm.users = []
    assert look() == (True, 4)
    assert look() == (False, 4)
