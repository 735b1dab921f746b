"""Salesforce's refusals in the vendor's error bodies. What is refused stands in
:mod:`sandbox.refusals`.

A call that is refused whole answers a list of ``{message, errorCode}``; a record refused among
others says ``statusCode`` instead. Sentences are as developers quote them from live orgs, and an
app must read codes and ``fields``, never a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.answers import ApiError
from sandbox.refusals.table import TABLE


class RowError(Exception):
    """Why one record is not written. ``row``: in the table; ``fields``: at fault."""

    def __init__(self, row: str, message: str, fields: Iterable[str] = ()) -> None:
        self.row = row
        self.message = message
        self.fields = list(fields)
        super().__init__(message)

    @property
    def code(self) -> str:
        return TABLE[self.row].code

    def whole(self) -> ApiError:
        """The refusal of a call that was about this record alone."""
        entry: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields:
            entry["fields"] = self.fields
        return ApiError(TABLE[self.row].status, [entry], rows=(self.row,))

    def entry(self) -> dict[str, Any]:
        """The refusal among the results of several records."""
        return {"statusCode": self.code, "message": self.message, "fields": self.fields}


def refuse(row: str, message: str, *, status: int = 0, **more: Any) -> ApiError:
    """The refusal that a row of the table describes. ``status`` replaces the row's where a setting
    moves it; ``more`` stands in the body beside message and code."""
    found = TABLE[row]
    return ApiError(
        status or found.status, [{"message": message, "errorCode": found.code, **more}], rows=(row,)
    )


def oauth(row: str, description: str) -> ApiError:
    """The login host's own body: error is the row's code."""
    found = TABLE[row]
    body = {"error": found.code, "error_description": description}
    return ApiError(found.status, body, rows=(row,))


def failed(errors: Sequence[RowError]) -> dict[str, Any]:
    """The result of one record among several that was not written."""
    return {"success": False, "errors": [error.entry() for error in errors]}
