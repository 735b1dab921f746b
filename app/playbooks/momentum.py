"""`momentum` of a playbook as the rules that it is short for.

They are rules like all others, with ids of their own: the same ledger, modes, backlog, backtest and
undo. What stands still is waited for by the timers of silence.

    hot.when[…]    → momentum-hot-<id>      its signal; sets hot, then `hot.then`
    hot.stalls     → momentum-hot-stalls    hot, and nothing for so long: the escalation
    hot.decays     → momentum-hot-decays    hot, and nothing for so long: warm, then `warm.then`
    warm.when[…]   → momentum-warm-<id>
    warm.silent    → momentum-warm-silent   the system decides
    warm.decays    → momentum-warm-decays   laid aside for `recycle.for`
    recycle.when[…] → momentum-recycle-<id>
    recycle.then   → momentum-recycle-returns  what was laid aside, here or by a sequence, is back
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.model.time import Delay
from app.model.vocabulary import Again, Momentum
from app.playbooks import schema as form
from app.playbooks.finding import Finding, Location
from app.playbooks.momentum_schema import EntryYaml, MomentumYaml, StillYaml
from app.playbooks.playbook_schema import PlaybookYaml

_HOT, _WARM, _RECYCLE = Momentum.HOT.value, Momentum.WARM.value, Momentum.RECYCLE.value

Actions = Sequence[form.ActionYaml]


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule with the places in the file at which its parts stand."""

    rule: form.RuleYaml
    id: Location
    when: Location
    if_: Location
    then: Location


def placed_rules(playbook: PlaybookYaml) -> list[Placed]:
    """The rules of a file, those that `momentum` is short for among them."""
    own = [
        Placed(rule, (*base, "id"), (*base, "when"), (*base, "if"), (*base, "then"))
        for index, rule in enumerate(playbook.rules)
        for base in [("rules", index)]
    ]
    return own if playbook.momentum is None else [*own, *_rules(playbook.momentum)]


def unique_findings(rules: list[Placed]) -> Iterator[Finding]:
    """Ids that stand twice, be it because `momentum` makes a rule of that id."""
    seen: set[str] = set()
    for placed in rules:
        if placed.rule.id in seen:
            yield Finding(
                placed.id,
                f"rule id `{placed.rule.id}` is used twice",
                "ids are remembered by what has run, so give each its own; those of `momentum` "
                "begin with `momentum-`",
            )
        seen.add(placed.rule.id)


def _rules(source: MomentumYaml) -> Iterator[Placed]:
    hot, warm, recycle = source.hot, source.warm, source.recycle
    limit = source.limit
    yield from _entries(_HOT, hot.when, hot.then, limit)
    if hot.stalls is not None:
        yield _still(_HOT, "stalls", hot.stalls, limit)
    if hot.decays is not None:
        yield _decay(_HOT, hot.decays, _set(_WARM), warm.then, ("momentum", "warm"), limit)
    yield from _entries(_WARM, warm.when, warm.then, limit)
    if warm.silent is not None:
        yield _still(_WARM, "silent", warm.silent, limit)
    if recycle is None:
        return
    aside = _set(_RECYCLE, recycle.for_)
    if warm.decays is not None:
        yield _decay(_WARM, warm.decays, aside, (), ("momentum", "recycle"), limit)
    yield from _entries(_RECYCLE, recycle.when, (), limit, aside)
    if recycle.then:
        when = form.WhenYaml.model_validate({"recycled": "any"})
        base: Location = ("momentum", _RECYCLE)
        yield _placed(f"{_RECYCLE}-returns", "Back again", when, None, recycle.then, base, limit)


def _entries(
    state: str,
    entries: Sequence[EntryYaml],
    then: Actions,
    limit: int | None,
    change: form.SetAction | None = None,
) -> Iterator[Placed]:
    """Only from another state: what is hot already does not become hot once more."""
    for index, entry in enumerate(entries):
        base: Location = ("momentum", state, "when", index)
        rule = _rule(
            f"{state}-{entry.id}", entry.title or f"{state.capitalize()}: {entry.id}",
            entry.when.model_copy(update={"enters": state}), entry.if_,
            (*then, change or _set(state)), limit,
        )  # fmt: skip
        there: Location = ("momentum", state, "then")
        yield Placed(rule, (*base, "id"), (*base, "when"), (*base, "if"), there)


def _still(state: str, word: str, still: StillYaml, limit: int | None) -> Placed:
    base: Location = ("momentum", state, word)
    return _placed(
        f"{state}-{word}", f"{state.capitalize()} and {word}", _stalled(state, still.after), None,
        still.then, base, limit,
    )  # fmt: skip


def _decay(
    state: str,
    after: Delay,
    change: form.SetAction,
    then: Actions,
    base: Location,
    limit: int | None,
) -> Placed:
    title = f"{state.capitalize()} no longer"
    # A rep who goes on calling keeps nobody hot who does not answer. What is warm is laid aside
    # only where nobody does anything: a talk on the phone is the rep's activity to the CRM.
    when = _stalled(state, after, by="prospect" if state == _HOT else "anyone")
    return _placed(f"{state}-decays", title, when, None, (*then, change), base, limit)


def _placed(
    id: str,
    title: str,
    when: form.WhenYaml,
    condition: form.ConditionYaml | None,
    then: Actions,
    base: Location,
    limit: int | None,
) -> Placed:
    rule = _rule(id, title, when, condition, then, limit)
    return Placed(rule, base, base, base, (*base, "then"))


def _rule(
    id: str,
    title: str,
    when: form.WhenYaml,
    condition: form.ConditionYaml | None,
    then: Actions,
    limit: int | None,
) -> form.RuleYaml:
    # Its parts have been validated where they stand in the file.
    made = form.RuleYaml.model_construct(
        id=f"momentum-{id}", title=title, when=when, then=list(then), limit=limit,
        again=Again.EVERY_SIGNAL,
    )  # fmt: skip
    return made if condition is None else made.model_copy(update={"if_": condition})


def _stalled(state: str, after: Delay, by: str = "anyone") -> form.WhenYaml:
    return form.WhenYaml.model_validate(
        {"stalled": {"momentum": state, "for": after, "by": by}}
    )


def _set(state: str, returns: Delay | None = None) -> form.SetAction:
    value = {"field": "momentum", "value": state}
    return form.SetAction.model_validate(
        {"set": value if returns is None else {**value, "for": returns}}
    )
