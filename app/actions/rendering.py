"""The text of a task: why now, what happened last, what to say, and the one decision to advance.

Only Liquid's fragment is rendered for each task; everything fixed is prepared once a template.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from html import escape
from itertools import pairwise
from types import MappingProxyType
from typing import NamedTuple

from liquid import BoundTemplate
from liquid.exceptions import LiquidError, UndefinedError

from app.actions.reply_texts import REPLY_TEXTS
from app.model.playbook import INSTEAD, Playbook, Step, Template
from app.model.vocabulary import TaskType
from app.wording.language import check_tokens, compile_text
from app.wording.plain import Plain, compile_plain

__all__ = [
    "BUILT_IN",
    "Rendered",
    "TaskContext",
    "TaskTexts",
    "check_tokens",
    "render_notice",
    "render_task",
    "template_of",
]

NAME_SEPARATOR = " — "
MAX_SUBJECT_CHARS = 250

Values = Mapping[str, Mapping[str, str | None]]

_HEADINGS = {
    TaskType.EMAIL: ("Draft", "there is no draft here"),
    TaskType.LINKEDIN: ("Draft", "there is no draft here"),
    TaskType.CALL: ("Talking points", "there are no talking points here"),
}
_OTHER_HEADING = ("What to do", "there are no instructions here")

HEADINGS = tuple(dict.fromkeys([*(name for name, _ in _HEADINGS.values()), _OTHER_HEADING[0]]))
"""What may stand above a task's text."""


BUILT_IN: Mapping[str, Template] = {
    "choose-contact": Template(
        id="choose-contact",
        decides="Whom is this follow-up for?",
        body=(
            "It is not clear from the CRM which person to follow up with, and a wrong addressee "
            "costs more than a question.\n\n"
            "- Add the right contact to this record, or mark one of them as primary.\n"
            "- This task then goes away by itself; the other tasks of this follow-up stand on the "
            "record."
        ),
    ),
    "unenrol-contact": Template(
        id="unenrol-contact",
        decides="Is the contact out of the sequence?",
        body=(
            "This follow-up has ended, but the CRM's sequence still runs for the contact and would "
            "send its next mail. The CRM lets no app end it, and no workflow did within five "
            "minutes.\n\n"
            "- Open the contact and unenrol them from the sequence.\n"
            "- This task goes by itself once that is done."
        ),
    ),
    "check-enrolment": Template(
        id="check-enrolment",
        decides="Is the contact in the sequence?",
        body=(
            "The CRM did not answer when it was asked to enrol this contact, and shows no "
            "enrolment since. So that nobody gets the same mail twice, it is not asked again.\n\n"
            "- Open the contact and see whether the sequence runs.\n"
            "- If it does not, enrol them by hand if that is still right.\n"
            "- Then complete this task."
        ),
    ),
    **{text.id: text for text in REPLY_TEXTS},
    INSTEAD: Template(
        id=INSTEAD,
        decides="What is the next step with this contact?",
        body=(
            "The CRM's own sequence could not be started for this contact; the reason stands in "
            "the follow-up's history. Nothing has been sent to anybody.\n\n"
            "- Write or call in your own words.\n"
            "- Then complete this task."
        ),
    ),
}
"""Texts of steps that no playbook contains, by template id."""


class TaskContext(NamedTuple):
    """What a task's text is made of besides its template; all of it plain text.

    subject_name: the deal's (or lead's) name, appended to the task's subject; "" appends nothing.
    why: one sentence, such as "In Proposal sent since 3 March, no reply yet."
    activities: the latest first, one line each. values: token group → name → value, by
    `app.wording.tokens`; None and "" count as missing. candidates: people to choose from where
    it is open whom the touch is for.
    """

    subject_name: str
    why: str
    activities: Sequence[str] = ()
    values: Values = MappingProxyType({})
    candidates: Sequence[str] = ()


class Rendered(NamedTuple):
    """problem: why the body has no draft, for the ledger; "" where all went well."""

    subject: str
    body: str
    problem: str = ""


class _Prepared(NamedTuple):
    plain: Plain | None
    text: BoundTemplate | None
    heading: str
    closing: str
    problem: str


def template_of(playbook: Playbook, step: Step) -> Template | None:
    """The template that a step names, in its playbook or built in."""
    return playbook.templates.get(step.template) or BUILT_IN.get(step.template)


