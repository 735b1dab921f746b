"""The CRM's own sequences: who sends from them, and what is to be done about one that runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from app.model.time import Business


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose seat and inbox an enrolment takes. problem: the code of a refusal met lately."""

    user_id: str | None
    inbox: str
    active: bool
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Used:
    """What one inbox has sent lately: how many, and when the first and the last of them."""

    count: int
    oldest_at: Business
    latest_at: Business


class Do(StrEnum):
    """What is to be done about an enrolment in the CRM's sequence."""

    WAIT = "wait"
    ADOPT = "adopt"  # it is there, though its answer was lost
    ASK = "ask"  # stamp the property that a workflow acts on
    ASK_PERSON = "ask_person"
    END = "end"  # it is over


@dataclass(frozen=True, slots=True)
class Look:
    """do: the next act. code: for the ledger, "" where there is nothing to tell. again_at: when to
    look next, None once it is over."""

    do: Do
    code: str = ""
    again_at: Business | None = None


@dataclass(frozen=True, slots=True)
class NativeSequence:
    """A sequence of the CRM's own, which sends its mails itself once a contact is enrolled in it.

    crm: whose sequence it is (`hubspot`, `salesforce`). name: its name there, or its id. sender:
    whose mailbox and seat it is sent from; `owner` is the subject's, `team` takes those of the
    owner's team in turn, but always the same one for a person.
    """

    crm: str
    name: str
    sender: Literal["owner", "team"] = "owner"
