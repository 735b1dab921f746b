"""The events that a customer's own tools may tell of: their names, whose doing they are, what they
carry. `docs/events.md` has the same table; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Actor(StrEnum):
    """Whose doing an event is. What prospect or rep do breaks silence; nothing else does."""

    PROSPECT = "prospect"
    REP = "rep"
    SYSTEM = "system"  # the customer's billing, product or a clock: nobody turned to anybody
    WORLD = "world"  # what happens at the prospect's company, or with others


@dataclass(frozen=True, slots=True)
class EventSpec:
    """fields: what its `data` may say, by name, beside anything else that is sent along.

    customer: it is about the running contract, so it belongs to the won deal before an open one.
    """

    what: str
    actor: Actor
    fields: tuple[str, ...] = ()
    customer: bool = False

    @property
    def breaks_silence(self) -> bool:
        return self.actor in (Actor.PROSPECT, Actor.REP)


_P, _R, _S, _W = Actor.PROSPECT, Actor.REP, Actor.SYSTEM, Actor.WORLD

EVENTS: Mapping[str, EventSpec] = {
    "page_viewed": EventSpec("A page of your site was opened.", _P, ("url", "title")),
    "link_clicked": EventSpec("A link of yours was clicked.", _P, ("url", "title")),
    "content_downloaded": EventSpec("A paper or file was downloaded.", _P, ("title", "url")),
    "webinar_attended": EventSpec("They attended a webinar.", _P, ("title", "minutes")),
    "event_attended": EventSpec("They came to a fair or an evening.", _P, ("title", "place")),
    "social_engaged": EventSpec(
        "They reacted to a post or an invitation.", _P, ("network", "kind", "url")
    ),
    "proposal_sent": EventSpec("A proposal went out.", _R, ("title", "url", "amount", "currency")),
    "proposal_viewed": EventSpec("A proposal was opened.", _P, ("title", "url", "page", "seconds")),
    "proposal_accepted": EventSpec(
        "A proposal was accepted.", _P, ("title", "url", "amount", "currency")
    ),
    "quote_sent": EventSpec("A quote went out.", _R, ("title", "url", "amount", "currency")),
    "quote_viewed": EventSpec("A quote was opened.", _P, ("title", "url")),
    "quote_accepted": EventSpec(
        "A quote was accepted, signed or paid.", _P, ("title", "url", "amount", "currency")
    ),
    "quote_rejected": EventSpec(
        "They do not want a quote.", _P, ("title", "url", "amount", "currency", "reason")
    ),
    "quote_expired": EventSpec(
        "A quote expired unanswered.", _S, ("title", "url", "amount", "currency")
    ),
    "quote_withdrawn": EventSpec(
        "A quote was taken back.", _R, ("title", "url", "amount", "currency")
    ),
    "demo_scheduled": EventSpec("A demo was booked.", _P, ("title", "starts_at", "url")),
    "product_used": EventSpec(
        "They used the product.", _P, ("feature", "count", "plan"), customer=True
    ),
    "milestone_reached": EventSpec("A milestone was reached.", _P, ("title",), customer=True),
    "usage_dropped": EventSpec(
        "They use the product less.", _S, ("feature", "percent", "days"), customer=True
    ),
    "payment_failed": EventSpec(
        "A payment failed.", _S, ("amount", "currency", "reason", "invoice"), customer=True
    ),
    "payment_recovered": EventSpec(
        "A payment that had failed was made.", _S, ("amount", "currency", "invoice"), customer=True
    ),
    "trial_ending": EventSpec("A trial is about to end.", _S, ("ends_at", "plan")),
    "funding": EventSpec("Their company raised money.", _W, ("amount", "currency", "title", "url")),
    "leadership_change": EventSpec("Their leadership changed.", _W, ("person", "role", "url")),
    "launch": EventSpec("Their company launched something.", _W, ("title", "url")),
    "competitor_lost": EventSpec("A competitor lost them.", _W, ("competitor", "url")),
    "competitor_visited": EventSpec("They looked at a competitor.", _W, ("competitor", "url")),
}

QUOTED = ("quote_sent", "quote_accepted", "quote_rejected", "quote_expired", "quote_withdrawn")
"""Events of which quotes tell that are records of the CRM."""

QUOTE_STATES = tuple(name.removeprefix("quote_") for name in QUOTED)
"""How a quote stands that was sent."""

CUSTOM = "custom."
"""Prefix of names that a customer makes up; such an event never breaks silence."""

_CUSTOM = EventSpec("An event of your own making.", Actor.SYSTEM)


def spec(name: str) -> EventSpec:
    """What is known of an event by its name, made up ones included."""
    return EVENTS.get(name, _CUSTOM)


def is_name(text: str) -> bool:
    """Whether this names an event: a standard one, or `custom.` and a word."""
    if text in EVENTS:
        return True
    word = text.removeprefix(CUSTOM)
    return (
        word != text
        and 0 < len(word) <= 48
        and word[0].isalpha()
        and all(letter.islower() or letter.isdigit() or letter == "_" for letter in word)
        and word.isascii()
    )


SURGING = (
    *(
        name for name, one in EVENTS.items()
        if one.actor is Actor.PROSPECT and not one.customer and name != "quote_rejected"
    ),
    "competitor_visited",
)
"""Events that count towards a surge of `any`: what somebody does who is about to decide."""
