"""Who may change a playbook, and whose word a version needs before it may act.

Every question is answered in the transaction that acts on the answer, with the people, locks and
versions as they stand in it: of two who decide at a time the second is told what the first did.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from app.installations.rights import Rights, approvers, is_author
from app.installations.settings import parse
from app.lanes.telling_reviews import ask_to_look, tell_the_author
from app.model.playbook import Playbook
from app.model.time import Business, Wall
from app.playbooks.codec import from_json, to_json
from app.playbooks.parts import changed_sequences
from app.store import audit, installations, locks, people, playbooks
from app.store.playbooks import APPROVED, SENT_BACK, WAITS
from app.store.sets import loads

Row = Mapping[Any, Any]

WORDS = {"approve": APPROVED, "send_back": SENT_BACK}
"""What an approver may say → what becomes of the version."""

MAX_COMMENT = 2_000


class GovernError(Exception):
    """It may not be done, and nothing changed. code: stable word (`right`, `locked`, `version`,
    `superseded`, `reviewed`, `not_asked`, `own`, `comment`); action: what to do next."""

    def __init__(self, code: str, message: str, action: str) -> None:
        super().__init__(message)
        self.code, self.message, self.action = code, message, action


# --- which version acts --------------------------------------------------------------------------


def asked_for(conn: Connection, inst: int) -> bool:
    """Whether versions need somebody else's approval in this installation."""
    return parse(installations.get_settings(conn, inst)).approve_versions


def chosen(conn: Connection, inst: int, playbook: str) -> Row | None:
    """The version that activating the playbook puts in force: its newest, or its newest that waits
    for nobody. None where there is none."""
    if asked_for(conn, inst):
        return playbooks.passed(conn, inst, playbook).get(playbook)
    return next(iter(playbooks.versions(conn, inst, playbook)), None)


def barred(conn: Connection, row: Row) -> str | None:
    """Why a version may not act, with what to do; None where it may."""
    if row["review"] in (None, APPROVED) or not asked_for(conn, row["installation_id"]):
        return None
    name = f"version {row['version']} of {row['playbook']}"
    if row["review"] == SENT_BACK:
        return f"{name} was sent back by {row['reviewed_by']}; save a new version"
    return (
        f"{name} waits for approval by somebody other than {row['saved_by'] or 'its author'}; an "
        f"approver finds it under Rules, or by `bin/followthrough review {row['playbook']}`"
    )


def state_of(row: Row, newest: int) -> str:
    """`waits`, `approved`, `sent_back`; `superseded` by a newer one before anybody decided; ""
    where no approval was asked for. newest: number of the playbook's newest version."""
    if row["review"] == WAITS and row["version"] < newest:
        return "superseded"
    return str(row["review"] or "")


# --- saving --------------------------------------------------------------------------------------


def may_save(
    conn: Connection, inst: int, rights: Rights, admin: bool, before: Row | None, after: Playbook
) -> None:
    """Raises GovernError unless a person may save this as the version after `before`."""
    if admin:
        return
    for told in (from_json(loads(before["data"])) if before else after, after):
        if not rights.may_edit(told):
            raise not_theirs(rights, after.id, conn, inst)
    locked = locks.read(conn, inst)
    if after.id in locked:
        raise is_locked(locked[after.id], f"The playbook {after.id}")
    mine = [what for what in locked if what.startswith(f"{after.id}/")]
    if not mine or before is None:
        return
    changed = changed_sequences(loads(before["data"]), to_json(after))
    for what in mine:
        name = what.partition("/")[2]
        if name in changed:
            raise is_locked(locked[what], f"The sequence {name} of {after.id}")


def not_theirs(rights: Rights, playbook: str, conn: Connection, inst: int) -> GovernError:
    """Somebody may not edit a playbook."""
    if rights.edits == "team":
        message = (
            f"You may edit playbooks of your own people, and {playbook} has a rule that is for "
            "others too."
        )
        action = (
            "Give each rule a `scope` of your team or of your reps, or ask an admin: "
            f"{admins(conn, inst)}."
        )
        return GovernError("right", message, action)
    return GovernError(
        "right", f"You may not edit {playbook}.",
        f"Ask an admin for the right to edit, under People: {admins(conn, inst)}.",
    )


def is_locked(lock: Row, what: str) -> GovernError:
    return GovernError(
        "locked", f"{what} is locked for all but admins, by {lock['locked_by']}.",
        "Others may enrol in it, not change it. An admin changes it, or unlocks it on the "
        "playbook's page.",
    )


def admins(conn: Connection, inst: int) -> str:
    """The active admins by name."""
    rows = people.read(conn, inst).values()
    return _names(row for row in rows if row["role"] == "admin" and row["active"])


def _names(rows: Iterable[Row]) -> str:
    return ", ".join(str(row["name"] or row["email"] or row["owner_id"]) for row in rows) or "none"


def propose(
    conn: Connection, inst: int, playbook: Playbook, version: int, author: str, now: Business
) -> None:
    """Tell those who may approve a version that was just saved."""
    acts = playbooks.passed(conn, inst, playbook.id).get(playbook.id)
    whom = approvers([playbook, *_playbook(acts)], people.read(conn, inst), author)
    ask_to_look(conn, inst, playbook, version, author, whom, now)


def _playbook(row: Row | None) -> list[Playbook]:
    return [] if row is None else [from_json(loads(row["data"]))]


# --- approving -----------------------------------------------------------------------------------


