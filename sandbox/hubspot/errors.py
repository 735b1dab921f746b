"""HubSpot's refusals in the vendor's error bodies. What is refused stands in ``sandbox.refusals``.

The general body, the missing-scope body, the 429 body and the OAuth body are the documented ones
(error handling guide; changelog on OAuth v3). Codes and sentences of single refusals are the ones
developers quote from live accounts; an app must read ``category`` and ``code``, never a sentence.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from sandbox.answers import ApiError
from sandbox.refusals.table import TABLE


def body(
    message: str,
    category: str | None,
    *,
    errors: list[dict[str, Any]] | None = None,
    context: Mapping[str, list[str]] | None = None,
    sub_category: str | None = None,
    links: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The general error body."""
    made: dict[str, Any] = {
        "status": "error",
        "message": message,
        "correlationId": str(uuid.uuid4()),
    }
    if context:
        made["context"] = context
    if errors:
        made["errors"] = errors
    if links:
        made["links"] = links
    if category:
        made["category"] = category
    if sub_category:
        made["subCategory"] = sub_category
    return made


def refuse(row: str, message: str, *, status: int = 0, **more: Any) -> ApiError:
    """The refusal that a row of the table describes, in the general body.

    ``status`` replaces the row's where a setting moves it; ``more`` is what :func:`body` takes.
    """
    found = TABLE[row]
    made = body(message, found.category, sub_category=found.sub_category, **more)
    return ApiError(status or found.status, made, rows=(row,))


def shape(detail: str) -> ApiError:
    """400 for JSON that has not the shape which the endpoint takes."""
    return refuse("bad_shape", f"Invalid input JSON on line 1, column 1: {detail}")


class PropertyProblem:
    """One value that was refused; the row says with which code."""

    __slots__ = ("code", "message", "name", "row")

    def __init__(self, name: str, row: str, message: str) -> None:
        self.name = name
        self.row = row
        self.code = TABLE[row].code
        self.message = message


def property_errors(
    found: Iterable[PropertyProblem], portal_id: int, *, status: int = 0
) -> ApiError:
    """400 for values of properties that are unknown, read-only or of the wrong type."""
    problems = list(found)
    row = TABLE[problems[0].row]
    listing = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
            "portalId": portal_id,
        }
        for problem in problems
    ]
    told = body(
        f"Property values were not valid: {orjson.dumps(listing).decode()}",
        row.category,
        errors=[
            {
                "message": problem.message,
                "code": problem.code,
                "context": {"propertyName": [problem.name]},
            }
            for problem in problems
        ],
    )
    return ApiError(
        status or row.status, told, rows=tuple(dict.fromkeys(one.row for one in problems))
    )


def record_missing(what: str = "resource") -> ApiError:
    """404 for a record that is not there."""
    return refuse("record_missing", f"{what} not found")


def ids_missing(kind_name: str, ids: list[str]) -> ApiError:
    """The entry of a 207 for ids that could not be read."""
    return refuse(
        "ids_missing",
        f"Could not get some {kind_name} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        context={"ids": ids},
    )


def contact_exists(existing_id: str) -> ApiError:
    """409 for a contact whose e-mail another contact has."""
    return refuse("contact_exists", f"Contact already exists. Existing ID: {existing_id}")


def unique_conflict(
    status: int, portal_id: int, kind_name: str, name: str, value: str, existing_id: str
) -> ApiError:
    """A value of a unique property that another record has."""
    problem = PropertyProblem(
        name,
        "unique_taken",
        f"Cannot set PropertyValueCoordinates{{portalId={portal_id}, "
        f"objectTypeId=ObjectTypeId{{legacyObjectType={kind_name}}}, propertyName={name}, "
        f"value={value}}}. {existing_id} already has that value.",
    )
    return property_errors([problem], portal_id, status=status)


def invalid_associations(object_type: str, ids: list[str]) -> ApiError:
    """400 for an association to a record that is missing, archived or another account's."""
    return refuse(
        "association_end",
        "One or more associations are invalid",
        context={
            "INVALID_OBJECT_IDS": [f"{object_type}={one} is not valid" for one in ids],
            "objectId": ids,
            "objectType": [object_type],
        },
    )


def missing_scopes(scopes: list[str]) -> ApiError:
    """403 MISSING_SCOPES."""
    return refuse(
        "scope_missing",
        "This app hasn't been granted all required scopes to make this call. "
        "Read more about required scopes here: https://developers.hubspot.com/scopes.",
        errors=[
            {
                "message": "One or more of the following scopes are required.",
                "context": {"requiredGranularScopes": scopes},
            }
        ],
        links={"scopes": "https://developers.hubspot.com/scopes"},
    )


def unauthorized(expired: bool) -> ApiError:
    """401 for a token that has run out, or that never was one."""
    if expired:
        return refuse("token_expired", "The OAuth token used to make this call has expired.")
    return refuse(
        "token_unknown",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication "
        "and you can find more details at https://developers.hubspot.com/docs",
    )


def rate_limited(row: str) -> ApiError:
    """429 with the vendor's own body, which differs from the general one."""
    policy = TABLE[row].code
    name = "ten_secondly_rolling" if policy == "TEN_SECONDLY_ROLLING" else policy.lower()
    return ApiError(
        TABLE[row].status,
        {
            "status": "error",
            "message": f"You have reached your {name} limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": str(uuid.uuid4()),
            "policyName": policy,
            "requestId": str(uuid.uuid4()),
        },
        rows=(row,),
    )


def oauth(row: str, description: str) -> ApiError:
    """The token endpoints' own body: error is the row's code, status its sub_category."""
    found = TABLE[row]
    return ApiError(
        found.status,
        {
            "error": found.code,
            "error_description": description,
            "status": found.sub_category,
            "message": description,
        },
        rows=(row,),
    )
