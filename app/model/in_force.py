"""Rules of a version that act, or would have acted."""

from __future__ import annotations

from app.model.playbook import ActiveRule, Playbook, Rule
from app.model.vocabulary import Mode


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
