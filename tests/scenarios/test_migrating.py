"""Running follow-ups are moved to another version: as the preview said, nothing twice, and back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.conftest import Begin
from tests.scenarios.harness import Story, playbook

RULES = """
- id: sent
  when: {stage_entered: proposal}
  then: [{enrol: chase}]
"""


def steps(*rows: str) -> str:
    """The playbook with these steps in its one sequence: `id delay`."""
    lines = ["- id: chase", "  steps:"]
    for row in rows:
        id, at = row.split()
        more = f"task: todo, template: t, subject: {id.title()}"
        lines.append(f"    - {{id: {id}, at: {at}, {more}}}")
    return playbook(RULES, "\n".join(lines))


V1 = steps("one 1d", "two 3d", "three 9d")


def chased(story: Story, name: str = "Big sale") -> str:
    deal = story.deal("qualified", name=name)
    story.until("+1h")
    story.move(deal, "proposal")
    story.until("+10min")
    return deal


def shown(story: Story, to: int, **asked: Any) -> dict[str, dict[str, Any]]:
    """enrolment's record → its preview."""
    words = "&".join(f"{key}={value}" for key, value in {"to": to, **asked}.items())
    found = story.admin.get(f"/api/playbooks/test/migrate?{words}")
    return {row["subject_id"]: row for row in found["enrolments"]}


def moved(story: Story, to: int, **asked: Any) -> dict[str, Any]:
    """All are moved as their preview says."""
    rows = shown(story, to, **asked).values()
    chosen = [{"id": row["id"], "revision": row["revision"]} for row in rows]
    body = {"to": to, **asked, "enrolments": chosen}
    return story.change("POST", "/api/playbooks/test/migrate", body)


def fates(row: dict[str, Any]) -> dict[str, str]:
    return {step["step"]: step["fate"] for step in row["steps"]}


@pytest.mark.feature("P14")
@pytest.mark.feature("P13")
def test_steps_stay_move_come_and_go_and_come_back(story: Story) -> None:
    story.live(V1)
    deal = chased(story)
    story.to("2026-09-08 12:00")
    assert story.lines(deal) == [("Tue 2026-09-08 11:00", "One")]
    task = story.open(deal)[0]
    story.act("complete_task", task=task.id)
    story.settle()
    # Version 2 asks later, has a step more that is past by now, one to come, and no third.
    story.admin.save({"text": steps("zero 2h", "one 1d", "two 5d", "four 12d")})
    assert story.subject(deal)["next"]["what"].startswith("Two")
    row = shown(story, 2)[deal]
    assert fates(row) == {
        "zero": "left_out", "one": "done", "two": "moves", "four": "added", "three": "removed",
    }  # fmt: skip
    times = {step["step"]: story.local(step["due_at"]) for step in row["steps"] if step["due_at"]}
    assert times == {"two": "Mon 2026-09-14 09:00", "four": "Mon 2026-09-21 09:00"}
    before = story.touches()
    assert shown(story, 2)[deal] == row, "a preview changes nothing"
    assert story.touches() == before
    done = moved(story, 2)
    assert (done["migrated"], done["changed"]) == ([row["id"]], [])
    assert shown(story, 2) == {}
    assert "from version 1 to version 2" in story.subject(deal)["ledger"][0]["text"]
    story.to("2026-09-22 12:00")
    made = [task.subject.split(" — ")[0] for task in story.tasks(deal)]
    assert made == ["One", "Two"], "four waits for Two, which nobody has done yet"
    assert [task.due for task in story.tasks(deal)][1] == "Mon 2026-09-14 09:00"

    # And back: what version 2 took away comes again, late; what is done stays done.
    story.act("complete_task", task=story.open(deal)[0].id)
    story.settle()
    assert [t.subject.split(" — ")[0] for t in story.open(deal)] == ["Four"]
    row = shown(story, 1, new_steps="all")[deal]
    assert fates(row) == {"one": "done", "two": "done", "three": "added", "four": "removed"}
    moved(story, 1, new_steps="all")
    story.to("2026-09-24 18:00")
    told = {task.subject.split(" — ")[0]: task.open for task in story.tasks(deal)}
    assert told == {"One": False, "Two": False, "Four": False, "Three": True}
    assert len({task.touch_id for task in story.tasks(deal)}) == 4


