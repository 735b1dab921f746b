"""All pages of figures beside the recount, figure by figure and cell by cell.

`CHECKS` names what each figure is held against; a figure that stands on a page and not there fails.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import fmean, median, stdev
from typing import Any

import pytest
from rich.console import Console
from ruamel.yaml import YAML

from demo.processes import ROOT, Servers
from demo.session import Session
from demo.session import begin as begin_session
from tests.scenarios.recount import CLOSED, DAY, HOUR, Recount, spreads
from tests.scenarios.recount_follow_ups import FollowUps
from tests.scenarios.recount_promises import cells, first_steps

PAGES = ("today", "speed", "sequences", "pipeline", "audit", "week")
REACH = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 8), (9, 10**6))
HOW = ("never", "ours", "theirs")
OLD = 20 * 60_000
"""Kept figures are old by then."""

COUNTS = 200
"""Figures are counted one at a time; there are fewer."""

PATIENCE_S = 600

Row = Mapping[str, Any]
Page = Mapping[str, Any]


@dataclass
class Played:
    """What an account shows: its export and its pages, before anything ran and at the end.

    days: how far the pages look back. playbooks: presets that ran. tables: (page, figure) → CSV.
    """

    kinds: Mapping[str, str]
    before: Mapping[str, Any]
    audit: Page
    after: Mapping[str, Any]
    pages: dict[str, Page]
    touches: Sequence[Row]
    ledger: Sequence[Row]
    playbooks: tuple[str, ...]
    tables: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    days: int = 60

    def __post_init__(self) -> None:
        left = {one["id"] for one in self.touches if one["outcome"] == "left"}
        connected = int(self.before["now"])
        at = int(self.pages["today"]["at"])
        self.counted = Recount(
            {**self.after, "now": at}, self.kinds, self.days, left=left, connected=connected
        )
        self.titles, self.steps = steps_of(self.playbooks)
        self.follow_ups = FollowUps(self.counted, self.after, self.touches, self.ledger)
        self.owners: dict[str | None, str] = {
            None: "nobody",
            **{o["id"]: f"{o['first_name']} {o['last_name']}" for o in self.after["owners"]},
        }
        self.stages = {
            one["id"]: one["label"] for pipe in self.after["pipelines"] for one in pipe["stages"]
        }

    def rows(self, page: str, figure: str) -> list[dict[str, Any]]:
        return rows(self.pages[page], figure)

    def note(self, page: str, figure: str) -> str:
        found = (one for one in self.pages[page]["figures"] if one["figure"] == figure)
        return str(next(found)["note"])


def steps_of(
    playbooks: Iterable[str],
) -> tuple[dict[str, str], dict[tuple[str, str], tuple[str, str]]]:
    """Definition → what it is called, and (definition, step) → the step's title and template, as
    the presets' files say."""
    titles: dict[str, str] = {}
    steps: dict[tuple[str, str], tuple[str, str]] = {}
    for name in playbooks:
        text = (ROOT / "sequence_defs" / f"{name}.yaml").read_text(encoding="utf-8")
        written = YAML(typ="safe").load(text)
        listed = [(one, one["steps"]) for one in written.get("sequences", ())]
        for rule in written["rules"]:
            tasks = [act["create_tasks"] for act in rule["then"] if "create_tasks" in act]
            listed += [(rule, found) for found in tasks]
        for one, found in listed:
            key = f"{name}/{one['id']}"
            titles[key] = one.get("title", key)
            for step in found:
                told = step.get("subject", step["id"])
                steps[key, step["id"]] = (told, step.get("template") or step["email"])
    return titles, steps


def rows(page: Page, figure: str) -> list[dict[str, Any]]:
    return next(one for one in page["figures"] if one["figure"] == figure)["rows"]


# --- cells ---------------------------------------------------------------------------------------


def part(cell: Row) -> tuple[int, int]:
    """(hits, of), once its rate is seen to be theirs."""
    hits, n = cell["hits"], cell["n"]
    if cell["rate"] is not None:
        assert cell["rate"] == pytest.approx(hits / n)
    if "low" in cell:
        assert (cell["rate"] is None) == (n < 10)
        low, high = interval(hits, n)
        assert n < 10 or (cell["low"], cell["high"]) == pytest.approx((low, high))
    return hits, n


