"""Reads what a run asks of an account's sequences: seats, inboxes, sequences, the workflow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.world.account import Account
from sandbox.world.people_terms import ActError
from sandbox.world.sequence_records import (
    BRIDGE_SECONDS,
    DAY_MS,
    EMAIL,
    TASK,
    Sequence,
    Step,
    Workflow,
)

TASK_TYPES = ("CALL", "EMAIL", "LINKED_IN_CONNECT", "LINKED_IN_MESSAGE", "MEETING", "TODO")
PRIORITIES = ("NONE", "LOW", "MEDIUM", "HIGH")
DAYS = ("BUSINESS_DAYS", "EVERYDAY", "WEEKDAYS_ONLY")


def set_seats(account: Account, given: Any) -> None:
    """The users with a paid seat, by user id; None: every user."""
    if given is None:
        account.sequences.seats = None
    else:
        account.sequences.seats = {_user(account, "seats", one) for one in _list("seats", given)}


def set_inboxes(account: Account, given: Any) -> None:
    """user id → the addresses that this user has connected; other users keep theirs."""
    for user, addresses in _mapping("inboxes", given).items():
        found = [str(one) for one in _list("inboxes", addresses)]
        account.sequences.inboxes[_user(account, "inboxes", user)] = found


def set_workflow(account: Account, given: Any) -> None:
    """The workflow that unenrols a contact once a property is known; None turns it off."""
    if given is None:
        account.sequences.workflow = None
        return
    row = _only("unenrol_workflow", _mapping("unenrol_workflow", given), "property", "seconds")
    seconds = row.get("seconds", BRIDGE_SECONDS)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ActError("unenrol_workflow", f"seconds must be a number from 0 on, not {seconds!r}")
    if not row.get("property"):
        raise ActError("unenrol_workflow", "name the contact property that starts it")
    account.sequences.workflow = Workflow(str(row["property"]), float(seconds))


def add_sequences(account: Account, given: Any) -> list[Sequence]:
    """Adds sequences; one of a known name is replaced, which enrolled contacts do not notice."""
    made = [_sequence(account, row) for row in _list("sequences", given)]
    known = account.sequences.known
    for sequence in made:
        same = next((one for one in known.values() if one.name == sequence.name), None)
        if same is not None:
            sequence.id, sequence.created_at = same.id, same.created_at
        known[sequence.id] = sequence
    return made


def _sequence(account: Account, given: Any) -> Sequence:
    row = _only(
        "sequences",
        _mapping("sequences", given),
        "name",
        "user",
        "shared",
        "steps",
        "days",
        "window",
        "finish_after",
    )
    for name in ("name", "user", "steps"):
        if not row.get(name):
            raise ActError("sequences", f"each needs a {name}")
    now = account.world.clock.now()
    window = tuple(_list("sequences", row.get("window", (480, 1080))))
    if len(window) != 2 or not 0 <= window[0] < window[1] <= 1440:
        raise ActError("sequences", f"window is two minutes of a day, not {row['window']!r}")
    number = account.world.new_id()
    return Sequence(
        number,
        str(row["name"]),
        _user(account, "sequences", row["user"]),
        [_step(f"{number}{i}", one) for i, one in enumerate(_list("sequences", row["steps"]))],
        bool(row.get("shared", True)),
        _choice("days", str(row.get("days", DAYS[0])), DAYS),
        (int(window[0]), int(window[1])),
        _ms("finish_after", row.get("finish_after", DAY_MS // 1000)),
        now,
        now,
    )


def _step(number: str, given: Any) -> Step:
    row = _only(
        "steps",
        _mapping("steps", given),
        "email",
        "task",
        "after",
        "text",
        "type",
        "priority",
    )
    if ("email" in row) == ("task" in row):
        raise ActError("steps", "each has either an email or a task, with its subject")
    return Step(
        number,
        EMAIL if "email" in row else TASK,
        _ms("after", row.get("after", 0)),
        str(row.get("email") or row.get("task")),
        str(row.get("text", "")),
        _choice("type", str(row.get("type", "TODO")), TASK_TYPES),
        _choice("priority", str(row.get("priority", "NONE")), PRIORITIES),
    )


def _user(account: Account, field: str, given: Any) -> int:
    for owner in account.owners.values():
        if str(given) in (str(owner.user_id), owner.id, owner.email):
            return owner.user_id
    raise ActError(field, f"{given!r} is no user of this account; give a user id or an e-mail")


def _ms(field: str, seconds: Any) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ActError(field, f"must be seconds from 0 on, not {seconds!r}")
    return round(seconds * 1000)


def _choice(field: str, given: str, known: tuple[str, ...]) -> str:
    if given not in known:
        raise ActError(field, f"{given!r} is none of {', '.join(known)}")
    return given


def _list(field: str, given: Any) -> list[Any]:
    if not isinstance(given, list | tuple):
        raise ActError(field, f"must be a list, not {given!r}")
    return list(given)


def _mapping(field: str, given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ActError(field, f"must be an object, not {given!r}")
    return given


def _only(field: str, row: Mapping[str, Any], *known: str) -> Mapping[str, Any]:
    unknown = sorted(set(row) - set(known))
    if unknown:
        raise ActError(field, f"{unknown[0]!r} is unknown; known: {', '.join(known)}")
    return row
