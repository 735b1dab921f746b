"""`python -m bench.backtest`: a backtest of 100,000 records over 90 days, in one process.

Beside it, what somebody would otherwise write: a loop over the stage history that counts the steps
of the same cadence by the calendar alone, without hours, exits, limits or reasons. It does far
less, and says what plain Python takes for the walk.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from collections.abc import Sequence

from app.decisions.backtest import figures, replay
from app.model.backtest import History, Terms
from app.model.calendar import NINE_TO_FIVE, WorkCalendar
from app.model.guard import GuardSettings
from app.model.ids import stage_anchor
from app.model.playbook import in_force
from app.model.records import ContactView, SubjectView
from app.model.signals import Signal
from app.model.time import DAY, HOUR, Business
from app.model.vocabulary import Mode, SignalKind, StageKind, SubjectType
from app.playbooks.presets import preset

ZONE = "Europe/Amsterdam"
BEGINS = Business(1_788_220_800_000)  # 2026-09-01
DAYS, REPS = 90, 500
_COURSE = (StageKind.NEW, StageKind.QUALIFIED, StageKind.PROPOSAL, StageKind.NEGOTIATION)


def histories(number: int, seed: int) -> list[History]:
    """Deals that come in over the span and move on after days, with a call now and then."""
    draw = random.Random(seed)
    return [_history(index, draw) for index in range(1, number + 1)]


def _history(index: int, draw: random.Random) -> History:
    at = Business(BEGINS + draw.randrange((DAYS - 10) * DAY))
    facts = [Signal(SignalKind.SUBJECT_CREATED, index, at, "created", data={"type": "deal"})]
    created = at
    for kind in (*_COURSE, draw.choice((StageKind.WON, StageKind.LOST))):
        facts.append(
            Signal(
                SignalKind.STAGE_ENTERED, index, at, stage_anchor(kind.value, at), stage=kind,
                data={"stage_id": kind.value},
            )
        )  # fmt: skip
        called = Business(at + draw.randrange(HOUR, 4 * DAY))
        facts.append(Signal(SignalKind.REP_ACTIVITY, index, called, f"call:{called}"))
        at = Business(at + draw.randrange(HOUR, 14 * DAY))
    facts.sort(key=lambda fact: fact.at)
    subject = SubjectView(
        id=index, type=SubjectType.DEAL, crm_id=str(index), first_seen=("deal", str(index)),
        pipeline="p", owner_id=f"rep-{draw.randrange(REPS)}", amount=5_000.0, created_at=created,
        contacts=(ContactView(f"c{index}", primary=True),),
    )  # fmt: skip
    return History(subject, facts)


def plain(rows: Sequence[History]) -> int:
    """Steps of a cadence by the calendar alone: still in the stage after 3, 7, 14, 21 days?"""
    end, owed = BEGINS + DAYS * DAY, 0
    for history in rows:
        entries = [fact for fact in history.facts if fact.kind is SignalKind.STAGE_ENTERED]
        for fact, after in zip(entries, [*entries[1:], None], strict=True):
            if fact.stage is StageKind.PROPOSAL:
                left = min(end, after.at if after else end)
                owed += sum(fact.at + days * DAY < left for days in (3, 7, 14, 21))
    return owed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--playbook", default="proposal-stage-map")
    options = parser.parse_args()
    rows = histories(options.records, 7)
    calendar = WorkCalendar(ZONE, NINE_TO_FIVE)
    book = preset(options.playbook)
    terms = Terms(
        installation_key="bench:1",
        rules=[
            in_force(rule, book, 300_000, version=0, mode=Mode.LIVE, activated_at=BEGINS)
            for rule in book.rules
        ],
        since=BEGINS,
        until=Business(BEGINS + DAYS * DAY),
        calendar=lambda owner, now: calendar,
        guard=GuardSettings(
            cap_7_days=7, cap_30_days=20, rep_daily_tasks=40, followed_pipelines=frozenset({"p"})
        ),
        followed=frozenset({"p"}),
        zone=ZONE,
    )
    begun = time.process_time()
    owed = plain(rows)
    compared = time.process_time()
    found = figures(rows, replay(rows, terms), terms)
    ended = time.process_time()
    told = {
        "records": options.records,
        "days": DAYS,
        "facts": sum(len(row.facts) for row in rows),
        "owed": found["owed"],
        "stopped": sum(found["stopped"].values()),
        "put_off": found["put_off"],
        "backtest_s": round(ended - compared, 1),
        "plain_count_s": round(compared - begun, 1),
        "plain_owed": owed,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "target_s": 60,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
