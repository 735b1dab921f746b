"""What the database knows of one installation: state, stages, people, rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from app.installations.config import Config
from app.installations.doctor.approval import approval
from app.installations.doctor.findings import About, Finding
from app.installations.doctor.posted import posted
from app.installations.doctor.senders import senders
from app.installations.doctor.work import polls, webhooks, work
from app.installations.settings import Settings, parse
from app.model.time import Business, Wall
from app.store import (
    approvals,
    figures,
    installations,
    people,
    pipelines,
    playbooks,
)
from connectors.config import SILENT

Row = Mapping[Any, Any]

_NAMED = 5


def standing(
    conn: Connection, config: Config, row: Row, now: Business | None, wall: Wall
) -> list[Finding]:
    """Findings about the installation. row: of `installations`. now: None where business time is
    not known, which leaves lateness out."""
    say = About(str(row["name"] or row["account_id"]))
    state = _state(say, config, row)
    if row["status"] != "active":
        return state
    settings = parse(installations.get_settings(conn, row["id"]))
    return [
        *state,
        *_stages(say, conn, row["id"]),
        *_people(say, conn, row["id"], settings),
        *_rules(say, conn, row["id"]),
        *approval(say, conn, row["id"], settings),
        *senders(say, conn, row["id"], settings),
        *(
            polls(say, conn, row, settings, now) if row["crm"] in SILENT
            else webhooks(say, conn, config, row, wall)
        ),
        *posted(say, conn, row["id"]),
        *work(say, conn, row, now, wall),
    ]


def _state(say: About, config: Config, row: Row) -> list[Finding]:
    connect = f"Open {config.url}/connect/{row['crm']} as a super admin of the account."
    status = row["status"]
    if status == "revoked":
        return [say.wrong(
            "revoked", "The CRM no longer lets us in.",
            "Nothing is read or written; what falls due waits.", connect,
        )]  # fmt: skip
    if status == "leaving":
        return [say.note(
            "leaving", "Followthrough is being taken out of the account.",
            "Follow-ups end, tasks that nobody touched are archived, our fields are emptied.",
            "Nothing to do; it ends by itself.",
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


def _stages(say: About, conn: Connection, inst: int) -> Iterator[Finding]:
    pipes = pipelines.read(conn, inst)
    followed = {pipe["id"]: pipe["label"] for pipe in pipes if pipe["followed"]}
    if not followed:
        yield say.attention(
            "no_pipeline_followed", f"None of {len(pipes)} pipelines is followed.",
            "Rules act in followed pipelines alone.", "Follow one under Set-up.",
        )  # fmt: skip
    elif len(followed) < len(pipes):
        others = [str(pipe["label"]) for pipe in pipes if not pipe["followed"]]
        yield say.note(
            "pipelines_not_followed", f"Not followed: {_some(others)}.",
            "Nothing acts in these pipelines.", "If that is meant, nothing to do.",
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


def _people(
    say: About, conn: Connection, inst: int, settings: Settings
) -> Iterator[Finding]:
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
    owner = settings.default_owner
    if owner is not None and owner not in active:
        yield say.wrong(
            "default_owner_gone",
            f"The default owner ({_name(everybody.get(owner), owner)}) is no active user.",
            "Tasks of records without an owner would go to nobody.",
            "Choose another default owner under Set-up.",
        )  # fmt: skip
    unowned = figures.unowned(conn, inst)
    if owner is None and unowned:
        many = (
            "One open record has" if len(unowned) == 1
            else f"{'50 or more' if len(unowned) >= 50 else len(unowned)} open records have"
        )  # fmt: skip
        yield say.attention(
            "unowned", f"{many} no owner, and there is no default owner.",
            "Tasks on a record that nobody owns stand on nobody's list.",
            "Give them owners in the CRM, or choose a default owner under Set-up.",
        )  # fmt: skip


def _name(row: Row | None, owner: str) -> str:
    return str(row["name"] or row["email"] or owner) if row else owner


def _rules(say: About, conn: Connection, inst: int) -> Iterator[Finding]:
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


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
