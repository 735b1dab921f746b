"""The result as a person reads it, and where to look further."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from demo.figures import Figures
from demo.session import Session

_REASONS = {
    "replied": "the prospect replied",
    "meeting_booked": "a meeting was booked",
    "meeting_held": "a meeting was held meanwhile",
    "stage_left": "the deal left the stage",
    "closed_won": "the deal was won",
    "closed_lost": "the deal was lost",
    "goal_reached": "the goal was reached",
    "opted_out": "the person opted out",
    "bounced": "a message bounced",
    "stopped_by_rep": "a rep stopped it",
    "record_deleted": "the record was deleted",
    "became_deal": "the inquiry became a deal",
    "finished": "all steps were done",
    "merge": "another task of ours is open",
    "stands_already": "the same task stood open",
    "quiet_hours": "outside the person's call hours",
    "paused": "a rep paused it",
    "rep_budget": "the rep's day is full",
    "cap_7_days": "the person had enough touches in 7 days",
    "cap_30_days": "the person had enough touches in 30 days",
}
_SHOWN_PROBLEMS = 20


def words(reason: str) -> str:
    """A reason code as a person would say it."""
    return _REASONS.get(reason, reason.replace("_", " "))


def show(console: Console, figures: Figures) -> None:
    """Stages, rules, stop reasons, what was not done, reps, and the checker's verdict."""
    console.print()
    _stages(console, figures.result)
    _rules(console, figures.result)
    _reasons(console, "Follow-ups that ended", figures.result["stopped"])
    _reasons(console, "Steps dropped", figures.dropped)
    _reasons(console, "Steps that still wait", figures.deferred)
    _reps(console, figures.result)
    _verdict(console, figures)


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False
    )
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left")
    return table


def _stages(console: Console, result: Mapping[str, Any]) -> None:
    table = _table("Stages", "stage", "kind", "entries", "records now", "follow-ups begun")
    for row in result["stages"]:
        table.add_row(
            row["label"], row["kind"],
            *(f"{row[name]:,}" for name in ("entries", "now", "enrolments")),
        )  # fmt: skip
    console.print(table)


def _rules(console: Console, result: Mapping[str, Any]) -> None:
    columns = ("rule", "begun", "running", "tasks", "done by rep", "archived", "open", "dropped")
    table = _table("Rules", *columns)
    for rule in result["rules"]:
        live: Counter[str] = Counter(rule["enrolments"])
        live.pop("shadow", None)
        outcomes, touches = rule["outcomes"], rule["touches"]
        numbers = (
            live.total(), live["active"], touches.get("performed", 0),
            outcomes.get("completed", 0), outcomes.get("resolved", 0), outcomes.get("open", 0),
            touches.get("dropped", 0),
        )  # fmt: skip
        table.add_row(rule["rule"], *(f"{number:,}" for number in numbers))
    console.print(table)


def _reasons(console: Console, title: str, counts: Mapping[str, int]) -> None:
    if not counts:
        return
    table = _table(title, "why", "how many")
    for reason, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        table.add_row(words(reason), f"{count:,}")
    console.print(table)


def _reps(console: Console, result: Mapping[str, Any]) -> None:
    table = _table("Open tasks", "rep", "open", "due", "overdue")
    for row in result["open_tasks"]:
        table.add_row(
            row["name"] or "nobody", *(str(row[name]) for name in ("open", "due", "overdue"))
        )
    console.print(table)


def _verdict(console: Console, figures: Figures) -> None:
    verdict, problems = figures.verdict, figures.problems
    console.print(
        f"The checker read the CRM alone: {verdict.owed:,} steps were owed, {verdict.tasks:,} "
        f"tasks stand on record, {len(verdict.duplicates)} twice, {len(verdict.missing)} missing, "
        f"{sum(verdict.deferred.values())} put off for a reason that the CRM shows; at most "
        f"{verdict.max_open_per_rep} due at once with one rep."
    )
    console.print(
        f"{figures.stats['total']:,} calls to the CRM for {figures.performed:,} touches, "
        f"{figures.stats['http_429']} refused for rate; {figures.seconds:.0f} seconds in all."
    )
    for used in figures.stats.get("tokens", {}).values():
        console.print(
            f"On the busiest day of business time {used['busiest_day']:,} tokens of the company's "
            f"{used['allowance']:,} went."
        )
    for problem in problems[:_SHOWN_PROBLEMS]:
        console.print(problem, style="red", markup=False)
    if len(problems) > _SHOWN_PROBLEMS:
        console.print(f"… and {len(problems) - _SHOWN_PROBLEMS} more", style="red")


def addresses(console: Console, session: Session, figures: Figures) -> None:
    """Sign-in links and the pages worth opening."""
    console.print("\n[bold]Sign in[/] (each link works once):")
    for role, email in session.roles.items():
        if email:
            link = session.admin.signin_link(email)
            console.print(f"  {role:<8} {link}  ({email})", soft_wrap=True)
    app, crm = session.servers.app_url, session.servers.sandbox_url
    console.print("[bold]Then look at[/]:")
    console.print(f"  result   {app}/")
    if (subject := _busiest(figures)) is not None:
        console.print(f"  ledger   {app}/subjects/{subject}")
    console.print(f"  health   {app}/health")
    console.print(f"  CRM      {crm}/crm/")
    console.print(
        "Business time stands still now: what you do in the CRM is followed up at this instant. "
        "Ctrl-C ends both servers."
    )


def _busiest(figures: Figures) -> str | None:
    counts = Counter(
        f"{touch['subject_type']}/{touch['subject_id']}"
        for touch in figures.touches
        if touch["state"] == "performed"
    )
    return counts.most_common(1)[0][0] if counts else None
