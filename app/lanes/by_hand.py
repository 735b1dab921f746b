"""What a person does about one record on a page of ours, done as they would do it in the CRM.

What the CRM holds is written there first, and then read again like any change of a person's: a
pause from the deal panel and one in the CRM's own field are the same thing from then on, whoever
looks, and nothing here has to be kept in step with it. No value is noted as pending, so it is no
echo of ours: a task that was completed here was completed by its rep. What stands nowhere but here
(a step to come, its words) is changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from hashlib import sha256
from typing import Any, cast

from app.actions import drafts
from app.decisions.by_hand import begin_by_hand, offered
from app.decisions.codes import Deed
from app.decisions.explain import text
from app.lanes.activation import ActivationError
from app.lanes.asking import decide_contacts
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.drafting import task_body
from app.lanes.rescheduling import change_times
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.acts import (
    Act,
    Begin,
    Complete,
    GoOn,
    HandTo,
    Pause,
    Rewrite,
    SkipTouch,
    Snooze,
    Stop,
)
from app.model.decisions import Decision, Explanation, StartEnrolment
from app.model.ids import enrolment_id
from app.model.rescheduling import Skip, To
from app.model.time import MINUTE, Business
from app.model.vocabulary import Outcome, TouchState
from app.store import acts, audit, inbox, mirror, running, summaries
from connectors.contract import CrmError, Event, ObjectType, Unknown, Update

Row = Mapping[str, Any]

_CONTROLLED = ("deal", "contact")
"""Types of records that carry our control in the CRM."""

_BEFORE_MS = 5 * MINUTE
"""The CRM's clock stamps the change, and may lie so far behind ours."""

_TO_COME = (TouchState.PLANNED.value, TouchState.WAITING.value)


class ActError(Exception):
    """It was not done, and nothing changed unless the text says so. It names the field."""


class AskedOtherwise(ActError):
    """The request id was used for something else."""


def carry_out(
    lanes: Lanes, installation_id: int, subject_id: int, act: Act, who: str, request_id: str
) -> dict[str, Any]:
    """Do it, once for each request id; asked again, it answers as the first time.

    Answers `done` and `reads`, the key of the event by which the lanes take it in, or None.
    """
    # Only to tell a repetition from a mistake: what somebody wrote to a prospect is not kept twice.
    asked = sha256(f"{subject_id} {act!r}".encode()).hexdigest()
    with lanes.store.write() as conn:
        if acts.begin(conn, installation_id, request_id, asked, lanes.wall()) != asked:
            raise AskedOtherwise("request_id: it was used for something else; give each its own")
        known = acts.answered(conn, installation_id, request_id)
    if known is not None:
        return known
    try:
        reads = _Doing(lanes, installation_id, subject_id, who, request_id)(act)
    except (ActError, ActivationError, CrmError) as error:
        # Two of the same may be under way at once: what the other did stands in this one's way.
        with lanes.store.read() as conn:
            known = acts.answered(conn, installation_id, request_id)
        if known is not None:
            return known
        if isinstance(error, CrmError):
            raise ActError(_told(error)) from error
        raise ActError(str(error)) from error
    answer = {"done": True, "reads": reads}
    with lanes.store.write() as conn:
        acts.finish(conn, installation_id, request_id, answer)
        about = {name: value for name, value in asdict(act).items() if name != "text"}
        data = {"subject": subject_id, "act": type(act).__name__.lower(), **about}
        audit.write(conn, installation_id, who, "by_hand", lanes.wall(), data)
    return answer


def _told(error: CrmError) -> str:
    if isinstance(error, Unknown):
        return "the CRM did not answer, so it may be done or not; ask again, which does it once"
    return f"the CRM did not take it: {error.message}"


