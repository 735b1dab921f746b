"""From histories to the figures of one backtest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.decisions.asked import engagement_asked
from app.decisions.backtest import ASSUMPTIONS, DEFINITIONS, figures, replay
from app.decisions.conditions import compares
from app.decisions.flow import asks
from app.installations.people import Calendars
from app.installations.settings import Settings
from app.model.backtest import History, Terms
from app.model.in_force import in_force
from app.model.playbook import Playbook, Rule
from app.model.time import DAY, Business
from app.model.vocabulary import Mode, SignalKind
from app.playbooks.segments import segments_of

DAYS = 90


class BacktestError(Exception):
    """It cannot be done; the message names the field and the remedy."""


@dataclass(frozen=True, slots=True)
class Span:
    """The last `days` before `until`, as if the rules had been set live at its beginning."""

    until: Business
    days: int = DAYS

    @property
    def since(self) -> Business:
        return Business(self.until - self.days * DAY)


@dataclass(frozen=True, slots=True)
class Ground:
    """Whose past it is. key: `crm:account`. zone: the account's. told: kinds of signals that the
    source has dates for; a rule on any other cannot be judged. known: how far it reaches. roles:
    whether the source says who of a record's people has which role."""

    key: str
    zone: str
    settings: Settings
    calendars: Calendars
    followed: frozenset[str]
    told: frozenset[SignalKind]
    known: tuple[str, ...] = ()
    roles: bool = True


def terms_of(playbook: Playbook, rules: Sequence[Rule], ground: Ground, span: Span) -> Terms:
    """These rules of a playbook as if live over the span."""
    settings = ground.settings
    return Terms(
        installation_key=ground.key,
        rules=[
            in_force(
                rule, playbook, settings.settle_ms,
                version=0, mode=Mode.LIVE, activated_at=span.since,
            )
            for rule in rules
        ],
        since=span.since,
        until=span.until,
        calendar=ground.calendars.of,
        guard=replace(
            settings.guard(ground.key, ground.zone, ground.followed),
            segments=segments_of(settings.caps),
        ),
        zone=settings.zone or ground.zone,
        people=ground.calendars.people,
        followed=ground.followed,
        roles=settings.roles,
        default_owner=settings.default_owner,
        engagement_days=engagement_asked([playbook]),
    )


def report(
    playbook: Playbook,
    histories: Sequence[History],
    ground: Ground,
    span: Span,
) -> dict[str, Any]:
    """The figures of a playbook over these histories, with what each means."""
    rules = [rule for rule in playbook.rules if rule.when.kind in ground.told]
    terms = terms_of(playbook, rules, ground, span)
    found = replay(histories, terms)
    return {
        "playbook": playbook.id,
        "title": playbook.title,
        **figures(histories, found, terms),
        "not_judged": [
            *_not_judged(playbook, ground.told), *(() if ground.roles else _of_roles(playbook)),
        ],
        "assumptions": [*ground.known, *ASSUMPTIONS],
        "definitions": dict(DEFINITIONS),
    }


def _not_judged(playbook: Playbook, told: frozenset[SignalKind]) -> list[Mapping[str, str]]:
    """Rules that wait for what the source has no dates for; and steps of sequences that do, for
    which it therefore never came: they went on by `else`."""
    found: list[Mapping[str, str]] = [
        {"rule": rule.key, "title": rule.title or rule.id, "signal": rule.when.kind.value}
        for rule in playbook.rules
        if rule.when.kind not in told or rule.when.replies
    ]
    for sequence in playbook.sequences.values():
        for one in sequence.steps:
            if one.hands_over:  # the past keeps its owners
                key = f"{sequence.key}/{one.id}"
                found.append({"rule": key, "title": f"step {one.id}", "signal": "a new owner"})
        for node in sequence.flow:
            when = asks(node)
            if when is not None and (when.kind not in told or when.replies):
                step, kind = f"{sequence.key}/{node.id}", when.kind.value
                found.append({"rule": step, "title": f"step {node.id}", "signal": kind})
    return found


def _of_roles(playbook: Playbook) -> Iterator[Mapping[str, str]]:
    """Rules that ask what somebody of a role did, and sequences that are for one."""
    for rule in playbook.rules:
        for role in sorted({part.of for part in compares(rule.condition) if part.of}):
            title = rule.title or rule.id
            yield {"rule": rule.key, "title": title, "signal": f"the role {role}"}
    for one in playbook.sequences.values():
        if one.role:
            yield {"rule": one.key, "title": one.title, "signal": f"the role {one.role}"}
