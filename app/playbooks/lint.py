"""Texts that say nothing, ask too much at once, or pretend: what is said of a template when saved.

Each message advances, clarifies or closes one decision. A phrase such as "just checking in" does
none of it, two questions leave the reader to pick the easier one, and a first mail that begins with
"Re:" pretends a conversation that never was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.model.playbook import Playbook, Template
from app.playbooks.finding import Finding

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
_PRETENDS = re.compile(r"^\s*(re|aw|antw|fw|fwd|wg)\s*:", re.IGNORECASE)
_LIQUID = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_BULLET = re.compile(r"^\s*[-*•]", re.MULTILINE)


def text_findings(playbook: Playbook) -> Iterator[Finding]:
    """What is to be said of the texts; nothing of it keeps a playbook from being saved."""
    for name, template in playbook.templates.items():
        for field, message, suggestion in _of_template(template):
            yield Finding(("templates", name, field), message, suggestion)


def _of_template(template: Template) -> Iterator[tuple[str, str, str]]:
    body = _LIQUID.sub(" ", template.body)
    plain = " ".join(f"{template.email_subject}\n{body}".casefold().replace("’", "'").split())
    for phrase in EMPTY_PHRASES:
        if phrase in plain:
            yield (
                "body",
                f"`{phrase}` tells the reader that there is nothing to say",
                f"begin with what the answer decides: {template.decides}",
            )
    for left in sorted({found.group(0) for found in _LEFT_OPEN.finditer(body)}):
        hint = "write it out, or use a field such as {{ deal.name }}"
        yield "body", f"`{left}` was left open", hint
    if template.decides.count("?") > 1:
        yield (
            "decides",
            "a touch advances one decision, and here are several",
            "keep the one that comes first, and give the other a step of its own",
        )
    # Talking points are questions to choose from; a mail is read in one go.
    if template.email_subject and not _BULLET.search(body) and body.count("?") > MAX_QUESTIONS:
        yield (
            "body",
            f"{body.count('?')} questions in one mail; the reader answers the easiest, or none",
            f"ask only what decides it: {template.decides}",
        )
    if _PRETENDS.match(template.email_subject):
        yield (
            "email_subject",
            "it begins like an answer to a mail that the reader never wrote",
            "leave the prefix out; the mail program adds it where it is an answer",
        )
