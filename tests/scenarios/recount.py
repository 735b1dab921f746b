"""The manager's figures counted once more, from what the CRM itself holds and nothing else.

Knows the CRM's export (`GET /sandbox/export`) and the definitions as they are shown; no line of the
product and none of its tables. Slow and plain on purpose: every figure goes over all records.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median, stdev
from typing import Any
from zoneinfo import ZoneInfo

DIGEST = "Follow-up digest"
"""Title of the daily task that tells a manager of several deals: a message, nobody's follow-up."""

HOUR = 3_600_000
DAY = 24 * HOUR
INBOUND = ("reply", "called")
BUCKETS = (1, 3, 7, 14, 30)
CLOSED = ("won", "lost")


@dataclass
class Deal:
    """A deal with its whole past. acts: (instant, kind), oldest first."""

    id: str
    owner: str | None
    created: int
    kind: str
    stage: str
    amount: float | None
    entries: list[tuple[int, str, str]]  # (at, stage id, kind)
    pipeline: str = ""
    handed: int | None = None  # when its owner last changed
    acts: list[tuple[int, str]] = field(default_factory=list)
    next_at: int = 0
    ahead: bool = False
    booked: list[int] = field(default_factory=list)  # when meetings were booked
    stamped: int = 0  # what the CRM itself calls the last contact

    @property
    def open(self) -> bool:
        return self.kind not in CLOSED

    @property
    def out(self) -> list[tuple[int, str]]:
        return [act for act in self.acts if act[1] not in INBOUND]

    def contacts(self, since: int, until: int) -> int:
        """How often a rep turned to it; a task done with something logged is the same deed."""
        others = [at for at, kind in self.out if kind != "task"]
        return sum(
            since <= at <= until
            and not (kind == "task" and any(abs(at - one) <= 4 * HOUR for one in others))
            for at, kind in self.out
        )

    def first_out(self, after: int, *, at_once: bool = False, but: str = "") -> int | None:
        return min(
            (at for at, kind in self.out
             if kind != but and (at >= after if at_once else at > after)), default=None,
        )  # fmt: skip

    def stage_at(self, at: int) -> str | None:
        before = [stage for entered, stage, _ in self.entries if entered <= at]
        return before[-1] if before else None

    def last(self) -> int:
        times = [at for at, _ in self.acts] + self.booked
        return max([*times, self.stamped]) if times or self.stamped else self.created


@dataclass
class Task:
    """A task of ours. touch: the id that it carries. due_end: the end of its due day where its
    owner works. gone: when it was archived. resolved: its reason was gone before anybody did it."""

    touch: str
    kind: str
    created: int
    owner: str | None
    due: int
    due_end: int
    done: int | None
    open: bool
    deleted: bool
    gone: int | None
    resolved: bool
    deals: tuple[str, ...]
    contacts: tuple[str, ...]


