"""Who gets a step's task, what comes after a sequence, and when it may begin again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.model.time import Delay


@dataclass(frozen=True, slots=True)
class Assign:
    """Who gets a step's task.

    to: the subject's owner, the owner's manager, one person, or whoever of a team has their turn.
    name: of a person the owner id or e-mail address, of a team its name in the CRM; else empty.
    """

    to: Literal["owner", "manager", "rep", "team"] = "owner"
    name: str = ""


OWNER = Assign()


@dataclass(frozen=True, slots=True)
class End:
    """What comes after a sequence has ended for one reason.

    to: nothing more (`archive`), a return after a while (`recycle`), or a sequence of the same
    playbook (`next`), such as the one task of a `review`. after: how long after the end; None: at
    once. sequence: id of what comes next, else empty.
    """

    to: Literal["archive", "recycle", "next", "review"]
    sequence: str = ""
    after: Delay | None = None


REVIEW = "/review"
"""Ends the id of the built-in sequence of one step that asks a person to look at what has ended."""


@dataclass(frozen=True, slots=True)
class Return:
    """When a sequence may begin for a subject for which it has run before; never beside itself.

    once: never again. after: not before so long after its last end. restart: a signal that comes
    while it runs ends it and begins it anew; else the signal is ignored.
    """

    once: bool = False
    after: Delay | None = None
    restart: bool = False


ALWAYS = Return()
"""As often as a signal says, one run at a time."""
