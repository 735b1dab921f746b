"""Who gets a step's task: the owner, their manager, one person, or whose turn it is in a team."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.decisions.codes import Code
from app.model.ending import Assign
from app.model.record import record
from app.model.records import PersonView
from app.model.time import Business

People = Mapping[str, PersonView]


@record
class Assigned:
    """to: owner id, None where nobody is to be found. by: on what ground, as `Assign.to`.

    code, values: for the ledger. team: the queue in which a turn was taken.
    """

    to: str | None
    by: str
    code: str
    values: Mapping[str, Any]
    team: str | None = None


def assign(
    wanted: Assign, owner: str | None, people: People, turns: Mapping[str, str], at: Business
) -> Assigned:
    """Who is to have a task that falls due at `at`.

    owner: of the record, or who stands in for a missing one. turns: team → who had the latest turn.
    Somebody who is away or gone is not answered here, except that a turn passes them over: the
    guard hands what is theirs to their cover or puts it off, as it does for owners.
    """
    if wanted.to == "team":
        return _in_turn(wanted.name, owner, people, turns, at)
    if wanted.to == "rep":
        person = find(people.values(), wanted.name)
        if person is None:
            return _stays(owner, wanted.name, "nobody of that name or address is in the CRM")
        return Assigned(person.owner_id, "rep", Code.ASSIGNED_REP, _named(person))
    held = people.get(owner or "")
    manager = people.get((held.manager_id if held else None) or "")
    if manager is None or not manager.active:
        return _stays(owner, "the owner's manager", "none is named, or they have left")
    return Assigned(manager.owner_id, "manager", Code.ASSIGNED_MANAGER, _named(manager))


def find(people: Iterable[PersonView], name: str) -> PersonView | None:
    """The person with this owner id or e-mail address; of several with one address the active."""
    address = name.strip().casefold()
    found = [p for p in people if p.owner_id == name or p.email.casefold() == address]
    return next((p for p in found if p.active), found[0] if found else None)


def queue_of(team: str) -> str:
    """Name under which a team's turns are counted: its name in the CRM, whatever the case."""
    return team.strip().casefold()


def members(team: str, people: Iterable[PersonView]) -> list[PersonView]:
    """The active people of a team who take turns, in the order of their ids.

    Its managers and admins only where it has no reps: they lead the team, and do not share its
    work.
    """
    found = [p for p in people if p.active and queue_of(p.team or "") == queue_of(team)]
    return sorted(
        [p for p in found if p.role == "rep"] or found, key=lambda person: person.owner_id
    )


def stand_ins(
    owner: PersonView | None, people: People, default: str | None
) -> tuple[PersonView, ...]:
    """Who may take somebody's work, in this order: their cover, their manager, the default owner.

    Absent ones and those who have left are among them. Nobody for an owner who is never away.
    """
    if owner is None or (owner.active and not owner.absences):
        return ()
    ids = dict.fromkeys((owner.cover_id, owner.manager_id, default))
    return tuple(people[id] for id in ids if id and id in people and id != owner.owner_id)


def away_until(person: PersonView, at: Business) -> Business | None:
    """When somebody who is absent at an instant is back; None: they are there."""
    back = at
    for start, end in sorted(person.absences):
        if start <= back < end:
            back = Business(end)
    return back if back != at else None


def _in_turn(
    team: str, owner: str | None, people: People, turns: Mapping[str, str], at: Business
) -> Assigned:
    """The next after whoever had the latest turn, absent people passed over.

    They are not made up for later: whoever comes back would find all of it at once. Where everybody
    is away it falls to the one who is back first, and waits for them.
    """
    queue = queue_of(team)
    ring = members(team, people.values())
    if not ring:
        return _stays(owner, f"the team {team}", "nobody active is in it")
    last = turns.get(queue, "")
    ring = [p for p in ring if p.owner_id > last] + [p for p in ring if p.owner_id <= last]
    back = [away_until(person, at) for person in ring]
    place = next((n for n, until in enumerate(back) if until is None), None)
    away = [person.name or person.owner_id for person in ring[:place]]
    if place is None:
        place = min(range(len(ring)), key=lambda n: (back[n] or 0, n))
        away = [person.name or person.owner_id for person in ring]
    chosen = ring[place]
    values = {**_named(chosen), "team": team, "away": away}
    return Assigned(chosen.owner_id, "team", Code.ASSIGNED_TURN, values, queue)


def _named(person: PersonView) -> dict[str, Any]:
    return {"to": person.owner_id, "name": person.name or person.owner_id}


def _stays(owner: str | None, wanted: str, lacks: str) -> Assigned:
    return Assigned(
        owner, "owner", Code.ASSIGNED_OWNER, {"to": owner, "wanted": wanted, "lacks": lacks}
    )