class Recount:
    """Figures over an export, looking back `days` from its present."""

    def __init__(
        self,
        export: Mapping[str, Any],
        kinds: Mapping[str, str],
        days: int,
        *,
        left: Collection[str] = (),
        connected: int = 0,
    ) -> None:
        """left: touch ids of tasks whose reason went away after a rep had made them their own; the
        CRM does not tell them from others. connected: an inquiry is somebody without a deal who
        came, wrote or booked a meeting from then on."""
        self.now = int(export["now"])
        self.since = self.now - days * DAY
        self.kinds = kinds
        told = [t for t in export["tasks"] if DIGEST in t["properties"]["hs_task_subject"]]
        self._export = {**export, "tasks": [t for t in export["tasks"] if t not in told]}
        self._zones = {
            one["id"]: one["timezone"] or export["timezone"] for one in export["owners"]
        }
        self._zone = export["timezone"]
        self.tasks = [
            self._task(row)
            for row in self._export["tasks"]
            if self._ours(row) and row["properties"]["followthrough_touch_id"] not in left
        ]
        self.deals = {row["id"]: self._deal(row) for row in export["deals"] if _live(row)}
        self._connected = connected
        heard = {
            one["id"]
            for kind in ("emails", "meetings") for row in export[kind]
            if row["created_at"] >= connected
            and row["properties"].get("hs_email_direction") in (None, "INCOMING_EMAIL")
            for one in row["associations"].get("contacts", ())
        }  # fmt: skip
        self.inquiries = {
            row["id"]: self._inquiry(row)
            for row in export["contacts"]
            if _live(row) and (row["created_at"] >= connected or row["id"] in heard) and not any(
                one["id"] in self.deals for one in row["associations"].get("deals", ())
            )
        }  # fmt: skip
        self._log()

    # --- reading -----------------------------------------------------------------------------

    def _deal(self, row: Mapping[str, Any]) -> Deal:
        fields = row["properties"]
        stages = [
            (version[0], version[1], self.kinds[version[1]])
            for version in row["history"]["dealstage"]
        ]
        entries = [one for i, one in enumerate(stages) if not i or stages[i - 1][1] != one[1]]
        amount = fields.get("amount_in_home_currency") or (
            None if fields.get("deal_currency_code") else fields.get("amount")
        )
        ahead = fields.get("followthrough_next_touch_at")
        return Deal(
            row["id"], fields.get("hubspot_owner_id") or None, int(fields["createdate"]),
            self.kinds[fields["dealstage"]], fields["dealstage"],
            float(amount) if amount else None, entries, fields["pipeline"],
            _handed(row["history"].get("hubspot_owner_id", ())),
            next_at=int(fields.get("notes_next_activity_date") or 0), ahead=bool(ahead),
            stamped=int(fields.get("notes_last_contacted") or 0),
        )  # fmt: skip

    def _inquiry(self, row: Mapping[str, Any]) -> Deal:
        fields = row["properties"]
        owner = fields.get("hubspot_owner_id") or None
        return Deal(row["id"], owner, int(fields["createdate"]), "new", "", None, [])

    def _log(self) -> None:
        """Every mail, call, meeting held and completed task, on all that it is about."""
        people: dict[str, list[Deal]] = defaultdict(list)
        for row in self._export["deals"]:
            if row["id"] in self.deals:
                for one in row["associations"].get("contacts", ()):
                    people[one["id"]].append(self.deals[row["id"]])
        for key, deal in self.inquiries.items():
            people[key].append(deal)
        for kind in ("emails", "calls", "meetings", "tasks"):
            for row in self._export[kind]:
                act = _act(kind, row)
                if act is None and kind != "meetings":
                    continue
                linked = row["associations"]
                about = {
                    id(self.deals[one["id"]]): self.deals[one["id"]]
                    for one in linked.get("deals", ()) if one["id"] in self.deals
                }  # fmt: skip
                ours = kind == "tasks" and self._ours(row)
                for one in linked.get("contacts", ()):
                    # Our own task is about the record that it was written for.
                    if not (ours and about):
                        about.update({id(deal): deal for deal in people.get(one["id"], ())})
                for deal in about.values():
                    if kind == "meetings" and not row["archived"]:
                        deal.booked.append(row["created_at"])
                    if act is None:
                        continue
                    if act not in deal.acts or act[1] != "reply":
                        deal.acts.append(act)
        for deal in (*self.deals.values(), *self.inquiries.values()):
            deal.acts.sort()

    def _ours(self, row: Mapping[str, Any]) -> bool:
        return bool(row["properties"].get("followthrough_touch_id"))

    def _task(self, row: Mapping[str, Any]) -> Task:
        fields = row["properties"]
        due, owner = int(fields["hs_timestamp"]), fields.get("hubspot_owner_id") or None
        zone = ZoneInfo(self._zones.get(owner or "", self._zone))
        local = datetime.fromtimestamp(due / 1000, zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        completed = fields["hs_task_status"] == "COMPLETED"
        resolved = fields.get("followthrough_state") == "resolved"
        linked = row["associations"]
        return Task(
            fields["followthrough_touch_id"], fields["hs_task_type"].lower(), row["created_at"],
            owner, due, int(midnight.timestamp() * 1000),
            int(fields["hs_task_completion_date"]) if completed else None,
            not row["archived"] and not completed and not resolved,
            row["archived"] and not resolved and not completed,
            row["archived_at"],
            resolved and not completed,
            tuple(one["id"] for one in linked.get("deals", ())),
            tuple(one["id"] for one in linked.get("contacts", ())),
        )

    # --- today -------------------------------------------------------------------------------

    def standing(self) -> dict[str, tuple[int, int]]:
        """(hits, of) of what needs somebody."""
        there = [deal for deal in self.deals.values() if deal.open]
        asked = list(self.inquiries.values())
        tasks = [task for task in self.tasks if task.open]
        gone = {one["id"] for one in self._export["owners"] if one["archived"]}
        return {
            "Overdue tasks": (sum(one.due_end <= self.now for one in tasks), len(tasks)),
            "Deals that nobody owns": (
                sum(one.owner is None or one.owner in gone for one in there), len(there)
            ),
            "Inquiries that nobody owns": (
                sum(one.owner is None or one.owner in gone for one in asked), len(asked)
            ),
            **{
                f"Deals silent for {days} days": (
                    sum(self.now - one.last() >= days * DAY for one in there), len(there)
                )
                for days in (14, 7)
            },
            "Deals without a next step": (
                sum(not one.ahead and one.next_at <= self.now for one in there), len(there)
            ),
        }  # fmt: skip

    def people(self, owners: Collection[str | None]) -> dict[str, Any]:
        """How some owners stand, what is planned for them left out: that is not in the CRM yet."""
        tasks = [task for task in self.tasks if task.open and task.owner in owners]
        there = [deal for deal in self.deals.values() if deal.open and deal.owner in owners]
        due = [found for owner, found in self.completion().items() if owner in owners]
        return {
            "open": len(tasks), "overdue": sum(one.due_end <= self.now for one in tasks),
            "completion": (sum(one[1] for one in due), sum(one[0] for one in due)),
            "on_time": (sum(one[2] for one in due), sum(one[0] for one in due)),
            "deals": len(there),
            "silent": (sum(self.now - one.last() >= 14 * DAY for one in there), len(there)),
            "bare": (
                sum(not one.ahead and one.next_at <= self.now for one in there), len(there)
            ),
        }  # fmt: skip

    def teams(self) -> dict[str, set[str | None]]:
        """Team → its people, by the team that the CRM calls their own."""
        names = {one["id"]: one["name"] for one in self._export["teams"]}
        found: dict[str, set[str | None]] = defaultdict(set)
        found["no team"].add(None)
        for owner in self._export["owners"]:
            main = [names[one["id"]] for one in owner["teams"] if one["main"]]
            found[main[0] if main else "no team"].add(owner["id"])
        return found

    def by_week(self) -> dict[int, tuple[int, int, int]]:
        """Weeks ago → (due, completed, on time)."""
        found: dict[int, tuple[int, int, int]] = {}
        for task in self._fell_due():
            week = (self.now - task.due) // (7 * DAY)
            due, done, on_time = found.get(week, (0, 0, 0))
            found[week] = (
                due + 1, done + (task.done is not None),
                on_time + (task.done is not None and task.done - task.due <= DAY),
            )  # fmt: skip
        return found

    def handovers(self) -> tuple[int, int]:
        """(taken up within three days, changes of owner) of open deals."""
        changed = [
            (deal, deal.handed) for deal in self.deals.values()
            if deal.open and deal.owner and deal.handed is not None
            and self.since <= deal.handed <= self.now - 3 * DAY
        ]  # fmt: skip
        taken = sum(
            (first := deal.first_out(at)) is not None and first - at <= 3 * DAY
            for deal, at in changed
        )
        return taken, len(changed)

    def _fell_due(self) -> list[Task]:
        return [
            task for task in self.tasks
            if self.since < task.due <= self.now and (task.done or task.open or task.deleted)
        ]  # fmt: skip

    def completion(self) -> dict[str | None, tuple[int, int, int]]:
        """owner → (due, completed, on time) of the tasks that fell due and kept their reason."""
        found: dict[str | None, list[int]] = defaultdict(lambda: [0, 0, 0])
        for task in self._fell_due():
            row = found[task.owner]
            row[0] += 1
            row[1] += task.done is not None
            row[2] += task.done is not None and task.done - task.due <= DAY
        return {owner: (row[0], row[1], row[2]) for owner, row in found.items()}

    # --- speed -------------------------------------------------------------------------------

    def came_in(self, what: str = "") -> list[Deal]:
        """Deals that were created in the span, or inquiries that were since the connection; both
        where nothing is said."""
        deals = [] if what == "inquiry" else self.deals.values()
        asked = [] if what == "deal" else [
            one for one in self.inquiries.values() if one.created >= self._connected
        ]
        return [one for one in (*deals, *asked) if self.since <= one.created <= self.now]

    def first_contact(self, what: str = "", owner: str | None = "") -> dict[str, Any]:
        """owner: of those that this one owns now; empty: of all."""
        took = [
            None if (at := one.first_out(one.created, at_once=True)) is None else at - one.created
            for one in self.came_in(what) if owner == "" or one.owner == owner
        ]  # fmt: skip
        return _times(took)

    def contacts_made(self, what: str = "") -> list[int]:
        return sorted(one.contacts(one.created, self.now) for one in self.came_in(what))

    def responses(self) -> dict[str | None, list[int | None]]:
        """owner → until somebody reacted, for each answer that nobody had reacted to before."""
        found: dict[str | None, list[int | None]] = defaultdict(list)
        for deal, _, took in self._responses():
            found[deal.owner].append(took)
        return found

    def latest_responses(self) -> dict[tuple[str | None, str | None], list[int | None]]:
        """(owner, stage) → until somebody reacted, of each owner's twenty deals whose prospects
        answered last."""
        heard: dict[str | None, dict[str, int]] = defaultdict(dict)
        for deal, at, _ in self._responses():
            heard[deal.owner][deal.id] = max(at, heard[deal.owner].get(deal.id, 0))
        last = {
            owner: set(sorted(deals, key=lambda one, d=deals: -d[one])[:20])
            for owner, deals in heard.items()
        }
        took: dict[tuple[str | None, str | None], list[int | None]] = defaultdict(list)
        for deal, at, ms in self._responses():
            if deal.id in last[deal.owner]:
                took[deal.owner, deal.stage_at(at)].append(ms)
        return took

    def _responses(self) -> Iterator[tuple[Deal, int, int | None]]:
        for deal in self.deals.values():
            for number, (at, kind) in enumerate(deal.acts):
                if kind not in INBOUND or not self.since <= at <= self.now:
                    continue
                before = [act for act in deal.acts[:number] if act[0] < at]
                if before and before[-1][1] in INBOUND:
                    continue
                then = deal.first_out(at)
                yield deal, at, None if then is None else then - at

    def after(self, what: str) -> dict[str, Any]:
        took: list[int | None] = []
        for deal in self.deals.values():
            if what == "meeting":
                begun = [at for at, kind in deal.acts if kind == "meeting"]
            else:
                begun = [at for at, _, kind in deal.entries if kind == "proposal"]
            for at in begun:
                if self.since <= at <= self.now:
                    then = deal.first_out(at, but="meeting" if what == "meeting" else "")
                    took.append(None if then is None else then - at)
        return _times(took)

    # --- stages ------------------------------------------------------------------------------

    def stays(self) -> Iterable[tuple[Deal, int, str, str, int | None]]:
        for deal in self.deals.values():
            for number, (at, stage, kind) in enumerate(deal.entries):
                later = deal.entries[number + 1:]
                yield deal, at, stage, kind, later[0][0] if later else None

    def silence_map(self) -> dict[str, tuple[int, Counter[int]]]:
        """stage → (stays, bucket → stays whose first silence began there)."""
        found: dict[str, tuple[int, Counter[int]]] = {}
        for deal, entered, stage, kind, left in self.stays():
            if kind in CLOSED or (left is not None and left <= self.since):
                continue
            end = self.now if left is None else left
            n, buckets = found.get(stage, (0, Counter[int]()))
            times = [*(at for at, _ in deal.acts), *deal.booked]
            points = [entered, *sorted(at for at in times if entered < at < end), end]
            first = next(
                (one - entered for one, other in pairwise(points)
                 if other - one >= 14 * DAY), None,
            )  # fmt: skip
            if first is not None:
                number = next((i for i, end in enumerate(BUCKETS) if first < end * DAY), 5)
                buckets[number] += 1
            found[stage] = (n + 1, buckets)
        return found

    def terms(self) -> dict[tuple[str, str], tuple[int, int]]:
        """(stage, what it owes) → (judged, kept), by the times written down in the playbook."""
        booked: dict[str, list[int]] = defaultdict(list)
        for row in self._export["meetings"]:
            for one in row["associations"].get("deals", ()):
                booked[one["id"]].append(row["created_at"])
        owed = {
            "new": ((0, 4 * HOUR, "a contact within 4 hours"),),
            "qualified": (
                (0, DAY, "a contact within 1 day"),
                (DAY, 3 * DAY, "a contact after 1 day and by 3 days"),
                (0, 3 * DAY, "a meeting booked within 3 days"),
            ),
            "meeting_done": ((0, DAY, "a contact within 1 day"),),
            "proposal": (
                (0, 3 * DAY, "a contact within 3 days"),
                (3 * DAY, 7 * DAY, "a contact after 3 days and by 7 days"),
                (7 * DAY, 14 * DAY, "a contact after 7 days and by 14 days"),
            ),
            "negotiation": (
                (0, 3 * DAY, "a contact within 3 days"),
                (3 * DAY, 6 * DAY, "a contact after 3 days and by 6 days"),
                (6 * DAY, 9 * DAY, "a contact after 6 days and by 9 days"),
            ),
            "won": ((0, 7 * DAY, "a contact within 7 days"),),
            "lost": (
                (0, DAY, "a contact within 1 day"),
                (DAY, 7 * DAY, "a contact after 1 day and by 7 days"),
            ),
        }
        found: dict[tuple[str, str], tuple[int, int]] = {}
        for deal, entered, stage, kind, left in self.stays():
            if entered < self.since:
                continue
            for start, end, text in owed.get(kind, ()):
                over = entered + end
                if over > self.now or (left is not None and left < over):
                    continue
                times = booked[deal.id] if "meeting" in text else [at for at, _ in deal.out]
                kept = any(entered + start <= at <= over for at in times)
                n, hits = found.get((stage, text), (0, 0))
                found[stage, text] = (n + 1, hits + kept)
        return found

    # --- closings ----------------------------------------------------------------------------

    def closed(self) -> list[Deal]:
        return [
            deal for deal in self.deals.values()
            if not deal.open and self.since <= deal.entries[-1][0] <= self.now
        ]  # fmt: skip

    def by_contacts(self) -> dict[str, tuple[int, int]]:
        """How often a rep turned to it → (closed, won)."""
        found: dict[str, tuple[int, int]] = {}
        for deal in self.closed():
            number = deal.contacts(deal.created, deal.entries[-1][0])
            key = (
                "none" if not number else "1 or 2" if number < 3
                else "3 or 4" if number < 5 else "5 and more"
            )  # fmt: skip
            n, won = found.get(key, (0, 0))
            found[key] = (n + 1, won + (deal.kind == "won"))
        return found

    def contacts_of_won(self) -> list[int]:
        return [
            deal.contacts(deal.created, deal.entries[-1][0])
            for deal in self.closed() if deal.kind == "won"
        ]  # fmt: skip

    def velocity(self, pipeline: str) -> dict[str, Any]:
        closed = [deal for deal in self.closed() if deal.pipeline == pipeline]
        there = [deal for deal in self.deals.values() if deal.open and deal.pipeline == pipeline]
        money = worth_of(closed)
        won = [deal for deal in closed if deal.kind == "won"]
        known = [deal for deal in won if deal.amount is not None]
        mean = money["revenue"] / len(known) if known else None
        cycle = median(deal.entries[-1][0] - deal.created for deal in won) if won else None
        speed = None
        if mean is not None and cycle and len(closed) >= 10:
            speed = len(there) * mean * (len(won) / len(closed)) / (cycle / DAY)
        return {
            "open": len(there), "value": sum(deal.amount or 0 for deal in there), **money,
            "mean": mean, "cycle": cycle, "speed": speed,
        }  # fmt: skip

    def closed_by(self) -> dict[str | None, dict[str, Any]]:
        """Owner → what was closed of theirs."""
        found: dict[str | None, list[Deal]] = defaultdict(list)
        for deal in self.closed():
            found[deal.owner].append(deal)
        return {owner: worth_of(deals) for owner, deals in found.items()}

    def momentum_lost(self) -> dict[str, Counter[str]]:
        """stage → who did the last thing, of deals lost and of open ones that are silent."""
        found: dict[str, Counter[str]] = defaultdict(Counter)
        for deal, stage, end in self._ended():
            acts = [act for act in deal.acts if act[0] <= end]
            how = "never" if not acts else "ours" if acts[-1][1] in INBOUND else "theirs"
            found[stage][how] += 1
        return found

    def timing(self) -> tuple[int, int, int]:
        """Deals lost after two weeks of nothing, lost otherwise, and open ones that are silent."""
        quiet, otherwise, silent = 0, 0, 0
        for deal, _, end in self._ended():
            if deal.open:
                silent += 1
                continue
            times = [*(at for at, _ in deal.acts), *deal.booked]
            last = max([at for at in times if at <= end], default=deal.created)
            quiet += end - last >= 14 * DAY
            otherwise += end - last < 14 * DAY
        return quiet, otherwise, silent

    def _ended(self) -> Iterator[tuple[Deal, str, int]]:
        """Deals lost, with the stage before and when; silent ones with their stage and now."""
        for deal in self.deals.values():
            if deal.open:
                if self.now - deal.last() >= 14 * DAY:
                    yield deal, deal.stage, self.now
            elif deal.kind == "lost" and self.since <= deal.entries[-1][0] <= self.now:
                end = deal.entries[-1][0]
                before = [entry for entry in deal.entries if entry[0] < end]
                yield deal, before[-1][1] if before else "", end


def worth_of(closed: Sequence[Deal]) -> dict[str, Any]:
    """Deals won and lost, and what those won were worth as far as it is known."""
    won = [deal for deal in closed if deal.kind == "won"]
    return {
        "won": len(won), "lost": len(closed) - len(won), "rate": (len(won), len(closed)),
        "revenue": sum(deal.amount for deal in won if deal.amount is not None),
    }  # fmt: skip


def _times(took: list[int | None]) -> dict[str, Any]:
    reached = [one for one in took if one is not None]
    return {
        "n": len(took),
        "hour": sum(one <= HOUR for one in reached),
        "day": sum(one <= DAY for one in reached),
        "never": len(took) - len(reached),
        "median": median(reached) if reached else None,
    }


def _handed(versions: Sequence[Sequence[Any]]) -> int | None:
    """When the owner became another; None where there was one alone."""
    changes = [
        later[0] for before, later in pairwise(versions) if (before[1] or "") != (later[1] or "")
    ]
    return changes[-1] if changes else None


def spreads(took: Sequence[int | None]) -> dict[str, Any]:
    """How those lie that have a length, and how many have none."""
    done = sorted(one for one in took if one is not None)
    several = len(done) > 1

    def quarter(part: float) -> float:
        place = part * (len(done) - 1)
        low, rest = int(place), place % 1
        return done[low] + (done[min(low + 1, len(done) - 1)] - done[low]) * rest

    return {
        "n": len(done), "waiting": len(took) - len(done),
        "median": median(done) if done else None,
        "low": quarter(0.25) if several else None, "high": quarter(0.75) if several else None,
        "mean": sum(done) / len(done) if done else None,
        "deviation": stdev(done) if several else None,
    }  # fmt: skip


def _live(row: Mapping[str, Any]) -> bool:
    return not row["archived"]


def _act(kind: str, row: Mapping[str, Any]) -> tuple[int, str] | None:
    fields = row["properties"]
    if kind == "tasks":
        if row["archived"] or fields["hs_task_status"] != "COMPLETED":
            return None
        return int(fields["hs_task_completion_date"]), "task"
    if row["archived"]:
        return None
    if kind == "emails":
        came = fields["hs_email_direction"] == "INCOMING_EMAIL"
        return int(fields["hs_timestamp"]), "reply" if came else "email"
    if kind == "calls":
        return int(fields["hs_timestamp"]), (
            "called" if fields.get("hs_call_direction") == "INBOUND" else "call"
        )
    if fields.get("hs_meeting_outcome") != "COMPLETED":
        return None
    return int(fields["hs_meeting_start_time"]), "meeting"
