"""`bin/followthrough review`, `lock` and `unlock`: whose word a version needs, and who may edit."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import click
from sqlalchemy import Connection

from app.cli.beside import beside
from app.lanes import governing
from app.lanes.governing import GovernError
from app.lanes.reviewing import head, looked_at
from app.store import people, playbooks

_ACCOUNT = click.option("--account", help="The account by its id in the CRM, if there are several.")

Row = Mapping[Any, Any]


@contextmanager
def _told() -> Generator[None]:
    """A refusal, as a command tells it: what is wrong, and what to do next."""
    try:
        yield
    except GovernError as error:
        raise click.ClickException(f"{error.message} {error.action}") from error


@click.command()
@click.argument("playbook", required=False)
@click.option("--approve", type=int, metavar="VERSION", help="Approve this version.")
@click.option("--send-back", type=int, metavar="VERSION", help="Send this version back.")
@click.option("--as", "who", metavar="EMAIL", help="The user who decides, with their rights.")
@click.option("--comment", default="", help="What the author reads; needed to send back.")
@_ACCOUNT
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")
def review(
    playbook: str | None,
    approve: int | None,
    send_back: int | None,
    who: str | None,
    comment: str,
    account: str | None,
    as_json: bool,
) -> None:
    """List the versions that wait for approval, or show the newest version of PLAYBOOK as an
    approver sees it; with --approve or --send-back and --as, decide on it.

    Nobody approves a version that they saved. May run beside the server.
    """
    if approve is not None and send_back is not None:
        raise click.UsageError("Either --approve or --send-back, not both.")
    number = approve if send_back is None else send_back
    if number is not None and (playbook is None or who is None):
        raise click.UsageError("To decide, name the PLAYBOOK, and with --as the user who decides.")
    with beside(account) as (lanes, inst), _told():
        if number is not None and playbook is not None and who is not None:
            word = "approve" if send_back is None else "send_back"
            with lanes.store.write() as conn:
                owner = _owner(conn, inst, who)
                row = governing.review(
                    conn, inst, playbook, number, word, comment, owner, lanes.now(), lanes.wall()
                )
            found: Any = {"playbook": playbook, "state": row["review"], **head(row)}
            said = f"{playbook}: version {number} {row['review'].replace('_', ' ')}"
        else:
            with lanes.store.read() as conn:
                found = _waiting(conn, inst) if playbook is None else _shown(conn, inst, playbook)
            said = _listed(found) if isinstance(found, list) else _in_words(found)
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else said)


def _owner(conn: Connection, inst: int, who: str) -> str:
    """The owner id of the active user with this address or id."""
    rows = people.read(conn, inst)
    for owner, row in rows.items():
        if row["active"] and who.strip().casefold() in {row["email"].casefold(), owner}:
            return owner
    known = ", ".join(row["email"] or id for id, row in rows.items() if row["active"])
    raise click.BadParameter(f"no active user is {who!r}; there are: {known}", param_hint="--as")


def _waiting(conn: Connection, inst: int) -> list[dict[str, Any]]:
    return [{"playbook": row["playbook"], **head(row)} for row in governing.waiting(conn, inst)]


def _listed(found: list[dict[str, Any]]) -> str:
    lines = [
        f"{one['playbook']}: version {one['version']}, saved by {one['saved_by'] or 'somebody'}"
        for one in found
    ]
    return "\n".join(lines) or "No version waits for approval."


def _shown(conn: Connection, inst: int, playbook: str) -> dict[str, Any]:
    rows = playbooks.versions(conn, inst, playbook)
    if not rows:
        raise click.BadParameter(f"there is no saved playbook {playbook!r}", param_hint="PLAYBOOK")
    return looked_at(conn, rows[0])


def _in_words(found: Mapping[str, Any]) -> str:
    state = (found["state"] or "no approval needed").replace("_", " ")
    against = f", compared with {found['against']}" if found["against"] else ""
    lines = [f"{found['playbook']}, version {found['version']}: {state}{against}"]
    if found["reviewed_by"]:
        comment = f": {found['review_comment']}" if found["review_comment"] else ""
        lines.append(f"by {found['reviewed_by']}{comment}")
    for text in found["texts"]:
        lines += ["", f"text {text['text']} ({text['what']})", *text["lines"]]
        lines += [f"  ! {one['message']}" for one in text["warnings"]]
    lines += ["", *(_difference(one) for one in found["differences"])]
    lines += [f"! line {one['line']}: {one['message']}" for one in found["warnings"]]
    return "\n".join(lines).rstrip()


def _difference(one: Mapping[str, Any]) -> str:
    where = " > ".join([*one["where"], *filter(None, [one["field"]])])
    if one["lines"]:
        return "\n".join([f"{where}:", *one["lines"]])
    return f"{where}: {one['what']}, {one['before'] or 'nothing'} -> {one['after'] or 'nothing'}"


@click.command()
@click.argument("what", metavar="PLAYBOOK[/SEQUENCE]")
@_ACCOUNT
def lock(what: str, account: str | None) -> None:
    """Lock a playbook, or one of its sequences, for all but admins: others enrol in it, and change
    neither it nor the words of its steps."""
    _lock(what, account, locked=True)


@click.command()
@click.argument("what", metavar="PLAYBOOK[/SEQUENCE]")
@_ACCOUNT
def unlock(what: str, account: str | None) -> None:
    """Unlock a playbook or a sequence."""
    _lock(what, account, locked=False)


def _lock(what: str, account: str | None, *, locked: bool) -> None:
    playbook, _, sequence = what.partition("/")
    with beside(account) as (lanes, inst), _told(), lanes.store.write() as conn:
        changed = governing.set_lock(
            conn, inst, playbook, sequence, locked, "cli", lanes.wall()
        )
    state = "locked for all but admins" if locked else "no longer locked"
    was = "" if changed else " (as before)"
    click.echo(f"{what}: {state}{was}")
