"""What an account has of sequences: steps, enrolments, seats, inboxes, the workflow."""

from __future__ import annotations

from dataclasses import dataclass, field

DAY_MS = 86_400_000
BRIDGE_SECONDS = 80
"""How long an account's workflow took to unenrol a contact when developers measured it."""

EMAIL, TASK = "EMAIL", "TASK"


@dataclass(slots=True)
class Step:
    """One step. ``delay_ms`` counts from the step before; ``text`` is a mail's body or a task's
    notes."""

    id: str
    action: str
    delay_ms: int
    subject: str
    text: str = ""
    task_type: str = "TODO"
    priority: str = "NONE"


@dataclass(slots=True)
class Sequence:
    """A sequence of a user. ``window``: minutes of the day in which later steps may come.

    ``days``: EVERYDAY; WEEKDAYS_ONLY (nothing comes on a weekend); BUSINESS_DAYS (nor do its days
    count). ``finish_ms`` after the last step the enrolment is finished.
    """

    id: str
    name: str
    user_id: int
    steps: list[Step]
    shared: bool = True
    days: str = "BUSINESS_DAYS"
    window: tuple[int, int] = (480, 1080)
    finish_ms: int = DAY_MS
    created_at: int = 0
    updated_at: int = 0


@dataclass(slots=True)
class Enrolment:
    """One contact's way through a sequence. ``state``: active, finished or unenrolled."""

    id: str
    sequence: Sequence
    contact_id: str
    user_id: int
    sender: str
    to_email: str
    enrolled_at: int
    updated_at: int
    state: str = "active"
    reason: str = ""
    step: int = 0


@dataclass(slots=True)
class Workflow:
    """A contact workflow that an admin made: once ``property`` is known, unenrol the contact."""

    property: str
    seconds: float = BRIDGE_SECONDS


@dataclass
class Sequences:
    """What one account has of all this. ``seats`` None: every user has one, where the tier has
    seats at all. ``inboxes``: user id → addresses connected by that user."""

    seats: set[int] | None = None
    inboxes: dict[int, list[str]] = field(default_factory=dict)
    known: dict[str, Sequence] = field(default_factory=dict)
    enrolments: dict[str, list[Enrolment]] = field(default_factory=dict)
    """contact id → its enrolments, the latest last."""
    workflow: Workflow | None = None
    enrolled: dict[tuple[str, str], int] = field(default_factory=dict)
    """(inbox, local day) → enrolments made."""

    def active(self, contact_id: str) -> Enrolment | None:
        """The enrolment that a contact is in; there is never more than one in an account."""
        latest = self.latest(contact_id)
        return latest if latest is not None and latest.state == "active" else None

    def latest(self, contact_id: str) -> Enrolment | None:
        """The last enrolment of a contact, ended or not."""
        past = self.enrolments.get(contact_id)
        return past[-1] if past else None

    def visible(self, user_id: int) -> list[Sequence]:
        """The sequences that a user sees: their own, and those shared by others."""
        return [one for one in self.known.values() if one.shared or one.user_id == user_id]
