"""The app at Salesforce, read from the project in `manifest/salesforce`: what an admin installs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

PROJECT = Path(__file__).resolve().parent.parent / "manifest" / "salesforce"
_SOURCE = PROJECT / "force-app" / "main" / "default"
_NS = "{http://soap.sforce.com/2006/04/metadata}"
_SCOPES = {"Api": ("api",), "RefreshToken": ("refresh_token", "offline_access"),
           "OpenID": ("openid", "id")}  # fmt: skip
"""A scope in metadata → in OAuth."""


def registration(app_url: str) -> dict[str, Any]:
    """What Salesforce knows of the app once its package is built, as the sandbox takes it: without
    ids and secret, which Salesforce draws."""
    oauth = ElementTree.parse(
        next((_SOURCE / "extlClntAppOauthSettings").glob("*.xml"))
    ).getroot()
    named = _text(oauth, "commaSeparatedOauthScopes").replace(" ", "").split(",")
    return {
        "crm": "salesforce",
        "name": "Followthrough",
        "redirect_uris": [f"{app_url}/oauth/salesforce/callback"],
        "required_scopes": [scope for one in named for scope in _SCOPES[one]],
        "package": package(),
    }


def package() -> dict[str, Any]:
    """The package: its namespace and the fields that it brings."""
    project = json.loads((PROJECT / "sfdx-project.json").read_text(encoding="utf-8"))
    paths = sorted(_SOURCE.glob("objects/*/fields/*.field-meta.xml"))
    return {
        "id": "04t000000000001AAA",
        "namespace": project["namespace"],
        "fields": [_field(path) for path in paths],
    }


def _field(path: Path) -> dict[str, Any]:
    root = ElementTree.parse(path).getroot()
    field: dict[str, Any] = {
        "on": path.parent.parent.name,
        "name": _text(root, "fullName"),
        "label": _text(root, "label"),
        "type": _text(root, "type"),
    }
    if length := _text(root, "length"):
        field["length"] = int(length)
    for name, key in (("externalId", "external_id"), ("unique", "unique")):
        if _text(root, name) == "true":
            field[key] = True
    values = [_text(one, "fullName") for one in root.iter(f"{_NS}value")]
    if values:
        field |= {"values": values, "restricted": True}
    return field


def _text(element: ElementTree.Element, name: str) -> str:
    found = element.find(f"{_NS}{name}")
    return (found.text or "").strip() if found is not None else ""