def waiting(conn: Connection, inst: int) -> list[Row]:
    """The newest versions that wait for approval, by playbook id."""
    if not asked_for(conn, inst):
        return []
    return [row for row in playbooks.latest(conn, inst) if row["review"] == WAITS]


def why_not(
    row: Row, acts: Row | None, rows: Mapping[str, Row], owner_id: str
) -> GovernError | None:
    """Why a person may not approve this version; None where they may. acts: the one whose place it
    would take, which has to be theirs as well. rows: all people. owner_id: "" for somebody whom the
    CRM does not list as a user."""
    can = approvers([*_playbook(row), *_playbook(acts)], rows, row["saved_by"])
    if any(one["owner_id"] == owner_id for one in can):
        return None
    others = f"Those who may: {_names(can)}."
    if not can:
        others = (
            "Nobody else may approve it yet: an admin makes somebody admin, or gives a manager the "
            "right to approve, under People."
        )
    if owner_id not in rows:
        message = "Approving needs a name, and the CRM does not list you as a user."
        return GovernError("right", message, f"Sign in by a link of your own. {others}")
    if is_author(rows[owner_id], row["saved_by"]):
        message = f"You saved version {row['version']} yourself; somebody else has to approve it."
        return GovernError("own", message, others)
    message = f"You have no right to approve versions of {row['playbook']}."
    return GovernError("right", message, others)


def review(
    conn: Connection, inst: int, playbook: str, number: int, word: str, comment: str,
    owner_id: str, now: Business, wall: Wall,
) -> Row:  # fmt: skip
    """Approve a version or send it back; the version as it then is. word: of WORDS.

    Raises GovernError where that person may not, somebody decided before, or a newer version was
    saved meanwhile: what was looked at is not what would act.
    """
    playbooks.hold(conn, inst)
    rows = playbooks.versions(conn, inst, playbook)
    row = next((one for one in rows if one["version"] == number), None)
    if row is None:
        known = ", ".join(str(one["version"]) for one in reversed(rows)) or "none"
        raise GovernError("version", f"{playbook} has no version {number}.", f"There are: {known}.")
    _decidable(conn, inst, row, rows[0])
    everybody = people.read(conn, inst)
    acts = playbooks.passed(conn, inst, playbook).get(playbook)
    refused = why_not(row, acts, everybody, owner_id)
    if refused is not None:
        raise refused
    comment = comment.strip()
    if len(comment) > MAX_COMMENT or (word == "send_back" and not comment):
        raise GovernError(
            "comment", f"A comment of 1 to {MAX_COMMENT:,} characters has to stand here.",
            "Say what is to be changed; the author reads it.",
        )
    person = everybody[owner_id]
    who = str(person["email"] or owner_id)
    playbooks.review(conn, row["id"], WORDS[word], who, comment, wall)
    data = {"playbook": playbook, "version": number, "comment": comment}
    audit.write(conn, inst, who, f"version_{WORDS[word]}", wall, data)
    told = playbooks.load(conn, [row["id"]])[row["id"]]
    authors = [one for one in everybody.values()
               if one["active"] and is_author(one, row["saved_by"])]  # fmt: skip
    tell_the_author(conn, inst, told, _names([person]), authors, now)
    return told


def _decidable(conn: Connection, inst: int, row: Row, newest: Row) -> None:
    """Raises GovernError where there is nothing to decide on this version."""
    number, playbook = row["version"], row["playbook"]
    if row["review"] == APPROVED:
        raise GovernError(
            "reviewed", f"Version {number} was approved by {row['reviewed_by']} already.",
            "There is nothing left to decide. To stop it, set its rules off under Rules.",
        )
    if newest["version"] != number:
        raise GovernError(
            "superseded",
            f"Version {newest['version']} was saved by {newest['saved_by'] or 'somebody'} since.",
            f"Look at that one: GET /api/playbooks/{playbook}/review.",
        )
    if row["review"] is None or not asked_for(conn, inst):
        raise GovernError(
            "not_asked", f"Version {number} needs no approval.",
            "It may be activated as it is. An admin asks for approval with the setting "
            "approve_versions; it holds for what is saved from then on.",
        )


# --- locks ---------------------------------------------------------------------------------------


def set_lock(
    conn: Connection, inst: int, playbook: str, sequence: str, locked: bool, who: str, wall: Wall
) -> bool:
    """Lock or unlock a playbook, or one sequence of it ("" for the whole). True where that changed
    anything. Raises GovernError where there is no such part."""
    rows = playbooks.versions(conn, inst, playbook)
    what = f"{playbook}/{sequence}" if sequence else playbook
    if locked:
        saved = loads(rows[0]["data"]).get("sequences", ()) if rows else ()
        known = [str(one["id"]) for one in saved]
        if not rows or (sequence and sequence not in known):
            there = f"Its sequences are: {', '.join(known)}." if rows else "Save it first."
            raise GovernError("version", f"There is no saved {what!r}.", there)
        changed = locks.put(conn, inst, what, who, wall)
    else:
        changed = locks.remove(conn, inst, what)
    if changed:
        audit.write(conn, inst, who, "locked" if locked else "unlocked", wall, {"what": what})
    return changed


def lock_on(conn: Connection, inst: int, definition: str) -> Row | None:
    """The lock that holds for the texts of a sequence or a rule's tasks, `playbook/id`."""
    found = locks.read(conn, inst)
    return found.get(definition) or found.get(definition.partition("/")[0])
