"""An account of each edition: what it cannot do is said wherever somebody would look, with what
happens instead, and it happens."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.test_doctor import report


def test_a_scope_that_is_taken_back_is_wrong_and_said_with_what_stops(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = begin()
    story.live("proposal")
    story.change_account(withdraw_scopes=["crm.objects.deals.write", "crm.objects.users.read"])
    told = report(story, monkeypatch)
    found = {one["code"]: one for one in told["findings"]}
    assert found["cannot_write_deals"]["level"] == "wrong"
    assert "crm.objects.deals.write" in found["cannot_write_deals"]["what"]
    assert "everything stands on the pages here" in found["cannot_write_deals"]["why"]
    assert found["cannot_working_hours"]["level"] == "note"
    assert told["status"] == 2
    deal = story.deal("proposal")
    story.until("+4d")
    assert len(story.open(deal)) == 1, "what can be done goes on"
