"""The figures' advice as a prepared edit, saved by a person's press, and what became of it."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from werkzeug.datastructures import MultiDict

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import MIA, Story, playbook
from tests.scenarios.test_dashboard_team import PLAIN, page
from tests.web.test_editor import Fields

MANY = 31
"""Tasks of which something can be said."""

TWO = playbook(
    """
    - id: go
      when: {stage_entered: proposal}
      then:
        - create_tasks:
            - {id: useful, task: call, template: t, subject: Useful}
            - {id: idle, task: todo, template: t, subject: Pointless}
    """
)


def get(story: Story, path: str, session: requests.Session | None = None) -> requests.Response:
    return (session or story.admin.session).get(f"{story.url}{path}", timeout=30)


def press(story: Story, shown: str, do: str, **typed: str) -> requests.Response:
    """A button of the editor on this page."""
    sent = MultiDict(Fields(shown).sent)
    for name, value in typed.items():
        sent[name] = value
    sent["do"] = do
    return story.admin.session.post(
        f"{story.url}/playbooks/draft", data=list(sent.items(multi=True)), timeout=30,
        allow_redirects=False,
    )  # fmt: skip


def versions(story: Story) -> list[int]:
    found = story.admin.get("/api/playbooks/test/versions")["versions"]
    return [row["version"] for row in found]


def began(story: Story, count: int, stem: str) -> None:
    for number in range(count):
        story.deal("proposal", name=f"{stem} {number}")
    story.until("+10min")


@pytest.mark.feature("L11")
@pytest.mark.feature("G07")
@pytest.mark.feature("S04")
def test_advice_becomes_a_prepared_edit_and_the_board_says_what_became_of_it(
    begin: Begin,
) -> None:
    story = begin(settings=PLAIN)
    story.live(TWO)
    began(story, MANY, "first")
    for task in story.open():
        if task.subject.startswith("Pointless"):
            story.act("delete_task", task=task.id)
    story.until("+10min")

    (row,) = page(story, "week")["advice"]["rows"]
    assert f"reps deleted {MANY} of {MANY} tasks" in row["found"]
    assert row["edit"] == {"playbook": "test", "advice": "drop:go:idle"}
    board = get(story, "/dashboard/week").text
    address = "/playbooks/test/edit?advice=drop:go:idle"
    assert f'href="{address}"' in board
    manager = story.signed_in(MIA)
    assert address not in get(story, "/dashboard/week", manager).text
    assert get(story, "/playbooks/test/edit?advice=drop:go:useful").status_code == 404

    # The draft: what was found, what it changes, what it would have owed; nothing is kept yet.
    draft = get(story, address).text
    assert row["found"].split(":")[0] in draft.replace("&#34;", '"')
    assert "idle" in draft.partition("What this changes")[2]
    looked = get(story, "/playbooks/test/looking-back?advice=drop:go:idle")
    assert looked.status_code == 200
    assert "Steps owed" in looked.text
    assert "Pointless" in get(story, "/playbooks/test/looking-back").text
    assert "Pointless" not in looked.text
    tried = press(story, draft, "try", try_record="first 0", try_afresh="on").text
    assert "nothing was written" in tried
    planned = tried.partition("What would be planned")[2]
    assert "Useful" in planned
    assert "Pointless" not in planned
    assert versions(story) == [1]

    # A person's press saves it; another switches it on.
    assert press(story, draft, "save").status_code == 303
    assert versions(story) == [2, 1]
    assert "as the figures advised" in get(story, "/audit").text
    after = page(story, "week")
    assert after["advice"]["rows"] == [], "what was done is not asked for again"
    (taken,) = after["taken"]["rows"]
    assert (taken["before"]["hits"], taken["before"]["n"]) == (MANY, 2 * MANY)
    assert (taken["after"]["n"], taken["verdict"]) == (0, "not enough data yet")

    story.activate("test", "live")
    began(story, MANY, "second")
    assert not [task for task in story.open() if task.subject.startswith("Pointless")]
    (taken,) = page(story, "week")["taken"]["rows"]
    assert (taken["after"]["hits"], taken["after"]["n"]) == (0, MANY)
    assert taken["verdict"] == "fewer tasks deleted"
    assert "fewer tasks deleted" in get(story, "/dashboard/week").text


def test_the_unsaved_draft_is_tried_and_its_mistakes_are_told(story: Story) -> None:
    story.live(TWO)
    story.deal("proposal", name="Acme")
    story.until("+10min")
    shown = get(story, "/playbooks/test/edit").text
    name = "rules.0.then.0.create_tasks.0.subject"
    tried: Any = press(story, shown, "try", try_record="Acme", try_afresh="on",
                       **{name: "Only in the draft"})  # fmt: skip
    assert "Only in the draft" in tried.text.partition("What would be planned")[2]
    assert versions(story) == [1]
    assert not [task for task in story.open() if task.subject.startswith("Only")]
    broken = press(story, shown, "try", **{"rules.0.settle": "soon"}).text
    assert "the playbook has 1 mistake" in broken
    nobody = press(story, shown, "try", try_record="Nowhere Ltd").text
    assert "There is no record “Nowhere Ltd” here." in nobody
