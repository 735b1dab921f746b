"""Replays an imported pipeline in business time: each row happens at its own instant.

Nobody lives in an imported account: deals, stages and calls come from the files alone, and no one
touches the tasks that an app creates.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from imports.mapping import Mapping, read_mapping
from imports.reader import CallRow, DealRow, StageMove, Timetable, read_timetable
from sandbox.clock import Agenda
from sandbox.world.account import Account
from sandbox.world.records import Actor, Link, Owner, Pipeline, Stage
from sandbox.world.store import World
from sandbox.world.ways import EVERY_DEAL_OWNED, USERS_WITHOUT_HOURS

DEAL = "import.deal"
STAGE = "import.stage"
CALL = "import.call"

HOUR = 3_600_000
_HOURS = '[{"days":"MONDAY_TO_FRIDAY","startMinute":540,"endMinute":1020}]'
SYSTEM = Actor("AUTOMATION_PLATFORM", "system")
"""Who changes what the files ascribe to nobody, or to the source's own system user."""


class Importer:
    """Puts imported pipelines on the agenda and does their entries."""

    def __init__(self, world: World, agenda: Agenda) -> None:
        self.world = world
        self.agenda = agenda
        agenda.handle(DEAL, self._deal)
        agenda.handle(STAGE, self._stage)
        agenda.handle(CALL, self._call)

    def load(
        self, mapping_file: Path | str, data: Path | str, portal_id: int, crm: str = "hubspot"
    ) -> tuple[Account, Mapping, Timetable]:
        """Read mapping and files, make the account and put every row on the agenda.

        Raises `ImportProblem` before anything is changed.
        """
        mapping = read_mapping(mapping_file)
        table = read_timetable(mapping, data)
        ids = _stage_ids(mapping, crm)
        account = self.world.add_account(
            portal_id,
            mapping.account_name,
            timezone=mapping.timezone,
            currency=mapping.currency,
            tier=mapping.tier if crm == "hubspot" else "",
            pipelines=[_pipeline(mapping, crm, ids)],
            crm=crm,
        )
        account.extra["import"] = {
            "deals": {},
            "contacts": {},
            "owners": _users(account, mapping, table),
            "kinds": {stage.kind: ids[stage.id] for stage in mapping.stages},
            "name": mapping.deal_name,
            "contact": mapping.contact,
            "quantum": mapping.quantum,
            "replay": json.loads(json.dumps(mapping.replay)),
            "starts_at": table.starts_at,
            "ends_at": table.ends_at,
            "counts": dict(table.counts),
        }
        self.agenda.extend(_entries(portal_id, mapping, table, ids))
        return account, mapping, table

    # Handlers take the fields of the row as plain arguments: the agenda is persisted.

    def _deal(self, portal: int, key: str, amount: str, owner: str, stage: str) -> None:
        account = self.world.accounts[portal]
        state = account.extra["import"]
        owner_id, by = _who(state, owner)
        if not owner_id and account.crm in EVERY_DEAL_OWNED:
            owner_id = next(iter(account.owners))
        contact_fields = {
            name: template.format(key=key) for name, template in state["contact"].items()
        }
        contact_fields["hubspot_owner_id"] = owner_id
        contact = account.create("contacts", contact_fields, by)
        fields = {
            "dealname": state["name"].format(key=key),
            "pipeline": next(iter(account.pipelines["deals"])),
            "dealstage": stage,
            "amount": amount,
            "deal_currency_code": account.currency,
            "hubspot_owner_id": owner_id,
        }
        deal = account.create("deals", fields, by, [Link("contacts", contact.id)])
        state["deals"][key] = deal.id
        state["contacts"][key] = contact.id

    def _stage(self, portal: int, key: str, stage: str, resource: str) -> None:
        account = self.world.accounts[portal]
        state = account.extra["import"]
        by = _who(state, resource)[1]
        account.update("deals", state["deals"][key], {"dealstage": stage}, by)

    def _call(self, portal: int, key: str, title: str, resource: str, started: int | None) -> None:
        account = self.world.accounts[portal]
        state = account.extra["import"]
        owner_id, by = _who(state, resource)
        now = self.world.clock.now()
        fields = {
            "hs_timestamp": str(now if started is None else started),
            "hs_call_title": title,
            "hs_call_direction": "OUTBOUND",
            "hs_call_status": "COMPLETED",
            "hs_call_duration": "" if started is None else str(now - started),
            "hubspot_owner_id": owner_id,
        }
        links = [Link("deals", state["deals"][key]), Link("contacts", state["contacts"][key])]
        account.create("calls", fields, by, links)