def interval(hits: int, n: int) -> tuple[float, float]:
    """Wilson's, as the two shares that lie 1.96 standard errors of their own from the one seen."""
    if not n:
        return 0.0, 1.0
    z = 1.959963984540054
    a, b, c = n + z * z, -(2 * hits + z * z), hits * hits / n
    root = max(0.0, b * b - 4 * a * c) ** 0.5
    return max(0.0, (-b - root) / (2 * a)), min(1.0, (-b + root) / (2 * a))


def took(row: Row) -> dict[str, Any]:
    assert {part(row[name])[1] for name in ("hour", "day", "never")} == {row["n"]}
    return {
        "n": row["n"], "median": row["median"],
        **{name: row[name]["hits"] for name in ("hour", "day", "never")},
    }  # fmt: skip


def spread_of(row: Row) -> dict[str, Any]:
    names = ("n", "waiting", "median", "low", "high", "mean", "deviation")
    return {name: row[name] for name in names}


def mean_told(note: str, found: list[int]) -> bool:
    """Whether a note tells mean, its interval and median of these."""
    if len(found) < 10:
        return note.startswith("not enough data yet")
    mean = fmean(found)
    error = 1.96 * stdev(found) / len(found) ** 0.5
    middles = (f"median {median(found):g}", f"{median(found):g} on the median")
    between = f"(95 %: {mean - error:.1f} to {mean + error:.1f})"
    return f"{mean:.1f}" in note and between in note and any(one in note for one in middles)


# --- today ---------------------------------------------------------------------------------------


def standing(played: Played, page: str) -> None:
    assert {row["what"]: part(row["part"]) for row in played.rows(page, "standing")} == (
        played.counted.standing()
    )
    bare, n = played.counted.standing()["Deals without a next step"]
    said = f"Coverage: {n - bare:,} of {n:,} open" if n else "No deal is open"
    assert said in played.note(page, "standing")


def _people(row: Row) -> dict[str, Any]:
    counts = {name: row[name] for name in ("open", "overdue", "deals")}
    return counts | {
        name: part(row[name]) for name in ("completion", "on_time", "silent", "bare")
    }


def reps(played: Played, page: str) -> None:
    coming = played.follow_ups.coming()
    shown = {row["rep"]: row for row in played.rows(page, "reps")}
    for owner, name in played.owners.items():
        expected = played.counted.people({owner})
        if name in shown:
            assert _people(shown[name]) == expected, name
            assert shown[name]["coming"] == coming[owner], name
        else:
            assert not expected["open"] + expected["deals"] + expected["completion"][1], name
            assert not coming[owner], name


def teams(played: Played, page: str) -> None:
    coming = played.follow_ups.coming()
    shown = {row["team"]: row for row in played.rows(page, "teams")}
    for team, people in played.counted.teams().items():
        expected = played.counted.people(people)
        if team in shown:
            assert _people(shown[team]) == expected, team
            assert shown[team]["coming"] == sum(coming[one] for one in people), team
        else:
            assert not expected["open"] + expected["deals"] + expected["completion"][1], team


def completion(played: Played, page: str) -> None:
    shown = played.rows(page, "completion")
    weeks = played.counted.by_week()
    assert [
        (row["due"], row["completion"]["hits"], row["on_time"]["hits"]) for row in reversed(shown)
    ] == [weeks.get(week, (0, 0, 0)) for week in range(len(shown))]
    assert max(weeks, default=0) < len(shown)
    assert all(part(row[name])[1] == row["due"] for row in shown for name in (
        "completion", "on_time"
    ))  # fmt: skip


def handovers(played: Played, page: str) -> None:
    (row,) = played.rows(page, "handovers")
    assert part(row["share"]) == played.counted.handovers()


# --- speed ---------------------------------------------------------------------------------------

KINDS = {"Deals": "deal", "Inquiries without a deal": "inquiry", "All": ""}


