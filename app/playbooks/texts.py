"""Texts of a playbook that nobody could fill in, or that would be taken for something else."""

from __future__ import annotations

from collections.abc import Iterator

from app.playbooks.finding import Finding, Location
from app.playbooks.playbook_schema import PlaybookYaml
from app.wording.language import check_tokens

NAME_SEPARATOR = " — "
"""Stands between a task's own title and the record's name."""


def subject_findings(location: Location, subject: str) -> Iterator[Finding]:
    if "{{" in subject or "{%" in subject:
        yield Finding(
            location,
            "a task's subject is a fixed text",
            "leave the token out: the deal's name is appended to every subject",
        )
    if NAME_SEPARATOR in subject:
        yield Finding(
            location,
            f"a subject cannot contain `{NAME_SEPARATOR}`, after which the deal's name stands",
            "use a colon or a comma",
        )


def template_findings(playbook: PlaybookYaml, known: frozenset[str]) -> Iterator[Finding]:
    for name, template in playbook.templates.items():
        base: Location = ("templates", name)
        if "{{" in template.decides or "{%" in template.decides:
            yield Finding(
                (*base, "decides"), "the decision is a fixed sentence", "leave the token out"
            )
        for key in ("email_subject", "body"):
            text = getattr(template, key)
            for problem in check_tokens(text, known) if text else ():
                place = f" (line {problem.line} of the text)" if "\n" in text.strip() else ""
                yield Finding((*base, key), problem.message + place, problem.suggestion)
