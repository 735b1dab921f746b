"""Whose inbox the CRM's sequences leave from: in turn within a team, no faster than is wise."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, BEN, Story
from tests.scenarios.native import NAME, able, chase, enrolments, person, said

TEAM = f"sequence: {{hubspot: {NAME}, sender: team}}"
SELLERS = (ADA, BEN)


def connected(story: Story) -> Story:
    """Ada and Ben can send, the others have no connected inbox."""
    users = {str(9000 + story.people.index(one)): [one.email] for one in SELLERS}
    story.change_account(inboxes=users)
    return story


def many(story: Story, names: str) -> list[str]:
    return [story.deal("proposal", contact=story.contact(name)) for name in names.split()]


def senders(story: Story, deals: list[str]) -> list[str]:
    """Who sent for each deal, by the CRM's own record of its enrolments."""
    rows = [story.account.sequences.enrolments[person(story, deal)][-1] for deal in deals]
    return [row.sender for row in rows]


@pytest.mark.feature("P06")
def test_a_team_sends_in_turn_and_always_the_same_one_to_a_person(begin: Begin) -> None:
    story = connected(able(begin))
    story.live(chase(step=TEAM))
    deals = many(story, "Olaf Pia Quin Rosa")
    story.until("+2h")
    assert Counter(senders(story, deals)) == {ADA.email: 2, BEN.email: 2}
    of_ben = [deal for deal in deals if senders(story, [deal]) == [BEN.email]]
    story.until("+14d")  # their sequences have run to the end
    again = [
        story.deal("proposal", contact=person(story, deal), name="Second sale") for deal in of_ben
    ]
    story.until("+2h")
    assert senders(story, again) == [BEN.email] * 2, "the thread stays in one hand"
    others = many(story, "Sam Tia")
    story.until("+2h")
    assert senders(story, others) == [ADA.email] * 2, "who has sent less is next"


@pytest.mark.feature("P06")
def test_who_has_no_inbox_is_passed_over(begin: Begin) -> None:
    story = connected(able(begin))
    story.change_account(inboxes={str(9000 + story.people.index(BEN)): ["other@firm.example"]})
    story.live(chase(step=TEAM))
    deals = many(story, "Olaf Pia Quin")
    story.until("+2h")
    assert set(senders(story, deals)) == {ADA.email}
    told = "\n".join(said(story, deal) for deal in deals)
    assert "ben@firm.example is not a connected inbox of its user." in told
    assert "Another of the team is asked." in told


@pytest.mark.feature("P07")
def test_an_inbox_starts_so_many_a_day_and_keeps_them_apart(begin: Begin) -> None:
    story = connected(able(begin))
    story.admin.settings({"sequence_daily_limit": 3, "sequence_gap_ms": 600_000})
    story.live(chase())
    deals = many(story, "Olaf Pia Quin Rosa")
    story.until("+65min")
    assert enrolments(story) == 1
    assert "Mails from ada@firm.example are kept apart" in said(story, deals[1])
    story.until("+1h")
    assert enrolments(story) == 3, "ten minutes apart"
    sent = sorted(
        row.enrolled_at for rows in story.account.sequences.enrolments.values() for row in rows
    )
    assert min(later - earlier for earlier, later in pairwise(sent)) >= 600_000
    assert "has started as many sequences in 24 hours" in said(story, deals[3])
    story.until("+1d")
    assert enrolments(story) == 4, "none is lost"