class TaskTexts:
    """Texts of the tasks of one follow-up; what they have in common is written once."""

    __slots__ = ("_bodies", "_context", "_head")

    def __init__(self, context: TaskContext) -> None:
        self._context = context
        why = context.why
        parts = [f"<p><strong>Why now:</strong> {escape(why)}</p>"] if why else []
        parts += _list("Last activities", context.activities)
        parts += _list("Choose one of these contacts", context.candidates)
        self._head = "".join(parts)
        self._bodies: dict[tuple[str, TaskType, bool, str], tuple[str, str]] = {}

    def of(
        self, step: Step, template: Template | None, before: Template | None = None
    ) -> Rendered:
        """Subject and HTML body. Never raises: what cannot be filled in is said in place of the
        draft. All templates must be of one playbook.

        template None: the task stands without a text of its own. before: that of the mail which
        this one answers, in whose thread it is written.
        """
        body, problem = self._head, ""
        if template is not None:
            thread = self._mail_subject(before) if before is not None else ""
            key = (template.id, step.task, step.note, thread)
            known = self._bodies.get(key)
            if known is None:
                make = self._note if step.note else self._body
                known = self._bodies[key] = make(template, step.task, thread)
            body, problem = known
        return Rendered(_subject(step.subject, self._context.subject_name), body, problem)

    def _mail_subject(self, before: Template) -> str:
        """The subject of the mail before, as HTML; "" where it has none that can be filled in."""
        if not before.email_subject:
            return ""
        alone = replace(before, body=before.email_subject, email_subject="")
        text, problem = _fill(_prepare(alone, TaskType.TODO), self._context.values)
        return "" if problem else text

    def _body(self, template: Template, task: TaskType, thread: str) -> tuple[str, str]:
        """thread: the subject, as HTML, of the mail that this one answers."""
        prepared = _prepare(replace(template, email_subject="") if thread else template, task)
        text, problem = _fill(prepared, self._context.values)
        head = self._head
        if thread:
            told = "answer your mail with this subject, do not begin a new one"
            head += f"<p><strong>In the thread “{thread}”:</strong> {told}.</p>"
            text = f"<em>Subject: Re: {thread}</em><br><br>{text}" if text else text
        if problem:
            return f"{head}{_without_text(task, problem)}{prepared.closing}", problem
        draft = f"{prepared.heading}{text}</p>" if text else ""
        return f"{head}{draft}{prepared.closing}", ""

    def _note(self, template: Template, task: TaskType, thread: str) -> tuple[str, str]:
        """A note is read and not done: it has a heading, and nothing to decide."""
        text, problem = _fill(_prepare(template, task), self._context.values)
        said = f"This text is missing, because {escape(problem)}." if problem else text
        heading = f"<p><strong>{escape(template.decides)}</strong></p>"
        return f"{heading}{self._head}<p>{said}</p>", problem


def render_task(step: Step, template: Template | None, context: TaskContext) -> Rendered:
    """The texts of one task alone; see `TaskTexts.of`."""
    return TaskTexts(context).of(step, template)


def render_notice(template: Template, values: Values) -> Rendered:
    """Heading and HTML of a notice to a person of the team."""
    prepared = _prepare(template, TaskType.TODO)
    text, problem = _fill(prepared, values)
    body = _without_text(TaskType.TODO, problem) if problem else f"<p>{text}</p>"
    return Rendered(template.decides, body, problem)


def _subject(fixed: str, name: str) -> str:
    """The step's own subject comes first and whole: it is how people and reports know the step."""
    subject = f"{fixed}{NAME_SEPARATOR}{name}" if name else fixed
    return subject if len(subject) <= MAX_SUBJECT_CHARS else subject[: MAX_SUBJECT_CHARS - 1] + "…"


def _list(heading: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    items = "".join([f"<li>{escape(line)}</li>" for line in lines])
    return [f"<p><strong>{heading}:</strong></p><ul>{items}</ul>"]


def _fill(prepared: _Prepared, values: Values) -> tuple[str, str]:
    """(HTML, "") or ("", problem)."""
    if prepared.plain is not None:
        text = prepared.plain.fill(values)
        if text is not None:
            return text, ""
    if prepared.text is None:
        return "", prepared.problem
    # Liquid prints None as nothing. A missing value must fail instead of leaving a gap in a
    # sentence to a prospect, so nothing empty gets in.
    known = {
        group: {name: value for name, value in fields.items() if value and not value.isspace()}
        for group, fields in values.items()
    }
    try:
        return prepared.text.render(known), ""
    except UndefinedError as error:
        token = str(error.args[0]).removesuffix(" is undefined").strip("'")
        return "", f"{token} has no value in the CRM"
    except LiquidError as error:
        return "", f"the template failed: {error.args[0] if error.args else error}"


def _without_text(task: TaskType, problem: str) -> str:
    heading, absent = _HEADINGS.get(task, _OTHER_HEADING)
    return (
        f"<p><strong>{heading}:</strong> {absent}, because {escape(problem)}. "
        "Add it there or write your own words; nothing has been sent to anybody.</p>"
    )


@lru_cache(maxsize=4096)
def _prepare(template: Template, task: TaskType) -> _Prepared:
    heading, _ = _HEADINGS.get(task, _OTHER_HEADING)
    source = _as_html(template.body.strip())
    if template.email_subject:
        source = f"<em>Subject: {_as_html(template.email_subject)}</em><br><br>{source}"
    text, problem = None, ""
    try:
        text = compile_text(source)
    except LiquidError as error:
        problem = f"the template is not valid: {error.args[0] if error.args else error}"
    return _Prepared(
        compile_plain(source) if text is not None else None,
        text,
        f"<p><strong>{heading}:</strong></p><p>",
        f"<p><strong>To decide:</strong> {escape(template.decides)}</p>",
        problem,
    )


_LIQUID = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
_NEW_LINE = re.compile(r"\s*([-*•]|[a-z]\)|\d{1,2}[).])\s")
_WRAPPED_FROM = 60


def _as_html(text: str) -> str:
    """HTML of plain text with Liquid in it: escaped outside of Liquid, line breaks as `<br>`."""
    pieces = _LIQUID.split(_unwrap(text))
    return "".join(
        piece if index % 2 else escape(piece, quote=False).replace("\n", "<br>")
        for index, piece in enumerate(pieces)
    )


def _unwrap(text: str) -> str:
    """Join lines that an editor has wrapped; keep breaks that somebody meant.

    A break is meant at an empty line, before a list item and after a short line, such as the one
    above a signature.
    """
    lines = text.split("\n")
    joined = lines[0]
    for line, following in pairwise(lines):
        meant = len(line) < _WRAPPED_FROM or not following.strip() or _NEW_LINE.match(following)
        joined += "\n" + following.rstrip() if meant else " " + following.strip()
    return joined
