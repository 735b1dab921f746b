"""The app as a developer registers it with the vendor: scopes and webhook subscriptions.

Scopes are not repeated here: the vendor refuses an install address whose scopes differ from the
registration, so they are taken from the app's own address.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_VALUES = {
    "deal": (
        "dealstage",
        "pipeline",
        "hubspot_owner_id",
        "amount",
        "followthrough_control",
        "followthrough_pause_until",
    ),
    "contact": (
        "hs_email_optout",
        "hs_email_bounce",
        "hubspot_owner_id",
        "recent_conversion_date",
        "followthrough_control",
    ),
}
_ACTIVITY_VALUES = {
    "task": (
        "hs_task_status",
        "hs_task_subject",
        "hs_task_body",
        "hs_task_priority",
        "hs_task_type",
        "hs_timestamp",
        "hubspot_owner_id",
    ),
    "meeting": ("hs_meeting_outcome", "hs_meeting_start_time", "hs_meeting_end_time"),
}
_LIFE = ("creation", "deletion", "restore", "merge", "associationChange")
_CREATED = ("task", "email", "call", "meeting")


def subscriptions() -> list[dict[str, Any]]:
    """The rows of the registration, as the vendor spells them."""
    return list(_rows())


def _rows() -> Iterator[dict[str, Any]]:
    for kind, names in _VALUES.items():
        for event in _LIFE:
            yield {"subscriptionType": f"{kind}.{event}"}
        for name in names:
            yield {"subscriptionType": f"{kind}.propertyChange", "propertyName": name}
    yield {"subscriptionType": "contact.privacyDeletion"}
    for kind in _CREATED:
        yield {"subscriptionType": "object.creation", "objectType": kind}
    yield {"subscriptionType": "object.deletion", "objectType": "task"}
    for kind, names in _ACTIVITY_VALUES.items():
        for name in names:
            yield {
                "subscriptionType": "object.propertyChange",
                "objectType": kind,
                "propertyName": name,
            }
