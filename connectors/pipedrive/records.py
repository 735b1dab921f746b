"""From a row of Pipedrive's API to a record: flattened to text, with what has to be computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from datetime import time as of_day
from typing import Any
from zoneinfo import ZoneInfo

from app.model.time import MINUTE, Business
from connectors import values
from connectors.contract import CrmRecord, ObjectType
from connectors.mapping import CrmMapping, ObjectMap
from connectors.pipedrive.account import LOST, WON, Facts, closing_stage
from connectors.pipedrive.fields import Fields, day_begins, text_of
from connectors.pipedrive.priorities import FIELD as PRIORITY
from connectors.pipedrive.priorities import priority_word

Row = Mapping[str, Any]
Texts = dict[str, str | None]

_NOON = of_day(12)
_DENIED = frozenset({"unsubscribed", "archived"})
"""Of `marketing_status`, which only accounts with Campaigns have: whoever took their consent back,
and whose mail bounced or was called spam. `no_consent` is what everybody begins with; an account in
which it means no maps `opted_out` to the field."""


class Parser:
    """Makes records of one account's rows."""

    def __init__(
        self, mapping: CrmMapping, fields: Fields, facts: Callable[[], Facts]
    ) -> None:
        self.mapping = mapping
        self.fields = fields
        self.facts = facts

    def record(self, type: ObjectType, row: Row, more: Texts | None = None) -> CrmRecord:
        """more: properties that another reading told."""
        of = self.mapping.of(type)
        texts = self._texts(type, of, row)
        if more:
            texts.update(more)
        fields = of.parse_fields(texts)
        if type == "contact":
            _consent(fields, texts.get("marketing_status"))
        created = stamp(row.get("add_time")) or stamp(row.get("update_time")) or 0
        updated = stamp(row.get("update_time")) or created
        gone = is_gone(row)
        return CrmRecord(
            type,
            str(row["id"]),
            fields,
            Business(created),
            Business(updated),
            gone,
            Business(stamp(row.get("archive_time")) or updated) if gone else None,
        )

    def _texts(self, type: ObjectType, of: ObjectMap, row: Row) -> Texts:
        known = self.fields.of(type)
        texts: Texts = {}
        for name, value in row.items():
            if name != "custom_fields":
                # Of fields that every account has, the values are words of Pipedrive's own; what
                # stands for them on the screen is in the user's language.
                texts[name] = text_of(value, known.get(name) if name == PRIORITY else None)
        custom: Row = row.get("custom_fields") or {}
        for code, value in custom.items():
            texts[code] = text_of(value, known.get(code))
        for property in of.properties:
            # One that the account has, and nobody has set, may be left out of the answer.
            info = self.fields.resolve(type, property) if property not in texts else None
            if info is not None and info.custom:
                texts[property] = texts.get(info.code)
        self._days(type, of, texts)
        _COMPUTED.get(type, _nothing)(row, texts, self.facts)
        return texts

    def _days(self, type: ObjectType, of: ObjectMap, texts: Texts) -> None:
        """A custom field that holds a day, where an instant is meant, means its beginning."""
        for field in of.fields.values():
            text = texts.get(field.property)
            if not text or field.type != "instant":
                continue
            info = self.fields.resolve(type, field.property)
            if info is not None and info.custom and info.type == "date":
                texts[field.property] = day_begins(text, self.facts().zone)


def _consent(fields: dict[str, Any], marketing: str | None) -> None:
    """A no in either place is a no; where neither can be read, there is no yes."""
    if marketing in _DENIED:
        fields["opted_out"] = True
    elif marketing is not None and "opted_out" not in fields:
        fields["opted_out"] = False


def is_gone(row: Row) -> bool:
    """Deleted, or put into the archive, where nothing can be changed any more."""
    return bool(
        row.get("is_deleted") or row.get("is_archived") or row.get("status") == "deleted"
        or row.get("active_flag") is False
    )  # fmt: skip


def stamp(text: Any) -> int | None:
    """Milliseconds of a time as either version writes it; both mean UTC."""
    return values.instant(str(text)) if text else None


# --- computed ------------------------------------------------------------------------------------


def stage_of(row: Row) -> str | None:
    """The stage that a deal is in, as we count them."""
    status = row.get("status")
    if status in (WON, LOST):
        return closing_stage(str(row["pipeline_id"]), str(status))
    stage = row.get("stage_id")
    return None if stage is None else str(stage)


