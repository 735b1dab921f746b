"""Who is in a generated account: its users, and the names of contacts and companies."""

from __future__ import annotations

import json
import random
from typing import Any, NamedTuple

from sandbox.world import sequence_terms
from sandbox.world.account import Account
from sandbox.world.plan_draws import DAY
from sandbox.world.records import Actor, Owner, Team
from sandbox.world.ways import USERS_WITHOUT_HOURS


class Seat(NamedTuple):
    """A user: name, IANA zone, working minutes of the local day (None: none on record), team."""

    first: str
    last: str
    zone: str
    hours: tuple[int, int] | None
    team: str
    title: str = "Account executive"


# The administrator comes first: the consent page acts for the first user.
_STAFF = (
    Seat("Otto", "Adler", "Europe/Berlin", (540, 1020), "EMEA", "CRM administrator"),
    Seat("Mara", "Lind", "Europe/Berlin", (540, 1020), "EMEA", "Sales manager"),
)
_REPS = (
    Seat("Anna", "Berg", "Europe/Berlin", (540, 1020), "EMEA"),
    Seat("Ben", "Carter", "America/New_York", (540, 1020), "Americas"),
    Seat("Chiyo", "Tanaka", "Asia/Tokyo", (540, 1080), "APAC"),
    Seat("Dev", "Rao", "", None, "EMEA"),
    Seat("Elena", "Rossi", "Europe/Berlin", (480, 960), "EMEA"),
    Seat("Frank", "Moore", "America/New_York", (510, 1050), "Americas"),
)
_FIRST = ("Lena", "Omar", "Ines", "Paul", "Mika", "Sara", "Jonas", "Wei", "Noor", "Carl", "Ada")
_LAST = ("Weber", "Silva", "Novak", "Haas", "Ito", "Costa", "Lind", "Okafor", "Marin", "Stone")
_COMPANY = ("Alder", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Harbor", "Iris", "Juno")
_TRADE = ("Logistics", "Foods", "Dental", "Software", "Travel", "Energy", "Books", "Tools")

_DAY_S = DAY // 1000
_SEQUENCES: tuple[tuple[str, list[dict[str, Any]]], ...] = (
    (
        "Proposal follow-up",
        [
            {"email": "Questions about the proposal?"},
            {"task": "Call about the proposal", "type": "CALL", "after": 3 * _DAY_S},
            {"email": "Where do you stand?", "after": 4 * _DAY_S},
        ],
    ),
    (
        "Wake up a quiet deal",
        [
            {"email": "Still on your list?"},
            {"email": "Shall I close the file?", "after": 7 * _DAY_S},
        ],
    ),
)


def add_users(account: Account, since: int, reps: int) -> list[Owner]:
    """An administrator, a manager and `reps` reps in three teams; returns the reps."""
    for number, team in enumerate(("EMEA", "Americas", "APAC"), 1):
        account.add_team(Team(str(number), team))
    made = [_user(account, since, number, seat) for number, seat in enumerate(_STAFF)]
    for index in range(reps):
        seat = _REPS[index % len(_REPS)]
        turn = index // len(_REPS)
        if turn:
            seat = seat._replace(last=f"{seat.last} {turn + 1}")
            if seat.hours is None:  # one such rep is enough
                seat = seat._replace(zone="Europe/Berlin", hours=(540, 1020))
        made.append(_user(account, since, len(made), seat))
    return made[len(_STAFF) :]


def _user(account: Account, since: int, number: int, seat: Seat) -> Owner:
    """Owner ids differ from account to account; a user is the same person in all of them."""
    email = f"{seat.first}.{seat.last}@northwind.example".lower().replace(" ", "")
    team_id = next(team.id for team in account.teams.values() if team.name == seat.team)
    joined = since - 400 * DAY
    owner = Owner(
        id=str(70_000 + len(account.world.accounts) * 1_000 + number),
        user_id=52_000 + number,
        email=email,
        first_name=seat.first,
        last_name=seat.last,
        teams=[(team_id, True)],
        created_at=joined,
    )
    fields = {
        "hs_email": email,
        "hs_given_name": seat.first,
        "hs_family_name": seat.last,
        "hs_job_title": seat.title,
        "hs_standard_time_zone": seat.zone,
        "hs_availability_status": "available",
        "hs_internal_user_id": str(owner.user_id),
        "hubspot_owner_id": owner.id,
    }
    if seat.hours is not None and account.crm not in USERS_WITHOUT_HOURS:
        start, end = seat.hours
        block = {"days": "MONDAY_TO_FRIDAY", "startMinute": start, "endMinute": end}
        fields["hs_working_hours"] = json.dumps([block], separators=(",", ":"))
    record = account.create("users", fields, Actor.user(owner.user_id), at=joined)
    owner.user_record_id = record.id
    return account.add_owner(owner)


def add_sequences(account: Account, reps: list[Owner]) -> None:
    """Two sequences that the manager shares; every rep but the last has connected an inbox."""
    manager = list(account.owners.values())[1]
    connected = {str(rep.user_id): [rep.email] for rep in (manager, *reps[:-1])}
    sequence_terms.set_inboxes(account, connected)
    rows = [{"name": name, "user": manager.user_id, "steps": steps} for name, steps in _SEQUENCES]
    sequence_terms.add_sequences(account, rows)


def person(name: str, index: int, rng: random.Random) -> dict[str, str]:
    """The fields of the `index`-th contact of a deal or lead; the address is like no other."""
    number = int(name.split("-")[1])
    first, last = rng.choice(_FIRST), rng.choice(_LAST)
    place = f"{name.replace('-', '')}.{index}"
    return {
        "email": f"{first}.{last}.{place}@example.com".lower(),
        "firstname": first,
        "lastname": last,
        "company": company_name(number),
    }


def company_name(number: int) -> str:
    """The company of the deal or lead with that number."""
    return f"{_COMPANY[number % len(_COMPANY)]} {_TRADE[number // 3 % len(_TRADE)]}"
