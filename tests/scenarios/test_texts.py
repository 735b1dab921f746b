"""How good the texts are: drawn by chance, judged, and shown with their share; no text is kept."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import select

from app.lanes import sampling
from app.store.tables import metadata
from tests.scenarios.conftest import Begin
from tests.scenarios.harness import ADA, MIA, OTTO, Person, Story
from tests.scenarios.recounted import interval

CLEO = Person("504", "Cleo", team="APAC")
PEOPLE = (OTTO, MIA, ADA, CLEO)

GOOD = "Shall we go with the yearly plan? If so, I send the contract on Thursday."
EMPTY = "Just checking in on our offer. Could we speak on 12 May?"
AIMLESS = "Here is the brochure that I spoke of, with all our prices in it."
SEVERAL = "Did you read it? Do you like it? Who signs? When do you begin?"
OPEN = "Hello {{first_name}}, can we talk on Monday?"
QUOTED = f"Yes, on Friday at 10:30 then.\n\nOn Mon, Nora wrote:\n> {EMPTY}"
MAILS = (GOOD, GOOD, GOOD, GOOD, GOOD, QUOTED, EMPTY, EMPTY, AIMLESS, AIMLESS, SEVERAL, OPEN)
NOTES = ("<p>Wants it by June, I call again on Monday.</p>", "Friendly, likes the product.")

FOUND = {
    GOOD: "nothing wrong", QUOTED: "nothing wrong", EMPTY: "says that it has nothing to say",
    AIMLESS: "names no next step", SEVERAL: "asks more than one thing",
    OPEN: "something was left open", NOTES[0]: "nothing wrong", NOTES[1]: "names no next step",
}  # fmt: skip


def wrote(story: Story) -> None:
    """A month before anybody connects, reps wrote and called, and a prospect answered."""
    ada, cleo = (
        story.deal("proposal", owner=one, name=f"Deal of {one.first}") for one in (ADA, CLEO)
    )
    for number, text in enumerate(MAILS):
        deal = ada if number % 2 else cleo
        story.act("send_email", deal=deal, subject=f"Mail {number}", text=text)
        story.to(story.now + 3_600_000)
    story.act("send_email", deal=ada, subject="Without text", text="")
    story.act("reply", deal=ada, text="Just checking in, is there any update?")
    for notes in NOTES:
        story.act("log_call", deal=ada, notes=notes)
        story.to(story.now + 3_600_000)
    story.act("log_call", deal=ada, connected=False)
    story.to(story.now + 20 * 86_400_000)


def audit(story: Story, days: int = 60) -> dict[str, Any]:
    page = story.admin.get(f"/api/dashboard/audit?days={days}")
    return {one["figure"]: one for one in page["figures"]}


def text_of(story: Story, name: str) -> str:
    """What stands in the CRM under a name of the draw."""
    kind, _, id = name.partition(":")
    rows = story.export("emails,calls")[f"{kind}s"]
    fields = next(row["properties"] for row in rows if story.outer(f"{kind}s", row["id"]) == id)
    return fields.get("hs_email_text") or fields.get("hs_call_body") or ""


def columns_of(figure: dict[str, Any]) -> dict[str, Any]:
    return {row["what"]: row for row in figure["rows"]}


@pytest.mark.feature("L01")
def test_a_fresh_account_is_told_how_good_its_texts_are(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = begin(before=wrote, people=PEOPLE)
    shown = audit(story)
    quality, sample = shown["quality"], shown["quality_sample"]
    found = columns_of(quality)
    assert {
        what: (row["email"]["hits"], row["email"]["n"], row["call"] and row["call"]["hits"])
        for what, row in found.items()
    } == {
        "nothing wrong": (6, 12, 1), "says that it has nothing to say": (2, 12, None),
        "asks more than one thing": (1, 12, None), "names no next step": (2, 12, 1),
        "something was left open": (1, 12, 0),
    }  # fmt: skip
    share = found["nothing wrong"]["email"]
    assert (share["low"], share["high"]) == pytest.approx(interval(6, 12))
    assert found["nothing wrong"]["call"]["rate"] is None, "two are too few for a share"
    assert "from 13 mails and 3 calls" in quality["note"]
    assert "Not judged: 1 (no text in the CRM), 1 (nobody answered)." in quality["note"]

    rows = sample["rows"]
    assert len(rows) == 16
    assert all(FOUND[text_of(story, row["cause"])] == row["found"] for row in rows if
               row["found"] not in ("no text in the CRM", "nobody answered"))  # fmt: skip
    by_rep = {row["record"]["name"]: row["rep"] for row in rows}
    assert by_rep == {"Deal of Ada": "Ada Firm", "Deal of Cleo": "Cleo Firm"}
    page = story.admin.session.get(f"{story.url}/dashboard/audit", timeout=10).text
    for row in rows:
        assert row["record"]["id"] in row["record"]["url"]
        assert row["record"]["url"] in page
    table = csv.DictReader(io.StringIO(_csv(story, "quality_sample")))
    assert [(line["Name in the draw"], line["On: page in the CRM"]) for line in table] == [
        (row["cause"], row["record"]["url"]) for row in rows
    ]
    behind = found["names no next step"]["records_of"]["call"]
    told = story.admin.get(behind.replace("/dashboard/records", "/api/dashboard-records"))
    assert [row["name"] for row in told["records"]] == ["Deal of Ada"]

    assert not kept(story, GOOD, AIMLESS, "checking in", "Wants it by June", "Mail 3")
    mia = story.signed_in(MIA)
    story.change("PUT", f"/api/people/{CLEO.owner_id}", {"manager_id": None})
    team = mia.get(f"{story.url}/api/dashboard/audit", timeout=10).json()["figures"]
    (mine,) = (one["rows"] for one in team if one["figure"] == "quality_sample")
    assert {row["rep"] for row in mine} == {"Ada Firm"}

    # A week later the next draw: of fewer than there are, those that anybody else would draw.
    monkeypatch.setattr(sampling, "MOST", 4)
    story.until("+8d")
    again = audit(story, 90)
    seed = again["quality"]["note"].partition("seed ")[2].partition(",")[0]
    assert seed == f"{story.account.portal_id}:{story.local(story.now)[4:14]}"
    for kind in ("email", "call"):
        drawn = {r["cause"] for r in again["quality_sample"]["rows"] if r["cause"].startswith(kind)}
        assert drawn == set(sorted(sent(story, kind), key=chance(seed))[:4])


def sent(story: Story, kind: str) -> list[str]:
    """Names of all that reps wrote, or of all their calls, by the CRM's export."""
    return [
        f"{kind}:{row['id']}" for row in story.export("emails,calls")[f"{kind}s"]
        if row["properties"].get("hs_email_direction") != "INCOMING_EMAIL"
    ]  # fmt: skip


def chance(seed: str) -> Callable[[str], bytes]:
    return lambda name: sha256(f"{seed} {name}".encode()).digest()


def kept(story: Story, *words: str) -> list[str]:
    """Where in our database any of these words stands."""
    assert story.parts is not None
    found: list[str] = []
    with story.parts.store.read() as conn:
        for table in metadata.sorted_tables:
            for row in conn.execute(select(table)):
                found += [f"{table.name}: {word}" for word in words if word in str(row)]
    return found


def _csv(story: Story, figure: str) -> str:
    address = f"{story.url}/api/dashboard/audit/{figure}.csv"
    return story.admin.session.get(address, timeout=10).text


@pytest.mark.feature("L01")
def test_where_the_grant_shows_no_texts_that_is_said(begin: Begin) -> None:
    story = begin(before=wrote, people=PEOPLE)
    story.change_account(withdraw_scopes=["sales-email-read"])
    story.until("+8d")
    shown = audit(story)
    found = columns_of(shown["quality"])
    assert (found["nothing wrong"]["email"]["n"], found["nothing wrong"]["call"]["n"]) == (0, 2)
    assert "13 (not readable for us)" in shown["quality"]["note"]
