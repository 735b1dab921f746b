"""Nobody is addressed who must not be: opt-out, suppression, bounce, unreadable consent."""

from __future__ import annotations

from app.decisions.codes import Code
from app.decisions.exits import addresses, writes_mail
from app.decisions.guard.ruling import drop
from app.model.decisions import Ruling
from app.model.guard import GuardFacts
from app.model.vocabulary import StopReason

_CHECK = "consent"


def check(facts: GuardFacts) -> Ruling | None:
    """Only for tasks that address the person; a rep may always be given work of their own.

    A touch without a contact addresses nobody yet. A contact that was chosen but cannot be read is
    no consent, and neither is an opt-out property that could not be read.
    """
    touch, contact = facts.touch, facts.contact
    if not addresses(touch.step):
        return None
    if contact is None:
        if touch.contact is None:
            return None
        return drop(_CHECK, Code.CONTACT_GONE, contact=touch.contact)
    if contact.suppressed:
        return drop(_CHECK, Code.SUPPRESSED, contact=contact.crm_id, reason=contact.suppressed)
    if contact.opted_out:
        return drop(_CHECK, StopReason.OPTED_OUT.value, contact=contact.crm_id)
    if contact.opted_out is None:
        return drop(_CHECK, Code.CONSENT_UNKNOWN, contact=contact.crm_id)
    if contact.bounced and writes_mail(touch.step):
        return drop(_CHECK, StopReason.BOUNCED.value, contact=contact.crm_id)
    return _of_twins(facts)


def _of_twins(facts: GuardFacts) -> Ruling | None:
    """What the person said no to under another record of the same address holds here too."""
    for twin in facts.twins:
        reason = twin.suppressed or (StopReason.OPTED_OUT.value if twin.opted_out else None)
        if reason is None and twin.bounced and writes_mail(facts.touch.step):
            reason = StopReason.BOUNCED.value
        if reason is not None:
            return drop(_CHECK, Code.TWIN_BARRED, contact=twin.crm_id, reason=reason)
    return None
