"""The endpoints of API v1 that have a successor in v2 and are out of support since August 2026."""

from __future__ import annotations

from sandbox.pipedrive import errors
from sandbox.pipedrive.call import Answer, Call, route

TWINS = (
    *("deals", "deals/{record_id}", "persons", "persons/{record_id}", "organizations"),
    *("organizations/{record_id}", "activities", "activities/{record_id}", "pipelines"),
    *("pipelines/{record_id}", "stages", "stages/{record_id}", "itemSearch", "deals/search"),
    *("persons/search", "organizations/search", "leads/search", "deals/archived"),
)


def _gone(call: Call, **_: str) -> Answer:
    if call.vendor.settings.pipedrive_v1_twins == "missing":
        raise errors.refuse("pd_retired", "Unknown method.", status=404)
    raise errors.refuse("pd_retired", "This endpoint is no longer available; use API v2")


for _twin in TWINS:
    route("*", f"v1/{_twin}")(_gone)
