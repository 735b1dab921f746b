"""What the database knows of one installation: set-up, people, rules, work, webhooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from app.installations.config import Config
from app.installations.doctor.findings import Finding
from app.installations.registry import WEBHOOK
from app.installations.settings import parse
from app.model.time import DAY, HOUR, MINUTE, Business, Wall
from app.store import (
    approvals,
    calls,
    cursors,
    figures,
    installations,
    people,
    pipelines,
    playbooks,
)
from app.store.sets import loads

Row = Mapping[Any, Any]

LATE_MS = HOUR
"""Work this late, in business time, is worth a word; a minute is not."""

INBOX_MS = 10 * MINUTE
SILENT_MS = 3 * DAY
"""Without a webhook for so long something is wrong: a weekend lasts two days."""

FIRST_MS = HOUR
REFUSED_MS = DAY
_NAMED = 5


class _About:
    """Makes findings about one installation."""

    def __init__(self, name: str) -> None:
        self._name = name

    def wrong(self, code: str, what: str, why: str, next: str) -> Finding:
        return Finding(code, "wrong", what, why, next, self._name)

    def attention(self, code: str, what: str, why: str, next: str) -> Finding:
        return Finding(code, "attention", what, why, next, self._name)

    def note(self, code: str, what: str, why: str, next: str) -> Finding:
        return Finding(code, "note", what, why, next, self._name)


def standing(
    conn: Connection, config: Config, row: Row, now: Business | None, wall: Wall
) -> list[Finding]:
    """Findings about the installation. row: of `installations`. now: None where business time is
    not known, which leaves lateness out."""
    say = _About(str(row["name"] or row["account_id"]))
    state = _state(say, config, row)
    if row["status"] != "active":
        return state
    return [
        *state,
        *_stages(say, conn, row["id"]),
        *_people(say, conn, row["id"]),
        *_rules(say, conn, row["id"]),
        *_webhooks(say, conn, config, row, wall),
        *_work(say, conn, row, now, wall),
    ]


def _state(say: _About, config: Config, row: Row) -> list[Finding]:
    connect = f"Open {config.url}/connect/{row['crm']} as a super admin of the account."
    status = row["status"]
    if status == "revoked":
        return [say.wrong(
            "revoked", "The CRM no longer lets us in.",
            "Nothing is read or written; what falls due waits.", connect,
        )]  # fmt: skip
    if status == "left":
        return [say.note(
            "left", "The account was left: Followthrough was taken out of it.",
            "Nothing is done there any more.", "Nothing to do; to come back, connect it again.",
        )]  # fmt: skip
    if status == "connecting":
        return [say.attention(
            "connecting", "The connection was begun and not finished.",
            "Nothing is imported yet.", connect,
        )]  # fmt: skip
    if status == "importing":
        return [say.note(
            "importing", f"The first import is running: {row['imported']:,} records so far.",
            "Nothing acts before it is over.", "Wait for it.",
        )]  # fmt: skip
    if row["stopped"]:
        return [say.attention(
            "stopped", "Everything is stopped.", "Nothing is sent to the CRM.",
            "Go on under Set-up when the reason is gone.",
        )]  # fmt: skip
    return []


def _stages(say: _About, conn: Connection, inst: int) -> Iterator[Finding]:
    pipes = pipelines.read(conn, inst)
    followed = {pipe["id"]: pipe["label"] for pipe in pipes if pipe["followed"]}
    if not followed:
        yield say.attention(
            "no_pipeline_followed", f"None of {len(pipes)} pipelines is followed.",
            "Rules act in followed pipelines alone.", "Follow one under Set-up.",
        )  # fmt: skip
    open_ones = [
        f"{stage['label']} ({followed[stage['pipeline_id']]})"
        for stage in pipelines.read_stages(conn, inst)
        if stage["pipeline_id"] in followed and not stage["confirmed"] and not stage["archived"]
    ]
    if open_ones:
        yield say.attention(
            "stages_unconfirmed",
            f"{len(open_ones)} stages wait for a person to say what they mean: "
            f"{_some(open_ones)}.",
            "Rules do not act on a stage whose meaning is only proposed.",
            "Confirm them under Set-up.",
        )  # fmt: skip


def _people(say: _About, conn: Connection, inst: int) -> Iterator[Finding]:
    everybody = people.read(conn, inst)
    active = {key: row for key, row in everybody.items() if row["active"]}
    if not any(row["role"] == "admin" for row in active.values()):
        yield say.attention(
            "no_admin", "No active user of the CRM is an admin here.",
            "Nobody can change settings or release work by a sign-in link of their own.",
            "Connect the account again as the user who is to be admin, or name one under People.",
        )  # fmt: skip
    managers = {row["manager_id"] for row in active.values()} & active.keys()
    if not managers and not any(row["role"] == "manager" for row in active.values()):
        yield say.attention(
            "no_manager", "Nobody is a manager here.",
            "What rules tell the manager reaches the admins alone.",
            "Name managers under People.",
        )  # fmt: skip
    owner = parse(installations.get_settings(conn, inst)).default_owner
    if owner is not None and owner not in active:
        yield say.wrong(
            "default_owner_gone",
            f"The default owner ({_name(everybody.get(owner), owner)}) is no active user.",
            "Tasks of records without an owner would go to nobody.",
            "Choose another default owner under Set-up.",
        )  # fmt: skip
    unowned = figures.unowned(conn, inst)
    if owner is None and unowned:
        many = f"{len(unowned)} or more" if len(unowned) >= 50 else str(len(unowned))
        yield say.attention(
            "unowned", f"{many} open records have no owner, and there is no default owner.",
            "A record that nobody owns gets no follow-up.",
            "Give them owners in the CRM, or choose a default owner under Set-up.",
        )  # fmt: skip


def _name(row: Row | None, owner: str) -> str:
    return str(row["name"] or row["email"] or owner) if row else owner


def _rules(say: _About, conn: Connection, inst: int) -> Iterator[Finding]:
    states = playbooks.states(conn, inst)
    modes = [state["mode"] for state in states.values()]
    if not any(mode != "off" for mode in modes):
        yield say.attention(
            "no_rule", "No rule is active.", "Nothing is decided and nothing is owed.",
            "Activate a playbook under Rules; it starts by only watching.",
        )  # fmt: skip
    elif not any(mode in ("live", "manual") for mode in modes):
        yield say.note(
            "shadow_only", "All active rules only watch.",
            "They write down what they would do, and create nothing.",
            "Set them live under Rules once what they decide is right.",
        )  # fmt: skip
    for state in states.values():
        if state["stopped_why"]:
            yield say.attention(
                "rule_stopped", f"The rule {state['rule']} stopped itself: {state['stopped_why']}.",
                "It decides nothing until somebody looks at it.",
                "Read why on one of its records, correct the rule, and activate it again.",
            )  # fmt: skip
    for rule in sorted(approvals.waiting(conn, inst)):
        yield say.attention(
            "waits_for_approval", f"The rule {rule} reached its limit and waits.",
            "What it decided since is not begun.", "Approve it under Rules, or correct the rule.",
        )  # fmt: skip
    waiting = sum(row["count"] for row in figures.backlog(conn, inst))
    if waiting:
        yield say.note(
            "backlog", f"{waiting:,} records are owed something from before their rule's "
            "activation.",
            "They are left alone until an admin releases them, a few a day.",
            "Release them under Rules.",
        )  # fmt: skip


def _webhooks(
    say: _About, conn: Connection, config: Config, row: Row, wall: Wall
) -> Iterator[Finding]:
    heard = cursors.number(conn, row["id"], WEBHOOK)
    address = f"{config.url}/webhooks/{row['crm']}"
    check = (
        f"See that the CRM's app sends to {address} and that the server can be reached from "
        "outside; changes are noticed by the hourly look until then."
    )
    if not heard and wall - row["installed_wall"] > FIRST_MS:
        yield say.attention(
            "no_webhook", "No webhook has come from this account yet.",
            "Changes are noticed once an hour instead of at once.", check,
        )  # fmt: skip
    elif heard and wall - heard > SILENT_MS:
        yield say.attention(
            "webhooks_silent", f"The last webhook came {_days(wall - heard)} ago.",
            "Either nobody works in the CRM, or changes no longer reach us at once.", check,
        )  # fmt: skip
    for refused in calls.refused(conn):
        last = refused["last_wall"]
        # One that came in since shows secret and address to be right: a stranger was refused.
        mine = refused["reason"] == "webhook_signature" and last > heard
        if mine and wall - last < REFUSED_MS:
            yield say.wrong(
                "webhooks_refused",
                f"Webhooks were refused because their signature was wrong or too old "
                f"({refused['count']:,} in all, of the whole server).",
                "If they were the CRM's, changes are lost until the hourly look.",
                "Check that HUBSPOT_CLIENT_SECRET is the app's secret, that the app sends to "
                f"exactly {address}, and that this machine's clock is right.",
            )  # fmt: skip


def _work(
    say: _About, conn: Connection, row: Row, now: Business | None, wall: Wall
) -> Iterator[Finding]:
    inst = row["id"]
    for name, why in loads(cursors.get(conn, inst, "install_refused") or "[]"):
        yield say.attention(
            "property_refused", f"The CRM refused our field {name or '(all of them)'}: {why}",
            "What it should carry is not written to the CRM.",
            "Connect the account again as a super admin.",
        )  # fmt: skip
    failed = figures.failed_work(conn, inst)
    if failed:
        yield say.attention(
            "failed_work", f"{_many(failed)} touches failed or keep failing, such as: "
            f"{failed[0]['error'] or failed[0]['state']}",
            "What they should do is not done, or nobody knows whether it was.",
            "See Health for each of them and its error.",
        )  # fmt: skip
    events = figures.failing_events(conn, inst)
    if events:
        yield say.attention(
            "failing_events", f"{_many(events)} events cannot be worked off: {events[0]['error']}",
            "What they tell is not taken in.", "See Health; the server's log has the details.",
        )  # fmt: skip
    work = figures.backlog_of_work(conn, inst)
    since, due = work["oldest_event_wall"], work["oldest_due_at"]
    if since is not None and wall - since > INBOX_MS and not events:
        yield say.attention(
            "inbox_waits", f"Events wait for {_minutes(wall - since)} minutes.",
            "What happened in the CRM is not taken in.", "See that bin/serve is running.",
        )  # fmt: skip
    if now is not None and due is not None and now - due > LATE_MS and not row["stopped"]:
        yield say.attention(
            "late", f"Work is {_minutes(now - due)} minutes late.",
            "Tasks appear in the CRM later than they should.",
            "See that bin/serve is running, and under Health what holds it up.",
        )  # fmt: skip
    if row["not_before_wall"] > wall:
        yield say.note(
            "held_off", "The CRM asked us to slow down.",
            "Calls wait for a moment; nothing is lost.", "Nothing to do.",
        )  # fmt: skip


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _many(rows: list[dict[str, Any]]) -> str:
    return "100 or more" if len(rows) >= 100 else str(len(rows))


def _minutes(ms: int) -> str:
    return f"{ms // MINUTE:,}"


def _days(ms: int) -> str:
    days = ms // DAY
    return f"{days} day{'s' if days != 1 else ''}"
