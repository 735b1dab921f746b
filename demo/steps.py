"""The steps of presets that the checker meets, from `docs/presets.md` and never from the program.

A task's subject tells its step: the texts are unique among all presets, and a record's name follows
after a dash.
"""

from __future__ import annotations

from dataclasses import dataclass

PERSONAL = frozenset({"CALL", "EMAIL"})
"""Task types that address the prospect."""

DASH = " — "
DIGEST = "Follow-up digest: deals that need a manager"
"""The daily task of a manager: no step, and about many deals."""


@dataclass(frozen=True)
class Step:
    """One step. `days` or `hours` after the anchor, negative ones before it; neither: at once.

    family: the sequence, or the rule whose own task it is. at_once: the task is written when the
    rule fires (`create_tasks`); else at the start of the working day that it is due on. exact: it
    is written at its due time.
    """

    family: str
    id: str
    text: str
    type: str
    days: int = 0
    hours: int = 0
    at_once: bool = False
    exact: bool = False


def _sequence(family: str, *rows: tuple[str, int, str, str]) -> tuple[Step, ...]:
    return tuple(Step(family, id, text, type, days=days) for id, days, type, text in rows)


PROPOSAL = _sequence(
    "proposal",
    ("questions", 3, "CALL", "Call about open questions on the proposal"),
    ("timeline", 7, "EMAIL", "Ask which date the decision has to be made by"),
    ("decision", 14, "CALL", "Call for the decision on the proposal"),
    ("close-file", 21, "EMAIL", "Offer to close the file on the proposal"),
)
INBOUND = (
    Step("inbound", "reply", "Answer the new lead and offer a call", "EMAIL", hours=4),
    *_sequence(
        "inbound",
        ("no-response", 2, "EMAIL", "Offer the new lead two times for a call"),
        ("other-angle", 5, "EMAIL", "Write to the lead from another angle"),
        ("final", 12, "EMAIL", "Send the lead the last message for now"),
        ("nurture", 20, "TODO", "Decide whether the silent lead goes to nurture"),
    ),
)
NURTURE = _sequence(
    "inbound-nurture",
    ("nurture-case", 30, "EMAIL", "Send the quiet lead the story of one customer"),
    ("nurture-numbers", 60, "EMAIL", "Send the quiet lead three numbers of the trade"),
    ("nurture-invite", 90, "EMAIL", "Ask the quiet lead whether the matter is alive"),
)
AFTER_MEETING = _sequence(
    "after-meeting",
    ("next-steps", 1, "CALL", "Call to put a date on the agreed next step"),
    ("check-in", 3, "EMAIL", "Ask what the others said after the meeting"),
    ("alternatives", 7, "EMAIL", "Offer two ways forward after the meeting"),
)
RECAP = Step("recap", "recap", "Send the recap of the meeting", "EMAIL", hours=4, at_once=True)
OUTCOME = Step(
    "outcome", "outcome", "Say how the meeting went: held, no-show or moved?", "TODO", at_once=True
)
REBOOK = Step(
    "rebook", "rebook", "Call to rebook the missed meeting", "CALL", hours=1, at_once=True
)
IDLE = Step("idle", "check-in", "Check in on a deal that has gone quiet", "CALL", at_once=True)
CHOOSE = Step(
    "choose", "choose-contact", "Choose the contact for this follow-up", "TODO", at_once=True
)
STAGE_MAP = tuple(
    Step("stage-map", f"day-{days}", f"Proposal stage, day {days}: {what}", "TODO", days,
         exact=True)
    for days, what in (
        (3, "clear up questions"),
        (7, "agree on a timeline"),
        (14, "get the decision"),
        (21, "close or recycle"),
    )
)

COMEBACK = Step(
    "comeback", "look-again", "Call again now that the agreed time has passed", "CALL", at_once=True
)
RENEWAL = _sequence(
    "renewal",
    ("review", -90, "TODO", "Collect what the contract has brought the customer"),
    ("terms", -60, "EMAIL", "Write to the customer about the terms of the renewal"),
    ("ask", -30, "CALL", "Call the customer for the decision on the renewal"),
    ("last-week", -7, "CALL", "Call before the contract ends this week"),
)

MAILED = _sequence(
    "mailed",
    ("mails", 3, "EMAIL", "Write the first mail after the proposal yourself"),
    ("call", 14, "CALL", "Call now that the mails about the proposal are out"),
)

ALL = (
    *PROPOSAL, *INBOUND, *NURTURE, *AFTER_MEETING, RECAP, OUTCOME, REBOOK, IDLE, CHOOSE, *STAGE_MAP,
    *RENEWAL, *MAILED, COMEBACK,
)  # fmt: skip
_BY_TEXT = {step.text: step for step in ALL}


def step_of(subject: str) -> Step | None:
    """The step whose text a task's subject begins with; None for a task of nobody's preset."""
    return _BY_TEXT.get(subject) or _BY_TEXT.get(subject.partition(DASH)[0])
