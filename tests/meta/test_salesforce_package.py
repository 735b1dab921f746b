"""The Salesforce project in `manifest/`: well-formed, whole, and what the connector asks for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import pytest

from connectors.mapping import load
from connectors.salesforce.install import OURS, wanted_fields
from connectors.salesforce.tables import API_VERSION, SCOPES, SOBJECTS
from demo.salesforce_package import registration

ROOT = Path(__file__).parents[2]
PROJECT = ROOT / "manifest" / "salesforce"
SOURCE = PROJECT / "force-app" / "main" / "default"
NS = "{http://soap.sforce.com/2006/04/metadata}"
DOCS = (ROOT / "docs" / "connect_salesforce.md").read_text(encoding="utf-8")

ROOTS = {
    "eca": "ExternalClientApplication",
    "ecaOauth": "ExtlClntAppOauthSettings",
    "field": "CustomField",
    "permissionset": "PermissionSet",
    "cls": "ApexClass",
    "js": "LightningComponentBundle",
}
"""What stands before `-meta.xml` in a file's name → the element that it holds."""

KINDS = {"DateTime": "datetime", "Date": "date", "Picklist": "enumeration", "Text": None}
"""Type in metadata → as the connector checks it in an account's describe; None: unchecked."""

FILES = sorted(SOURCE.rglob("*-meta.xml"))


class Field(NamedTuple):
    """A field of the package. kind: as in `KINDS`."""

    name: str
    kind: str | None
    values: tuple[str, ...]
    unique: bool


