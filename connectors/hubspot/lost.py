"""Properties of ours that an admin of the account deleted: written no more, until repaired.

HubSpot refuses a whole input for one property that it does not have. What such a property would
carry is our convenience; the task, the date and the person are the customer's work and go on.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from connectors.contract import CrmError, Invalid, ObjectType, Recorder
from connectors.hubspot.tables import PATHS
from connectors.mapping import CrmMapping

TOUCH_ID = "touch_id"


ROUNDS = 4
"""How often an input is sent again with a property less; HubSpot names all that it misses at once.
"""


class Lost:
    """What one connector has learnt to leave out. Safe for threads."""

    def __init__(self, mapping: CrmMapping, recorder: Recorder) -> None:
        self._mapping = mapping
        self._recorder = recorder
        self._lock = threading.Lock()
        self._fields: set[tuple[str, str]] = set()

    def has(self, type: ObjectType, field: str) -> bool:
        return (type, field) in self._fields

    def without(self, type: ObjectType, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """The fields that can be written."""
        if not self._fields:
            return fields
        return {name: value for name, value in fields.items() if not self.has(type, name)}

    def note(self, type: ObjectType, error: CrmError | None) -> bool:
        """Whether it was refused for want of properties of ours alone: then it can be sent once
        more without them. Who else learnt of them meanwhile makes no difference: this input was
        sent before."""
        if not isinstance(error, Invalid) or not error.missing:
            return False
        known = self._mapping.of(type).fields
        if not all(name in known and known[name].ours for name in error.missing):
            return False
        with self._lock:
            new = {(str(type), name) for name in error.missing} - self._fields
            self._fields |= new
        for _, name in sorted(new):
            self._recorder.lost(f"{PATHS[type]}.{known[name].property}")
        return True

    def give_up(self, type: ObjectType, field: str) -> None:
        """A look-up by this property of ours was refused: it is not there, or not unique."""
        self.note(type, Invalid("", missing=(field,)))
