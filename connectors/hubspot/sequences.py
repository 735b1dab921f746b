"""HubSpot's own sequences: which a user sees, enrolling a contact, and what became of it.

No version of the API ends an enrolment. That is asked for by a contact property on which a workflow
of the account acts.
"""

from __future__ import annotations

from app.model.time import Business
from connectors import values
from connectors.contract import CrmEnrolment, CrmSequence, NotFound
from connectors.hubspot.api import Api

_BASE = "/automation/sequences/{version}"
_PAGE = 100


def read_sequences(api: Api, user_id: str) -> list[CrmSequence]:
    """The sequences of a user and those shared with them, in HubSpot's order."""
    found: list[CrmSequence] = []
    after: str | None = None
    while True:
        query = {"userId": user_id, "limit": _PAGE, **({"after": after} if after else {})}
        answer = api.call("GET", _BASE, query=query, safe=True)
        found += [
            CrmSequence(
                str(row["id"]),
                str(row.get("name") or ""),
                str(row.get("userId") or ""),
                Business(values.instant(row["updatedAt"])),
            )
            for row in answer.get("results") or ()
        ]
        after = ((answer.get("paging") or {}).get("next") or {}).get("after")
        if not after:
            return found


def enrol(
    api: Api, sequence_id: str, contact_id: str, *, user_id: str, sender: str
) -> CrmEnrolment:
    """Enrol once. Not marked safe, so the transport never repeats what may have had effect."""
    row = api.call(
        "POST",
        f"{_BASE}/enrollments",
        query={"userId": user_id},
        body={"sequenceId": sequence_id, "contactId": contact_id, "senderEmail": sender},
        priority="dispatch",
    )
    return _enrolment(row)


def read_enrolment(api: Api, contact_id: str) -> CrmEnrolment | None:
    """The latest enrolment. Whether one that never was is a 404 or empty is not documented."""
    path = f"{_BASE}/enrollments/contact/{contact_id}"
    try:
        row = api.call("GET", path, safe=True)
    except NotFound:
        return None
    return _enrolment(row) if row.get("id") else None


def _enrolment(row: dict[str, str]) -> CrmEnrolment:
    return CrmEnrolment(
        str(row["id"]),
        Business(values.instant(row["enrolledAt"])),
        str(row.get("toEmail") or ""),
        str(row.get("sequenceId") or ""),
        str(row.get("sequenceName") or ""),
        str(row.get("enrolledBy") or ""),
    )
