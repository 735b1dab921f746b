"""Sequences as the world carries them out: windows, several contacts, a world that was saved."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sandbox.simulation import Simulation
from sandbox.world import sequence_terms, sequences
from sandbox.world.account import Account
from sandbox.world.records import Actor, Owner, Record
from sandbox.world.sequence_records import Sequence

ZONE = "Europe/Amsterdam"
DAY_S = 86_400


class Desk:
    """An account whose business time a test plays."""

    def __init__(self, begins: str) -> None:
        moment = datetime.fromisoformat(begins).replace(tzinfo=ZoneInfo(ZONE))
        self.simulation = Simulation("simulated", int(moment.timestamp() * 1000))
        self.account: Account = self.simulation.world.add_account(1, timezone=ZONE)
        self.account.add_owner(Owner("1", 9, "rep@firm.example", "R", "R"))

    def person(self, name: str) -> Record:
        fields = {"email": f"{name}@prospect.example"}
        return self.account.create("contacts", fields, Actor.user(9))

    def sequence(self, *delays: float, days: str = "BUSINESS_DAYS") -> Sequence:
        steps = [{"email": f"Mail {number}", "after": after} for number, after in enumerate(delays)]
        row = {"name": "S", "user": 9, "steps": steps, "days": days, "window": [540, 1020]}
        return sequence_terms.add_sequences(self.account, [row])[0]

    def enrol(self, sequence: Sequence, *people: Record) -> None:
        for person in people:
            sequences.enrol(self.account, sequence, person, 9, "rep@firm.example")

    def play(self, days: float) -> None:
        play(self.simulation, days)

    def mails(self) -> list[str]:
        return mails(self.account)


def play(simulation: Simulation, days: float) -> None:
    until = simulation.clock.now() + round(days * DAY_S * 1000)
    while (due := simulation.agenda.pop(until)) is not None:
        simulation.clock.move(max(due.at, simulation.clock.now()))
        simulation.agenda.run(due)
    simulation.clock.move(until)


def mails(account: Account) -> list[str]:
    """`Mon 09:00 Mail 1`, local, in the order in which they left."""
    return [
        f"{datetime.fromtimestamp(mail.created_at / 1000, UTC).astimezone(ZoneInfo(ZONE)):%a %H:%M}"
        f" {mail.get('hs_email_subject')}"
        for mail in account.objects["emails"].values()
    ]


@pytest.mark.parametrize(
    ("begins", "days", "left"),
    [
        # Wednesday; two days on is Friday, and from there one is Saturday.
        ("2026-09-09 10:00", "EVERYDAY", ["Wed 10:00", "Fri 10:00", "Sat 10:00"]),
        ("2026-09-09 10:00", "WEEKDAYS_ONLY", ["Wed 10:00", "Fri 10:00", "Mon 09:00"]),
        ("2026-09-09 10:00", "BUSINESS_DAYS", ["Wed 10:00", "Fri 10:00", "Mon 10:00"]),
        # Too late in the day, and too early: only the first mail does not mind.
        ("2026-09-07 23:00", "EVERYDAY", ["Mon 23:00", "Thu 09:00", "Fri 09:00"]),
        ("2026-09-07 05:00", "BUSINESS_DAYS", ["Mon 05:00", "Wed 09:00", "Thu 09:00"]),
        # Across the end of summer time the local time of day stays.
        ("2026-10-23 10:00", "BUSINESS_DAYS", ["Fri 10:00", "Tue 10:00", "Wed 10:00"]),
    ],
)
def test_later_mails_leave_in_the_window(begins: str, days: str, left: list[str]) -> None:
    desk = Desk(begins)
    desk.enrol(desk.sequence(0, 2 * DAY_S, DAY_S, days=days), desk.person("nora"))
    desk.play(14)
    assert [f"{when} Mail {number}" for number, when in enumerate(left)] == desk.mails()


def test_what_falls_on_one_instant_goes_by_address_not_by_who_was_first() -> None:
    orders: list[list[str]] = []
    for names in (("ada", "zoe"), ("zoe", "ada")):
        desk = Desk("2026-09-07 10:00")
        desk.enrol(desk.sequence(0), *(desk.person(name) for name in names))
        desk.play(0.1)
        found = desk.account.objects["emails"].values()
        orders.append([mail.get("hs_email_headers") for mail in found])
    assert orders[0] == orders[1]


def test_an_edited_sequence_leaves_the_enrolled_alone() -> None:
    desk = Desk("2026-09-07 10:00")
    desk.enrol(desk.sequence(0, DAY_S), desk.person("nora"))
    desk.sequence(0)
    desk.play(7)
    assert desk.mails() == ["Mon 10:00 Mail 0", "Tue 10:00 Mail 1"]


def test_a_saved_world_goes_on_where_it_was(tmp_path: Path) -> None:
    desk = Desk("2026-09-07 10:00")
    desk.enrol(desk.sequence(0, DAY_S), desk.person("nora"))
    desk.play(0.1)
    desk.simulation.save(tmp_path / "world")
    later = Simulation()
    later.load(tmp_path / "world")
    play(later, 7)
    account = later.world.accounts[1]
    assert mails(account) == ["Mon 10:00 Mail 0", "Tue 10:00 Mail 1"]
    (person,) = account.objects["contacts"].values()
    assert person.get("hs_latest_sequence_finished_date")


def test_a_contact_that_is_gone_gets_no_more() -> None:
    desk = Desk("2026-09-07 10:00")
    person = desk.person("nora")
    desk.enrol(desk.sequence(0, DAY_S), person)
    desk.play(0.1)
    desk.account.archive("contacts", person.id, Actor.user(9))
    desk.play(7)
    assert desk.mails() == ["Mon 10:00 Mail 0"]
    assert desk.account.sequences.active(person.id) is None
