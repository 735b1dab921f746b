"""Cadences of Sales Engagement: the actions that move people through them.

The world's sequences stand behind them. An action answers for each of its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sandbox.salesforce import ids
from sandbox.salesforce.call import Answer, Call, route
from sandbox.salesforce.editions import has_engagement
from sandbox.salesforce.errors import RowError, refuse
from sandbox.salesforce.sources_cadences import enrolments
from sandbox.world import sequences
from sandbox.world.records import Record
from sandbox.world.sequence_records import Sequence

Values = dict[str, Any]
Input = Mapping[str, Any]

DISPOSITIONS = ("Success", "Customer Engaged", "Customer Connected", "Contact Later", "No Response",
                "Not Interested", "Disqualified", "Bad Data", "Duplicate")  # fmt: skip


def assign(call: Call, given: Input) -> Values:
    """Puts a person into a cadence."""
    _need(given, "salesCadenceNameOrId", "targetId")
    cadence, person = _cadence(call, str(given["salesCadenceNameOrId"])), _target(call, given)
    related = given.get("relatedToId")
    if related and not call.hub.settings.salesforce_cadences_relate_deals:
        raise RowError(
            "sf_cadence_related", "Opportunities are not related to cadences in this org",
            ["relatedToId"],
        )  # fmt: skip
    state = call.account.sequences
    if state.active(person.id) is not None:
        raise RowError("sf_cadence_running", "The target is already assigned to a cadence")
    user = str(given.get("userId") or "")
    owner = next(
        (one for one in call.account.owners.values() if call.org.user_id(one) == ids.same(user)),
        call.user,
    )
    made = sequences.enrol(call.account, cadence, person, owner.user_id, owner.email)
    if related:
        call.org.traces.tracked_deals[made.id] = str(ids.read(str(related))[1])
    return {"actionCadenceTrackerId": ids.make("ActionCadenceTracker", int(made.id))}


def remove(call: Call, given: Input) -> Values:
    """Takes a person out of the cadence that they are in."""
    _need(given, "completionReasonCode")
    if given["completionReasonCode"] != "ManuallyRemoved":
        raise RowError("sf_action_input", "completionReasonCode must be ManuallyRemoved")
    disposition = given.get("completionDisposition")
    if disposition and disposition not in DISPOSITIONS:
        raise RowError("sf_action_input", f"{disposition} is no completion disposition")
    if given.get("actionCadenceTrackerId"):
        person = _tracked(call, str(given["actionCadenceTrackerId"]))
    else:
        _need(given, "targetId")
        person = _target(call, given)
    active = call.account.sequences.active(person.id)
    if active is None or not sequences.unenrol(call.account, person.id, "by hand"):
        raise RowError("sf_cadence_none", "The target is in no cadence")
    if disposition:
        call.org.traces.dispositions[active.id] = str(disposition)
    return {}


def _need(given: Input, *names: str) -> None:
    missing = [name for name in names if not given.get(name)]
    if missing:
        raise RowError(
            "sf_action_input", f"Required fields are missing: [{', '.join(missing)}]", missing
        )


def _cadence(call: Call, named: str) -> Sequence:
    for one in call.account.sequences.known.values():
        if named == one.name or ids.same(named) == ids.make("ActionCadence", int(one.id)):
            return one
    raise RowError("sf_cadence", f"No active cadence {named}", ["salesCadenceNameOrId"])


def _target(call: Call, given: Input) -> Record:
    wanted = str(given["targetId"])
    for name in ("Contact", "Lead"):
        try:
            row = call.org.find(name, wanted)
        except ids.NoId:
            break
        if row is not None and row.record is not None:
            return call.account.need("contacts", row.record.id)
    raise RowError("sf_cadence_target", f"{wanted} is no contact and no lead", ["targetId"])


def _tracked(call: Call, tracker: str) -> Record:
    for enrolment in enrolments(call.org):
        if ids.make("ActionCadenceTracker", int(enrolment.id)) == ids.same(tracker):
            return call.account.need("contacts", enrolment.contact_id)
    raise RowError("sf_cadence_none", f"No tracker {tracker}", ["actionCadenceTrackerId"])


class Action(NamedTuple):
    """An action: what it does with an input, and the inputs that it takes."""

    do: Callable[[Call, Input], Values]
    label: str
    inputs: tuple[tuple[str, bool], ...]


ACTIONS: dict[str, Action] = {
    "assignTargetToSalesCadence": Action(
        assign,
        "Assign Target to Cadence",
        (("salesCadenceNameOrId", True), ("targetId", True), ("userId", False),
         ("startStepNameOrId", False), ("relatedToId", False)),
    ),
    "removeTargetFromSalesCadence": Action(
        remove,
        "Remove Target from Cadence",
        (("targetId", False), ("actionCadenceTrackerId", False), ("completionReasonCode", True),
         ("completionDisposition", False), ("relatedToId", False)),
    ),
}  # fmt: skip


def _action(call: Call, name: str) -> Action:
    found = ACTIONS.get(name)
    if found is None or not has_engagement(call.account):
        raise refuse("sf_action", "The requested resource does not exist")
    return found


@route("GET", "~/actions/standard")
def listing(call: Call) -> Answer:
    """The actions that the org's licences include."""
    base = f"/services/data/{call.version}/actions/standard"
    known = ACTIONS if has_engagement(call.account) else {}
    told = [
        {"name": name, "label": one.label, "type": name.upper(), "url": f"{base}/{name}"}
        for name, one in known.items()
    ]
    return 200, {"actions": told}


@route("GET", "~/actions/standard/{name}")
def describe(call: Call, name: str) -> Answer:
    """What an action takes; 404 where the org has no licence for it."""
    found = _action(call, name)
    return 200, {
        "name": name,
        "label": found.label,
        "standard": True,
        "inputs": [
            {"name": one, "type": "STRING", "required": required, "maxOccurs": 1}
            for one, required in found.inputs
        ],
        "outputs": [],
    }


@route("POST", "~/actions/standard/{name}")
def perform(call: Call, name: str) -> Answer:
    """Does an action for each input; the answers stand in the inputs' order."""
    found, given = _action(call, name), call.object().get("inputs")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise refuse("sf_action_inputs", "inputs must be a list of objects")
    results: list[Values] = []
    with call.hub.world.lock:
        for one in given:
            told: Values = {"actionName": name, "errors": None, "isSuccess": True, "version": 1}
            try:
                told["outputValues"] = found.do(call, one)
            except RowError as error:
                call.hub.refused((error.row,))
                told |= {"errors": [error.entry()], "isSuccess": False, "outputValues": None}
            results.append(told)
    return 200, results
