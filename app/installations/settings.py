"""What a customer may set for one installation, with its defaults and limits.

Stored as one JSON row per installation; a field that is absent takes its default, so that a new
version's setting needs no migration. `docs/settings.md` explains each field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.installations.cap_settings import SegmentSettings
from app.installations.countries import split_country
from app.model.company import DEEDS, CompanyStop, Deed
from app.model.guard import GuardSettings
from app.model.time import DAY, HOUR, MINUTE

DAY_MINUTES = 24 * 60


class SettingsError(Exception):
    """Settings were refused. problems: [{field, message}], each says what would be right."""

    def __init__(self, problems: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{p['field']}: {p['message']}" for p in problems))
        self.problems = problems


MAPPED = ("deal", "contact", "quote")
"""Records whose own properties an admin may map."""

_FIELD = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
Address = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]


class Settings(BaseModel):
    """Settings of one installation. Lengths in ms end in `_ms`; None turns a limit off."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    default_owner: str | None = Field(
        None, max_length=64, description="owner id who gets the tasks of records without an owner"
    )
    zone: str | None = Field(
        None, description="zone of the installation; None takes the CRM account's"
    )
    settle_ms: int = Field(
        5 * MINUTE, ge=0, le=DAY, description="how long a record must stay in a stage to count"
    )
    poll_seconds: int = Field(
        2 * 60, ge=30, le=3600,
        description="how often a CRM that sends no webhooks is asked for changes",
    )  # fmt: skip
    mail_poll_seconds: int = Field(
        30 * 60, ge=60, le=24 * 3600,
        description="how often a CRM whose webhooks do not tell of mail is asked for it",
    )  # fmt: skip
    tokens_per_day: int | None = Field(
        None, ge=1_000, le=100_000_000,
        description="most of a CRM's budget of the day that may be spent here; None takes what "
        "its smallest plan allows",
    )  # fmt: skip
    await_contact_ms: int = Field(
        2 * MINUTE, ge=0, le=HOUR, description="how long a new record may wait for its contact"
    )
    working_hours: bool = Field(
        True, description="move due times into reps' working hours, days and the call window"
    )
    holidays: str | None = Field(
        None, description="country whose public holidays are days off: DE, US or US-CA"
    )
    call_hours: tuple[int, int] = Field(
        (9 * 60, 17 * 60),
        description="when a person may be called, in minutes of their own local day",
    )
    mail_hours: tuple[int, int] = Field(
        (8 * 60, 18 * 60),
        description="when mail that leaves by itself may reach a person, in minutes of their own "
        "local day",
    )
    email_hours: tuple[int, int] = Field(
        (10 * 60, 11 * 60),
        description="the window of e-mail steps that ask for one, in the person's local day",
    )
    best_time_days: int | None = Field(
        None, ge=0, le=10, description="days by which a touch may wait for a person's best hour"
    )
    native_sequences: bool = Field(
        False, description="enrol contacts in the CRM's own sequences where a step asks for it"
    )
    sequence_library: str | None = Field(
        None, max_length=64, description="owner id of the person whose sequences are shown"
    )
    sequence_inboxes: Mapping[Annotated[str, Field(max_length=64)], Address] = Field(
        {}, description="address of the inbox that a person connected to the CRM, by owner id"
    )
    sequence_daily_limit: int | None = Field(
        100, ge=1, le=10_000, description="most enrolments from one inbox in any 24 hours"
    )
    sequence_gap_ms: int = Field(
        0, ge=0, le=HOUR, description="least time between two enrolments from one inbox"
    )
    cap_7_days: int | None = Field(
        7, ge=1, le=1000, description="most touches for one person in any 7 days"
    )
    cap_30_days: int | None = Field(
        20, ge=1, le=1000, description="most touches for one person in any 30 days"
    )
    caps: tuple[SegmentSettings, ...] = Field(
        (), max_length=20,
        description="caps by segment, the first that a record meets; whoever is in none has "
        "cap_7_days and cap_30_days",
    )
    rep_daily_tasks: int | None = Field(
        40, ge=1, le=10_000, description="most tasks of ours falling due for one rep on one day"
    )
    rep_active: int | None = Field(
        None, ge=1, le=100_000, description="most sequences that run for one rep at a time"
    )
    rep_new_per_day: int | None = Field(
        None, ge=1, le=100_000, description="most sequences begun for one rep in any 24 hours"
    )
    merge: bool = Field(
        True, description="at most one due open task of ours for each record and rep"
    )
    holdout_percent: int = Field(
        0, ge=0, le=50, description="share of records that are decided on but left alone"
    )
    backlog_per_day: int = Field(
        10, ge=1, le=10_000, description="records of a released backlog started each day and rule"
    )
    roles: tuple[Annotated[str, Field(min_length=1, max_length=64)], ...] = Field(
        (), max_length=20, description="association labels, in the order of choice"
    )
    mapping: dict[str, dict[str, str | dict[str, Any]]] = Field(
        {},
        description="the account's own properties by our name for them, for deals and contacts; "
        "for quotes, how theirs are read",
    )
    same_address: Literal["one", "each"] = Field(
        "one", description="whether contacts with one e-mail address are one person, or each their "
        "own",
    )
    company_stop: Literal["off", "hold", "stop"] = Field(
        "off",
        description="what an answer on one record of a company does to sequences on its others",
    )
    company_stop_on: tuple[Deed, ...] = Field(
        DEEDS, min_length=1, description="which answers count for the company's other records"
    )
    company_hold_days: int = Field(
        14, ge=1, le=365, description="how long the others wait, in days, where they are held"
    )
    approve_versions: bool = Field(
        False, description="a version of a playbook acts only once somebody else has approved it"
    )
    acquisition_cost: float | None = Field(
        None, ge=0, le=1e12,
        description="what sales and marketing cost in 30 days, in the company's currency",
    )  # fmt: skip
    event_days: int = Field(
        90, ge=31, le=730, description="how long events of your own tools are kept, in days"
    )
    ledger_days: int = Field(
        730, ge=30, le=3650, description="how long decisions are kept, in days"
    )
    grace_days: int = Field(
        30, ge=1, le=365, description="how long data is kept after access was withdrawn, in days"
    )

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None and value not in _zones():
            raise ValueError("not a zone of the IANA list; write one like Europe/Amsterdam")
        return value

    @field_validator("holidays")
    @classmethod
    def _known_country(cls, value: str | None) -> str | None:
        if value is not None:
            split_country(value)
        return value

    @field_validator("mapping")
    @classmethod
    def _named(
        cls, value: dict[str, dict[str, str | dict[str, Any]]]
    ) -> dict[str, dict[str, str | dict[str, Any]]]:
        for kind, entries in value.items():
            if kind not in MAPPED:
                raise ValueError(f"{kind!r} is not mapped; there are: {', '.join(MAPPED)}")
            wrong = [name for name in entries if not _FIELD.match(name)]
            if wrong:
                raise ValueError(
                    f"{wrong[0]!r} is no field's name; use small letters, digits and "
                    "underscores, such as contract_end"
                )
        return value

    @field_validator("caps")
    @classmethod
    def _reached(cls, value: tuple[SegmentSettings, ...]) -> tuple[SegmentSettings, ...]:
        names = [one.name for one in value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two segments are called {twice!r}; give each a name of its own")
        for one in value[:-1]:
            if one.segment is None:
                raise ValueError(f"{one.name!r} names no segment, so it holds for everybody and "
                                 "those after it are never reached; put it last")
        return value

    @field_validator("call_hours", "mail_hours", "email_hours")
    @classmethod
    def _ordered(cls, value: tuple[int, int]) -> tuple[int, int]:
        start, end = value
        if not 0 <= start < end <= DAY_MINUTES:
            raise ValueError("write [start, end] in minutes after midnight with start before end, "
                             "such as [540, 1020] for 9:00 to 17:00")
        return value

    def own_fields(self) -> dict[str, str]:
        """What is mapped, by the names that playbooks use (`deal.x`), each with its type."""
        found: dict[str, str] = {}
        for kind, entries in self.mapping.items():
            for name, entry in entries.items() if kind != "quote" else ():
                type = entry.get("type", "text") if isinstance(entry, dict) else "text"
                found.update({f"{prefix}.{name}": type for prefix in (kind, "subject")})
        return found

    def company(self) -> CompanyStop | None:
        """What an answer means for the company's other records; None: nothing."""
        if self.company_stop == "off":
            return None
        on = frozenset(self.company_stop_on)
        return CompanyStop(self.company_stop, on, self.company_hold_days)

    def guard(
        self, key: str, zone: str, followed: frozenset[str], *, stopped: bool = False
    ) -> GuardSettings:
        """The part that the guard reads.

        key: `crm:account`, which salts the holdout so that two installations differ.
        zone: the CRM account's, used where no zone is set here.
        followed: ids of the pipelines that the admin follows.
        """
        return GuardSettings(
            stopped=stopped,
            cap_7_days=self.cap_7_days,
            cap_30_days=self.cap_30_days,
            rep_daily_tasks=self.rep_daily_tasks,
            merge=self.merge,
            windows_off=not self.working_hours,
            holdout_percent=self.holdout_percent,
            holdout_salt=key,
            installation_zone=self.zone or zone,
            call_hours=self.call_hours,
            mail_hours=self.mail_hours,
            email_hours=self.email_hours,
            best_time_days=self.best_time_days,
            followed_pipelines=followed,
        )


def parse(data: Any) -> Settings:
    """Settings out of stored or submitted JSON. Raises SettingsError naming each wrong field."""
    try:
        return Settings.model_validate(data)
    except ValidationError as error:
        raise SettingsError([_problem(dict(item)) for item in error.errors()]) from None


def change(current: Settings, changes: Any) -> Settings:
    """The current settings with some fields replaced; checked as a whole."""
    if not isinstance(changes, dict):
        raise SettingsError([{
            "field": "",
            "message": "send a JSON object of settings to change, such as {\"merge\": false}",
        }])
    return parse({**current.model_dump(), **changes})


def _problem(item: dict[str, Any]) -> dict[str, str]:
    name = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = ", ".join(sorted(Settings.model_fields))
        return {"field": name, "message": f"no such setting; there are: {known}"}
    message = str(item["msg"]).removeprefix("Value error, ")
    field = Settings.model_fields.get(str(item["loc"][0])) if item["loc"] else None
    meaning = f" (it means: {field.description})" if field and field.description else ""
    return {"field": name, "message": f"{message}; got {item['input']!r}{meaning}"}


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
