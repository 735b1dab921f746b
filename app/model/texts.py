"""What a playbook says to people, and what it has to be told before it can say it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """A task's text in Liquid. `decides`: the one decision that the touch advances.

    choices: (letter, meaning) of an answer by letter: `close`, `call`, or when to come back."""

    id: str
    decides: str
    body: str
    email_subject: str = ""
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """A field of the account's own without which the playbook decides nothing.

    field: `deal.x` or `contact.x`, as mapped. type: what it has to hold, such as `date`.
    what: for people, what it says and who writes it.
    """

    field: str
    type: str
    what: str