def first_contact(played: Played, page: str) -> None:
    assert {row["what"]: took(row) for row in played.rows(page, "first_contact")} == {
        label: played.counted.first_contact(what) for label, what in KINDS.items()
    }


def first_contact_reps(played: Played, page: str) -> None:
    owners = {one.owner for one in played.counted.came_in()}
    assert {row["rep"]: took(row) for row in played.rows(page, "first_contact_reps")} == {
        played.owners[owner]: played.counted.first_contact(owner=owner) for owner in owners
    }


def contacts_made(played: Played, page: str) -> None:
    shown = played.rows(page, "contacts_made")
    for what in ("deal", "inquiry"):
        made = played.counted.contacts_made(what)
        assert [part(row[what]) for row in shown] == [
            (sum(low <= one <= high for one in made), len(made)) for low, high in REACH
        ], what
    made = played.counted.contacts_made()
    note = played.note(page, "contacts_made")
    assert mean_told(note, made), note
    if len(made) >= 10:
        one, five = (sum(found >= least for found in made) for least in (1, 5))
        assert f"At least one: {one:,} of {len(made):,}; five and more: {five:,} of" in note


def responses(played: Played, page: str) -> None:
    found = played.counted.responses()
    expected = {played.owners[owner]: spreads(times) for owner, times in found.items()}
    expected["All"] = spreads([one for times in found.values() for one in times])
    shown = {row["rep"]: spread_of(row) for row in played.rows(page, "responses")}
    assert set(shown) == set(expected)
    for name, row in shown.items():
        assert row == pytest.approx(expected[name]), name


def response_variance(played: Played, page: str) -> None:
    expected = {
        (played.owners[owner], played.stages.get(stage or "", "no stage")): spreads(times)
        for (owner, stage), times in played.counted.latest_responses().items()
    }
    shown = {
        (row["rep"], row["stage"]): spread_of(row)
        for row in played.rows(page, "response_variance")
    }
    assert set(shown) == set(expected)
    for key, row in shown.items():
        assert row == pytest.approx(expected[key]), key


def followed_on(played: Played, page: str) -> None:
    meeting, proposal = played.rows(page, "followed_on")
    assert took(meeting) == played.counted.after("meeting")
    assert took(proposal) == played.counted.after("proposal")


def promises(played: Played, page: str) -> None:
    shown = {row["promise"]: _promised(row) for row in played.rows(page, "promises")}
    found = first_steps(played.follow_ups, {one.touch: one for one in played.counted.tasks})
    assert shown.pop("All") == cells([one for late in found.values() for one in late])
    assert sum(row["n"] for row in shown.values()) == sum(map(len, found.values()))


def promises_reps(played: Played, page: str) -> None:
    found = first_steps(played.follow_ups, {one.touch: one for one in played.counted.tasks})
    assert {row["rep"]: _promised(row) for row in played.rows(page, "promises_reps")} == {
        played.owners[owner]: cells(late) for owner, late in found.items()
    }


def _promised(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in ("n", "stood_late", "kept_late")} | {
        name: row[name]["hits"] for name in ("stood", "kept", "never")
    }


# --- sequences -----------------------------------------------------------------------------------


def overview(played: Played, page: str) -> None:
    shares = ("replied", "booked", "finished", "out")
    counts = ("n", "running", "open", "won")
    shown: dict[str, dict[str, Any]] = {}
    for row in played.rows(page, "overview"):
        assert {part(row[name])[1] for name in (*shares, "positive", "opened")} == {row["n"]}
        shown[row["sequence"]] = {name: row[name] for name in counts} | {
            name: row[name]["hits"] for name in shares
        }
    assert shown == {
        played.titles[definition]: pytest.approx(found)
        for definition, found in played.follow_ups.overview().items()
    }


def reply_by_number(played: Played, page: str) -> None:
    _answers(played, page, "reply_by_number", ("number",), lambda one: (one.number,))


def templates(played: Played, page: str) -> None:
    _answers(
        played, page, "templates", ("template", "channel"),
        lambda one: (played.steps[one.follow_up.definition, one.touch["step"]][1], one.task.kind),
    )  # fmt: skip


