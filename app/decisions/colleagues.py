"""When somebody at a company answers, what runs on the company's other records is not blind to it.

Which records those are only the CRM knows, so a timer that is due at once asks for them: what was
decided survives a crash, and whatever ran to its end meanwhile is left alone. What then comes to
each of the others is a signal of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.decisions.codes import Code
from app.decisions.exits import NO_END, exits_of
from app.decisions.timing import owed_at
from app.model.calendar import WorkCalendar
from app.model.company import CompanyStop, Deed
from app.model.decisions import ArmTimer, Decision, EnrolmentView, Explanation, HoldSubject
from app.model.records import SubjectView
from app.model.signals import Signal
from app.model.time import Business, Delay, Unit
from app.model.vocabulary import EnrolmentState, Mode, SignalKind, StageKind, StopReason

TIMER = "company:"
"""Prefix of the timer that asks for the company's other records; the cause follows."""

HOLD = "colleague_answered"
"""Reason of the hold."""

SCOPE = "company"
"""Scope of ledger lines about what the others were to hear."""

_DEEDS: Mapping[SignalKind, Deed] = {
    SignalKind.REPLIED: "replied",
    SignalKind.MEETING_BOOKED: "meeting_booked",
    SignalKind.OPTED_OUT: "opted_out",
}
_SAID: Mapping[Deed, str] = {
    "replied": "somebody replied",
    "meeting_booked": "a meeting was booked",
    "opted_out": "somebody opted out",
    "won": "the deal was won",
}
_EXITS: Mapping[Deed, StopReason] = {
    "replied": StopReason.REPLIED,
    "meeting_booked": StopReason.MEETING_BOOKED,
    "opted_out": StopReason.OPTED_OUT,
    "won": StopReason.CLOSED_WON,
}
"""The exit that each is on its own record: a sequence that has it off heeds it nowhere."""


def deed_of(signal: Signal) -> Deed | None:
    """What the signal is to the company's other records. A machine's reply is nothing to them."""
    if signal.kind in (SignalKind.STAGE_ENTERED, SignalKind.CLOSED):
        return "won" if signal.stage is StageKind.WON else None
    return None if signal.data.get(NO_END) else _DEEDS.get(signal.kind)


def spread(
    signal: Signal, subject: SubjectView, stop: CompanyStop, now: Business
) -> ArmTimer | None:
    """The question for the company's other records, where this is to be heeded there."""
    deed = deed_of(signal)
    if deed not in stop.on:
        return None
    data = {
        "did": deed,
        "at": signal.at,
        "cause": signal.cause,
        "contact": signal.contact,
        "record": f"{subject.type.value} {subject.crm_id}",
    }
    return ArmTimer(signal.subject, f"{TIMER}{signal.cause}", now, data)


def heard_by(
    mates: Iterable[SubjectView], data: Mapping[str, Any], stop: CompanyStop
) -> list[Signal]:
    """The signal for each of the others. Those on which the same person stands have heard already.
    """
    exit = _EXITS[data["did"]]
    values = {"what": stop.what, "exit": exit, "said": _SAID[data["did"]], "record": data["record"]}
    return [
        Signal(
            SignalKind.COLLEAGUE, mate.id, Business(data["at"]), f"{TIMER}{data['cause']}",
            data=values,
        )
        for mate in mates
        if not any(person.crm_id == data["contact"] for person in mate.contacts)
    ]  # fmt: skip


def unreadable(subject: int, data: Mapping[str, Any], now: Business) -> Explanation:
    """The grant shows no companies, so nobody else heard of it."""
    values = {"said": _SAID[data["did"]]}
    return Explanation(
        subject, SCOPE, "not_fired", Code.COMPANY_UNREADABLE, now, values=values
    )


def hold(
    signal: Signal,
    running: Sequence[EnrolmentView],
    stop: CompanyStop,
    calendar: WorkCalendar,
    now: Business,
) -> Decision:
    """Whatever is ahead on the record waits, if a sequence that heeds colleagues acts there."""
    heeds = any(
        one.sequence is not None
        and one.state is EnrolmentState.ACTIVE
        and one.mode is not Mode.SHADOW
        and signal.at >= one.anchor_at
        and {StopReason.COLLEAGUE, signal.data["exit"]} <= exits_of(one)
        for one in running
    )
    if not heeds:
        return Decision()
    until = owed_at(now, Delay(stop.days, Unit.D), calendar)
    values = {"until": until, "said": signal.data["said"], "record": signal.data["record"]}
    line = Explanation(
        signal.subject, SCOPE, "held", Code.HELD_FOR_COLLEAGUE, now, True, values
    )
    return Decision((HoldSubject(signal.subject, HOLD, until),), (line,))