def _who(state: dict[str, Any], resource: str) -> tuple[str, Actor]:
    """(owner id, actor) of a resource of the files; nobody's is the system's doing."""
    known = state["owners"].get(resource)
    return ("", SYSTEM) if known is None else (known[0], Actor.user(known[1]))


def _entries(
    portal: int, mapping: Mapping, table: Timetable, ids: dict[str, str]
) -> list[tuple[int, str, tuple[Any, ...], tuple[Any, ...]]]:
    """The agenda of a timetable. At one instant deals come first, then the file's own order."""

    def deal(row: DealRow) -> tuple[int, str, tuple[Any, ...], tuple[Any, ...]]:
        args = (portal, row.key, row.amount, row.owner, ids[mapping.initial_stage])
        return row.created_at, DEAL, args, ("import", 0, row.line)

    def move(row: StageMove) -> tuple[int, str, tuple[Any, ...], tuple[Any, ...]]:
        args = (portal, row.deal, ids[row.stage], row.resource)
        return row.at, STAGE, args, ("import", 1, row.line)

    def call(row: CallRow) -> tuple[int, str, tuple[Any, ...], tuple[Any, ...]]:
        args = (portal, row.deal, row.title, row.resource, row.started)
        return row.at, CALL, args, ("import", 1, row.line)

    return [
        *map(deal, table.deals.values()),
        *map(move, table.moves),
        *map(call, table.calls),
    ]


def _stage_ids(mapping: Mapping, crm: str) -> dict[str, str]:
    """The mapping's stage ids → those of the account: numbers, where the vendor wants them."""
    numbered = crm == "pipedrive"
    return {
        stage.id: str(order) if numbered else stage.id
        for order, stage in enumerate(mapping.stages, 1)
    }


def _pipeline(mapping: Mapping, crm: str, ids: dict[str, str]) -> Pipeline:
    return Pipeline(
        "1" if crm == "pipedrive" else mapping.pipeline_id,
        mapping.pipeline_label,
        [
            Stage(
                ids[stage.id], stage.label, order, stage.probability, stage.kind in ("won", "lost")
            )
            for order, stage in enumerate(mapping.stages)
        ],
    )


def _users(account: Account, mapping: Mapping, table: Timetable) -> dict[str, tuple[str, int]]:
    """A user for every resource, resource → (owner id, user id); and a manager who owns nothing."""
    since = table.starts_at - 24 * HOUR
    owners: dict[str, tuple[str, int]] = {}
    people = [("", "manager@example.com", "Sales", "Manager")]
    people += [
        (resource, mapping.owner_email.format(resource=resource), "Rep", resource)
        for resource in table.resources
    ]
    for number, (resource, email, first, last) in enumerate(people):
        user_id = 60_000 + number
        owner = Owner(str(80_000 + number), user_id, email, first, last, created_at=since)
        fields = {
            "hs_email": email,
            "hs_given_name": first,
            "hs_family_name": last,
            "hs_job_title": "Sales manager" if not resource else "Account executive",
            "hs_standard_time_zone": mapping.timezone,
            "hs_working_hours": "" if account.crm in USERS_WITHOUT_HOURS else _HOURS,
            "hs_internal_user_id": str(user_id),
            "hubspot_owner_id": owner.id,
        }
        record = account.create("users", fields, Actor.user(user_id), at=since)
        owner.user_record_id = record.id
        account.add_owner(owner)
        if resource:
            owners[resource] = (owner.id, user_id)
    return owners
