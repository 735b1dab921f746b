"""How the web answers: JSON by orjson, refusals that say what to do, pages in one frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson
from flask import Flask, Response, current_app, render_template, request
from werkzeug.exceptions import HTTPException

from app.web.ports import Services
from connectors.contract import AuthRevoked

EXTENSION = "followthrough"


class Refusal(Exception):
    """A request that is not served. code: stable word; message: what is wrong; action: what to do
    next; problems: one entry for each wrong field, where the request had fields."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        action: str,
        problems: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.action = action
        self.problems = [dict(problem) for problem in problems]


def services() -> Services:
    """The process's parts, as handed to `create_app`."""
    return cast(Services, current_app.extensions[EXTENSION])


def answer(data: Any, status: int = 200) -> Response:
    """A JSON answer."""
    # Column names are a subclass of str, which orjson takes as a key only when told to.
    text = orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)
    return Response(text, status, mimetype="application/json")


def body() -> dict[str, Any]:
    """The request's JSON object. Raises Refusal for anything else."""
    try:
        data = orjson.loads(request.get_data() or b"{}")
    except orjson.JSONDecodeError as error:
        raise Refusal(
            400, "json", f"the body is not JSON: {error.msg} at character {error.pos}",
            "Send a JSON object with Content-Type application/json.",
        ) from None
    if not isinstance(data, dict):
        raise Refusal(
            400, "json", "the body is JSON, but not an object",
            'Send a JSON object, such as {"followed": true}.',
        )
    return cast(dict[str, Any], data)


def wrong(field: str, message: str, action: str) -> Refusal:
    """One field of a request is wrong."""
    return Refusal(422, "invalid", f"{field}: {message}", action,
                   [{"field": field, "message": message}])


def wants_json() -> bool:
    """Whether the asker is a program."""
    return request.path.startswith(("/api/", "/webhooks/", "/events", "/card/")) or (
        request.accept_mimetypes.best_match(["text/html", "application/json"])
        == "application/json"
    )


def refuse(refusal: Refusal) -> Response:
    """The refusal as JSON or as a page, by who asks."""
    if wants_json():
        data: dict[str, Any] = {
            "error": refusal.code, "message": refusal.message, "next": refusal.action
        }
        if refusal.problems:
            data["problems"] = refusal.problems
        return answer(data, refusal.status)
    page = render_template("refused.html", refusal=refusal)
    return Response(page, refusal.status, mimetype="text/html")


_HTTP = {
    404: ("not_found", "There is nothing at this address.",
          "Check the address, or start from the first page."),
    405: ("method", "This address does not take that kind of request.",
          "See docs/api.md for the methods of each address."),
    413: ("too_large", "The request is larger than this server takes.",
          "Send at most 1 MiB at a time."),
}


def register(app: Flask) -> None:
    """Answer refusals, HTTP errors and failures of our own in the same form."""

    def refused(error: Refusal) -> Response:
        return refuse(error)

    def not_connected(error: AuthRevoked) -> Response:
        return refuse(
            Refusal(409, "not_connected", error.message,
                    "An admin connects the CRM account again, from /welcome; everything that is "
                    "known here is kept meanwhile.")
        )  # fmt: skip

    def http(error: HTTPException) -> Response:
        status = error.code or 500
        code, message, action = _HTTP.get(
            status, ("http", error.description or error.name, "Check the request and try again.")
        )
        return refuse(Refusal(status, code, message, action))

    def failed(error: Exception) -> Response:
        app.logger.exception("unexpected failure at %s %s", request.method, request.path)
        return refuse(
            Refusal(500, "failure", "Something failed that should not have.",
                    "Nothing was changed by halves. Try again; if it fails again, send the time "
                    "and the address to whoever runs this server: its log has the details.")
        )

    app.register_error_handler(Refusal, refused)
    app.register_error_handler(AuthRevoked, not_connected)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, failed)
