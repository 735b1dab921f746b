"""Decisions on how a running enrolment goes on, apart from its touches."""

from __future__ import annotations

from dataclasses import dataclass

from app.model.flow import Passage
from app.model.time import Business


@dataclass(frozen=True, slots=True)
class ChangeVersion:
    """A running enrolment goes by another version of its playbook from now on."""

    enrolment: str
    subject: int
    version: int


@dataclass(frozen=True, slots=True)
class CountFrom:
    """From when a running enrolment's delays count, where that is not its cause."""

    enrolment: str
    subject: int
    at: Business


@dataclass(frozen=True, slots=True)
class NotePassages:
    """What is known from now on of control steps of an enrolment. A step that was passed stays so:
    whoever decided otherwise at the same time has decided nothing."""

    enrolment: str
    subject: int
    passages: tuple[Passage, ...]
