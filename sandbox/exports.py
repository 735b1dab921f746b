"""The raw contents of an account, for a checker that trusts nobody's account of them but the CRM's.

Archived records are included. History is oldest first and leaves out what the CRM computed itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sandbox.world.account import Account
from sandbox.world.records import CALCULATED, KINDS, Record


def export_account(account: Account, kinds: Iterable[str] | None = None) -> dict[str, Any]:
    """Everything of an account as JSON-able data; `kinds` limits the records to some kinds."""
    wanted = list(kinds) if kinds is not None else list(KINDS)
    for kind in wanted:
        if kind not in KINDS:
            raise ValueError(f"kinds: {kind!r} is none of {', '.join(KINDS)}")
    with account.world.lock:
        return {
            "portal_id": account.portal_id,
            "crm": account.crm,
            "name": account.name,
            "timezone": account.timezone,
            "currency": account.currency,
            "now": account.world.clock.now(),
            "pipelines": [
                {
                    "id": pipeline.id,
                    "label": pipeline.label,
                    "stages": [
                        {
                            "id": stage.id,
                            "label": stage.label,
                            "order": stage.order,
                            "probability": stage.probability,
                            "closed": stage.closed,
                        }
                        for stage in pipeline.stages
                    ],
                }
                for pipeline in account.pipelines["deals"].values()
            ],
            "owners": [_owner(account, owner_id) for owner_id in account.owners],
            "teams": [{"id": team.id, "name": team.name} for team in account.teams.values()],
            **{
                kind: [
                    _record(record)
                    for store in (account.objects, account.archived)
                    for record in store[kind].values()
                ]
                for kind in wanted
            },
        }


def _record(record: Record) -> dict[str, Any]:
    history: dict[str, list[list[Any]]] = {}
    for name, versions in record.history.items():
        told = [
            [version.at, version.value, version.source_type, version.source_id]
            for version in versions
            if version.source_type != CALCULATED.source_type
        ]
        if told:
            history[name] = told
    return {
        "id": record.id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "created_by": [record.created_by.source_type, record.created_by.source_id],
        "archived": record.archived,
        "archived_at": record.archived_at,
        "properties": dict(record.fields),
        "history": history,
        "associations": {
            kind: [{"id": other, "labels": list(labels)} for other, labels in ends.items()]
            for kind, ends in record.links.items()
            if ends
        },
    }


def _owner(account: Account, owner_id: str) -> dict[str, Any]:
    owner = account.owners[owner_id]
    user = account.find("users", owner.user_record_id) if owner.user_record_id else None
    hours = user.get("hs_working_hours") if user else ""
    return {
        "id": owner.id,
        "user_id": owner.user_id,
        "email": owner.email,
        "first_name": owner.first_name,
        "last_name": owner.last_name,
        "teams": [{"id": team_id, "main": main} for team_id, main in owner.teams],
        "archived": owner.archived,
        "timezone": user.get("hs_standard_time_zone") if user else "",
        "working_hours": json.loads(hours) if hours else [],
    }
