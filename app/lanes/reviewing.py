"""What an approver looks at: a version beside the one whose place it would take."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from app.installations.settings import parse
from app.lanes import governing
from app.playbooks.advice import limits_of
from app.playbooks.codec import from_json, to_json
from app.playbooks.differences import differences
from app.playbooks.loader import advice_on
from app.playbooks.presets import preset, preset_ids
from app.playbooks.raw import Raw, mapping
from app.store import installations, playbooks
from app.store.sets import loads

Row = Mapping[Any, Any]

_KEPT = ("version", "saved_by", "saved_wall", "reviewed_by", "reviewed_wall", "review_comment")


def head(row: Row) -> dict[str, Any]:
    """A version's number, who saved it, and who decided what on it."""
    return {key: row[key] for key in _KEPT}


def looked_at(conn: Connection, row: Row) -> dict[str, Any]:
    """A version with `texts` that changed, line by line, each with what is odd about it;
    `differences` besides, in words; and all other `warnings`. against: what it is compared with."""
    inst, playbook = row["installation_id"], row["playbook"]
    rows = playbooks.versions(conn, inst, playbook)
    against, before = _before(rows, row)
    after = loads(row["data"])
    limits = limits_of(parse(installations.get_settings(conn, inst)))
    found = advice_on(from_json(after), row["source"], f"{playbook}.yaml", limits)
    odd = [asdict(one) for one in found]
    texts = list(_texts(mapping(before.get("templates")), mapping(after.get("templates")), odd))
    beside = [one for text in texts for one in text["warnings"]]
    return {
        "playbook": playbook,
        **head(row),
        "newest": rows[0]["version"],
        "asked": governing.asked_for(conn, inst),
        "state": governing.state_of(row, rows[0]["version"]),
        "against": against,
        "texts": texts,
        "differences": [
            asdict(one)
            for one in differences(before, after)
            if not (one.where and one.where[0].startswith("text "))
        ],
        "warnings": [one for one in odd if one not in beside],
    }


def _before(rows: Sequence[Row], row: Row) -> tuple[str, Raw]:
    """What a version is compared with, by name: the version before it that may act, else the preset
    of the same id, else nothing."""
    for one in rows:
        if one["version"] < row["version"] and one["review"] in (None, playbooks.APPROVED):
            return f"version {one['version']}", loads(one["data"])
    if row["playbook"] in preset_ids():
        return "the preset", to_json(preset(row["playbook"]))
    return "", {}


def _texts(before: Raw, after: Raw, odd: Sequence[Raw]) -> Iterator[dict[str, Any]]:
    """The texts that came, went or changed, each whole, with what changed in front of its lines."""
    for name in dict.fromkeys([*after, *before]):
        old, new = _lines(mapping(before.get(name))), _lines(mapping(after.get(name)))
        if old == new:
            continue
        place = f"templates.{name}."
        yield {
            "text": name,
            "what": "changed" if old and new else "added" if new else "removed",
            "lines": _compared(old, new),
            "warnings": [one for one in odd if one["field"].startswith(place)],
        }


def _lines(text: Raw) -> list[str]:
    """A text as somebody reads it: what it decides, the mail's subject, its letters, its words."""
    if not text:
        return []
    told = [
        f"{label}: {text[key]}"
        for key, label in (("decides", "To decide"), ("email_subject", "Subject of the mail"))
        if text.get(key)
    ]
    told += [f"{letter}: {means}" for letter, means in mapping(text.get("choices")).items()]
    return [*told, "", *str(text.get("body") or "").rstrip("\n").split("\n")]


def _compared(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Both, line by line, each with " ", "-" or "+" in front."""
    return [line[0] + line[2:] for line in difflib.ndiff(old, new) if line[0] != "?"]