@pytest.mark.feature("P14")
def test_a_task_in_the_crm_moves_unless_a_rep_made_it_theirs(story: Story) -> None:
    story.live(V1)
    mine, plain = chased(story, "Mine"), chased(story, "Plain")
    story.to("2026-09-08 10:00")
    (edited,) = story.open(mine)
    story.act("edit_task", task=edited.id, subject="Call them about the offer")
    story.settle()
    story.admin.save({"text": steps("one 2d", "two 3d")})
    rows = shown(story, 2)
    assert fates(rows[mine]) == {"one": "left", "two": "stays", "three": "removed"}
    assert fates(rows[plain]) == {"one": "moves", "two": "stays", "three": "removed"}
    moved(story, 2)
    story.until("+10min")
    assert [task.due for task in story.open(plain)] == ["Wed 2026-09-09 12:10"]
    (left,) = story.open(mine)
    assert (left.due, left.subject) == (edited.due, "Call them about the offer")
    story.admin.save({"text": V1.replace("chase", "else")})
    row = shown(story, 3)[plain]
    assert row["ends"] == "sequence_gone"
    assert "no test/chase" in row["ends_why"]
    assert sorted(moved(story, 3)["ended"]) == sorted(r["id"] for r in rows.values())
    story.until("+10min")
    assert story.open(plain) == []
    assert [t.subject for t in story.open(mine)] == ["Call them about the offer"]
    assert story.ended(plain) == {"test/chase": "sequence_gone"}


@pytest.mark.feature("P14")
def test_what_changed_since_the_preview_is_left_as_it_is(story: Story) -> None:
    story.live(V1)
    deals = [chased(story, "First"), chased(story, "Second")]
    story.to("2026-09-08 10:00")
    story.admin.save({"text": steps("one 1d", "two 6d", "three 9d")})
    rows = shown(story, 2)
    story.act("complete_task", task=story.open(deals[0])[0].id)
    story.settle()
    chosen = [{"id": rows[deal]["id"], "revision": rows[deal]["revision"]} for deal in deals]
    body = {"to": 2, "enrolments": chosen}
    done = story.change("POST", "/api/playbooks/test/migrate", body)
    assert done["migrated"] == [rows[deals[1]]["id"]]
    assert done["changed"] == [
        {"id": rows[deals[0]]["id"], "why": "It has changed since the preview."}
    ]
    assert list(shown(story, 2)) == [deals[0]]
    again = story.change("POST", "/api/playbooks/test/migrate", body)
    assert (again["migrated"], len(again["changed"])) == ([], 2)


NEW = {
    "ahead": {"early": "added", "late": "left_out"},
    "past": {"early": "left_out", "late": "added"},
}


@pytest.mark.feature("P14")
@pytest.mark.parametrize("choice", NEW)
def test_a_step_that_is_new_goes_to_whom_the_admin_says(begin: Begin, choice: str) -> None:
    story = begin(settings={"merge": False})
    story.live(V1)
    late = chased(story, "late")
    story.to("2026-09-10 12:00")
    early = chased(story, "early")
    story.admin.save({"text": steps("one 1d", "extra 2d", "two 3d", "three 9d")})
    told = story.command("migrate", "test", "--new-steps", choice)
    assert (told.exit_code, "extra" in told.output) == (0, True), told.output
    rows = shown(story, 2, new_steps=choice)
    found = {name: fates(rows[deal])["extra"] for name, deal in (("early", early), ("late", late))}
    assert found == NEW[choice]
    told = story.command("migrate", "test", "--new-steps", choice, "--apply")
    assert "Moved 2, ended 0, left as they are 0." in told.output
    story.settle()
    story.to("2026-09-15 18:00")
    for name, deal in (("early", early), ("late", late)):
        made = [task.subject.split(" — ")[0] for task in story.tasks(deal)]
        assert ("Extra" in made) is (NEW[choice][name] == "added")
        assert len(made) == len(set(made))


def test_what_cannot_be_asked_is_said(story: Story) -> None:
    story.live(V1)

    def refused(words: str) -> dict[str, Any]:
        answer = story.admin.session.get(f"{story.url}/api/playbooks/{words}", timeout=10)
        assert answer.status_code == 422
        return answer.json()

    assert "no version 7" in refused("test/migrate?to=7")["message"]
    assert "no saved playbook" in refused("nope/migrate")["message"]
    assert refused("test/migrate?to=x")["problems"][0]["field"] == "to"
    assert refused("test/migrate?new_steps=some")["problems"][0]["field"] == "new_steps"
    page = story.admin.session.get(f"{story.url}/playbooks/test/migrate", timeout=10)
    assert "Nothing runs by another version" in page.text
