"""Rules that act: of a version, or of our own."""

from __future__ import annotations

from app.model.playbook import ActiveRule, CreateTasks, Playbook, Rule, Step, When
from app.model.vocabulary import Again, Mode, SignalKind


def in_force(
    rule: Rule, playbook: Playbook, settle_ms: int, *, version: int, mode: Mode, activated_at: int
) -> ActiveRule:
    """A rule of a version in force; settle_ms: the installation's, where the rule names none."""
    return ActiveRule(
        rule=rule,
        playbook=playbook,
        version=version,
        mode=mode,
        activated_at=activated_at,
        settle_ms=rule.settle.approximate_ms() if rule.settle else settle_ms,
        sequences=playbook.sequences,
    )


def built_in(definition: str, kind: SignalKind, steps: tuple[Step, ...]) -> ActiveRule:
    """A rule of our own, which stands in no playbook and gives these tasks. definition: its key."""
    playbook, _, rule = definition.partition("/")
    return ActiveRule(
        rule=Rule(
            rule, playbook, When(kind), (CreateTasks(steps),), again=Again.EVERY_SIGNAL
        ),
        playbook=Playbook(playbook, "Followthrough", (), {}, {}),
        version=0,
        mode=Mode.LIVE,
        activated_at=0,
        settle_ms=0,
    )