class _Doing:
    """One act on one record, by one person."""

    def __init__(
        self, lanes: Lanes, installation_id: int, subject_id: int, who: str, request_id: str
    ) -> None:
        self._lanes, self._who, self._request = lanes, who, request_id
        self._tenant: Tenant = lanes.tenant(installation_id)
        with lanes.store.read() as conn:
            self._row: Row = mirror.by_id(conn, [subject_id])[subject_id]

    def __call__(self, act: Act) -> str | None:
        match act:
            case Pause(until):
                return self._control("pause", until)
            case GoOn():
                return self._control("run", None)
            case Stop():
                return self._control("stop", None)
            case Complete(touch):
                return self._complete(self._touch(touch))
            case SkipTouch(touch):
                return self._skip(self._touch(touch))
            case Snooze(touch, until):
                return self._snooze(self._touch(touch), until)
            case Begin(sequence):
                return self._begin(sequence)
            case Rewrite(touch, words):
                return self._rewrite(self._touch(touch), words)
            case HandTo(owner):
                return self._hand_to(owner)

    # --- the record --------------------------------------------------------------------------

    def _control(self, control: str, until: Business | None) -> str:
        type = self._row["type"]
        if type not in _CONTROLLED:
            raise ActError(f"do: a {type} carries no control in the CRM; pause its contact instead")
        if until is not None and type != "deal":
            raise ActError(
                "until: the CRM keeps a date for deals only; leave it out, and go on by hand"
            )
        if until is not None and until <= self._lanes.now():
            raise ActError("until: it lies in the past; give a time to come")
        fields: dict[str, Any] = {"control": control}
        if type == "deal":
            fields["pause_until"] = until
        return self._update(type, self._row["crm_id"], fields, ("control", control))

    def _hand_to(self, owner: str) -> str:
        person = self._tenant.calendars.people.get(owner)
        if person is None or not person.active:
            raise ActError(f"owner: {owner!r} is the owner id of no active user of the CRM")
        return self._update(
            self._row["type"], self._row["crm_id"], {"owner": owner}, ("owner", owner)
        )

    def _begin(self, key: str) -> None:
        lanes, tenant, now = self._lanes, self._tenant, self._lanes.now()
        found = offered(tenant.rules).get(key)
        if found is None:
            there = ", ".join(sorted(offered(tenant.rules))) or "none"
            raise ActError(f"sequence: no rule in force begins {key!r}; there are {there}")
        active, sequence = found
        subject = self._row["id"]
        with lanes.store.write() as conn:
            snapshot = Snapshot(tenant, conn, [subject], now)
            context = snapshot.context(subject, now)
            anchor = f"request:{self._request}"
            view = snapshot.subject(subject)
            id = enrolment_id(tenant.key, view.first_seen, key, anchor)
            if running.by_id(conn, [id]):
                return
            made = begin_by_hand(active, sequence, anchor, self._who, context, now)
            if not any(isinstance(one, StartEnrolment) for one in made.actions):
                line = made.explanations[0]
                said = text(line.code, line.values, tenant.zone)
                raise ActError(f"sequence: it does not begin here. {said}")
            writes = Writes()
            writes.take(tenant, made, snapshot, now)
            snapshot.follow(made)
            decide_contacts(tenant, snapshot, writes, now)
            store_decisions(conn, tenant, writes, (), now)

    # --- one touch ---------------------------------------------------------------------------

    def _touch(self, id: str) -> Row:
        with self._lanes.store.read() as conn:
            row = acts.touch(conn, self._row["id"], id)
        if row is None:
            raise ActError(f"touch: this record has none with the id {id!r}")
        if row["outcome"] != Outcome.OPEN.value and row["state"] not in _TO_COME:
            raise ActError("touch: it is over or under way; reload to see how it stands")
        return row

    def _complete(self, touch: Row) -> str:
        if touch["outcome"] != Outcome.OPEN.value:
            raise ActError("touch: it is not in the CRM yet; skip it, or wait for its day")
        done = {"status": "completed"}
        return self._update("task", touch["task_id"], done, ("status", "completed"))

    def _skip(self, touch: Row) -> str | None:
        try:
            change_times(
                self._lanes, self._tenant.id, touch["enrolment_id"], Skip(touch["step"]), self._who
            )
        except ActivationError:
            if touch["outcome"] != Outcome.OPEN.value:
                raise
            # The rep made the task theirs, or it is a question of ours: they delete it, as there.
            self._lanes.connector_for(self._tenant.id).archive("task", [touch["task_id"]])
            return self._hint("deleted", "task", touch["task_id"], None)
        return None

    def _snooze(self, touch: Row, until: Business) -> str | None:
        if until <= self._lanes.now():
            raise ActError("until: it lies in the past; give a time to come")
        if self._is_next(touch):
            try:
                change_times(
                    self._lanes, self._tenant.id, touch["enrolment_id"], To(until), self._who
                )
            except ActivationError:
                if touch["outcome"] != Outcome.OPEN.value:
                    raise
            else:
                return None
        if touch["outcome"] != Outcome.OPEN.value:
            raise ActError("touch: an earlier step of it comes first; snooze that one")
        return self._update("task", touch["task_id"], {"due_at": until}, None)

    def _is_next(self, touch: Row) -> bool:
        """Whether it is the first of its follow-up that moves with it: then all of it does."""
        with self._lanes.store.read() as conn:
            rows = running.steps_of(conn, [touch["enrolment_id"]]).get(touch["enrolment_id"], [])
        ahead = [
            row for row in rows
            if not row["edited"] and row["wish"] != "resolve"
            and (row["outcome"] == Outcome.OPEN.value or row["state"] in _TO_COME)
        ]  # fmt: skip
        first = min(ahead, key=lambda row: (row["due_at"], row["step"]), default=None)
        return first is not None and first["id"] == touch["id"]

    def _rewrite(self, touch: Row, words: str) -> str | None:
        if len(words) > drafts.MAX_CHARS:
            raise ActError(f"text: it has {len(words):,} characters; {drafts.MAX_CHARS:,} at most")
        if touch["outcome"] == Outcome.OPEN.value:
            if not words.strip():
                raise ActError("text: it is empty; write something, or skip the task")
            body = task_body(self._lanes, self._tenant, touch["task_id"])
            if body is None:
                raise ActError("touch: its task is no longer in the CRM; reload the page")
            fields = {"body": drafts.write(body, words)}
            return self._update("task", touch["task_id"], fields, None)
        now, subject = self._lanes.now(), self._row["id"]
        values = {"who": self._who, "step": touch["step"]}
        line = Explanation(
            subject, f"touch:{touch['id']}", "rewritten", Deed.REWRITTEN, now, True, values
        )
        with self._lanes.store.write() as conn:
            if not acts.write_draft(conn, touch["id"], words.strip() or None):
                raise ActError("touch: it is being written just now; reload and edit its task")
            writes, snapshot = Writes(), Snapshot(self._tenant, conn, [subject], now)
            writes.take(self._tenant, Decision((), (line,)), snapshot, now)
            store_decisions(conn, self._tenant, writes, (), now)
        return None

    # --- the CRM -----------------------------------------------------------------------------

    def _update(
        self, type: str, id: str, fields: Mapping[str, Any], named: tuple[str, str] | None
    ) -> str:
        kind = cast(ObjectType, type)
        connector = self._lanes.connector_for(self._tenant.id)
        (done,) = connector.update(kind, [Update(id, fields)])
        if done.error is not None:
            raise done.error
        return self._hint("changed", kind, id, named)

    def _hint(
        self, kind: str, type: ObjectType, id: str, named: tuple[str, str] | None
    ) -> str:
        """What was done is read as if a webhook had told of it; the CRM's own comes as well, or
        never, and finds nothing new."""
        now = self._lanes.now()
        field, value = named if named is not None else (None, None)
        at = now if kind == "deleted" else Business(now - _BEFORE_MS)
        event = Event(kind, type, id, at, field, value, dedupe=f"by_hand:{self._request}")
        with self._lanes.store.write() as conn:
            inbox.insert_events(conn, self._tenant.id, [event], self._lanes.wall())
            summaries.mark_dirty(conn, {self._row["id"]}, now, 0)
        return event.dedupe
