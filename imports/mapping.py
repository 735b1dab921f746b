"""Reads an import mapping: which files and columns hold a pipeline, and what its activities mean.

A mapping is a YAML file (see `bpic2012.yaml`). Everything that is wrong with one is reported with
file, line and field, what would be right, and, for a misspelt key, the nearest known one.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

STAGE_KINDS = ("new", "qualified", "meeting_done", "proposal", "negotiation", "won", "lost")
_SPAN = re.compile(r"(\d+)\s*(s|min|h)")
_UNIT_MS = {"s": 1_000, "min": 60_000, "h": 3_600_000}


class ImportProblem(ValueError):
    """Something in a mapping or a CSV file is not as it must be; the text says where and what."""

    def __init__(self, file: Path | str, line: int | None, field: str, what: str) -> None:
        place = f"{file}:{line}" if line else f"{file}"
        super().__init__(f"{place}: {field}: {what}")
        self.file = str(file)
        self.line = line
        self.field = field


@dataclass(frozen=True)
class StageSpec:
    id: str
    label: str
    kind: str
    probability: float


@dataclass(frozen=True)
class OwnerRule:
    """The owner of a deal: the resource of its first matching event that is not to be skipped."""

    activities: tuple[str, ...]
    skip: frozenset[str]


@dataclass(frozen=True)
class CallRule:
    """Pairs of start and complete events that become CRM calls."""

    activities: tuple[str, ...]
    start: str
    complete: str


@dataclass(frozen=True)
class Mapping:
    """A whole mapping. Columns map our name of a field to the file's own header."""

    path: Path
    name: str
    account_name: str
    timezone: str
    currency: str
    tier: str
    pipeline_id: str
    pipeline_label: str
    stages: tuple[StageSpec, ...]
    deals_file: str
    deal_columns: dict[str, str]
    deal_name: str
    initial_stage: str
    contact: dict[str, str]
    owner: OwnerRule
    owner_email: str
    events_file: str
    event_columns: dict[str, str]
    stage_of: dict[str, str]
    stage_transitions: frozenset[str]
    calls: CallRule | None
    quantum: int
    replay: dict[str, Any]


class _Section:
    """One mapping node of the YAML, which knows where it stands in the file."""

    def __init__(self, path: Path, node: Any, field: str, line: int) -> None:
        self.path, self.field, self.line = path, field, line
        if not isinstance(node, CommentedMap):
            raise ImportProblem(
                path, line, field or "(file)", "must be a mapping of keys to values"
            )
        self.node: CommentedMap = node

    def name(self, key: str) -> str:
        return f"{self.field}.{key}" if self.field else key

    def line_of(self, key: str) -> int:
        position = self.node.lc.data.get(key) if self.node.lc.data else None
        return position[0] + 1 if position else self.line

    def only(self, *known: str) -> _Section:
        for key in self.node:
            if key not in known:
                near = difflib.get_close_matches(str(key), known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known)}"
                raise ImportProblem(
                    self.path, self.line_of(key), self.name(str(key)), f"unknown key{hint}"
                )
        return self

    def fail(self, key: str, what: str) -> ImportProblem:
        return ImportProblem(self.path, self.line_of(key), self.name(key), what)

    def section(self, key: str) -> _Section:
        if key not in self.node:
            raise ImportProblem(
                self.path, self.line, self.name(key), "is missing; add this section"
            )
        return _Section(self.path, self.node[key], self.name(key), self.line_of(key))

    def text(self, key: str, default: str | None = None) -> str:
        value = self.node.get(key, default)
        if value is None:
            raise ImportProblem(self.path, self.line, self.name(key), "is missing; give a text")
        if not isinstance(value, str | int | float):
            raise self.fail(key, "must be a text")
        return str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.node.get(key)
        items = value if isinstance(value, CommentedSeq) else [value]
        if value is None or not all(isinstance(item, str | int) for item in items):
            raise self.fail(key, "must be a text or a list of texts")
        return tuple(str(item) for item in items)

    def table(self, key: str, required: tuple[str, ...] = ()) -> dict[str, str]:
        section = self.section(key)
        if required:
            section.only(*required)
        for column in required:
            section.text(column)
        return {str(name): str(value) for name, value in section.node.items()}


