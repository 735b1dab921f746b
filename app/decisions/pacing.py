"""How fast one inbox starts the CRM's sequences: so many in a day, and not two at once.

The first mail leaves with the enrolment, so a batch of enrolments is a batch of mails from one
address, which mailbox providers take for bulk. The CRM's own limit is far above what is wise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.decisions.native_codes import Native
from app.model.native import Used
from app.model.time import DAY, Business


@dataclass(frozen=True, slots=True)
class Wait:
    """Why an enrolment waits, as a code for the ledger, and until when at least."""

    code: str
    until: Business


def pace(
    inboxes: Sequence[str],
    used: Mapping[str, Used],
    now: Business,
    *,
    limit: int | None,
    gap_ms: int,
) -> list[Wait | None]:
    """For each enrolment about to be sent, by its inbox: None to send it, else how it waits.

    used: what each inbox has sent within the last 24 hours. limit: most in any 24 hours. gap_ms:
    least time between two. Those that wait for the gap are spaced out from each other, too.
    """
    sent = {inbox: one.count for inbox, one in used.items()}
    free = {inbox: Business(one.latest_at + gap_ms) for inbox, one in used.items()}
    found: list[Wait | None] = []
    for inbox in inboxes:
        count = sent.get(inbox, 0)
        if limit is not None and count >= limit:
            oldest = used[inbox].oldest_at if inbox in used else now
            found.append(Wait(Native.INBOX_FULL, Business(max(oldest, now - DAY) + DAY)))
            continue
        at = max(now, free.get(inbox, now))
        free[inbox] = Business(at + gap_ms)
        sent[inbox] = count + 1
        found.append(Wait(Native.SPACED, at) if at > now else None)
    return found
