"""The manager's figures beside a recount of what the CRM itself holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from rich.console import Console

from demo.processes import Servers
from demo.session import Session
from demo.session import begin as begin_session
from tests.scenarios import test_real_pipeline
from tests.scenarios.recount import DAY, Recount
from tests.scenarios.test_real_pipeline import MAPPING, first_deals

PLAYBOOKS = ("proposal", "idle-deal")


@dataclass
class Played:
    """What an account shows: its export and its pages, before anything ran and at the end."""

    kinds: Mapping[str, str]
    before: Mapping[str, Any]
    audit: Mapping[str, Any]
    after: Mapping[str, Any]
    pages: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    touches: list[Mapping[str, Any]] = field(default_factory=list)

    def recount(self, days: int = 60) -> Recount:
        left = {one["id"] for one in self.touches if one["outcome"] == "left"}
        return Recount(
            self.after, self.kinds, days, left=left, connected=int(self.before["now"])
        )

    def names(self) -> dict[str | None, str]:
        return {
            None: "nobody",
            **{o["id"]: f"{o['first_name']} {o['last_name']}" for o in self.after["owners"]},
        }

    def stages(self) -> dict[str, str]:
        return {
            one["id"]: one["label"] for pipe in self.after["pipelines"] for one in pipe["stages"]
        }


PAGES = ("today", "speed", "sequences", "pipeline", "audit", "week")


@contextmanager
def session(*options: str, replay: bool = False) -> Iterator[Session]:
    with Servers(list(options)) as servers:
        begun = begin_session(servers, Console(quiet=True), replay=replay)
        begun.install()
        yield begun


def play(begun: Session, presets: tuple[str, ...], days: int = 0) -> Played:
    """days: for so long, else to the account's end."""
    if days:
        begun.account["ends_at"] = begun.sandbox.time()["now"] + days * DAY
    audit = begun.admin.get("/api/dashboard/audit")
    before = begun.sandbox.export(begun.portal)
    begun.activate([{"preset": one} for one in presets], ["live"])
    begun.play()
    return Played(
        begun.kinds, before, audit, begun.sandbox.export(begun.portal),
        {page: begun.admin.get(f"/api/dashboard/{page}") for page in PAGES},
        begun.admin.touches(),
    )  # fmt: skip


@pytest.fixture(scope="module")
def generated() -> Played:
    with session("--seed", "3", "--deals", "22") as begun:
        return play(begun, PLAYBOOKS)


def rows(page: Mapping[str, Any], figure: str) -> list[dict[str, Any]]:
    return next(one for one in page["figures"] if one["figure"] == figure)["rows"]


def same(played: Played) -> None:
    """Every figure that the CRM's own records tell is what they tell."""
    counted = played.recount()
    today, speed, pipeline = (played.pages[one] for one in ("today", "speed", "pipeline"))
    names, stages = played.names(), played.stages()

    assert {
        row["what"]: (row["part"]["hits"], row["part"]["n"])
        for row in rows(today, "standing") if not row["what"].startswith("Inquiries")
    } == counted.standing()  # fmt: skip
    assert {
        row["rep"]: (row["completion"]["n"], row["completion"]["hits"], row["on_time"]["hits"])
        for row in rows(today, "reps") if row["completion"]["n"]
    } == {names[owner]: found for owner, found in counted.completion().items()}  # fmt: skip

    assert took(rows(speed, "first_contact")[0]) == counted.first_contact()
    made = counted.contacts_made()
    assert [row["deal"]["hits"] for row in rows(speed, "contacts_made")] == [
        *(made.count(number) for number in range(5)), sum(5 <= one <= 8 for one in made),
        sum(one > 8 for one in made),
    ]  # fmt: skip
    assert {
        row["rep"]: (row["n"], row["waiting"], row["median"]) for row in rows(speed, "responses")
        if row["rep"] != "All"
    } == {
        names[owner]: (len(done), len(found) - len(done), median(done) if done else None)
        for owner, found in counted.responses().items()
        if (done := [one for one in found if one is not None]) or True
    }  # fmt: skip
    assert {
        (row["rep"], row["stage"]): (row["n"], row["waiting"], row["median"], row["deviation"])
        for row in rows(speed, "response_variance")
    } == {
        (names[owner], stages.get(stage or "", "no stage")): pytest.approx(spread)
        for (owner, stage), spread in counted.latest_responses().items()
    }
    meeting, proposal = rows(speed, "followed_on")
    assert took(meeting) == counted.after("meeting")
    assert took(proposal) == counted.after("proposal")

    assert {
        row["stage"]: (row["n"], [row[f"b{number}"] for number in range(6)])
        for row in rows(pipeline, "silence_map")
    } == {
        stages[stage]: (n, [found[number] for number in range(6)])
        for stage, (n, found) in counted.silence_map().items()
    }
    assert {
        (row["stage"], row["term"]): (row["n"], row["kept"]["hits"])
        for row in rows(pipeline, "terms")
    } == {(stages[stage], term): found for (stage, term), found in counted.terms().items()}
    assert {
        row["few"]: (row["n"], row["won"]["hits"]) for row in rows(pipeline, "by_contacts")
    } == counted.by_contacts()
    velocity = counted.velocity()
    (told,) = rows(pipeline, "velocity")
    assert {name: told[name] for name in velocity} == pytest.approx(velocity)
    lost(played.pages["audit"], counted, stages)