def channels(played: Played, page: str) -> None:
    _answers(played, page, "channels", ("channel",), lambda one: (one.task.kind,))


def hours(played: Played, page: str) -> None:
    assert {
        row["when"]: part(row["replied"])[::-1] for row in played.rows(page, "hours")
    } == played.follow_ups.hours(played.after["timezone"])


def _answers(
    played: Played, page: str, figure: str, names: tuple[str, ...],
    key: Callable[[Any], tuple[Any, ...]],
) -> None:  # fmt: skip
    shown = played.rows(page, figure)
    assert all(row["n"] == row["replied"]["n"] for row in shown)
    assert {
        tuple(row[name] for name in names): part(row["replied"])[::-1] for row in shown
    } == played.follow_ups.answered(key)
    assert all(
        row["verdict"] == _verdict(*part(row["replied"])) for row in shown if "verdict" in row
    )


def _verdict(hits: int, n: int) -> str:
    if n < 30:
        return "not enough data yet"
    if hits / n >= 0.02:
        return "worth it"
    sure = interval(hits, n)[1] < 0.02
    return "under 2 %" if sure else "looks under 2 %, not sure yet"


def funnel(played: Played, page: str) -> None:
    begun = Counter(one.definition for one in played.follow_ups.cohort)
    answers = played.follow_ups.answered(
        lambda one: (one.follow_up.definition, one.touch["step"])
    )
    expected: dict[tuple[str, str], dict[str, Any]] = {}
    for (definition, step), fates in played.follow_ups.funnel().items():
        reached = sum(fates[one] for one in ("done", "open", "deleted", "failed"))
        n, hits = answers.get((definition, step), (0, 0))
        expected[played.titles[definition], played.steps[definition, step][0]] = {
            "reached": (reached, max(begun[definition], reached)), "done": fates["done"],
            "deleted": fates["deleted"], "ahead": fates["ahead"] + fates["open"],
            "moot": fates["moot"], "replied": (hits, n), "verdict": _verdict(hits, n),
        }  # fmt: skip
    counts = ("done", "deleted", "ahead", "moot", "verdict")
    assert {
        (row["sequence"], row["step"]): {name: row[name] for name in counts} | {
            name: part(row[name]) for name in ("reached", "replied")
        }
        for row in played.rows(page, "funnel")
    } == expected


# --- pipeline ------------------------------------------------------------------------------------


def silence_map(played: Played, page: str) -> None:
    shown = played.rows(page, "silence_map")
    found = played.counted.silence_map()
    assert {
        row["stage"]: (row["n"], [row[f"b{number}"] for number in range(6)]) for row in shown
    } == {
        played.stages[stage]: (n, [buckets[number] for number in range(6)])
        for stage, (n, buckets) in found.items()
    }
    assert {row["stage"]: part(row["silent"]) for row in shown} == {
        played.stages[stage]: (buckets.total(), n) for stage, (n, buckets) in found.items()
    }


def terms(played: Played, page: str) -> None:
    assert {
        (row["stage"], row["term"]): part(row["kept"])[::-1]
        for row in played.rows(page, "terms")
    } == {
        (played.stages[stage], term): found
        for (stage, term), found in played.counted.terms().items()
    }


def velocity(played: Played, page: str) -> None:
    names = {one["id"]: one["label"] for one in played.after["pipelines"]}
    deals = played.counted.deals.values()
    some = {deal.pipeline for deal in (*played.counted.closed(), *(d for d in deals if d.open))}
    found = {names[one]: played.counted.velocity(one) for one in some}
    shown = {
        row["pipeline"]: {**row, "rate": part(row["rate"])}
        for row in played.rows(page, "velocity")
    }
    for name, expected in found.items():
        told = {key: shown[name][key] for key in expected}
        assert told.pop("rate") == expected.pop("rate"), name
        assert told == pytest.approx(expected), name
    won = [deal for deal in played.counted.closed() if deal.kind == "won"]
    bare = [deal for deal in (*won, *(d for d in deals if d.open)) if deal.amount is None]
    said = f"{len(bare):,} deals have no amount and are in no sum."
    assert (said in played.note(page, "velocity")) == bool(bare)


