"""What a playbook file says, in plain words: for whoever reads it without knowing its keys.

Works on the file's own form (mappings, lists, words), of a text that has mistakes as well, so that
an editor can show what stands there while it is being written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from app.playbooks.raw import Raw, items, mapping, plain

SIGNALS: Mapping[str, str] = {
    "stage_entered": "a deal enters a stage",
    "subject_created": "a record is created",
    "closed": "a deal is closed",
    "no_activity_for": "nothing happens for a time",
    "no_next_step": "no next step stands for a time",
    "unowned": "nobody owns the record for a time",
    "stalled": "a record of some momentum stalls",
    "form_submitted": "a form is sent",
    "owner_changed": "the owner changes",
    "task_completed": "a task is completed",
    "task_deleted": "a task is deleted",
    "task_edited": "a task is edited",
    "replied": "a reply comes",
    "opened": "a mail is opened",
    "clicked": "a link in a mail is clicked",
    "meeting_booked": "a meeting is booked",
    "meeting_held": "a meeting was held",
    "meeting_missed": "a meeting was missed",
    "meeting_cancelled": "a meeting is cancelled",
    "outcome_unknown": "a meeting ended and nobody said how",
    "call_missed": "a call was not answered",
    "overdue": "a task is overdue",
    "recycled": "a record comes back from rest",
    "field_changed": "a field changes",
    "date": "a date comes near",
    "event": "something happens to a quote, or an event of your own tools comes",
    "surge": "several signs of urgency come together",
}
"""Signal as the file names it → what it is."""

EXITS: Mapping[str, str] = {
    "replied": "they reply",
    "meeting_booked": "they book a meeting",
    "stage_left": "the deal leaves the stage",
    "closed_won": "the deal is won",
    "closed_lost": "the deal is lost",
    "opted_out": "they opt out",
    "bounced": "their address bounces",
    "colleague_answered": "a colleague of theirs answers",
}

AGAIN: Mapping[str, str] = {
    "stage_entry": "at each entry while the deal moves forward",
    "every_entry": "at every entry, a move back included",
    "every_signal": "every time",
    "once": "once for each record",
}

CHANNELS: Mapping[str, str] = {
    "call": "call",
    "email": "e-mail",
    "todo": "to-do",
    "linkedin": "LinkedIn",
    "meeting": "meeting",
    "note": "note on the record",
    "sequence": "sequence of the CRM's own",
    "hand_over": "handing over",
    "wait": "wait",
    "branch": "branch",
    "split": "split",
    "set": "momentum",
}
"""What a step is, by the word that `channel_of` answers."""

STEERING = frozenset({"hand_over", "wait", "branch", "split", "set"})
"""Steps that are no touch of a prospect, with a form of their own."""

_LASTING = {
    "no_activity_for": "nothing has happened for {}",
    "no_next_step": "no next step has stood for {}",
    "unowned": "nobody has owned the record for {}",
}
_QUOTES = {
    "quote_sent": "is sent",
    "quote_viewed": "is looked at",
    "quote_accepted": "is accepted",
    "quote_rejected": "is refused",
    "quote_expired": "expires",
    "quote_withdrawn": "is taken back",
}
_DATES = {"deal.quote_expires": "the open quote expires"}
_BESIDE = ("unless", "within", "enters")
_OPS = {"==": "is", "!=": "is not", "in": "is one of", "not_in": "is none of", ">=": "is at least",
        "<=": "is at most", ">": "is above", "<": "is below", "known": "is known",
        "unknown": "is not known", "contains": "contains", "within": "lies within",
        "older_than": "lies longer ago than",
        "further_than": "lies further ahead than"}  # fmt: skip


def signal_of(when: Any) -> str:
    """The key of the one signal that a `when` waits for; empty where there is none."""
    return next((str(key) for key in mapping(when) if key not in _BESIDE), "")


def signal(when: Any) -> str:
    """`{stage_entered: proposal}` → "a deal enters the stage proposal"."""
    given = mapping(when)
    kind = signal_of(given)
    said = _signal(kind, given.get(kind))
    if given.get("unless"):
        said += f" and within {given.get('within', '…')} comes no {_listed(given['unless'], 'or')}"
    if given.get("enters"):
        said += f" and its momentum becomes {given['enters']}"
    return said


def _signal(kind: str, value: Any) -> str:
    if kind in _LASTING:
        return _LASTING[kind].format(value)
    if kind == "stage_entered":
        return "a deal enters " + ("any stage" if value == "any" else f"the stage {_listed(value)}")
    if kind == "subject_created":
        return f"a {_listed(value) if value != 'any' else 'record'} is created"
    if kind == "closed":
        return "a deal is " + ("closed" if value == "any" else _listed(value))
    if kind == "date":
        return _date(mapping(value))
    if kind == "stalled":
        given = mapping(value)
        return f"a {given.get('momentum')} record has stalled for {given.get('for')}"
    said = SIGNALS.get(kind, kind.replace("_", " ") or "nothing yet")
    if kind in ("opened", "clicked") and isinstance(value, Mapping):
        return f"{said} {value.get('count')} times within {value.get('within')}"
    if kind == "event":
        named = value.get("name") if isinstance(value, Mapping) else value
        often = f" {value.get('count')} times" if isinstance(value, Mapping) else ""
        names = [plain(one) for one in items(named) or [named]]
        if not often and all(name in _QUOTES for name in names):
            return f"a quote {_listed([_QUOTES[name] for name in names])}"
        return f"the event {_listed(named)} comes{often}"
    if kind == "surge":
        return f"{said} ({_listed(mapping(value).get('of', ''))})"
    return said if value in ("any", None) else f"{said} ({_listed(value)})"


def _date(given: Raw) -> str:
    field = given.get("field", "a date")
    field = _DATES.get(plain(field), field)
    for side in ("before", "after"):
        if given.get(side):
            return f"it is {given[side]} {side} {field}"
    return f"{field} is reached"


def condition(asked: Any) -> str:
    """A condition as a sentence's part: "deal.amount is at least 1000 and …"."""
    given = mapping(asked)
    for key, word in (("all", " and "), ("any", " or ")):
        parts = given.get(key)
        if isinstance(parts, list):
            return word.join(_part(part) for part in cast(list[Any], parts))
    if "not" in given:
        return f"not ({condition(given['not'])})"
    op = str(given.get("op", "")).strip()
    value = f" {_listed(given['value'], 'or')}" if "value" in given else ""
    return f"{given.get('field', '…')} {operator(op)}{value}"


