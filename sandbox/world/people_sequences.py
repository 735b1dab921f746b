"""What reps and admins do about the CRM's sequences at its own screens."""

from __future__ import annotations

from typing import Any

from sandbox.world import sequence_terms, sequences
from sandbox.world.people_terms import ActError, Terms
from sandbox.world.records import Record
from sandbox.world.sequence_records import BRIDGE_SECONDS


class SequenceDeeds(Terms):
    """Enrolling and unenrolling a contact by hand."""

    def enrol(self, contact: str, sequence: str, user: str = "") -> Record:
        """A rep enrols a contact in a sequence, named by id or name, from a connected inbox."""
        person, state = self.need("contacts", "contact", contact), self.account.sequences
        found = next((s for s in state.known.values() if sequence in (s.id, s.name)), None)
        if found is None:
            known = ", ".join(s.name for s in state.known.values()) or "none yet"
            raise ActError("sequence", f"{sequence!r} is no sequence of this account; {known}")
        if state.active(person.id) is not None:
            raise ActError("contact", "is in a sequence already; unenrol it first")
        user_id = self.by(user).user_id if user else found.user_id
        inboxes = state.inboxes.get(user_id or 0)
        if not inboxes:
            raise ActError("user", f"user {user_id} has connected no inbox; connect one first")
        sequences.enrol(self.account, found, person, user_id or 0, inboxes[0])
        return person

    def unenrol(self, contact: str) -> Record:
        """A rep takes a contact out of the sequence that it is in."""
        person = self.need("contacts", "contact", contact)
        if not sequences.unenrol(self.account, person.id, "by hand"):
            raise ActError("contact", "is in no sequence")
        return person


class SequenceAdmin(Terms):
    """Connected inboxes, and the workflow that unenrols."""

    def connect_inbox(self, owner: str, address: str = "") -> dict[str, Any]:
        """A user connects an inbox, by default that of their own address."""
        found = self.owner_of(owner)
        known = self.account.sequences.inboxes.setdefault(found.user_id, [])
        if (address or found.email) not in known:
            known.append(address or found.email)
        return {"kind": "inbox", "id": str(found.user_id), "properties": {"inboxes": known}}

    def disconnect_inbox(self, owner: str) -> dict[str, Any]:
        """A user disconnects every inbox."""
        found = self.owner_of(owner)
        self.account.sequences.inboxes.pop(found.user_id, None)
        return {"kind": "inbox", "id": str(found.user_id), "properties": {"inboxes": []}}

    def make_workflow(self, property: str, seconds: Any = BRIDGE_SECONDS) -> dict[str, Any]:
        """A contact workflow: once the property is known, unenrol the contact from its sequence."""
        known = self.account.properties["contacts"].get(property)
        if known is None or known.archived:
            raise ActError("property", f"contacts have no {property!r}; create it first")
        try:
            given = {"property": property, "seconds": float(seconds)}
        except (TypeError, ValueError):
            raise ActError("seconds", f"must be a number of seconds, not {seconds!r}") from None
        sequence_terms.set_workflow(self.account, given)
        return {"kind": "workflow", "id": property, "properties": given}

    def remove_workflow(self) -> dict[str, Any]:
        """Turn the workflow off; contacts that it was about to unenrol stay where they are."""
        flow = self.account.sequences.workflow
        sequence_terms.set_workflow(self.account, None)
        return {"kind": "workflow", "id": flow.property if flow else "", "properties": {}}
