"""What the CRMs differ in, out of the connectors' own capabilities; `docs/crm_differences.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from connectors.config import NAMES
from connectors.contract import Capability
from connectors.hubspot import capabilities as hubspot
from connectors.hubspot.registration import scopes
from connectors.pipedrive import capabilities as pipedrive
from connectors.salesforce import capabilities as salesforce

_HEAD = """# What differs between the CRMs

The product is the same on all of them. Where a CRM lacks something, this page says why and what is
done instead; an account's own page, under Connection, says it of that account. The page is made by
`bin/followthrough differences --output docs/crm_differences.md` from what the connectors say of
themselves, and a test keeps it so.
"""

_WHOLE = """
## With everything granted

A row is there where a CRM cannot do it, whatever an account buys and grants.
"""

_PARTS = """
## {crm}: what an account may withhold

By its edition, by what the user who connects may see, or by the scopes of the app.

| It cannot | Then |
|---|---|
"""

Capabilities = tuple[Capability, ...]


def matrix() -> dict[str, tuple[Capabilities, Capabilities]]:
    """CRM → its capabilities with all that an account can grant, and with nothing of it."""
    asked = scopes()
    facts = [field.name for field in fields(salesforce.Facts)]
    return {
        "hubspot": (
            hubspot.capabilities((*asked.required, *asked.optional), unique_touch_id=True),
            hubspot.capabilities((), unique_touch_id=False),
        ),
        "salesforce": (
            salesforce.capabilities(salesforce.Facts()),
            salesforce.capabilities(salesforce.Facts(**dict.fromkeys(facts, False))),
        ),
        "pipedrive": (
            pipedrive.capabilities(pipedrive.SCOPES),
            pipedrive.capabilities(()),
        ),
    }


def page() -> str:
    """The page as it stands in `docs/`."""
    found = matrix()
    whole = {crm: full for crm, (full, _) in found.items()}
    parts = [_HEAD, _WHOLE, *_table(whole)]
    for crm, (full, bare) in found.items():
        can = {one.name for one in full if one.available}
        lost = [one for one in bare if not one.available and one.name in can]
        if lost:
            parts.append(_PARTS.format(crm=NAMES[crm]))
            parts += [f"| {_cell(one.label)} | {_cell(one.instead)} |\n" for one in lost]
    return "".join(parts)


def _table(whole: Mapping[str, Capabilities]) -> Iterator[str]:
    """A row for each thing that at least one CRM lacks; one that a CRM does not speak of is there.
    """
    by_name = {crm: {one.name: one for one in those} for crm, those in whole.items()}
    lacked = dict.fromkeys(
        one.name for those in whole.values() for one in those if not one.available
    )
    yield "\n| |" + "".join(f" {NAMES[crm]} |" for crm in whole) + "\n"
    yield "|---|" + "---|" * len(whole) + "\n"
    for name in lacked:
        found = [known.get(name) for known in by_name.values()]
        label = next(one.label for one in found if one is not None and not one.available)
        cells = "".join(f" {_said(one)} |" for one in found)
        yield f"| {_cell(label)} |{cells}\n"


def _said(one: Capability | None) -> str:
    if one is None or one.available:
        return "yes"
    return _cell(f"no: {one.why}. Instead: {one.instead}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
