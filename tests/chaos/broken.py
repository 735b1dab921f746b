"""Ways to break the app on purpose, so that the checks are seen to fail. Called in its process."""

from __future__ import annotations

import importlib
import sys
import uuid
from typing import Any


def underived_ids() -> None:
    """Ids at random instead of derived: what is decided again is another thing."""
    ids = importlib.import_module("app.model.ids")

    def random_id(*_parts: Any, **_more: Any) -> str:
        return str(uuid.uuid4())

    for name in ("touch_id", "enrolment_id"):
        derived = getattr(ids, name)
        for key, module in list(sys.modules.items()):
            if key.startswith("app.") and getattr(module, name, None) is derived:
                setattr(module, name, random_id)


def blind_retry() -> None:
    """Whatever was attempted before is written again without looking."""
    connector = importlib.import_module("connectors.hubspot.connector").HubSpotConnector

    def found_nothing(*_asked: Any, **_named: Any) -> dict[str, Any]:
        return {}

    connector.find_tasks = found_nothing


def no_patience() -> None:
    """Not a breakage: the CRM here answers at once, so nobody waits out a time-out."""
    importlib.import_module("app.lanes.dispatch").ANSWER_MS = 100
