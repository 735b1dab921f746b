"""Cadences, Salesforce's own sequences: adding a person, taking them out, what came of it.

They come with Sales Engagement, which most accounts do not have; then the objects and actions are
simply not there. A target is a contact or a lead, never an opportunity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from app.model.time import Business
from connectors.batches import chunks
from connectors.contract import (
    CrmEnrolment,
    CrmError,
    CrmRecord,
    CrmSequence,
    EnrolReason,
    EnrolRefused,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    Transient,
)
from connectors.salesforce.api import Api, Ask, Question, quoted
from connectors.salesforce.due import told
from connectors.salesforce.errors import code_of
from connectors.salesforce.rows import Row
from connectors.salesforce.tables import ASSIGN, BATCH, REMOVE
from connectors.transport import scrub

UNAVAILABLE = (
    "This Salesforce account has no Sales Engagement, or the user who connected has no permission "
    "set for it; cadences come with it."
)

_TRACKERS = (
    "SELECT Id, ActionCadenceId, TargetId, OwnerId, State, CompletionReason, CreatedDate, "
    "LastModifiedDate FROM ActionCadenceTracker WHERE TargetId IN {ids} "
    "ORDER BY CreatedDate DESC, Id DESC"
)
_OVER = frozenset({"Complete", "Error"})
_TO_THE_END = frozenset({"NoMoreSteps", "DaisyChained"})
"""Reasons of completion other than that somebody or something took the person out."""

_SAID: tuple[tuple[EnrolReason, str], ...] = (
    ("already_enrolled", r"already (been )?(assigned|added|in)|running cadence"),
    ("unsubscribed", r"do[ _]not[ _]contact|opted out|has_opted_out|unsubscribed"),
    ("daily_limit", r"limit"),
    ("no_seat", r"permission set|licen[cs]e|hvs_access|not have access to sales engagement"),
    ("inbox_not_connected", r"inbox|connected e-?mail|mailbox"),
    ("no_email", r"no e-?mail|without (an )?e-?mail|e-?mail address"),
    ("contact_gone", r"target\b.*(not found|does not exist|deleted|invalid)"),
    ("sequence_gone", r"cadence\b.*(not found|does not exist|deleted|inactive|not active)"),
)
"""Reasons by what an answer says, the most telling first. The sentences are not documented."""

_WORDS: Mapping[EnrolReason, str] = {
    "already_enrolled": "The person is in this cadence already.",
    "unsubscribed": "The person has opted out of e-mail, or is marked as not to be contacted.",
    "daily_limit": "A limit of Salesforce's on cadences is reached.",
    "no_seat": "The sender has no Sales Engagement licence or permission set. A Salesforce admin "
    "can assign one under Setup, Users.",
    "inbox_not_connected": "The sender has connected no mailbox to Salesforce.",
    "no_email": "The person has no e-mail address.",
    "contact_gone": "Salesforce no longer has this person.",
    "sequence_gone": "Salesforce has no active cadence of this name. Correct its name in the "
    "playbook, or activate it.",
    "unavailable": UNAVAILABLE,
}


class Cadences:
    """Cadences of one account. Whether there are any is asked once, and again by `look`."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._there: bool | None = None
        self._names: dict[str, str] = {}

    def through(self, api: Api) -> Cadences:
        """The same through other calls."""
        made = Cadences(api)
        made._there, made._names = self._there, self._names
        return made

    def look(self) -> bool:
        """Ask whether the account has cadences."""
        try:
            self._api.call("GET", ASSIGN, safe=True)
            self._there = True
        except (NotFound, Forbidden, FeatureUnavailable, Invalid):
            self._there = False
        return self._there

    @property
    def there(self) -> bool:
        """Whether the account has cadences, by what was asked last."""
        return self.look() if self._there is None else self._there

    def listed(self, user_id: str) -> list[CrmSequence]:
        """All active cadences; they belong to the account, and any user with a seat may use them.
        """
        if not self.there:
            raise EnrolRefused(UNAVAILABLE, "unavailable")
        rows = self._api.query(
            "SELECT Id, Name, OwnerId, LastModifiedDate FROM ActionCadence "
            "WHERE State = 'Active' ORDER BY Name, Id"
        )
        self._names = {str(row["Id"]): str(row.get("Name") or "") for row in rows}
        return [
            CrmSequence(
                str(row["Id"]),
                str(row.get("Name") or ""),
                user_id,
                Business(told(row.get("LastModifiedDate")) or 0),
            )
            for row in rows
        ]

    def enrol(self, sequence_id: str, contact_id: str, user_id: str, sender: str) -> CrmEnrolment:
        """Add the person once. Not marked safe, so the transport never repeats it."""
        inputs = {
            "salesCadenceNameOrId": sequence_id,
            "targetId": contact_id,
            "userId": user_id,
        }
        self._act(ASSIGN, inputs, priority="dispatch")
        found = self.latest([contact_id]).get(contact_id)
        if found is None:
            # Taken in, and not shown yet: the look-up after a lost answer settles it.
            return CrmEnrolment("", Business(0), sender, sequence_id, "", user_id)
        return self._enrolment(found)

    def remove(self, contact_id: str) -> None:
        """Take the person out of the cadence that runs; nothing where none does."""
        found = self.latest([contact_id]).get(contact_id)
        if found is None or str(found.get("State")) in _OVER:
            return
        inputs = {"targetId": contact_id, "completionReasonCode": "ManuallyRemoved"}
        self._act(REMOVE, inputs, priority="dispatch")

    def enrolment_of(self, contact_id: str) -> CrmEnrolment | None:
        """The person's latest cadence, over or not."""
        found = self.latest([contact_id]).get(contact_id) if self.there else None
        return None if found is None else self._enrolment(found)

    def latest(self, people: Sequence[str]) -> dict[str, Row]:
        """Person → their latest tracker."""
        found: dict[str, Row] = {}
        for part in chunks(list(dict.fromkeys(people)), BATCH):
            found |= self._api.answers({"": _latest(part)})[""]
        return found

    def question(self, people: Sequence[str]) -> Question[dict[str, Row]] | None:
        """What asks for the latest trackers of people; None where the account has no cadences."""
        return _latest(people) if self.there else None

    def attach(self, records: Sequence[CrmRecord], found: Mapping[str, Row]) -> None:
        """Say of each person in which cadence they are. found: what the question came to."""
        for record in records:
            row = found.get(record.id)
            if row is None:
                record.fields["in_sequence"] = False
                continue
            running = str(row.get("State")) not in _OVER
            finished = not running and row.get("CompletionReason") in _TO_THE_END
            record.fields |= {
                "in_sequence": running,
                "sequence": str(row["ActionCadenceId"]),
                "sequence_enrolled_at": told(row.get("CreatedDate")),
                "sequence_finished_at": told(row.get("LastModifiedDate")) if finished else None,
            }

    def _enrolment(self, row: Mapping[str, Any]) -> CrmEnrolment:
        cadence = str(row["ActionCadenceId"])
        return CrmEnrolment(
            str(row["Id"]),
            Business(told(row.get("CreatedDate")) or 0),
            "",
            cadence,
            self._names.get(cadence, ""),
            str(row.get("OwnerId") or ""),
        )

    def _act(self, path: str, inputs: Mapping[str, str], *, priority: str) -> None:
        """Call an action with one input. Raises EnrolRefused where nothing was done."""
        body = {"inputs": [dict(inputs)]}
        try:
            answer = self._api.call("POST", path, body=body, priority=priority)
        except NotFound as error:
            self._there = False
            raise EnrolRefused(UNAVAILABLE, "unavailable", error.detail) from None
        except Invalid as error:
            raise _refusal([{"message": error.message}], error.detail) from None
        listed = cast(list[Mapping[str, Any]], answer if isinstance(answer, list) else [])
        row = next(iter(listed), {})
        if not row.get("isSuccess"):
            errors = cast(list[Mapping[str, Any]], row.get("errors") or [])
            raise _refusal(errors, str(answer)[:500])


def _latest(people: Sequence[str]) -> Question[dict[str, Row]]:
    # Sales Engagement may have been given up since it was asked for.
    (rows,) = yield [Ask(_TRACKERS.replace("{ids}", quoted(list(people))), there=False)]
    found: dict[str, Row] = {}
    for row in rows:
        found.setdefault(str(row["TargetId"]), row)
    return found


def _refusal(errors: Iterable[Mapping[str, Any]], detail: str) -> CrmError:
    listed = list(errors)
    said = " ".join(f"{code_of(e)} {e.get('message') or ''}" for e in listed).strip()
    if "UNABLE_TO_LOCK_ROW" in said:
        return Transient(
            "Somebody else is writing this person in Salesforce; it is tried again by itself.",
            detail,
        )
    reason = _reason(said)
    heard = scrub(said or "no reason given")[:300].rstrip(".")
    words = _WORDS.get(reason) or f"Salesforce would not add the person to the cadence: {heard}."
    return EnrolRefused(words, reason, scrub(detail))


def _reason(said: str) -> EnrolReason:
    for reason, pattern in _SAID:
        if re.search(pattern, said, re.IGNORECASE):
            return reason
    return "other"