def _part(asked: Any) -> str:
    """A condition among others: of several in it, in brackets."""
    inner = mapping(asked)
    several = any(len(items(inner.get(key))) > 1 for key in ("all", "any"))
    return f"({condition(asked)})" if several else condition(asked)


def operator(op: str) -> str:
    """`>=` → "is at least"."""
    return _OPS.get(op, op.replace("_", " "))


def action(done: Any) -> str:
    """One item of a rule's `then`."""
    given = mapping(done)
    key = next(iter(given), "")
    value = given.get(key)
    if key == "create_tasks":
        count = len(cast(list[Any], value)) if isinstance(value, list) else 0
        return f"create {count} task{'' if count == 1 else 's'}"
    if key == "enrol":
        return f"begin the sequence {value}"
    if key == "stop":
        return f"stop {'every sequence' if value == 'any' else _listed(value)}"
    more = mapping(value)
    if key == "notify":
        return f"tell the {more.get('who')} ({more.get('template')})"
    if key == "set":
        for_ = f" for {more['for']}" if more.get("for") else ""
        return f"set the {more.get('field')} to {more.get('value')}{for_}"
    if key == "hold":
        return f"hold for {more.get('for')}: {more.get('reason')}"
    return f"{key} {value}"


def channel_of(step: Raw) -> str:
    """What a step is: a kind of task, `note`, `sequence`, or the control step's key."""
    for key in ("note", "sequence", "hand_over", "wait", "branch", "split", "set", "email"):
        if key in step:
            return key
    return str(step.get("task", ""))


def template_of(step: Raw) -> str:
    """The text that a step names."""
    return str(step.get("email") or step.get("note") or step.get("template") or "")


def question(step: Raw) -> str:
    """What a control step does, in words."""
    kind = channel_of(step)
    given = step.get(kind)
    if kind == "wait":
        said = mapping(given)
        return f"wait until {signal(said.get('until'))}, at most {said.get('timeout', '…')}"
    if kind == "branch":
        said = mapping(given)
        if "if" in said:
            return f"if {condition(said['if'])}"
        if "seen" in said:
            return f"if it was seen that {signal(said['seen'])}"
        return f"if the step {said.get('step')} is {_listed(said.get('is', []), 'or')}"
    if kind == "split":
        rows = items(given)
        parts = (f"{mapping(row).get('cohort')} {mapping(row).get('percent')} %" for row in rows)
        return f"split by lot: {', '.join(parts)}"
    if kind == "set":
        return action({"set": given})
    if kind == "hand_over":
        return f"hand the record over to {assigned(mapping(given).get('to'))}"
    return ""


def assigned(assign: Any) -> str:
    """Whose task it is: the owner's unless the step says otherwise."""
    if isinstance(assign, Mapping):
        given = mapping(assign)
        team = given.get("team")
        return f"the team {team}, in turn" if team else str(given.get("rep", ""))
    return {"manager": "the owner's manager"}.get(str(assign or ""), "the owner")


def _listed(value: Any, word: str = "or") -> str:
    if not isinstance(value, list):
        return str(value).replace("_", " ")
    words = [str(one).replace("_", " ") for one in cast(list[Any], value)]
    return f" {word} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else ""
