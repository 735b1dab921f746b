"""How good the texts are, by a sample that was drawn by chance: what is wrong with how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.feedback.counted import Counted, Row, share, total
from app.feedback.figures import ENOUGH, TOO_FEW, Behind, Column, Figure, Line, rate_cell
from app.model.flaws import Flaw

KINDS: Mapping[str, str] = {"email": "Mails", "call": "Calls"}

WORDS: Mapping[Flaw, str] = {
    Flaw.SAYS_NOTHING: "says that it has nothing to say",
    Flaw.SEVERAL: "asks more than one thing",
    Flaw.AIMLESS: "names no next step",
    Flaw.LEFT_OPEN: "something was left open",
}

_OF_CALLS = (Flaw.AIMLESS, Flaw.LEFT_OPEN)
_CUT_OFF = (Flaw.SEVERAL, Flaw.AIMLESS)
"""What cannot be seen of a mail whose end cannot be read."""

STATES: Mapping[str, str] = {
    "judged": "nothing wrong",
    "unanswered": "nobody answered",
    "without_text": "no text in the CRM",
    "unreadable": "not readable for us",
    "gone": "gone from the CRM",
}

_MEANS = (
    "Once a week fifty mails that reps sent and fifty calls that they made are drawn by chance "
    "from those of the last 90 days: the ones whose SHA-256 of seed, space and name is smallest, "
    "so that the same draw can be made again. Here are those of the last {days} days. A mail says "
    "nothing if it holds a phrase such as “just checking in”; it asks more than one thing with "
    "more than two question marks; it names no next step if it neither asks anything nor names a "
    "day or an hour. Of a call its notes are judged: a next step has its day. Left open: TODO, "
    "<name>, a field that was not filled in. Quotes and signatures count in nothing. These are "
    "rules for words, in English, German and Dutch: they see what is missing, not whether the rest "
    "is good. No text is kept here."
)  # fmt: skip


def quality(counted: Counted) -> Figure:
    """What is wrong with how many."""
    judged = counted.of("texts", state="judged")
    by_kind = {kind: counted.of("texts", state="judged", what=kind) for kind in KINDS}
    lines = [
        Line(
            {"what": "nothing wrong", **{k: rate_cell(share(own)) for k, own in by_kind.items()}},
            links={kind: _behind(kind, "hit", 0) for kind in KINDS},
        )
    ]
    for flaw, text in WORDS.items():
        seen = {kind: own for kind, own in by_kind.items() if _shows(counted, kind, flaw)}
        if seen:
            cells = {kind: rate_cell(share(own, flaw)) for kind, own in seen.items()}
            lines.append(
                Line(
                    {"what": text, **dict.fromkeys(KINDS), **cells},
                    links={kind: _behind(kind, flaw, 1) for kind in seen},
                )
            )
    n = int(total(judged))
    return Figure(
        "quality", "How good the texts are", _MEANS.format(days=counted.days),
        (Column("what", "What"), *(Column(kind, label, "share") for kind, label in KINDS.items())),
        lines if n else [], n, "texts judged", note=_note(counted, n),
    )  # fmt: skip


def sample(counted: Counted) -> Figure:
    """Each that was drawn, the latest first."""
    rows = sorted(counted.of("texts"), key=lambda row: (-row["at"], row["cause"]))
    names = counted.names
    lines = [
        Line(
            {
                "at": row["at"], "what": KINDS[row["what"]][:-1].lower(),
                "found": _found(row), "record": _record(counted, row),
                "rep": names.person(row["owner_id"]), "cause": row["cause"],
            }
        )
        for row in rows
    ]  # fmt: skip
    return Figure(
        "quality_sample", "The sample itself",
        "Each mail and call that was drawn and lies in the time looked at, with what was found of "
        "it. The text stands in the CRM, on the record; here only the verdict is kept, until the "
        "next draw.",
        (
            Column("at", "When", "when"), Column("what", "What", "tag"),
            Column("found", "Found"), Column("record", "On", "record"), Column("rep", "Rep"),
            Column("cause", "Name in the draw"),
        ),
        lines, len(lines), "mails and calls drawn",
        note="" if lines else "Nothing was drawn of this time.",
    )  # fmt: skip


def _behind(kind: str, name: str, value: int) -> Behind:
    return Behind("texts", {"what": kind, "state": "judged", name: value})


def _shows(counted: Counted, kind: str, flaw: Flaw) -> bool:
    """Whether such a flaw can be seen at all in texts of a kind."""
    if kind == "call":
        return flaw in _OF_CALLS
    drawn = counted.names.drawn
    return drawn is None or drawn.whole or flaw not in _CUT_OFF


def _found(row: Row) -> str:
    flaws = [text for flaw, text in WORDS.items() if row[flaw]]
    return ", ".join(flaws) or STATES[row["state"]]


def _record(counted: Counted, row: Row) -> dict[str, Any] | None:
    found = counted.names.records.get(row["subject_id"])
    if found is None:
        return None
    return {"type": found.type, "id": found.crm_id, "name": found.name, "url": found.url}


def _note(counted: Counted, n: int) -> str:
    drawn = counted.names.drawn
    if drawn is None:
        return "The first sample is drawn when the past has been read."
    said = [
        f"Drawn with the seed {drawn.seed}, from {drawn.of.get('email', 0):,} mails and "
        f"{drawn.of.get('call', 0):,} calls."
    ]
    aside = Counter[str]()
    for row in counted.of("texts"):
        if row["state"] != "judged":
            aside[STATES[row["state"]]] += int(row["n"])
    if aside:
        said.append(f"Not judged: {_listed(aside)}.")
    if drawn.lacks:
        said.append(drawn.lacks)
    return " ".join([TOO_FEW + "." if n < ENOUGH else "", *said]).strip()


def _listed(aside: Mapping[str, int]) -> str:
    parts: Sequence[str] = [f"{number} ({text})" for text, number in sorted(aside.items())]
    return ", ".join(parts)
