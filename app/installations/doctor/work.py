"""What waits, what failed and what came in: the work of one installation, from the database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection

from app.installations.config import Config
from app.installations.doctor.findings import About, Finding
from app.installations.registry import POLLED, WEBHOOK
from app.installations.settings import Settings
from app.model.time import DAY, HOUR, MINUTE, SECOND, Business, Wall
from app.store import calls, cursors, figures, footprint
from app.store.sets import loads

Row = Mapping[Any, Any]

LATE_MS = HOUR
"""Work this late, in business time, is worth a word; a minute is not."""

INBOX_MS = 10 * MINUTE
SILENT_MS = 3 * DAY
"""Without a webhook for so long something is wrong: a weekend lasts two days."""

FIRST_MS = HOUR
REFUSED_MS = DAY


def webhooks(
    say: About, conn: Connection, config: Config, row: Row, wall: Wall
) -> Iterator[Finding]:
    heard = cursors.number(conn, row["id"], WEBHOOK)
    address = f"{config.url}/webhooks/{row['crm']}"
    check = (
        f"See that the CRM's app sends to {address} and that the server can be reached from "
        "outside; changes are noticed by the hourly look until then."
    )
    if not heard and wall - row["installed_wall"] > FIRST_MS:
        yield say.attention(
            "no_webhook", "No webhook has come from this account yet.",
            "Changes are noticed once an hour instead of at once.", check,
        )  # fmt: skip
    elif heard and wall - heard > SILENT_MS:
        yield say.attention(
            "webhooks_silent", f"The last webhook came {_days(wall - heard)} ago.",
            "Either nobody works in the CRM, or changes no longer reach us at once.", check,
        )  # fmt: skip
    for refused in calls.refused(conn):
        last = refused["last_wall"]
        # One that came in since shows secret and address to be right: a stranger was refused.
        mine = refused["reason"] == "webhook_signature" and last > heard
        if mine and wall - last < REFUSED_MS:
            yield say.wrong(
                "webhooks_refused",
                f"Webhooks were refused because their signature was wrong or too old "
                f"({refused['count']:,} in all, of the whole server).",
                "If they were the CRM's, changes are lost until the hourly look.",
                f"Check that {row['crm'].upper()}_CLIENT_SECRET is the app's secret, that the app "
                f"sends to exactly {address}, and that this machine's clock is right.",
            )  # fmt: skip


def polls(
    say: About, conn: Connection, row: Row, settings: Settings, now: Business | None
) -> Iterator[Finding]:
    """Of a CRM that sends no webhooks: whether it is asked for changes."""
    last = cursors.number(conn, row["id"], POLLED)
    late = 5 * settings.poll_seconds * SECOND
    if last and now is not None and now - last > late:
        yield say.attention(
            "poll_late",
            f"The CRM was last asked for changes {(now - last) // MINUTE:,} minutes ago.",
            "What happens there is noticed late, replies and opt-outs too.",
            "See that bin/serve runs, and what the CRM says under “Connection”: a daily allowance "
            "of calls that is used up holds everything up.",
        )  # fmt: skip


def work(
    say: About, conn: Connection, row: Row, now: Business | None, wall: Wall
) -> Iterator[Finding]:
    inst = row["id"]
    for name, why in loads(cursors.get(conn, inst, "install_refused") or "[]"):
        yield say.attention(
            "property_refused", f"The CRM refused our field {name or '(all of them)'}: {why}",
            "What it should carry is not written to the CRM.",
            "Connect the account again as a super admin.",
        )  # fmt: skip
    lost = footprint.lost(conn, inst)
    if lost:
        yield say.attention(
            "property_lost", f"The CRM does not have {', '.join(lost)} any more: deleted there.",
            "Follow-ups go on, but what these fields show or let a rep set does not work.",
            "Press Repair under Set-up; the fields are made again.",
        )  # fmt: skip
    failed = figures.failed_work(conn, inst)
    if failed:
        yield say.attention(
            "failed_work", f"{_many(failed)} touches failed or keep failing, such as: "
            f"{failed[0]['error'] or failed[0]['state']}",
            "What they should do is not done, or nobody knows whether it was.",
            "See Health for each of them and its error.",
        )  # fmt: skip
    events = figures.failing_events(conn, inst)
    if events:
        yield say.attention(
            "failing_events", f"{_many(events)} events cannot be worked off: {events[0]['error']}",
            "What they tell is not taken in.", "See Health; the server's log has the details.",
        )  # fmt: skip
    waits = figures.backlog_of_work(conn, inst)
    since, due = waits["oldest_event_wall"], waits["oldest_due_at"]
    if since is not None and wall - since > INBOX_MS and not events:
        yield say.attention(
            "inbox_waits", f"Events wait for {_minutes(wall - since)} minutes.",
            "What happened in the CRM is not taken in.", "See that bin/serve is running.",
        )  # fmt: skip
    if now is not None and due is not None and now - due > LATE_MS and not row["stopped"]:
        yield say.attention(
            "late", f"Work is {_minutes(now - due)} minutes late.",
            "Tasks appear in the CRM later than they should.",
            "See that bin/serve is running, and under Health what holds it up.",
        )  # fmt: skip
    if row["not_before_wall"] > wall:
        yield say.note(
            "held_off", "The CRM asked us to slow down.",
            "Calls wait for a moment; nothing is lost.", "Nothing to do.",
        )  # fmt: skip


def _many(rows: list[dict[str, Any]]) -> str:
    return "100 or more" if len(rows) >= 100 else str(len(rows))


def _minutes(ms: int) -> str:
    return f"{ms // MINUTE:,}"


def _days(ms: int) -> str:
    days = ms // DAY
    return f"{days} day{'s' if days != 1 else ''}"
