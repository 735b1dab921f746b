"""What a scraper reads: few touches are counted while it waits, of many their age is told."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete

from app.lanes import tallying
from app.lanes.keeping import EVER, OLD_MS
from app.store import installations
from app.store.measured import kept
from app.store.tables import touches
from tests.web.support import Served, fill


def scraped(served: Served) -> tuple[float, float]:
    """Touches performed, and how many seconds old that is."""
    text = served.app.test_client().get("/metrics").text
    found = re.search(r'^followthrough_touches\{state="performed"\} (\S+)$', text, re.M)
    age = re.search(r"^followthrough_touches_age_seconds (\S+)$", text, re.M)
    assert age is not None
    return float(found[1]) if found else 0.0, float(age[1])


def wanted(served: Served) -> int:
    with served.store.read() as conn:
        return len(kept.wanted_now(conn, served.installation()))


def test_of_few_touches_every_scrape_counts(served: Served) -> None:
    served.connected()
    fill(served, served.installation())
    assert scraped(served) == (2, 0)
    with served.store.write() as conn:
        conn.execute(delete(touches))
    assert scraped(served) == (0, 0)


def test_of_many_touches_the_age_is_told_and_upkeep_is_woken(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tallying, "FEW", 1)
    served.connected()
    inst = served.installation()
    fill(served, inst)
    assert scraped(served) == (2, 0), "nothing was kept, so they were counted"
    with served.store.write() as conn:
        now, wall = served.clocks.business(), served.clocks.wall() - OLD_MS - 1000
        kept.put(conn, inst, EVER, {"all_touches": [{"state": "performed", "count": 7}]}, now, wall)
    assert scraped(served) == (7, OLD_MS / 1000 + 1), "nobody waits for the count"
    assert wanted(served) == 1
    assert ("upkeep", inst) in served.runtime.pokes
    with served.store.write() as conn:
        kept.met(conn, inst, EVER, "all_touches")
        installations.change(conn, inst, status="left")
    assert scraped(served) == (7, 0), "what nobody works for any more does not change"
    assert wanted(served) == 0
