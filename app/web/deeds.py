"""What the audit recorded, as a sentence without its subject: "saved version 2 of proposal"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

Data = Mapping[str, Any]
Names = Mapping[str, str]

_SAID: Mapping[str, str] = {
    "connected": "connected the account",
    "stopped": "stopped everything",
    "resumed": "let everything go on",
    "leaving": "left the account",
    "left": "uninstalled itself",
    "stages_confirmed": "confirmed {count} stages",
    "people_confirmed": "confirmed managers, hours and zones",
    "mapping": "changed which properties are mapped",
    "sequences": "changed the CRM's own sequences: {changes}",
    "repaired": "made our fields in the CRM again",
    "signin_link": "made a sign-in link for {email}",
    "playbook_saved": "saved version {version} of {playbook}",
    "advice_taken": "changed {playbook} as the figures advised: {found}",
    "version_approved": "approved version {version} of {playbook}",
    "version_sent_back": "sent back version {version} of {playbook}: {comment}",
    "locked": "locked {what} for all but admins",
    "unlocked": "unlocked {what}",
    "playbooks_exported": "took all playbooks along as files",
    "ledger_exported": "took the ledger along as a file",
    "activated": "set {rules} of {playbook} to {mode}",
    "activation_undone": "undid an activation of {playbook}",
    "rules_paused": "paused {rules}",
    "rule_resumed": "let {rule} go on",
    "backlog_released": "released the backlog of {rule}, {per_day} a day",
    "backlog_discarded": "discarded the backlog of {rule} ({records} records)",
    "approved": "approved what {rule} began above its limit",
    "declined": "declined what {rule} began above its limit",
    "spread": "spread what {rule} began above its limit",
    "enrolments_migrated": "moved follow-ups of {playbook} to version {to}",
    "rescheduled": "changed the times of a follow-up",
    "retried": "had failed work tried again",
    "settled": "said what became of a touch",
    "event_key_created": "made the event key {name}",
    "event_key_rotated": "replaced the event key {name}",
    "event_key_revoked": "revoked an event key",
    "event_tested": "tried an event",
    "contact_erased": "had a contact erased everywhere",
}
"""Kind of change → what was done, with values of the entry; what is not here is told by its word.
"""


def deed(what: str, data: Data, names: Names) -> str:
    """names: owner id → name."""
    told = _TOLD.get(what)
    if told is not None:
        return told(data, names)
    pattern = _SAID.get(what)
    if pattern is None:
        return what.replace("_", " ")
    return pattern.format_map(_Values(data))


class _Values(dict[str, str]):
    """An entry's values in words; one that it lacks is left open."""

    def __init__(self, data: Data) -> None:
        super().__init__({key: _word(value) for key, value in data.items()})
        self["changes"] = _changes(data)
        self["count"] = str(len(data.get("stages") or ()))

    def __missing__(self, key: str) -> str:
        return "…"


def _followed(data: Data, names: Names) -> str:
    verb = "followed" if data.get("followed") else "stopped following"
    return f"{verb} the pipeline {data.get('pipeline')}"


def _settings(data: Data, names: Names) -> str:
    before = data.get("before")
    if not isinstance(before, Mapping):
        return f"changed settings: {_changes(data)}"
    old, new = cast(Data, before), cast(Data, data.get("after") or {})
    told = (f"{key} from {_word(old.get(key))} to {_word(value)}" for key, value in new.items())
    return f"changed settings: {'; '.join(told)}"


def _person(data: Data, names: Names) -> str:
    owner = str(data.get("owner_id", ""))
    told: list[str] = []
    for key, value in data.items():
        if key == "owner_id":
            continue
        if key == "absences":
            count = len(value or ())
            told.append(f"{count} absence{'' if count == 1 else 's'}")
        else:
            word = names.get(str(value), _word(value)) if key.endswith("_id") else _word(value)
            told.append(f"{key.removesuffix('_id')} {word}")
    return f"changed {names.get(owner, owner)}: {', '.join(told)}"


_TOLD: Mapping[str, Callable[[Data, Names], str]] = {
    "pipeline_followed": _followed,
    "settings": _settings,
    "person": _person,
}


def _changes(data: Data) -> str:
    return ", ".join(f"{key} {_word(value)}" for key, value in data.items())


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return _changes(cast(Data, value)) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(_word(part) for part in cast(list[Any], value)) or "none"
    return str(value)
