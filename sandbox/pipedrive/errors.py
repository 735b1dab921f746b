"""Pipedrive's refusals in the vendor's error bodies; what is refused: sandbox.refusals.

API v2 answers ``{"success", "error", "code"}``, as developers quote it from live accounts; v1 the
longer body of the page on responses. The sentences of single refusals are the vendor's where its
pages or developers show them; an app must read status and ``code``, never a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox import answers
from sandbox.refusals.table import TABLE

INFO = "Please check developers.pipedrive.com for more information about Pipedrive API."


class ApiError(answers.ApiError):
    """A refusal whose body, where it is None, is the general one with ``message``."""

    def __init__(
        self,
        status: int,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        rows: tuple[str, ...],
        message: str = "",
    ) -> None:
        super().__init__(status, body, headers, rows=rows)
        self.message = message

    def told(self, version: str) -> Any:
        """The body, in the general shape of the API version unless it has its own."""
        if self.body is not None:
            return self.body
        return general(version, self.message, TABLE[self.rows[0]].code)


def general(version: str, message: str, code: str = "") -> dict[str, Any]:
    """The general error body of an API version (``v1``, ``v2``)."""
    told: dict[str, Any] = {"success": False, "error": message}
    if version != "v2":
        told |= {"error_info": INFO, "data": None, "additional_data": None}
    return told | {"code": code} if code else told


def refuse(
    row: str, message: str, *, status: int = 0, headers: Mapping[str, str] | None = None
) -> ApiError:
    """The refusal that a row of the table describes, in the general body.

    ``status`` replaces the row's where a setting moves it.
    """
    return ApiError(status or TABLE[row].status, None, headers, rows=(row,), message=message)


def invalid(row: str, name: str, what: str) -> ApiError:
    """400 for one field of a body or query that is not as the specification has it."""
    return refuse(row, f"Validation failed: {name}: {what}")


def missing(what: str) -> ApiError:
    """404 for a record that is not there."""
    return refuse("pd_missing", f"{what} not found")


def oauth(row: str, message: str) -> ApiError:
    """The token endpoints' own body: ``error`` is the row's code."""
    found = TABLE[row]
    told = {"success": False, "message": message, "error": found.code}
    return ApiError(found.status, told, rows=(row,), message=message)


def hook(row: str, name: str, what: str) -> ApiError:
    """The body of webhook endpoints, which names the field."""
    told = {"status": "error", "success": False, "errors": {name: [what]}}
    return ApiError(TABLE[row].status, told, rows=(row,), message=f"{name}: {what}")
