"""What prospects choose about the mails that they get."""

from __future__ import annotations

from sandbox.world import preferences
from sandbox.world.people_terms import ActError, Terms
from sandbox.world.preferences import ONE_TO_ONE, SUBSCRIBED, UNSUBSCRIBED, Choice, Subscription
from sandbox.world.records import Actor, Record

PREFERENCES = Actor("PREFERENCES", "preferences-page")


class PreferenceDeeds(Terms):
    """Single subscriptions; opting out of everything is a deed of its own."""

    def unsubscribe(self, contact: str, subscription: str = ONE_TO_ONE) -> Record:
        """The prospect leaves one subscription."""
        person = self.need("contacts", "contact", contact)
        choice = Choice(UNSUBSCRIBED, self.now)
        preferences.choose(
            self.account, person, self._subscription(subscription), choice, PREFERENCES
        )
        return person

    def subscribe(
        self,
        contact: str,
        subscription: str = ONE_TO_ONE,
        legal_basis: str = "CONSENT_WITH_NOTICE",
    ) -> Record:
        """The prospect joins one subscription, or a rep records why they may be written to."""
        person = self.need("contacts", "contact", contact)
        choice = Choice(SUBSCRIBED, self.now, legal_basis)
        preferences.choose(
            self.account, person, self._subscription(subscription), choice, PREFERENCES
        )
        return person

    def _subscription(self, name: str) -> Subscription:
        found = self.account.preferences.named(name)
        if found is None:
            known = ", ".join(one.name for one in self.account.preferences.known.values())
            raise ActError("subscription", f"{name!r} is none of {known}")
        return found