def tree(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()


def text(element: ElementTree.Element, name: str) -> str:
    found = element.find(f"{NS}{name}")
    return (found.text or "").strip() if found is not None else ""


def fields() -> dict[str, dict[str, Field]]:
    """Object → the fields that the package brings to it."""
    found: dict[str, dict[str, Field]] = {}
    for path in sorted(SOURCE.glob("objects/*/fields/*.field-meta.xml")):
        root = tree(path)
        values = tuple(text(one, "fullName") for one in root.iter(f"{NS}value"))
        kind, unique = KINDS[text(root, "type")], text(root, "unique") == "true"
        field = Field(text(root, "fullName"), kind, values, unique)
        found.setdefault(path.parent.parent.name, {})[field.name] = field
    return found


FIELDS = fields()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_holds_what_its_name_says(path: Path) -> None:
    root = tree(path)
    kind = path.name.removesuffix("-meta.xml").rpartition(".")[2]
    assert root.tag == f"{NS}{ROOTS[kind]}"
    stem = path.name.removesuffix(f".{kind}-meta.xml")
    if kind == "field":
        assert text(root, "fullName") == stem
    if kind in ("cls", "js"):
        assert path.with_name(f"{stem}.{kind}").exists()
    version = text(root, "apiVersion")
    assert version in ("", API_VERSION), "all of it is written against one version of the API"


def test_the_project_is_one_package_of_the_version_that_we_speak() -> None:
    project = json.loads((PROJECT / "sfdx-project.json").read_text(encoding="utf-8"))
    (package,) = project["packageDirectories"]
    assert (package["path"], package["default"]) == ("force-app", True)
    assert package["versionNumber"].endswith(".NEXT")
    assert project["sourceApiVersion"] == API_VERSION
    assert project["namespace"] == "", "whoever builds it puts in their own"
    assert f"--name {package['package']} " in DOCS
    assert f"--package {package['package']} " in DOCS


def test_the_package_has_the_fields_that_the_connector_asks_for_and_no_others() -> None:
    mapping = load("salesforce")
    asked: dict[str, dict[str, Field]] = {}
    for type in OURS:
        on = "Activity" if SOBJECTS[type] in ("Task", "Event") else SOBJECTS[type]
        for name, kind, values, unique in wanted_fields(type, mapping):
            asked.setdefault(on, {})[name] = Field(name, kind, values, unique)
    assert asked == FIELDS


def test_names_and_labels_are_as_long_as_salesforce_takes_them() -> None:
    for path in SOURCE.glob("objects/*/fields/*.field-meta.xml"):
        root = tree(path)
        name, length = text(root, "fullName"), text(root, "length")
        assert re.fullmatch(r"[A-Za-z](_?[A-Za-z0-9])*__c", name), name
        assert len(name.removesuffix("__c")) <= 40
        assert 0 < len(text(root, "label")) <= 40
        assert len(text(root, "description")) <= 1000
        assert text(root, "required") == "false", "nobody is kept from saving a record of theirs"
        assert int(length or 1) <= 255
    touch = tree(SOURCE / "objects/Activity/fields/Followthrough_Touch_Id__c.field-meta.xml")
    assert [text(touch, name) for name in ("externalId", "unique", "length")] == [
        "true", "true", "36",
    ]  # fmt: skip


def test_the_permission_set_shows_every_field_of_ours_and_nothing_else() -> None:
    root = tree(SOURCE / "permissionsets" / "Followthrough.permissionset-meta.xml")
    given = [
        (text(one, "field"), text(one, "readable"), text(one, "editable"))
        for one in root.iter(f"{NS}fieldPermissions")
    ]
    ours = {f"{on}.{name}" for on, those in FIELDS.items() for name in those}
    assert sorted(given) == sorted((field, "true", "true") for field in ours)
    rest = {one.tag.removeprefix(NS) for one in root}
    assert rest == {"label", "description", "hasActivationRequired", "fieldPermissions"}


def test_consent_is_asked_for_what_the_app_registers() -> None:
    (app,) = SOURCE.glob("externalClientApps/*.eca-meta.xml")
    (oauth,) = SOURCE.glob("extlClntAppOauthSettings/*.ecaOauth-meta.xml")
    assert text(tree(oauth), "externalClientApplication") == app.name.partition(".")[0]
    assert text(tree(app), "distributionState") == "Packageable"
    known: dict[str, Any] = registration("https://app.example.com")
    assert set(known["required_scopes"]) == set(SCOPES)
    (back,) = known["redirect_uris"]
    assert back.removeprefix("https://app.example.com") in DOCS
    # Consumer key and secret stand in the global settings: of no package, and of no repository.
    assert not list(PROJECT.rglob("*ecaGlblOauth*"))
    assert not list(PROJECT.rglob("*Plcy*")), "policies are the subscriber's"


def test_the_panel_uses_fields_of_the_package_on_the_objects_that_it_is_for() -> None:
    folder = SOURCE / "lwc" / "followthroughPanel"
    source = (folder / "followthroughPanel.js").read_text(encoding="utf-8")
    named = re.findall(r'^import (\w+) from "@salesforce/schema/(\w+)\.(\w+)";$', source, re.M)
    assert {name for _, _, name in named} <= {name for those in FIELDS.values() for name in those}
    assert all(name in FIELDS[on] for _, on, name in named)
    body = source.partition("export default")[0].partition("const OBJECTS")[2]
    assert all(re.search(rf"\b{constant}\b", body) for constant, _, _ in named), "all are shown"
    meta = tree(folder / "followthroughPanel.js-meta.xml")
    objects = {one.text for one in meta.iter(f"{NS}object")}
    assert objects == {on for _, on, _ in named} == set(re.findall(r"^    (\w+): \{", body, re.M))
    markup = (folder / "followthroughPanel.html").read_text(encoding="utf-8")
    used = set(re.findall(r"\{(\w+)[.\w]*\}", markup))
    there = set(re.findall(r"(?:get |@api )(\w+)", source))
    assert used <= there, "whatever the markup names, the component has"
    plain = re.sub(r"=\{([\w.]+)\}", r'="\1"', markup).replace("lwc:if", "lwc-if")
    ElementTree.fromstring(plain)  # every tag is closed


def test_the_class_says_the_version_that_its_test_expects() -> None:
    said = re.search(r"return '([^']+)'", (SOURCE / "classes/FollowthroughPackage.cls").read_text())
    expected = re.search(
        r"areEqual\('([^']+)'", (SOURCE / "classes/FollowthroughPackageTest.cls").read_text()
    )
    assert said is not None
    assert expected is not None
    assert said[1] == expected[1]


def test_the_guide_names_every_part() -> None:
    parts = {path.name for path in SOURCE.iterdir()} - {"objects"}
    parts |= {f"objects/{on}/fields" for on in FIELDS}
    assert [part for part in sorted(parts) if f"`{part}`" not in DOCS] == []
    for label in ("Follow-up control", "Follow-up due at", "Meeting outcome"):
        assert f"*{label}*" in DOCS
        assert any(label == text(tree(path), "label") for path in FILES), label
