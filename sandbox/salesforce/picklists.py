"""What the picklists of an org offer, and the world's own word for each value.

The standard values that every org is set up with; an admin may add to those that are not
restricted.
"""

from __future__ import annotations

Offers = tuple[tuple[str, str], ...]


def _same(*values: str) -> Offers:
    return tuple((value, value) for value in values)


_TASK_STATUS = (
    ("Not Started", "NOT_STARTED"),
    ("In Progress", "IN_PROGRESS"),
    ("Completed", "COMPLETED"),
    ("Waiting on someone else", "WAITING"),
    ("Deferred", "DEFERRED"),
)
_SOURCES = _same(
    "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", "Employee Referral"
)
_TYPES = _same("Call", "Email", "Meeting", "Other")
_INDUSTRIES = _same("Consulting", "Electronics", "Energy", "Finance", "Retail", "Technology")
_FORECASTS = _same("Omitted", "Pipeline", "Best Case", "Commit", "Closed")
LEAD_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted",
                 "Closed - Not Converted")  # fmt: skip
ROLES = ("Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker",
         "Evaluator", "Executive Sponsor", "Influencer", "Technical Buyer", "Other")  # fmt: skip

ROLE_OF = {
    "DECISION_MAKER": "Decision Maker",
    "Decision maker": "Decision Maker",
    "BUDGET_HOLDER": "Economic Buyer",
    "CHAMPION": "Evaluator",
    "EXECUTIVE_SPONSOR": "Executive Sponsor",
    "END_USER": "Business User",
    "INFLUENCER": "Influencer",
}
"""The world's part of a person in buying → the role that stands for it; all others are Other."""

PICKLISTS: dict[str, Offers] = {
    # Rejected is said inside, on review; Denied is what the customer says.
    "Quote.Status": (
        ("Draft", "DRAFT"),
        ("Needs Review", "NEEDS_REVIEW"),
        ("In Review", "PENDING_APPROVAL"),
        ("Approved", "APPROVED"),
        ("Rejected", "REJECTED"),
        ("Presented", "APPROVAL_NOT_NEEDED"),
        ("Accepted", "ACCEPTED"),
        ("Denied", "DENIED"),
    ),
    "Task.Status": _TASK_STATUS,
    "Task.Priority": (("High", "HIGH"), ("Normal", "MEDIUM"), ("Low", "LOW"), ("Normal", "NONE")),
    "Task.TaskSubtype": _same("Task", "Email", "ListEmail", "LinkedIn", "Cadence", "Call"),
    "Task.Type": _TYPES,
    "Task.CallType": (("Inbound", "INBOUND"), ("Internal", "INTERNAL"), ("Outbound", "OUTBOUND")),
    "Event.Type": _TYPES,
    "Event.EventSubtype": _same("Event"),
    "Event.ShowAs": _same("Busy", "OutOfOffice", "Free"),
    "Opportunity.Type": (
        ("Existing Business", "existingbusiness"),
        ("New Business", "newbusiness"),
    ),
    "Opportunity.LeadSource": _SOURCES,
    "Opportunity.ForecastCategoryName": _FORECASTS,
    "Contact.LeadSource": _SOURCES,
    "Lead.LeadSource": _SOURCES,
    "Lead.Status": _same(*LEAD_STATUSES),
    "Lead.Rating": _same("Hot", "Warm", "Cold"),
    "Account.Industry": _INDUSTRIES,
    "Account.Type": _same("Prospect", "Customer", "Partner", "Other"),
    "OpportunityContactRole.Role": _same(*ROLES),
    "EmailMessage.Status": (
        ("0", "NEW"),
        ("1", "READ"),
        ("2", "REPLIED"),
        ("3", "SENT"),
        ("4", "FORWARDED"),
        ("5", "DRAFT"),
    ),
}
"""``Object.Field`` → what is offered, in the order of the screens."""

RESTRICTED = frozenset(("Task.TaskSubtype", "Task.CallType", "Event.EventSubtype", "Event.ShowAs",
                        "EmailMessage.Status"))  # fmt: skip
"""Picklists that take none but these."""
