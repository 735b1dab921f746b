"""Describe: what objects and fields there are, as far as the user sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.salesforce.computed_deals import live_stages, stage_name
from sandbox.salesforce.ids import PREFIXES
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.picklists import Offers

if TYPE_CHECKING:
    from sandbox.salesforce.org import Org

_SOAP = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "currency": "xsd:double",
    "double": "xsd:double", "percent": "xsd:double", "int": "xsd:int", "date": "xsd:date",
    "datetime": "xsd:dateTime",
}  # fmt: skip
_UNGROUPABLE = frozenset(("textarea", "datetime", "currency", "double", "percent"))


def offers(org: Org, sobject: str, name: str) -> Offers:
    """What a picklist offers now: (value, the world's word). Stages and states are an org's own."""
    field = org.objects[sobject].fields[name]
    if (sobject, name) == ("Opportunity", "StageName"):
        return tuple(
            (stage_name(org, stage.id), stage.id)
            for stage in live_stages(org)
            if not stage.archived
        )
    if name == "CurrencyIsoCode":
        return tuple((code, code) for code in (org.account.currency, *org.account.rates))
    if (sobject, name) == ("Task", "Status"):
        known = {word for _, word in field.values}
        own = org.account.properties["tasks"]["hs_task_status"].options
        return field.values + tuple(
            (option.label, option.value) for option in own if option.value not in known
        )
    return field.values


def labels(org: Org, sobject: str, field: Field) -> dict[Any, str]:
    """Value of a picklist → its label, where the two differ."""
    if (sobject, field.name) == ("Opportunity", "StageName"):
        return {stage_name(org, stage.id): stage.label for stage in live_stages(org)}
    if field.custom:
        definitions = [
            org.account.properties[kind].get(field.world[0]) for kind in org.objects[sobject].kinds
        ]
        options = next((one.options for one in definitions if one is not None), [])
        by_word = {option.value: option.label for option in options}
        return {value: by_word.get(word, value) for value, word in field.values}
    return {}


def summary(one: SObject, version: str) -> dict[str, Any]:
    """An object as the list of all objects shows it."""
    base = f"/services/data/{version}/sobjects/{one.name}"
    urls = {"sobject": base, "describe": f"{base}/describe", "rowTemplate": f"{base}/{{ID}}"}
    return {
        "activateable": False,
        "createable": one.writable,
        "custom": False,
        "customSetting": False,
        "deletable": one.deletable,
        "keyPrefix": PREFIXES[one.name],
        "label": one.label,
        "labelPlural": f"{one.label}s",
        "layoutable": bool(one.kinds),
        "mergeable": one.name in ("Account", "Contact", "Lead"),
        "name": one.name,
        "queryable": True,
        "replicateable": "SystemModstamp" in one.fields,
        "retrieveable": True,
        "searchable": bool(one.kinds),
        "triggerable": bool(one.kinds),
        "undeletable": one.deletable,
        "updateable": one.writable,
        "urls": urls,
    }


def described(org: Org, one: SObject, version: str) -> dict[str, Any]:
    """An object with its fields."""
    return summary(one, version) | {
        "fields": [_field(org, one, field) for field in one.fields.values()],
        "childRelationships": [
            {
                "cascadeDelete": child == "OpportunityContactRole",
                "childSObject": child,
                "deprecatedAndHidden": False,
                "field": reference,
                "relationshipName": name,
                "restrictedDelete": False,
            }
            for name, (child, reference) in one.children.items()
            if child in org.objects
        ],
        "recordTypeInfos": _record_types(org, one),
    }


def _record_types(org: Org, one: SObject) -> list[dict[str, Any]]:
    master = {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": "012000000000000AAA",
    }
    if one.name != "Opportunity":
        return [master] if one.kinds else []
    own = [
        {
            "active": row.values["IsActive"],
            "available": row.values["IsActive"],
            "defaultRecordTypeMapping": number == 0,
            "developerName": row.values["DeveloperName"],
            "master": False,
            "name": row.values["Name"],
            "recordTypeId": row.values["Id"],
        }
        for number, row in enumerate(org.rows("RecordType"))
    ]
    return [*own, master | {"defaultRecordTypeMapping": not own}]


def _field(org: Org, one: SObject, field: Field) -> dict[str, Any]:
    text = field.type in ("string", "textarea", "picklist", "combobox", "email", "phone", "url",
                          "multipicklist", "reference", "id")  # fmt: skip
    known = labels(org, one.name, field)
    return {
        "aggregatable": field.type not in ("textarea", "boolean"),
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": field.length * 3
        if text and field.type not in ("id", "reference")
        else (field.length if text else 0),
        "calculated": False,
        "cascadeDelete": False,
        "caseSensitive": False,
        "createable": field.createable and one.writable,
        "custom": field.custom,
        "defaultValue": field.default if field.type != "boolean" else False,
        "defaultedOnCreate": "d" in field.flags or field.type == "boolean",
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": 9 if field.type == "int" else 0,
        "externalId": field.external_id,
        "extraTypeInfo": None,
        "filterable": field.filterable,
        "groupable": field.filterable and field.type not in _UNGROUPABLE,
        "htmlFormatted": False,
        "idLookup": field.type == "id" or field.external_id,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length if text else 0,
        "name": field.name,
        "nameField": field.name == one.name_field,
        "namePointing": len(field.refers) > 1,
        "nillable": not field.required and field.type not in ("boolean", "id"),
        "permissionable": field.custom or not (field.required or field.type == "id"),
        "picklistValues": [
            {
                "active": True,
                "defaultValue": value == field.default,
                "label": known.get(value, value),
                "validFor": None,
                "value": value,
            }
            for value in dict.fromkeys(value for value, _ in offers(org, one.name, field.name))
        ],
        "polymorphicForeignKey": len(field.refers) > 1,
        "precision": 18 if field.type in ("currency", "double") else 0,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.refers),
        "relationshipName": field.relation or None,
        "restrictedPicklist": field.restricted,
        "scale": 2 if field.type in ("currency", "double") else 0,
        "soapType": _SOAP.get(field.type, "xsd:string"),
        "sortable": field.type != "textarea",
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and one.writable,
    }