def closed_reps(played: Played, page: str) -> None:
    shown = {
        row["rep"]: {
            **{name: row[name] for name in ("won", "lost", "revenue")}, "rate": part(row["rate"]),
        }
        for row in played.rows(page, "closed_reps")
    }  # fmt: skip
    found = played.counted.closed_by()
    assert set(shown) == {played.owners[owner] for owner in found}
    for owner, expected in found.items():
        told = shown[played.owners[owner]]
        assert told.pop("rate") == expected.pop("rate"), owner
        assert told == pytest.approx(expected), owner


def by_contacts(played: Played, page: str) -> None:
    assert {
        row["few"]: part(row["won"])[::-1] for row in played.rows(page, "by_contacts")
    } == played.counted.by_contacts()
    note = played.note(page, "by_contacts")
    assert mean_told(note, played.counted.contacts_of_won()), note


def followed(played: Played, page: str) -> None:
    ours, not_ours = played.rows(page, "followed")
    found = played.follow_ups.followed()
    assert (part(ours["won"])[::-1], part(not_ours["won"])[::-1]) == (found[True], found[False])


# --- audit ---------------------------------------------------------------------------------------


def momentum_lost(played: Played, page: str) -> None:
    lost(played.pages[page], played.counted, played.stages)


def lost(page: Page, counted: Recount, stages: Mapping[str, str]) -> None:
    shown = {
        row["stage"]: (row["n"], *(part(row[how]) for how in HOW))
        for row in rows(page, "momentum_lost")
    }
    assert shown == {
        stages.get(stage, "no stage"): (
            found.total(), *((found[how], found.total()) for how in HOW)
        )
        for stage, found in counted.momentum_lost().items()
    }  # fmt: skip


def timing(played: Played, page: str) -> None:
    timed(played.pages[page], played.counted)


def timed(page: Page, counted: Recount) -> None:
    quiet, otherwise, silent = counted.timing()
    first, second, third = rows(page, "timing")
    assert (first["n"], second["n"], third["n"]) == (quiet, otherwise, silent)
    assert part(first["share"]) == (quiet, quiet + otherwise)
    assert part(second["share"]) == (otherwise, quiet + otherwise)


def verdict(played: Played, page: str) -> None:
    judged(played.pages[page], played.counted)


def judged(page: Page, counted: Recount) -> None:
    made = counted.contacts_made()
    quiet, otherwise, _ = counted.timing()
    last = counted.momentum_lost().values()
    meetings = counted.after("meeting")
    assert [part(row["share"]) for row in rows(page, "verdict")] == [
        (made.count(0), len(made)), (sum(one < 5 for one in made), len(made)),
        (sum(one["ours"] for one in last), sum(one.total() for one in last)),
        (quiet, quiet + otherwise),
        (meetings["n"] - meetings["day"], meetings["n"]),
    ]  # fmt: skip


def quality_sample(played: Played, page: str) -> None:
    """Each that was drawn stands so in the CRM; that they are the right ones, test_texts shows."""
    there = {
        f"{kind}:{row['id']}": row["properties"]
        for kind in ("email", "call") for row in played.after[f"{kind}s"]
    }  # fmt: skip
    for row in played.rows(page, "quality_sample"):
        fields = there[row["cause"]]
        assert row["at"] == int(fields["hs_timestamp"])
        assert played.counted.since <= row["at"] <= played.counted.now
        owner = fields.get("hubspot_owner_id")
        if owner is None:  # a call that names nobody counts for the owner of its record
            owner = played.counted.deals[row["record"]["id"]].owner
        assert row["rep"] == played.owners[owner]
        assert fields.get("hs_email_direction") != "INCOMING_EMAIL"
        said = fields.get("hs_email_text") or fields.get("hs_call_body")
        missed = fields.get("hs_call_status") == "NO_ANSWER"
        assert (row["found"] == "nobody answered") == missed, row["cause"]
        assert missed or (row["found"] == "no text in the CRM") == (not said), row["cause"]


