"""How pages write instants, lengths, amounts and the product's words."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, g
from markupsafe import Markup

from app.model.time import DAY, HOUR, MINUTE, SECOND, iso, to_datetime
from app.model.vocabulary import Mode

WORDS = {
    "stage_left": "left the stage",
    "closed_won": "closed as won",
    "closed_lost": "closed as lost",
    "replied": "replied",
    "meeting_booked": "booked a meeting",
    "opted_out": "opted out",
    "bounced": "e-mail bounced",
    "stopped_by_rep": "stopped by the rep",
    "record_deleted": "record deleted",
    "goal_reached": "reached the goal",
    "finished": "all steps done",
    "became_deal": "became a deal",
    "lead_closed": "lead archived",
    "shadow_over": "the rule's mode changed first",
    "no_longer_owed": "its reason was gone first",
    "stands_already": "the same task stood open",
    "discarded": "discarded with the backlog",
    "sequence_gone": "its version has no such sequence",
    "left_out": "new, and not for this one",
    "app_left": "Followthrough left the account",
    "rule_off": "rule switched off",
    "stopped_by_rule": "stopped by another rule",
    "task_overdue": "overdue:",
    "no_owner": "nobody owns this record: nobody follows up",
    "owner_left": "the owner is no longer active in the CRM; a stand-in gets the tasks",
    "no_next_step": "no next step is planned",
    "nobody_covers": "urgent, but the owner is away and nobody stands in",
    "meeting_done": "meeting done",
    "oauth_state_foreign": "connection finished in another browser",
    "oauth_state_invalid": "connection not started here",
    "oauth_state_old": "consent took too long",
    "oauth_denied": "consent denied",
    "webhook_signature": "webhook not signed by the vendor, or too old",
    "card_signature": "request of a card not signed by the vendor, or too old",
    "webhook_unknown_account": "webhook of an account that is not connected",
    "webhook_malformed": "webhook without a list of events",
}


def words(code: Any) -> str:
    """A code as people read it: `stage_left` → "left the stage"."""
    text = str(code or "")
    return WORDS.get(text, text.replace("_", " "))


def when(instant: int | None, short: bool = False) -> Markup:
    """An instant in the page's zone, with its exact form for machines; a dash for none."""
    if instant is None:
        return Markup("–")
    shown = _written(to_datetime(instant).astimezone(_zone()), short)
    return Markup('<time datetime="{}">{}</time>').format(iso(instant), shown)


def moment(instant: int, zone: str) -> str:
    """An instant in a zone, in a sentence."""
    return _written(to_datetime(instant).astimezone(ZoneInfo(zone)), short=True)


def _written(local: datetime, short: bool) -> str:
    year = "" if short else f" {local:%Y}"
    return f"{local:%a} {local.day} {local:%b}{year}, {local:%H:%M}"


def _zone() -> ZoneInfo:
    try:
        return ZoneInfo(str(g.get("zone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def lasting(ms: int | None) -> str:
    """A length of time in its largest whole unit: "3 days", "12 min"."""
    for unit, name in ((DAY, "day"), (HOUR, "hour"), (MINUTE, "min"), (SECOND, "s")):
        count = (ms or 0) // unit
        if count >= 1:
            plural = "s" if count != 1 and name in ("day", "hour") else ""
            return f"{count:,} {name}{plural}"
    return "nothing" if not ms else f"{ms} ms"


def took(ms: float | None) -> str:
    """How long something took, as precise as it matters: "12 min", "5.3 h", "3.4 days"."""
    if ms is None:
        return "–"
    if ms < HOUR:
        return f"{ms / MINUTE:.0f} min"
    return f"{ms / HOUR:.1f} h" if ms < 2 * DAY else f"{ms / DAY:,.1f} days"


def percent(rate: float) -> str:
    """A share in per cent, with a decimal where it is small."""
    return f"{rate:.1%}" if 0.0005 < rate < 0.1 else f"{rate:.0%}"


def amount(value: float | None, currency: str | None) -> str:
    """An amount; unknown is said and never shown as zero."""
    return "unknown" if value is None else f"{value:,.2f} {currency or ''}".strip()


def told(mode: str, backlog: int) -> str:
    """What an activation did, with what records would owe already."""
    done = {Mode.OFF.value: "Switched off.", Mode.LIVE.value: "Live."}.get(mode, f"Set to {mode}.")
    if not backlog or mode == Mode.OFF.value:
        return done
    records = f"{backlog:,} record{'' if backlog == 1 else 's'}"
    if mode == Mode.LIVE.value:
        return f"{done} What {records} owe from before waits as backlog."
    return f"{done} Live, it would find something owed already on {records}."


def register(app: Flask) -> None:
    """Make the formats known to templates."""
    app.add_template_filter(words, "words")
    app.add_template_filter(when, "when")
    app.add_template_filter(lasting, "lasting")
    app.add_template_filter(took, "took")
    app.add_template_filter(percent, "percent")
    app.add_template_global(amount, "amount")
