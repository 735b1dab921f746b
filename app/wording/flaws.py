"""What is wrong with a text for a prospect: it says nothing, asks too much, or was left open.

Each message advances, clarifies or closes one decision. A phrase such as "just checking in" does
none of it, and two questions leave the reader to pick the easier one. The same rules are said of a
template when it is saved, and judge what reps have sent.
"""

from __future__ import annotations

import re

from app.model.flaws import Flaw

EMPTY_PHRASES: tuple[str, ...] = (
    # English
    "just checking in", "checking in on", "touching base", "touch base", "just following up",
    "circling back", "circle back", "bumping this", "bump this", "any update", "any news on",
    "hope you are well", "hope you're well", "hope this finds you", "did you get my",
    "per my last", "in case you missed",
    # Dutch and German, of the countries whose holidays most accounts choose
    "even checken", "ik kom even terug op", "wollte nur nachfragen", "nur kurz nachfragen",
    "ich hoffe, es geht ihnen gut",
)  # fmt: skip
"""Phrases by which a message says that it has nothing to say."""

MAX_QUESTIONS = 2
"""Question marks of one message: the question itself, and at most one that leads to it."""

_LEFT_OPEN = re.compile(r"\b(TODO|TBD|XXX|lorem ipsum)\b|<(name|company|date|link)>", re.IGNORECASE)
_UNFILLED = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_ADDRESS = re.compile(r"https?://\S+")
_DAY = re.compile(
    r"""\b(
        (mon|tues|wednes|thurs|fri|satur|sun)days?
      | (mon|diens|donners|frei|sams|sonn)tags? | mittwochs?
      | (maan|dins|woens|donder|vrij|zater|zon)dag
      | today | tonight | tomorrow | (this|next)\s+(week|month|quarter)
      | heute | morgen | übermorgen | (diese|nächste)[nr]?\s+(woche|monat)
      | vandaag | overmorgen | (deze|volgende)\s+(week|maand)
      | (january|february|march|april|june|july|august|september|october|november|december)
      | (januar|februar|märz|mai|juni|juli|oktober|dezember|januari|februari|maart|mei)
      | \d{1,2}(st|nd|rd|th)
      | \d{4}-\d{2}-\d{2} | (?!24/7)\d{1,2}/\d{1,2}(/\d{2,4})?
      | \d{1,2}:\d{2} | \d{1,2}\s*(am|pm|uhr|uur|o'clock)
    )\b
    | \b\d{1,2}\.\s?\d{1,2}\. """,
    re.IGNORECASE | re.VERBOSE,
)
"""A day or an hour, in the languages of the phrases above. `may` is left out: it is mostly a verb.
"""


def empty_phrases(text: str) -> list[str]:
    """Those that stand in a text, in the order of the list."""
    plain = " ".join(text.casefold().replace("’", "'").split())
    return [phrase for phrase in EMPTY_PHRASES if phrase in plain]


def left_open(text: str) -> list[str]:
    """What somebody meant to fill in and did not."""
    return sorted({found.group(0) for found in _LEFT_OPEN.finditer(text)})


def questions(text: str) -> int:
    """Question marks, those in addresses left out."""
    return _ADDRESS.sub(" ", text).count("?")


def flaws_of_mail(subject: str, text: str, *, whole: bool = True) -> tuple[Flaw, ...]:
    """What is wrong with a mail that was sent, quotes and signature taken off.

    It names a next step if it asks something, or names a day or an hour. whole: False where the CRM
    shows only how it begins; what may stand further down is then not judged.
    """
    found = [Flaw.SAYS_NOTHING] if empty_phrases(f"{subject}\n{text}") else []
    if whole and questions(text) > MAX_QUESTIONS:
        found.append(Flaw.SEVERAL)
    if whole and not questions(text) and not _DAY.search(text):
        found.append(Flaw.AIMLESS)
    if left_open(text) or _UNFILLED.search(f"{subject}\n{text}"):
        found.append(Flaw.LEFT_OPEN)
    return tuple(found)


def flaws_of_notes(text: str) -> tuple[Flaw, ...]:
    """What is wrong with what a rep wrote down of a call: no day for what comes next."""
    found = [] if _DAY.search(text) else [Flaw.AIMLESS]
    return (*found, Flaw.LEFT_OPEN) if left_open(text) else tuple(found)