def took(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "n": row["n"], "median": row["median"],
        **{name: row[name]["hits"] for name in ("hour", "day", "never")},
    }  # fmt: skip


def lost(page: Mapping[str, Any], counted: Recount, stages: Mapping[str, str]) -> None:
    assert {
        row["stage"]: tuple(row[how]["hits"] for how in ("never", "ours", "theirs"))
        for row in rows(page, "momentum_lost")
    } == {
        stages.get(stage, "no stage"): tuple(found[how] for how in ("never", "ours", "theirs"))
        for stage, found in counted.momentum_lost().items()
    }


@pytest.mark.feature("M03")
@pytest.mark.feature("L03")
@pytest.mark.feature("L04")
@pytest.mark.feature("L06")
@pytest.mark.feature("L09")
@pytest.mark.feature("L10")
@pytest.mark.feature("T22")
def test_every_figure_is_what_the_crms_own_records_tell(generated: Played) -> None:
    same(generated)
    sizes = {
        figure["figure"]: figure["sample"]
        for page in ("today", "speed", "pipeline", "audit")
        for figure in generated.pages[page]["figures"]
    }
    few = {"handovers"}
    assert {name for name, n in sizes.items() if not n} <= few, "a figure of nothing shows nothing"


@pytest.mark.feature("L01")
@pytest.mark.feature("L02")
def test_a_fresh_account_is_told_where_momentum_was_lost(generated: Played) -> None:
    """From the CRM's own past alone: nothing of ours has run yet."""
    counted = Recount(
        generated.before, generated.kinds, 60, connected=int(generated.before["now"])
    )
    page = generated.audit
    lost(page, counted, generated.stages())
    assert took(rows(page, "first_contact")[0]) == counted.first_contact()
    meeting, proposal = rows(page, "followed_on")
    assert (took(meeting), took(proposal)) == (counted.after("meeting"), counted.after("proposal"))
    made = counted.contacts_made()
    verdict = {row["what"]: (row["share"]["hits"], row["share"]["n"])
               for row in rows(page, "verdict")}  # fmt: skip
    nobody, fewer = (text for text in verdict if text.startswith("Records"))
    assert verdict[nobody] == (made.count(0), len(made))
    assert verdict[fewer] == (sum(one < 5 for one in made), len(made))
    assert sum(verdict[nobody]) > 0


REAL, REAL_DAYS = 150, 40
"""Deals of the real pipeline that are played, and for how long."""


def real(test: Any) -> Any:
    """Long, and skipped where the files are not there."""
    for mark in test_real_pipeline.pytestmark:
        test = mark(test)
    return test


@real
@pytest.mark.feature("L04")
def test_every_figure_is_what_a_real_pipelines_records_tell(tmp_path: Path) -> None:
    part = first_deals(tmp_path, REAL)
    with session("--data", str(part), "--mapping", str(MAPPING), replay=True) as begun:
        played = play(begun, ("proposal-stage-map", "stage-sla"), REAL_DAYS)
    assert len(played.after["deals"]) == REAL
    assert len(played.after["calls"]) > REAL
    same(played)
