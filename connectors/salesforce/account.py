"""The account itself: its facts, its people with their zones, its record types and stages."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from connectors import values
from connectors.contract import (
    Account,
    CrmError,
    CrmPerson,
    CrmPipeline,
    CrmStage,
    Forbidden,
    Invalid,
    NotFound,
)
from connectors.mapping import CrmMapping
from connectors.salesforce.api import Api
from connectors.salesforce.rows import Row, stage_id
from connectors.salesforce.schema import Schema
from connectors.salesforce.tables import DEFAULT_PIPELINE, MASTER_RECORD_TYPE, SOBJECTS
from connectors.stages import StageFacts

_UTC = ZoneInfo("UTC")


class Currencies:
    """What an account's other currencies are worth, asked for once."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._rates: dict[str, float] | None = None

    def own(self, amount: float | None, currency: str | None) -> float | None:
        """An amount in the account's own currency; None where no rate is known."""
        if amount is None or currency is None:
            return amount
        if self._rates is None:
            rows = self._api.query(
                "SELECT IsoCode, ConversionRate FROM CurrencyType WHERE IsActive = true"
            )
            self._rates = {
                str(row["IsoCode"]): float(row["ConversionRate"])
                for row in rows
                if row.get("ConversionRate")
            }
        rate = self._rates.get(currency)
        return None if rate is None else round(amount / rate, 2)


class People:
    """Users and their time zones. Safe for threads; zones are asked for once each."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._lock = threading.Lock()
        self._zones: dict[str, ZoneInfo] = {}
        self._zone: ZoneInfo | None = None

    def all(self) -> list[CrmPerson]:
        """All users who may own records, the deactivated too. Salesforce knows no working hours of
        a user; their role stands for a team."""
        rows = self._api.query(
            "SELECT Id, Name, Email, IsActive, TimeZoneSidKey, UserRole.Name FROM User "
            "WHERE UserType = 'Standard' ORDER BY Id"
        )
        return [self._person(row) for row in rows]

    def _person(self, row: Row) -> CrmPerson:
        role: Mapping[str, Any] = row.get("UserRole") or {}
        email = str(row.get("Email") or "")
        id = str(row["Id"])
        zone = _zone(row.get("TimeZoneSidKey"))
        with self._lock:
            if zone is not None:
                self._zones[id] = zone
        return CrmPerson(
            id,
            id,
            email,
            str(row.get("Name") or email or id),
            str(role["Name"]) if role.get("Name") else None,
            bool(row.get("IsActive")),
            zone.key if zone else None,
        )

    def zone_of(self, owner: str | None) -> ZoneInfo:
        """A user's zone; the account's for a queue, for nobody, and where the user has none."""
        if owner is None:
            return self.default_zone()
        self.know([owner])
        return self._zones[owner]

    def know(self, owners: Iterable[str | None]) -> None:
        """Ask at once for the zones of those who are not known yet."""
        unknown = sorted({owner for owner in owners if owner} - self._zones.keys())
        if not unknown:
            return
        rows = self._api.query_in(
            "SELECT Id, TimeZoneSidKey FROM User WHERE Id IN {ids}", unknown
        )
        zones = {str(row["Id"]): _zone(row.get("TimeZoneSidKey")) for row in rows}
        for owner in unknown:
            self._zones[owner] = zones.get(owner) or self.default_zone()

    def default_zone(self) -> ZoneInfo:
        """The account's own."""
        if self._zone is None:
            rows = self._api.query("SELECT TimeZoneSidKey FROM Organization")
            told = rows[0].get("TimeZoneSidKey") if rows else None
            self._zone = _zone(told) or _UTC
        return self._zone


def _zone(told: Any) -> ZoneInfo | None:
    try:
        return ZoneInfo(values.zone(str(told))) if told else None
    except ValueError:
        return None


def read_account(api: Api, base: str) -> Account:
    """The organisation. base: its address, under which its records have their pages."""
    row = api.query("SELECT Id, Name, TimeZoneSidKey FROM Organization")[0]
    return Account(
        str(row["Id"]),
        str(row.get("Name") or "Salesforce"),
        zone.key if (zone := _zone(row.get("TimeZoneSidKey"))) else "UTC",
        currency_of(api),
        base.partition("://")[2],
        f"{base}/lightning/r/{{type}}/{{id}}/view",
        {str(kind): name for kind, name in SOBJECTS.items()},
    )


def currency_of(api: Api) -> str:
    """The account's own currency; empty where it does not say. One that has several lists them."""
    for soql, column in (
        ("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true", "IsoCode"),
        ("SELECT DefaultCurrencyIsoCode FROM Organization", "DefaultCurrencyIsoCode"),
    ):
        try:
            rows = api.query(soql)
        except (Invalid, NotFound, Forbidden):
            continue
        if rows and rows[0].get(column):
            return str(rows[0][column])
    return ""


def read_pipelines(api: Api, schema: Schema, mapping: CrmMapping) -> list[CrmPipeline]:
    """One pipeline for each record type of opportunities, with the stages of its sales process;
    a single one where there are no record types."""
    rows = api.query(
        "SELECT Id, ApiName, MasterLabel, DefaultProbability, IsActive, IsClosed, IsWon, SortOrder "
        "FROM OpportunityStage WHERE IsActive = true ORDER BY SortOrder, Id"
    )
    types = [one for one in schema.of("deal").described.get("recordTypeInfos") or () if _own(one)]
    if not types:
        return [CrmPipeline(DEFAULT_PIPELINE, "Opportunities", _stages(None, rows, mapping))]
    return [
        CrmPipeline(
            str(one["recordTypeId"]),
            str(one.get("name") or one["recordTypeId"]),
            _stages(str(one["recordTypeId"]), _of_process(api, one, rows), mapping),
        )
        for one in types
    ]


def _own(info: Row) -> bool:
    """Whether a record type is one that somebody made, and not the one that everybody has."""
    id = str(info.get("recordTypeId") or "")
    return bool(info.get("active", True)) and not info.get("master") and id != MASTER_RECORD_TYPE


def _of_process(api: Api, info: Row, rows: Sequence[Row]) -> list[Row]:
    """The stages of a record type's sales process; all, where Salesforce would not say."""
    path = f"ui-api/object-info/Opportunity/picklist-values/{info['recordTypeId']}/StageName"
    try:
        answer = api.call("GET", path, safe=True)
    except CrmError:
        return list(rows)
    names = {str(one["value"]) for one in answer.get("values") or ()}
    return [row for row in rows if _name(row) in names or row.get("MasterLabel") in names]


def _name(stage: Row) -> str:
    """A stage as records name it."""
    return str(stage.get("ApiName") or stage.get("MasterLabel"))


def _stages(pipeline: str | None, rows: Sequence[Row], mapping: CrmMapping) -> tuple[CrmStage, ...]:
    facts = [_facts(row) for row in rows]
    kinds = mapping.stages.propose(facts)
    return tuple(
        CrmStage(
            str(stage_id(pipeline, _name(row))),
            fact.label,
            position,
            None if row.get("DefaultProbability") is None else fact.probability,
            fact.closed,
            kind.value,
        )
        for position, (row, fact, kind) in enumerate(zip(rows, facts, kinds, strict=True))
    )


def _facts(row: Row) -> StageFacts:
    """Won or lost as the stage itself says: its probability may have been changed."""
    closed = bool(row.get("IsClosed"))
    told = row.get("DefaultProbability")
    probability = None if told is None else float(told) / 100
    if closed:
        probability = 1.0 if row.get("IsWon") else 0.0
    return StageFacts(str(row.get("MasterLabel") or _name(row)), probability, closed)
