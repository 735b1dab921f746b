"""The app as `manifest/hubspot` registers it with HubSpot: what it may ask for.

The manifest is the only list of scopes. HubSpot refuses an install address whose scopes differ
from the registration, so a second list here could only be equal or broken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

FOLDER = Path(__file__).resolve().parents[2] / "manifest" / "hubspot" / "src" / "app"


@dataclass(frozen=True, slots=True)
class Scopes:
    """Scopes as registered. required: without one of them nothing is installed. optional: HubSpot
    drops those that an account's edition cannot grant, without a word."""

    required: tuple[str, ...]
    optional: tuple[str, ...]


@lru_cache(maxsize=1)
def scopes() -> Scopes:
    """The scopes of the manifest. Raises OSError where the manifest is missing."""
    document: dict[str, Any] = orjson.loads((FOLDER / "app-hsmeta.json").read_bytes())
    auth = document["config"]["auth"]
    # Conditionally required ones stand in `scope` too: the account must grant what is asked there.
    required = (*auth["requiredScopes"], *auth["conditionallyRequiredScopes"])
    return Scopes(required, tuple(auth["optionalScopes"]))
