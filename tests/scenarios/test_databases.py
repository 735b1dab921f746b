"""The same story on SQLite and on PostgreSQL leaves the same in the CRM and in the ledger.

`bin/test --database postgresql tests/scenarios` runs every story on PostgreSQL; this one compares
the two in the default run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.store.engine import Dialect
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import BEN, Story
from tests.support.stores import new_url


def _told(story: Story) -> dict[str, Any]:
    """A fortnight with all kinds of ends, and what stands at its end, without ids."""
    for preset in ("proposal", "idle-deal", "post-meeting"):
        story.live(preset)
    names = ("Answered", "Won", "Deleted by the rep", "Handed over", "Stopped", "Left alone")
    deals = {name: story.deal("proposal", name=name) for name in names}
    story.until("+3d")
    story.act("reply", contact=story.open(deals["Answered"])[0].contacts[0])
    story.move(deals["Won"], "won")
    story.act("delete_task", task=story.open(deals["Deleted by the rep"])[0].id)
    story.act("change_owner", deal=deals["Handed over"], owner=BEN.owner_id)
    story.control(deals["Stopped"], "stop")
    story.until("+11d")
    return {
        name: {
            "tasks": [
                (t.due, t.subject, t.made, t.status, t.owner, t.archived, t.state, t.reason)
                for t in story.tasks(deal)
            ],
            "ended": story.ended(deal),
            "ledger": sorted(
                (line["verdict"], line["code"], line["first_at"], line["last_at"], line["count"])
                for line in story.subject(deal)["ledger"]
            ),
        }
        for name, deal in deals.items()
    }


@pytest.mark.postgres
def test_both_databases_tell_the_same_story(begin: Begin, tmp_path: Path) -> None:
    told: dict[Dialect, dict[str, Any]] = {}
    for dialect in ("sqlite", "postgresql"):
        database = new_url(dialect, tmp_path, migrated=False)
        told[dialect] = _told(begin(database=database))
    assert told["postgresql"] == told["sqlite"]
    ends = {end for record in told["sqlite"].values() for end in record["ended"].values()}
    assert len(ends) > 3, "the story is to meet several kinds of ends"