def quality(played: Played, page: str) -> None:
    """The shares are those of the sample beside them."""
    aside = ("nobody answered", "no text in the CRM")
    drawn = [row for row in played.rows(page, "quality_sample") if row["found"] not in aside]
    for row in played.rows(page, "quality"):
        for kind, word in (("email", "mail"), ("call", "call")):
            own = [one["found"] for one in drawn if one["what"] == word]
            if row[kind] is not None:
                hits = sum(row["what"] in found.split(", ") for found in own)
                assert part(row[kind]) == (hits, len(own))


# --- the week ------------------------------------------------------------------------------------


def weeks(played: Played, page: str) -> None:
    shown = {row["what"]: [row["this"], row["last"]] for row in played.rows(page, "weeks")}
    found = played.follow_ups.weeks()
    assert shown == found, [(k, v, found[k]) for k, v in shown.items() if v != found[k]]
    assert all(
        row["change"] == row["this"] - row["last"] for row in played.rows(page, "weeks")
    )
    standing = played.counted.standing()
    note = played.note(page, "weeks")
    late, tasks = standing["Overdue tasks"]
    silent, deals = standing["Deals silent for 14 days"]
    assert f"{late:,} of {tasks:,} open tasks" in note
    assert f"{silent:,} of {deals:,} open deals" in note


def advice(played: Played, page: str) -> None:
    """Only what the figures beside it say; their wording is tested where it is made."""
    told = [row["found"] for row in played.rows(page, "advice")]
    silent = {
        f"{played.stages[stage]}: {buckets.total()} of {n} stays went silent for 14 days."
        for stage, (n, buckets) in played.counted.silence_map().items()
        if n >= 30 and interval(buckets.total(), n)[0] >= 0.25
    }
    assert silent == {one for one in told if "stays went silent" in one}
    answers = played.follow_ups.answered(
        lambda one: (one.follow_up.definition, one.touch["step"])
    )
    few = {
        f"Step “{step}” of {definition}: {hits} of {n} answered"
        for (definition, step), (n, hits) in answers.items() if n >= 30 and hits / n < 0.02
    }  # fmt: skip
    assert few == {one.partition(", which")[0] for one in told if "answered" in one}


def taken(played: Played, page: str) -> None:
    """Nobody edits a playbook while these accounts are played, so no advice was taken."""
    assert played.rows(page, "taken") == []


CHECKS: Mapping[str, Callable[[Played, str], None]] = {
    one.__name__: one
    for one in (
        standing, reps, teams, completion, handovers, first_contact, first_contact_reps,
        contacts_made, responses, response_variance, followed_on, promises, promises_reps, overview,
        reply_by_number,
        funnel, templates, channels, hours, silence_map, terms, velocity, closed_reps, by_contacts,
        followed, momentum_lost, timing, verdict, quality, quality_sample, weeks, advice,
        taken,
    )
}  # fmt: skip


def same(played: Played) -> None:
    """Every figure of every page is what the CRM's own records tell, and its CSV is the same."""
    for page, shown in played.pages.items():
        for figure in shown["figures"]:
            CHECKS[figure["figure"]](played, page)
            table = played.tables.get((page, figure["figure"]))
            if table is not None:
                same_table(figure, table)


def same_table(figure: Row, table: str) -> None:
    """A figure's CSV says what its JSON says: lengths in hours, shares as counts and rates."""
    expected = [
        [_cell(one) for column in figure["columns"]
         for one in _flat(column["kind"], row[column["key"]])]
        for row in figure["rows"]
    ]  # fmt: skip
    head, *lines = csv.reader(io.StringIO(table))
    assert lines == expected, figure["figure"]
    assert all(len(line) == len(head) for line in lines)


