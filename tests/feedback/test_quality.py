"""The sample of texts as it is shown, and how it is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from app.feedback.board.quality import quality, sample
from app.feedback.counted import Counted, Drawn, Names, RecordName
from app.feedback.drawing import draw
from app.model.flaws import Flaw

RECORD = RecordName("deal", "7", "Acme", "https://crm.example/deal/7")


def row(number: int, what: str = "email", state: str = "judged", *flaws: Flaw) -> dict[str, Any]:
    return {
        "owner_id": "a", "what": what, "state": state, "cause": f"{what}:{number}",
        "at": 1_795_000_000_000 + number, "subject_id": 1, "n": 1,
        "hit": int(state == "judged" and not flaws),
        **{str(one): int(one in flaws) for one in Flaw},
    }  # fmt: skip


def counted(*rows: dict[str, Any], drawn: Drawn | None = None) -> Counted:
    names = Names(people={"a": "Ada"}, records={1: RECORD}, drawn=drawn)
    return Counted({"texts": rows}, names, 60, 1_796_000_000_000)


def test_before_the_first_draw_and_with_nothing_judged_it_says_so() -> None:
    assert quality(counted()).note == "The first sample is drawn when the past has been read."
    empty = Drawn("1:2026-09-07", 1, {"email": 3, "call": 0}, lacks="This account cannot read it.")
    found = quality(counted(row(1, "email", "unreadable"), drawn=empty))
    assert found.lines == []
    assert "Not judged: 1 (not readable for us). This account cannot read it." in found.note
    assert [one.cells["found"] for one in sample(counted(row(1, "email", "gone"))).lines] == [
        "gone from the CRM"
    ]


def test_what_a_beginning_cannot_show_is_no_row_of_mails() -> None:
    rows = [row(number, "email", "judged", Flaw.SAYS_NOTHING) for number in range(12)]
    cut = quality(counted(*rows, drawn=Drawn("s", 1, {}, whole=False)))
    shown = {line.cells["what"]: line.cells for line in cut.lines}
    assert shown["names no next step"]["email"] is None
    assert "asks more than one thing" not in shown
    assert shown["says that it has nothing to say"]["email"]["hits"] == 12
    whole = quality(counted(*rows, drawn=Drawn("s", 1, {})))
    assert any(line.cells["what"] == "asks more than one thing" for line in whole.lines)


def test_each_is_drawn_as_often_as_any_other_and_the_same_again() -> None:
    names = [f"email:{number}" for number in range(40)]
    def drawn(seed: str, those: Iterable[str], most: int) -> list[str]:
        return [name for name, _ in draw(seed, ((one, 0) for one in those), most)]

    often = Counter(one for seed in range(500) for one in drawn(str(seed), names, 10))
    assert all(80 <= often[name] <= 175 for name in names), "125 each, give or take five deviations"
    assert drawn("a", names, 10) == drawn("a", reversed(names), 10)
    assert drawn("a", names, 50) == drawn("a", names, 40), "fewer than are wanted are all of them"
    half = [name for name in drawn("a", names, 20) if name in names[:20]]
    assert half == drawn("a", names[:20], len(half)), "part of a sample is one of the part"
