"""The words of a touch, for whoever is about to do it: as its task stands in the CRM, or as it
would be written now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.actions import drafts
from app.lanes.case import load_cases
from app.lanes.context import Lanes, Tenant
from app.model.vocabulary import Outcome
from connectors.contract import CrmError

Row = Mapping[str, Any]


def task_body(lanes: Lanes, tenant: Tenant, task_id: str) -> str | None:
    """A task's body as it is in the CRM, where a rep may have changed it; None: it is gone."""
    found = lanes.connector_for(tenant.id).read("task", [task_id], ours=True)
    return str(found[0].fields.get("body") or "") if found else None


def draft_of(lanes: Lanes, installation_id: int, touch: Row) -> dict[str, Any]:
    """`why`, `text` and `decides` of a touch, plain; `own`: whether a rep wrote it; `problem`: why
    there is no text.

    Bodies are not kept here. Where the CRM does not show its task now, it is what we would write.
    """
    tenant = lanes.tenant(installation_id)
    body, problem = None, ""
    if touch["outcome"] == Outcome.OPEN.value and touch["task_id"]:
        try:
            body = task_body(lanes, tenant, touch["task_id"])
        except CrmError as error:
            problem = f"The CRM did not show the task as it stands: {error.message}"
    if body is None:
        cases = load_cases(lanes, tenant, [touch], lanes.now())
        if not cases:
            return {"why": "", "text": "", "decides": "", "own": False, "problem": problem}
        made = cases[0].render(tenant)
        body, problem = made.body, problem or made.problem
    words = drafts.read(body)
    own = bool(touch["draft"]) or bool(touch["edited"])
    return {
        "why": words.why, "text": words.draft, "decides": words.decides, "own": own,
        "problem": problem,
    }  # fmt: skip
