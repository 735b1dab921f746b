"""From Salesforce's rows to records, and from canonical fields to columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from app.model.time import Business
from connectors.contract import CrmRecord, ObjectType, Version
from connectors.mapping import CrmMapping, Field
from connectors.salesforce.due import Due, due_of, stamp, told
from connectors.salesforce.schema import DUE_AT, DUE_DATE, Shape
from connectors.salesforce.tables import (
    DEFAULT_PIPELINE,
    KINDS,
    MASTER_RECORD_TYPE,
    RECORD_TYPE_PREFIX,
)
from connectors.salesforce.tables import RECORD_TYPE_SEPARATOR as SEPARATOR

Row = Mapping[str, Any]
ZoneOf = Callable[[str | None], ZoneInfo]
Own = Callable[[float | None, str | None], float | None]


def text(value: Any) -> str | None:
    """A column's JSON value as the text that the readers of fields take."""
    if value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


class Rows:
    """Reads and writes of one account's records. zone_of: owner id → their zone. own: an amount in
    a currency → in the account's."""

    def __init__(self, mapping: CrmMapping, zone_of: ZoneOf, own: Own) -> None:
        self._mapping = mapping
        self._zone_of = zone_of
        self.own = own

    def record(self, shape: Shape, row: Row, type: ObjectType | None = None) -> CrmRecord:
        """A row as a record. type: as what it is read, where that differs from its shape."""
        fields = self._fields(shape, row)
        record = CrmRecord(
            type or shape.type,
            str(row["Id"]),
            fields,
            Business(told(row.get("CreatedDate")) or 0),
            Business(told(row.get("SystemModstamp")) or 0),
            bool(row.get("IsDeleted")),
        )
        if record.archived:
            record.archived_at = record.updated_at
        _FINISH.get(shape.type, _nothing)(self, record, row, shape)
        return record

    def _fields(self, shape: Shape, row: Row) -> dict[str, Any]:
        known = self._mapping.of(shape.type).fields
        return {name: known[name].read(text(row.get(c))) for name, c in shape.names.items()}

    def due(self, shape: Shape, row: Row) -> int | None:
        """When the task of a row is due."""
        ours = shape.ours
        reminder = told(row.get("ReminderDateTime")) if row.get("IsReminderSet") else None
        due = Due(
            row.get("ActivityDate"),
            reminder,
            told(row.get(ours.get(DUE_AT, ""))),
            row.get(ours.get(DUE_DATE, "")),
        )
        return due_of(due, self._zone_of(row.get("OwnerId")))

    def columns(self, shape: Shape, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Columns to send for canonical fields; those that the account does not have are left out.

        Raises ValueError naming an unknown field or choice.
        """
        known = self._mapping.of(shape.type).fields
        sent: dict[str, Any] = {}
        for name, value in fields.items():
            field = known.get(name)
            if field is None:
                raise ValueError(
                    f"{shape.type}.{name} is not mapped; there are: {', '.join(known)}"
                )
            column = shape.names.get(name)
            if column is not None:
                sent[column] = written(field, value)
        return sent


def written(field: Field, value: Any) -> Any:
    """A canonical value as Salesforce's JSON takes it; None clears."""
    if value is None:
        return None
    if field.type == "instant":
        return stamp(value)
    if field.type in ("number", "bool", "flag", "opt_out"):
        return value
    return field.write(value)


# --- what a type's columns mean together ---------------------------------------------------------


def stage_id(pipeline: str | None, stage: str | None) -> str | None:
    """A stage's id, unique among all pipelines of the account."""
    if stage is None or pipeline in (None, DEFAULT_PIPELINE):
        return stage
    return f"{pipeline}{SEPARATOR}{stage}"


def stage_name(stage: str) -> str:
    """The picklist's value of a stage's id."""
    pipeline, _, name = stage.partition(SEPARATOR)
    return name if name and pipeline.startswith(RECORD_TYPE_PREFIX) else stage


def pipeline_of(record_type: str | None) -> str:
    if not record_type or record_type == MASTER_RECORD_TYPE:
        return DEFAULT_PIPELINE
    return record_type


def _nothing(rows: Rows, record: CrmRecord, row: Row, shape: Shape) -> None:
    return


def _deal(rows: Rows, record: CrmRecord, row: Row, shape: Shape) -> None:
    fields = record.fields
    fields["pipeline"] = pipeline_of(fields.get("pipeline"))
    fields["stage"] = stage_id(fields["pipeline"], fields.get("stage"))
    if "currency" in fields:
        fields["amount_company"] = rows.own(fields.get("amount"), fields["currency"])
    fields.pop("last_contacted_at", None)  # a day: see `Reader.page`


def _task(rows: Rows, record: CrmRecord, row: Row, shape: Shape) -> None:
    fields = record.fields
    fields["due_at"] = rows.due(shape, row)
    if fields.get("type") == "todo" and row.get("Type") == KINDS["meeting"]:
        fields["type"] = "meeting"
    if row.get("IsClosed"):
        fields["status"] = "completed"
    elif fields.get("status") == "completed":
        fields["status"] = "open"


def _call(rows: Rows, record: CrmRecord, row: Row, shape: Shape) -> None:
    fields = record.fields
    fields["at"] = fields.get("at") or record.created_at
    fields["status"] = "completed"


def _email(rows: Rows, record: CrmRecord, row: Row, shape: Shape) -> None:
    fields = record.fields
    fields["direction"] = "in" if row.get("Incoming") else "out"
    fields["at"] = fields.get("at") or record.created_at
    if row.get("IsBounced"):
        fields["status"] = "bounced"


def _meeting(rows: Rows, record: CrmRecord, row: Row, shape: Shape) -> None:
    """Salesforce has no outcome of an event. Taken out of the calendar before it began, it was
    cancelled; entered after its end, it was held; else nobody has said."""
    fields = record.fields
    if fields.get("outcome") is None:
        start = fields.get("start_at") or record.created_at
        end = fields.get("end_at") or start
        if record.archived:
            fields["outcome"] = "cancelled" if record.updated_at <= start else None
        else:
            fields["outcome"] = "held" if record.created_at >= end else None
    record.archived, record.archived_at = False, None


_FINISH: Mapping[str, Callable[[Rows, CrmRecord, Row, Shape], None]] = {
    "deal": _deal,
    "task": _task,
    "call": _call,
    "email": _email,
    "meeting": _meeting,
}


def stage_versions(pipeline: str, entries: list[Row]) -> list[Version]:
    """Stage entries of one opportunity's history, oldest first.

    A row is written for any change of amount, probability or close date too, so what repeats the
    stage before is no entry.
    """
    found: list[Version] = []
    for entry in sorted(entries, key=lambda row: (told(row["CreatedDate"]) or 0, str(row["Id"]))):
        stage = stage_id(pipeline, text(entry.get("StageName")))
        if stage is not None and (not found or found[-1].value != stage):
            at = Business(told(entry["CreatedDate"]) or 0)
            found.append(Version(stage, at, "", str(entry.get("CreatedById") or "")))
    return found
