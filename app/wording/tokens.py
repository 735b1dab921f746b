"""The closed list of tokens that a template may name."""

from __future__ import annotations

from collections.abc import Mapping

TOKENS: Mapping[str, str] = {
    "contact.first_name": "the person's first name",
    "contact.last_name": "the person's last name",
    "contact.name": "the person's full name",
    "contact.email": "the person's e-mail address",
    "contact.phone": "the person's phone number",
    "contact.company": "the name of the person's company",
    "deal.name": "the deal's name; for an inbound lead, the lead's or the contact's",
    "deal.amount": "the amount with its currency, such as `EUR 12,000`",
    "deal.stage": "the stage's name in the CRM",
    "deal.stage_since": "the day on which it entered that stage",
    "deal.people": "everybody on the record, with their roles",
    "deal.follow_ups": "the follow-ups that run for it, each with its next step",
    "deal.open_tasks": "our open tasks on it, each with its due day",
    "deal.pipeline": "the pipeline's name in the CRM",
    "deal.close_date": "the expected close date, such as `4 December 2026`",
    "deal.quote_expires": "the day to which its open quote is valid, such as `4 December 2026`",
    "owner.first_name": "first name of the rep who owns the deal",
    "owner.name": "full name of the rep",
    "owner.email": "e-mail address of the rep",
    "meeting.title": "title of the latest meeting with this person",
    "meeting.date": "date of that meeting, such as `4 December 2026`",
    "form.name": "name of the form that the person filled in",
    "account.name": "name of the company that installed Followthrough",
}
"""Token → what it becomes. The same list feeds the checks, the editor's help and the tests."""

GROUPS = tuple(dict.fromkeys(token.split(".", 1)[0] for token in TOKENS))
