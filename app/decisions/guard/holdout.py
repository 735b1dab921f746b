"""The control group: decided, not acted on, measured."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from app.decisions.codes import Code
from app.decisions.guard.ruling import drop
from app.model.decisions import Ruling
from app.model.guard import GuardFacts

_PARTS = 10_000


@lru_cache(maxsize=65_536)
def share_of(salt: str, rule: str, subject_type: str, crm_id: str) -> int:
    """Where a subject falls in 0..9999 for a rule; the salt makes a new draw.

    The id under which the subject was first seen is hashed, so that it stays in its group.
    """
    digest = sha256(f"{salt}|{rule}|{subject_type}|{crm_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _PARTS


def is_held_out(percent: int, salt: str, rule: str, subject_type: str, crm_id: str) -> bool:
    """Whether a rule's draw puts a subject into the control group of `percent` %."""
    return share_of(salt, rule, subject_type, crm_id) * 100 < percent * _PARTS


def check(facts: GuardFacts) -> Ruling | None:
    """The same draw for every touch of a subject and rule, or half a sequence would be done."""
    settings, rule = facts.settings, facts.touch.rule
    if settings.holdout_percent <= 0 or rule is None:
        return None
    percent, salt = settings.holdout_percent, settings.holdout_salt
    if not is_held_out(percent, salt, rule.rule.key, *facts.subject.first_seen):
        return None
    return drop("holdout", Code.HOLDOUT, percent=settings.holdout_percent)
