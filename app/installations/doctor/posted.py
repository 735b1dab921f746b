"""Events of the customer's own tools: those that belong to nobody, and those that never came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from sqlalchemy import Connection

from app.installations.doctor.findings import About, Finding
from app.model.events import QUOTED, is_name
from app.store import events, playbooks
from app.store.sets import loads

_QUOTES = " Or let us read the quotes of the CRM: Connection says what that takes."


def posted(say: About, conn: Connection, inst: int) -> Iterator[Finding]:
    """Findings about posted events, and about rules in force that wait for none that ever came."""
    number = events.count_refused(conn, inst)
    if number:
        yield say.attention(
            "events_refused", f"{number:,} events of your tools belong to nobody.",
            "Nothing follows from them: no contact has their address or id, or several have.",
            "Open Health; each says what to do, and can be placed again.",
        )  # fmt: skip
    came = events.arrived(conn, inst)
    states = {row["rule"]: row for row in playbooks.states(conn, inst).values()}
    in_force = {rule: row for rule, row in states.items() if row["mode"] != "off"}
    versions = playbooks.load(conn, {row["version_id"] for row in in_force.values()})
    for key, state in sorted(in_force.items()):
        version = versions.get(state["version_id"])
        rules = loads(version["data"])["rules"] if version is not None else ()
        whens = [rule["when"] for rule in rules if rule["id"] == key.partition("/")[2]]
        wanted = {name for when in whens for name in _waits_for(when)}
        if wanted and not wanted & came:
            yield say.attention(
                "event_never_came",
                f"The rule {key} waits for {' or '.join(sorted(wanted))}, which never came.",
                "It decides nothing without that.",
                "Have your tool post the event (docs/events.md); Set-up has the key and a test."
                + (_QUOTES if any(name in QUOTED for name in wanted) else ""),
            )  # fmt: skip


def _waits_for(when: Mapping[str, Any]) -> set[str]:
    """The events of which one must come; none where another signal sets the rule off too."""
    event, surge, date = when.get("event"), when.get("surge"), when.get("date")
    if date is not None and str(date["field"]).removeprefix("deal.") == "quote_expires":
        return {"quote_sent"}  # which alone brings such a date
    named: Any = surge["of"] if surge is not None else event
    if isinstance(event, dict):
        named = cast(dict[str, Any], event)["name"]
    found: set[str] = {named} if isinstance(named, str) else set(named or ())
    return found if all(map(is_name, found)) else set[str]()
