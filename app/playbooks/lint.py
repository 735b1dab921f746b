"""Texts that say nothing, ask too much at once, or pretend: what is said of a template when saved.

`app.wording.flaws` has the rules that hold for what was sent as well. A first mail that begins with
"Re:" pretends a conversation that never was; of a mail that was sent nobody can tell that, since
the CRM need not have what went before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.model.playbook import Playbook, Template
from app.playbooks.finding import Finding
from app.wording.flaws import MAX_QUESTIONS, empty_phrases, left_open

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
    for phrase in empty_phrases(f"{template.email_subject}\n{body}"):
        yield (
            "body",
            f"`{phrase}` tells the reader that there is nothing to say",
            f"begin with what the answer decides: {template.decides}",
        )
    for left in left_open(body):
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
