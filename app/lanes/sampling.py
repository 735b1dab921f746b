"""How good the texts are: some mails and calls of the last months, drawn by chance and judged.

Which there were, the activities say; of those that are drawn the texts are read, judged in memory
and forgotten. What is kept is which they were and what was found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.decisions.timing import local_date
from app.feedback.drawing import draw
from app.lanes.context import Lanes, Tenant
from app.lanes.trouble import note_error
from app.model.activities import CALL, EMAIL
from app.model.flaws import Flaw
from app.model.time import DAY
from app.signals.engagements import unanswered
from app.signals.reply_mail import own_words
from app.store import activities, installations, texts
from app.wording.flaws import flaws_of_mail, flaws_of_notes
from connectors.contract import (
    WHOLE_MAILS,
    Connector,
    CrmError,
    CrmRecord,
    FeatureUnavailable,
    Forbidden,
    Invalid,
    NotFound,
    ObjectType,
)
from connectors.plain import plain

MOST = 50
"""Drawn of mails, and of calls: a batch each; a share of fifty is known to some 14 points."""

BACK_DAYS = 90
"""As far as figures may look back."""

EVERY_DAYS = 7

_CONTENT = "email_content"
_TYPES: Mapping[str, ObjectType] = {EMAIL: "email", CALL: "call"}


def sample_texts(lanes: Lanes, tenant: Tenant) -> None:
    """Draw and judge, unless that was done in the last week or the past is still being read."""
    now = lanes.now()
    with lanes.store.read() as conn:
        last = texts.drawn(conn, tenant.id)
        if activities.past_open(conn, tenant.id) or (
            last is not None and now - last["at"] < EVERY_DAYS * DAY
        ):
            return
        row = installations.get(conn, tenant.id)
        if row is None:
            return
        seed = f"{row['account_id']}:{local_date(now, row['zone'])}"
        span = (now - BACK_DAYS * DAY, now)
        of = {kind: texts.number_sent(conn, tenant.id, kind, *span) for kind in _TYPES}
        chosen = {
            kind: dict(draw(seed, texts.sent(conn, tenant.id, kind, *span), MOST))
            for kind in _TYPES
        }
    connector = lanes.connector_for(tenant.id)
    can = {one.name: one for one in connector.capabilities()}
    whole = WHOLE_MAILS not in can or can[WHOLE_MAILS].available
    try:
        rows = [
            {**row, "kind": kind, "at": times[row["cause"]]} for kind, times in chosen.items()
            for row in _judged(connector, kind, list(times), whole)
        ]  # fmt: skip
    except CrmError as error:
        note_error(lanes, tenant, error, 0)  # the next day's upkeep tries again
        return
    lacks = [
        f"This account cannot {one.label}: {one.why}."
        for name in (_CONTENT, WHOLE_MAILS) if (one := can.get(name)) and not one.available
    ]  # fmt: skip
    found = {"seed": seed, "at": now, "of": of, "whole": whole, "lacks": " ".join(lacks)}
    with lanes.store.write() as conn:
        texts.keep(conn, tenant.id, found, rows)


def _judged(
    connector: Connector, kind: str, causes: Sequence[str], whole: bool
) -> list[dict[str, str]]:
    """Verdicts of mails or calls, by their causes."""
    ids = {cause.partition(":")[2]: cause for cause in causes}
    if not ids:
        return []
    try:
        read = {one.id: one for one in connector.read(_TYPES[kind], list(ids))}
    except (Forbidden, FeatureUnavailable, Invalid, NotFound):
        return [_row(cause, "unreadable") for cause in causes]
    return [
        _row(cause, "gone") if id not in read
        else _of_mail(cause, read[id], whole) if kind == EMAIL else _of_call(cause, read[id])
        for id, cause in ids.items()
    ]  # fmt: skip


def _of_mail(cause: str, record: CrmRecord, whole: bool) -> dict[str, str]:
    if "text" not in record.fields:
        return _row(cause, "unreadable")
    text = own_words(record.fields["text"])
    if not text:
        return _row(cause, "without_text")
    found = flaws_of_mail(record.fields.get("subject") or "", text, whole=whole)
    return _row(cause, "judged", found)


def _of_call(cause: str, record: CrmRecord) -> dict[str, str]:
    if "body" not in record.fields:
        return _row(cause, "unreadable")
    if unanswered(record.fields):
        return _row(cause, "unanswered")
    notes = plain(record.fields["body"] or "").strip()
    if not notes:
        return _row(cause, "without_text")
    return _row(cause, "judged", flaws_of_notes(notes))


def _row(cause: str, state: str, flaws: Sequence[Flaw] = ()) -> dict[str, str]:
    return {"cause": cause, "state": state, "flaws": " ".join(["", *flaws, ""])}
