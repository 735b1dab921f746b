"""What an account's admin has made required, enforced on writes from version 2026-09 on.

The changelog announces the rule and that older versions are spared; the codes are the ones that
developers quote.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.hubspot.errors import PropertyProblem
from sandbox.settings import Settings
from sandbox.world.records import Record
from sandbox.world.store import Account

REQUIRED_SINCE = "2026-09"


def missing(
    account: Account,
    kind: str,
    values: Mapping[str, str],
    record: Record | None,
    settings: Settings,
) -> list[PropertyProblem]:
    """What a write leaves out: on a new record all that is required, on a known one what the write
    empties (or, by a setting, leaves empty), and what a value that it sets asks for."""
    always = record is None or settings.required_on_every_update
    found: list[PropertyProblem] = []
    for rule in account.required.get(kind, ()):
        after = values.get(rule.property, record.get(rule.property) if record else "")
        if after:
            continue
        if not rule.when:
            if always or rule.property in values:
                message = f'Property "{rule.property}" is required.'
                found.append(PropertyProblem(rule.property, "required_missing", message))
        elif values.get(rule.when, "") in rule.values or (
            rule.property in values and record is not None and record.get(rule.when) in rule.values
        ):
            message = f'Property "{rule.property}" is required when {rule.when} has this value.'
            found.append(PropertyProblem(rule.property, "required_missing_here", message))
    return found
