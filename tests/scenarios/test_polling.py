"""A CRM without webhooks as in production: threads, ticks, and nobody who waits for the app."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from app.lanes import fresh
from app.model.time import DAY
from app.runtime import embedded
from tests.scenarios.harness import playbook
from tests.scenarios.live import Live

RULE = playbook("""
  - id: sent
    when: {stage_entered: proposal}
    settle: 0min
    then: [{create_tasks: [{id: ring, at: 1d, task: call, template: t, subject: Ring}]}]
""")

SEQUENCE = playbook(
    """
  - id: sent
    when: {stage_entered: proposal}
    settle: 0min
    then: [{enrol: s}]
""",
    """
  - id: s
    steps: [{id: ring, at: 2d, task: call, template: t, subject: Ring}]
""",
)


@pytest.mark.feature("K05")
def test_changes_are_asked_for_while_nobody_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_POLL_S", 0.2)
    with Live(tmp_path, crm="salesforce") as story:
        story.live(RULE)
        deal = story.deal("proposal")
        story.to(story.now + 31_000)
        story.until_so(lambda: story.open(deal) != [])
        assert story.titles(deal) == ["Ring"]
        found = story.admin.get("/api/doctor")["findings"]
        assert not [one for one in found if one["code"] in ("no_webhook", "poll_late")]
        with mock.patch("app.runtime.embedded.poll_if_due", return_value=False):
            story.to(story.now + 3_600_000)
            found = story.admin.get("/api/doctor")["findings"]
        assert [one["code"] for one in found if one["code"] == "poll_late"] == ["poll_late"]


@pytest.mark.feature("K05")
@pytest.mark.feature("X01")
def test_a_reply_between_two_polls_is_heard_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_POLL_S", 0.2)
    monkeypatch.setattr(fresh, "FRESH_MS", 0)  # the days of this story are milliseconds apart
    with Live(tmp_path, crm="salesforce") as story:
        story.live(SEQUENCE)
        deal = story.deal("proposal")
        story.to(story.now + 31_000)
        story.until_so(lambda: story.touches() != [])
        with mock.patch("app.runtime.embedded.poll_if_due", return_value=False):
            story.act("reply", deal=deal)
            story.to(story.now + 3 * DAY)
            story.until_so(lambda: story.touches()[0]["state"] in ("dropped", "performed"))
            (touch,) = story.touches()
        assert (touch["state"], touch["reason"]) == ("dropped", "replied")
        assert story.tasks(deal) == []