def _deal(row: Row, texts: Texts, facts: Callable[[], Facts]) -> None:
    status = row.get("status")
    texts["stage"] = stage_of(row)
    texts["closed"] = "true" if status in (WON, LOST) else "false"
    texts["won"] = "true" if status == WON else "false"
    if row.get("value") is not None and row.get("currency") == facts().currency:
        texts["value_company"] = texts.get("value")
    _mail_times(row, texts)


def _person(row: Row, texts: Texts, facts: Callable[[], Facts]) -> None:
    for name, plural in (("email", "emails"), ("phone", "phones")):
        texts[name] = _primary(row.get(plural) or row.get(name) or ())
        texts.pop(plural, None)
    if "first_name" not in texts and "last_name" not in texts:
        first, _, last = str(row.get("name") or "").partition(" ")
        texts["first_name"], texts["last_name"] = first or None, last or None
    _mail_times(row, texts)


def _primary(entries: Iterable[Any]) -> str | None:
    found = [one for one in entries if isinstance(one, dict) and one.get("value")]
    best = next((one for one in found if one.get("primary")), found[0] if found else None)
    return str(best["value"]) if best else None


def _organization(row: Row, texts: Texts, facts: Callable[[], Facts]) -> None:
    address = row.get("address")
    if isinstance(address, dict):
        texts["address_country"] = text_of(address.get("country"))
        texts["address_state"] = text_of(address.get("admin_area_level_1"))


def _mail_times(row: Row, texts: Texts) -> None:
    latest = mailed_at(row)
    texts["last_contact_time"] = str(latest) if latest else None


def mailed_at(row: Row) -> int | None:
    """When the last mail went or came."""
    stamps = (stamp(row.get(f"last_{way}_mail_time")) for way in ("incoming", "outgoing"))
    return max(filter(None, stamps), default=None)


def _activity(row: Row, texts: Texts, facts: Callable[[], Facts]) -> None:
    due = due_at(row, facts)
    texts["due_at"] = str(due) if due is not None else None
    if due is not None:
        texts["end_at"] = str(due + _minutes(texts.get("duration")) * MINUTE)
    at = done_at(row, facts)
    texts["at"] = str(at) if at else None
    texts["direction"] = "out"
    texts["priority"] = priority_word(texts.get("priority"))


def done_at(row: Row, facts: Callable[[], Facts]) -> int | None:
    """When an activity was done; of one without that time, when it was due."""
    done = stamp(row.get("marked_as_done_time"))
    return done or due_at(row, facts) or stamp(row.get("update_time"))


def due_at(row: Row, facts: Callable[[], Facts]) -> int | None:
    """When an activity is due (ms). Its date and time of day are one instant in UTC; one without a
    time of day is due on its day, and stands at noon where the account is."""
    day, time = text_of(row.get("due_date")), text_of(row.get("due_time"))
    if not day:
        return None
    if time:
        return values.instant(f"{day[:10]}T{time}")
    zone = ZoneInfo(facts().zone)
    moment = datetime.combine(datetime.fromisoformat(day[:10]), _NOON, zone)
    return round(moment.timestamp() * 1000)


def due_of(instant: int) -> dict[str, str]:
    """The date and time of day of an instant, as they are sent; to the minute that it is in."""
    moment = datetime.fromtimestamp(0, ZoneInfo("UTC")) + timedelta(milliseconds=instant)
    return {"due_date": moment.date().isoformat(), "due_time": moment.strftime("%H:%M")}


def _minutes(duration: str | None) -> int:
    """Of `HH:MM`, or of `HH:MM:SS`."""
    if not duration:
        return 0
    hours, _, rest = duration.partition(":")
    minutes = rest.partition(":")[0]
    return int(hours or 0) * 60 + int(minutes or 0)


def _mail(row: Row, texts: Texts, facts: Callable[[], Facts]) -> None:
    if "message_time" not in row:
        _activity(row, texts, facts)
        return
    texts["direction"] = "out" if row.get("sent_flag") in (1, True, "1") else "in"
    texts["at"] = str(stamp(row["message_time"]))
    texts["owner_id"] = text_of(row.get("user_id"))
    sender = next(iter(row.get("from") or ()), None)
    texts["from_email"] = text_of(sender.get("email_address")) if sender else None


def _nothing(row: Row, texts: Texts, facts: Callable[[], Facts]) -> None: ...


_COMPUTED: Mapping[str, Callable[[Row, Texts, Callable[[], Facts]], None]] = {
    "deal": _deal,
    "contact": _person,
    "company": _organization,
    "task": _activity,
    "meeting": _activity,
    "call": _activity,
    "email": _mail,
}
