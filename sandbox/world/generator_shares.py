"""How common each case is among the deals of a generated account."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Shares:
    """How common each case is among generated deals."""

    later: float = 0.18
    unowned: float = 0.04
    no_amount: float = 0.08
    no_contact: float = 0.07
    several_contacts: float = 0.28
    shared_contact: float = 0.06
    labelled: float = 0.6
    other_currency: float = 0.12
    leads_per_deal: float = 0.2
    linked_late: float = 0.3
    stages: tuple[float, ...] = (0.17, 0.22, 0.16, 0.18, 0.13, 0.07, 0.07)


_USUAL_WEEKS = 4


def usual_shares(weeks: float, crm: str) -> Shares:
    """Over more than the usual weeks more deals come in, so that there is as much to do at the end
    as at the beginning. At Pipedrive every deal has an owner, and no person of it has a label; at
    Salesforce every one has an owner, and an org has one currency unless it asks for more."""
    usual = {
        "pipedrive": Shares(unowned=0.0, labelled=0.0),
        "salesforce": Shares(unowned=0.0, other_currency=0.0),
    }.get(crm, Shares())
    if weeks <= _USUAL_WEEKS:
        return usual
    return replace(usual, later=1 - (1 - usual.later) * _USUAL_WEEKS / weeks)
