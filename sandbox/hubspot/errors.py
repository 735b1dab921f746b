"""HubSpot's refusals, one maker per kind, in the vendor's error body.

The general body, the missing-scope body, the 429 body and the OAuth body are the documented ones
(error handling guide; changelog on OAuth v3). Codes and sentences of single refusals are the ones
developers quote from live accounts; an app must read ``category`` and ``code``, never a sentence.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import orjson

from sandbox.refusals.table import TABLE


class ApiError(Exception):
    """A refusal: status, body (JSON, or a page) and extra headers.

    ``row`` is its id in the table of refusals.
    """

    def __init__(
        self,
        status: int,
        body: Any,
        headers: Mapping[str, str] | None = None,
        row: str = "",
    ) -> None:
        self.status = status
        self.body = body
        self.headers = headers or {}
        self.row = row
        super().__init__(row or str(status))


def refuse(row: str, message: str, *, status: int = 0, **more: Any) -> ApiError:
    """The refusal that a row of the table describes, in the general body.

    ``status`` replaces the row's where a setting moves it; ``more`` is what :func:`body` takes.
    """
    found = TABLE[row]
    made = body(message, found.category, sub_category=found.sub_category or None, **more)
    return ApiError(status or found.status, made, row=row)


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


def validation(message: str, **more: Any) -> ApiError:
    """400 VALIDATION_ERROR."""
    return ApiError(400, body(message, "VALIDATION_ERROR", **more))


def invalid_json(detail: str) -> ApiError:
    """The body is no JSON, or no JSON of the shape that the endpoint takes."""
    return validation(f"Invalid input JSON on line 1, column 1: {detail}")


def property_errors(found: list[PropertyProblem], portal_id: int) -> ApiError:
    """400 for values of properties that are unknown, read-only or of the wrong type."""
    listing = [
        {
            "isValid": False,
            "message": problem.message,
            "error": problem.code,
            "name": problem.name,
            "localizedErrorMessage": problem.message,
            "portalId": portal_id,
        }
        for problem in found
    ]
    return validation(
        f"Property values were not valid: {orjson.dumps(listing).decode()}",
        errors=[
            {
                "message": problem.message,
                "code": problem.code,
                "context": {"propertyName": [problem.name]},
            }
            for problem in found
        ],
    )


class PropertyProblem:
    """One value that was refused."""

    __slots__ = ("code", "message", "name")

    def __init__(self, name: str, code: str, message: str) -> None:
        self.name = name
        self.code = code
        self.message = message


def not_found(what: str = "resource") -> ApiError:
    """404 for a record, pipeline, owner or path that is not there."""
    return ApiError(404, body(f"{what} not found", "OBJECT_NOT_FOUND"))


def missing_objects(kind_name: str, ids: list[str]) -> dict[str, Any]:
    """The entry of a 207 for ids that could not be read."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": f"Could not get some {kind_name} objects, they may be deleted or not exist. "
        "Check that ids are valid.",
        "context": {"ids": ids},
    }


def contact_exists(existing_id: str) -> ApiError:
    """409 for a contact whose e-mail another contact has."""
    return ApiError(409, body(f"Contact already exists. Existing ID: {existing_id}", "CONFLICT"))


def unique_conflict(
    status: int, portal_id: int, kind_name: str, name: str, value: str, existing_id: str
) -> ApiError:
    """A value of a unique property that another record has."""
    problem = PropertyProblem(
        name,
        "CONFLICTING_UNIQUE_VALUE",
        f"Cannot set PropertyValueCoordinates{{portalId={portal_id}, "
        f"objectTypeId=ObjectTypeId{{legacyObjectType={kind_name}}}, propertyName={name}, "
        f"value={value}}}. {existing_id} already has that value.",
    )
    error = property_errors([problem], portal_id)
    error.status = status
    return error


def invalid_associations(object_type: str, ids: list[str]) -> ApiError:
    """400 for an association to a record that is missing, archived or another account's."""
    return validation(
        "One or more associations are invalid",
        context={
            "INVALID_OBJECT_IDS": [f"{object_type}={one} is not valid" for one in ids],
            "objectId": ids,
            "objectType": [object_type],
        },
    )


def missing_scopes(scopes: list[str]) -> ApiError:
    """403 MISSING_SCOPES."""
    return ApiError(
        403,
        body(
            "This app hasn't been granted all required scopes to make this call. "
            "Read more about required scopes here: https://developers.hubspot.com/scopes.",
            "MISSING_SCOPES",
            errors=[
                {
                    "message": "One or more of the following scopes are required.",
                    "context": {"requiredGranularScopes": scopes},
                }
            ],
            links={"scopes": "https://developers.hubspot.com/scopes"},
        ),
    )


def unauthorized(expired: bool) -> ApiError:
    """401 for a token that has run out, or that never was one."""
    if expired:
        return ApiError(
            401,
            body("The OAuth token used to make this call has expired.", "EXPIRED_AUTHENTICATION"),
        )
    return ApiError(
        401,
        body(
            "Authentication credentials not found. This API supports OAuth 2.0 authentication "
            "and you can find more details at https://developers.hubspot.com/docs",
            "INVALID_AUTHENTICATION",
        ),
    )


def rate_limited(policy: str) -> ApiError:
    """429 with the vendor's own body, which differs from the general one."""
    name = "ten_secondly_rolling" if policy == "TEN_SECONDLY_ROLLING" else policy.lower()
    return ApiError(
        429,
        {
            "status": "error",
            "message": f"You have reached your {name} limit.",
            "errorType": "RATE_LIMIT",
            "correlationId": str(uuid.uuid4()),
            "policyName": policy,
            "requestId": str(uuid.uuid4()),
        },
    )


def oauth(error: str, status: str, description: str) -> ApiError:
    """400 of the token endpoints."""
    return ApiError(
        400,
        {
            "error": error,
            "error_description": description,
            "status": status,
            "message": description,
        },
    )
