"""What a rep does with the CRM's sequences at its own screens."""

from __future__ import annotations

from sandbox.world import sequences
from sandbox.world.people_terms import ActError, Terms
from sandbox.world.records import Record


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
