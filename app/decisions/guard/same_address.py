"""An inquiry that the CRM holds twice, under one e-mail address, is followed up once."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.exits import addresses
from app.decisions.guard.ruling import drop
from app.model.decisions import Ruling
from app.model.guard import GuardFacts


def check(facts: GuardFacts) -> Ruling | None:
    """The record that was first has the touches; work that addresses nobody is done on both."""
    if facts.earlier is None or not addresses(facts.touch.step):
        return None
    return drop("same_address", Code.SAME_ADDRESS, contact=facts.earlier)
