"""The account itself: its facts, its people, its pipelines."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.model.time import DAY, Clocks, Wall
from connectors import values
from connectors.contract import Account, CrmPerson, CrmPipeline, CrmStage
from connectors.mapping import CrmMapping
from connectors.pipedrive.api import Api, v1, v2
from connectors.pipedrive.tables import PAGES
from connectors.stages import StageFacts

WON, LOST = "won", "lost"


def closing_stage(pipeline: str, status: str) -> str:
    """Id of the stage that stands for a status: in Pipedrive a deal is won or lost in the stage
    where it is, and leaves none of them for it."""
    return f"{pipeline}:{status}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What `users/me` says of the account and of the user who connected. zone: that user's."""

    account: str
    name: str
    zone: str
    currency: str
    email: str


def read_facts(answer: Mapping[str, Any]) -> Facts:
    me: Mapping[str, Any] = answer["data"]
    return Facts(
        str(me["company_id"]),
        str(me.get("company_name") or me.get("company_domain") or me["company_id"]),
        _zone(me) or "UTC",
        str(me.get("default_currency") or ""),
        str(me.get("email") or ""),
    )


class Company:
    """The facts of one account, read once a day. Safe for threads."""

    def __init__(self, api: Api, clocks: Clocks) -> None:
        self._api = api
        self._clocks = clocks
        self._lock = threading.Lock()
        self._known: tuple[Wall, Facts] | None = None

    def facts(self, *, fresh: bool = False) -> Facts:
        with self._lock:
            now = self._clocks.wall()
            known = self._known
            if known is None or fresh or now - known[0] > DAY:
                known = now, read_facts(self._api.call("GET", v1("users", "me")))
                self._known = known
            return known[1]


def account_of(facts: Facts, base: str) -> Account:
    return Account(
        facts.account,
        facts.name,
        facts.zone,
        facts.currency,
        urlsplit(base).netloc,
        f"{base}/{{type}}/{{id}}",
        dict(PAGES),
    )


def read_people(api: Api) -> list[CrmPerson]:
    """All users, the deactivated too. Hours, absences and teams are not Pipedrive's to tell."""
    answer = api.call("GET", v1("users"))
    return [
        CrmPerson(
            str(user["id"]),
            str(user["id"]),
            str(user.get("email") or ""),
            str(user.get("name") or user.get("email") or f"user {user['id']}"),
            None,
            bool(user.get("active_flag")),
            _zone(user),
        )
        for user in answer.get("data") or ()
    ]


def _zone(user: Mapping[str, Any]) -> str | None:
    try:
        return values.zone(str(user.get("timezone_name") or ""))
    except ValueError:
        return None


def read_pipelines(api: Api, mapping: CrmMapping) -> list[CrmPipeline]:
    """Live pipelines in their order, each with two stages of ours at its end: won and lost."""
    rows = [row for row in api.listed(v2("pipelines"), {"limit": 500}) if not _gone(row)]
    stages: dict[str, list[dict[str, Any]]] = {}
    for stage in api.listed(v2("stages"), {"limit": 500}):
        if not _gone(stage):
            stages.setdefault(str(stage["pipeline_id"]), []).append(stage)
    rows.sort(key=_order)
    return [
        CrmPipeline(
            str(row["id"]),
            str(row["name"]),
            tuple(_stages(row, sorted(stages.get(str(row["id"]), []), key=_order), mapping)),
        )
        for row in rows
    ]


def _gone(row: Mapping[str, Any]) -> bool:
    return bool(row.get("is_deleted"))


def _order(row: Mapping[str, Any]) -> int:
    return int(row.get("order_nr") or 0)


def _stages(
    pipeline: Mapping[str, Any], rows: list[dict[str, Any]], mapping: CrmMapping
) -> Iterable[CrmStage]:
    weighed = pipeline.get("is_deal_probability_enabled")
    own = [StageFacts(str(row["name"]), _probability(row) if weighed else None, False)
           for row in rows]  # fmt: skip
    ids = [str(row["id"]) for row in rows]
    for status, label, probability in ((WON, "Won", 1.0), (LOST, "Lost", 0.0)):
        ids.append(closing_stage(str(pipeline["id"]), status))
        own.append(StageFacts(label, probability, True))
    kinds = mapping.stages.propose(own)
    for position, (id, fact, kind) in enumerate(zip(ids, own, kinds, strict=True)):
        yield CrmStage(id, fact.label, position, fact.probability, fact.closed, kind.value)


def _probability(stage: Mapping[str, Any]) -> float | None:
    """0 to 1; Pipedrive counts in per cent."""
    said = stage.get("deal_probability")
    return None if said is None else float(said) / 100
