"""A text of a playbook as a rep will read it on a real record; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from app.lanes.backtest import BacktestError
from app.model.dry_run import Question
from app.model.vocabulary import SignalKind, TaskType
from app.playbooks import phrases
from app.playbooks.codec import from_json
from app.playbooks.problems import PlaybookError
from app.playbooks.raw import Raw
from app.store import finding
from app.web import access
from app.web.answers import services

_SIGNAL = SignalKind.OWNER_CHANGED.value
"""A signal that any open record can have, by which the text's task comes about."""


def previewed(document: Raw, template: str, words: str) -> dict[str, Any]:
    """`title` and `body` of a task with this text on the record that the words find, or `problem`;
    with the record's `type`, `id` and `name`. Without words: one that is followed up now."""
    row = record_of(words)
    told: dict[str, Any] = {"template": template, "record": row, "words": words}
    if row is None:
        return {**told, "problem": f"There is no record “{words}” here." if words else
                "Write the name or the CRM's id of a record above, and press again."}
    try:
        playbook = from_json(_around(document, template))
        asked = Question(row["type"], row["crm_id"], _SIGNAL, None, True, None)
        found = services().runtime.dry_run(
            access.viewer().installation_id, playbook, None, asked
        )
    except (PlaybookError, BacktestError) as error:
        return {**told, "problem": f"It cannot be read yet: {error}"}
    if not found["touches"]:
        said = [one["text"] for one in found["decisions"]]
        return {**told, "problem": "No task comes about on this record now. " + " ".join(said)}
    touch = found["touches"][0]
    return {**told, "title": touch["title"], "body": touch["body"], "problem": touch["problem"]}


def _around(document: Raw, template: str) -> dict[str, Any]:
    """A playbook with the one text, given at once."""
    texts = cast(Raw, document.get("templates") or {})
    given = cast(Raw, texts.get(template) or {})
    kind, subject = _used(document, template)
    step = {
        "id": "preview", "task": kind, "template": template, "subject": subject or template,
    }  # fmt: skip
    return {
        "playbook": "preview",
        "rules": [{
            "id": "preview", "when": {_SIGNAL: "any"}, "again": "every_signal", "settle": "0min",
            "then": [{"create_tasks": [step]}],
        }],
        "templates": {template: {key: given[key] for key in given}},
    }  # fmt: skip


def _used(node: Any, template: str) -> tuple[str, str]:
    """The kind of task and the subject of the first step that names the text."""
    kinds = [kind.value for kind in TaskType]
    if isinstance(node, Mapping):
        step = cast(Raw, node)
        if phrases.template_of(step) == template and "id" in step:
            kind = phrases.channel_of(step)
            return (kind if kind in kinds else "todo"), str(step.get("subject") or template)
        node = list(step.values())
    if isinstance(node, list):
        for one in cast(list[Any], node):
            found = _used(one, template)
            if found[1]:
                return found
    return "todo", ""


def record_of(words: str) -> Mapping[str, Any] | None:
    """The record that the words find; without words, one that is followed up now."""
    who = access.viewer()
    with services().store.read() as conn:
        owners = access.owners_seen(conn, who)
        if words:
            found = finding.search(conn, who.installation_id, words, owners)
        else:
            found = finding.ahead(conn, who.installation_id, owners)
    return found[0] if found else None