def _flat(kind: str, value: Any) -> list[Any]:
    parts = {
        "share": ("hits", "n", "rate", "low", "high"), "part": ("hits", "n", "rate"),
        "record": ("name", "url"),
    }.get(kind)  # fmt: skip
    if parts is not None:
        return [None if value is None else value[one] for one in parts]
    if kind == "edit":
        return [" ".join((value or {}).values())]
    if value is not None and kind == "ms":
        return [round(value / HOUR, 3)]
    if value is not None and kind == "when":
        return [datetime.fromtimestamp(value / 1000, UTC).isoformat()]
    return [value]


def _cell(value: Any) -> str:
    return "" if value is None else str(round(value, 6) if isinstance(value, float) else value)


# --- playing -------------------------------------------------------------------------------------


@contextmanager
def session(*options: str, replay: bool = False) -> Generator[Session]:
    with Servers(list(options)) as servers:
        begun = begin_session(servers, Console(quiet=True), replay=replay)
        begun.install()
        yield begun


def play(
    begun: Session, presets: tuple[str, ...], until: int = 0, *,
    stirred: Callable[[Session], None] | None = None,
) -> Played:  # fmt: skip
    """until: else to the account's end. stirred: what somebody does after ten days."""
    end = until or int(begun.account["ends_at"])
    audit = begun.admin.get("/api/dashboard/audit")
    before = begun.sandbox.export(begun.portal)
    begun.activate([{"preset": one} for one in presets], ["live"])
    if stirred is not None:
        _on(begun, begun.sandbox.time()["now"] + 10 * DAY)
        stirred(begun)
    _on(begun, end)
    pages = fresh(begun)
    return Played(
        begun.kinds, before, audit, begun.sandbox.export(begun.portal), pages,
        begun.admin.touches(), _ledger(begun), presets, _tables(begun, pages),
    )  # fmt: skip


def fresh(begun: Session) -> dict[str, Page]:
    """The pages, counted anew where they are kept: looked at when they are old, and again once
    upkeep has counted them."""
    end = begun.sandbox.time()["now"]
    pages = _pages(begun)
    if min(page["at"] for page in pages.values()) >= end - 1:
        return pages
    _on(begun, end + OLD)
    _pages(begun)
    for _ in range(COUNTS):
        _on(begun, begun.sandbox.time()["now"] + 1)
        pages = _pages(begun)
        if min(page["at"] for page in pages.values()) >= end + OLD:
            return pages
    raise AssertionError("the kept figures were not counted anew")


def change_hands(begun: Session) -> None:
    """Five open deals get another owner; two are called the day after, one after four days."""
    export = begun.sandbox.export(begun.portal, "deals")
    owners = [one["id"] for one in export["owners"] if not one["archived"]]
    there = [
        row["id"] for row in export["deals"]
        if not row["archived"] and begun.kinds[row["properties"]["dealstage"]] not in CLOSED
    ][:5]  # fmt: skip
    for number, deal in enumerate(there):
        _act(begun, "change_owner", deal=deal, owner=owners[number % len(owners)])
    for days, deals in ((1, there[:2]), (3, there[2:3])):
        _on(begun, begun.sandbox.time()["now"] + days * DAY)
        for deal in deals:
            _act(begun, "log_call", deal=deal)


def _act(begun: Session, verb: str, **params: str) -> None:
    begun.sandbox.call(
        "POST", "/sandbox/act", {"portal": begun.portal, "verb": verb, **params}
    )


def _on(begun: Session, until: int) -> None:
    begun.account["ends_at"] = until
    begun.play()


def _pages(begun: Session) -> dict[str, Page]:
    return {page: begun.admin.get(f"/api/dashboard/{page}") for page in PAGES}


def _ledger(begun: Session) -> list[Row]:
    answer = begun.admin.session.get(f"{begun.admin.url}/api/export/ledger", timeout=PATIENCE_S)
    return [json.loads(line) for line in answer.text.splitlines()]


def _tables(begun: Session, pages: Mapping[str, Page]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for page, shown in pages.items():
        for figure in shown["figures"]:
            path = f"/api/dashboard/{page}/{figure['figure']}.csv"
            answer = begun.admin.session.get(f"{begun.admin.url}{path}", timeout=PATIENCE_S)
            assert answer.status_code == 200, path
            found[page, figure["figure"]] = answer.content.decode()
    return found