def read_mapping(path: Path | str) -> Mapping:
    """Read and check a mapping file; raises `ImportProblem` with file, line and field."""
    path = Path(path)
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ImportProblem(path, None, "(file)", f"cannot be read: {error.strerror}") from None
    try:
        root = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ImportProblem(path, line, "(yaml)", error.problem or "is not YAML") from None
    top = _Section(path, root, "", 1).only(
        "name", "account", "pipeline", "deals", "events", "quantum", "replay"
    )
    account = top.section("account").only("name", "timezone", "currency", "tier")
    pipeline = top.section("pipeline").only("id", "label", "stages")
    stages = _stages(pipeline)
    ids = {stage.id for stage in stages}
    deals = top.section("deals").only(
        "file", "columns", "name", "initial_stage", "contact", "owner"
    )
    events = top.section("events").only("file", "columns", "stages", "transitions", "calls")
    stage_of = events.table("stages")
    for activity, stage in stage_of.items():
        if stage not in ids:
            raise events.section("stages").fail(activity, _unknown_stage(stage, ids))
    if deals.text("initial_stage") not in ids:
        raise deals.fail("initial_stage", _unknown_stage(deals.text("initial_stage"), ids))
    owner = deals.section("owner").only("first_event", "skip", "email")
    replay = top.node.get("replay") or {}
    return Mapping(
        path=path,
        name=top.text("name"),
        account_name=account.text("name", top.text("name")),
        timezone=_zone(account),
        currency=account.text("currency"),
        tier=account.text("tier", "professional"),
        pipeline_id=pipeline.text("id", "default"),
        pipeline_label=pipeline.text("label", "Sales pipeline"),
        stages=stages,
        deals_file=deals.text("file"),
        deal_columns=deals.table("columns", ("key", "created_at", "amount")),
        deal_name=deals.text("name"),
        initial_stage=deals.text("initial_stage"),
        contact=deals.table("contact", ("email", "firstname", "lastname")),
        owner=OwnerRule(owner.texts("first_event"), frozenset(owner.texts("skip"))),
        owner_email=owner.text("email"),
        events_file=events.text("file"),
        event_columns=events.table("columns", ("deal", "at", "activity", "transition", "resource")),
        stage_of=stage_of,
        stage_transitions=frozenset(events.texts("transitions")),
        calls=_calls(events),
        quantum=_span(top),
        replay=dict(replay) if isinstance(replay, MappingABC) else {},
    )


def _stages(pipeline: _Section) -> tuple[StageSpec, ...]:
    listed = pipeline.node.get("stages")
    if not isinstance(listed, CommentedSeq) or not listed:
        raise pipeline.fail("stages", "must be a list of {id, label, kind, probability}")
    stages: list[StageSpec] = []
    for index, node in enumerate(listed):
        line = listed.lc.data[index][0] + 1
        stage = _Section(pipeline.path, node, f"pipeline.stages[{index}]", line)
        stage.only("id", "label", "kind", "probability")
        kind = stage.text("kind")
        if kind not in STAGE_KINDS:
            raise stage.fail("kind", f"{kind!r} is none of {', '.join(STAGE_KINDS)}")
        try:
            probability = float(stage.text("probability"))
        except ValueError:
            raise stage.fail("probability", "must be a number from 0 to 1") from None
        if not 0 <= probability <= 1:
            raise stage.fail("probability", "must be a number from 0 to 1")
        stages.append(StageSpec(stage.text("id"), stage.text("label"), kind, probability))
    return tuple(stages)


def _calls(events: _Section) -> CallRule | None:
    if "calls" not in events.node:
        return None
    calls = events.section("calls").only("activities", "start", "complete")
    return CallRule(calls.texts("activities"), calls.text("start"), calls.text("complete"))


def _span(top: _Section) -> int:
    text = top.text("quantum", "0s")
    match = _SPAN.fullmatch(text)
    if not match:
        raise top.fail("quantum", f"{text!r} is no time span; write for example 15min, 30s or 1h")
    return int(match[1]) * _UNIT_MS[match[2]]


def _zone(account: _Section) -> str:
    zone = account.text("timezone")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise account.fail(
            "timezone", f"{zone!r} is no IANA zone; write for example Europe/Amsterdam"
        ) from None
    return zone


def _unknown_stage(stage: str, ids: set[str]) -> str:
    return f"stage {stage!r} is not in pipeline.stages; known: {', '.join(sorted(ids))}"
