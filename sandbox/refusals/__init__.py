"""Every refusal that the sandbox can make, as a table: what is refused, how, and how we know.

A vendor's HTTP raises by a row's id and by nothing else, so the rows below are all there are.
``docs/sandbox.md`` shows the table; a test holds each row to a refusal that a plain HTTP client
received.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Confidence = Literal["confirmed", "quoted", "unconfirmed"]

INVALID, MISSING = "VALIDATION_ERROR", "OBJECT_NOT_FOUND"


class Refusal(NamedTuple):
    """One row. ``code`` and ``sub_category`` are part of the body where they are not empty.

    ``status`` 207 marks an entry among the errors of an answer that otherwise succeeds.
    ``source`` names the vendor's document; ``confidence`` says whether that document shows this
    answer, developers quote it from live accounts, or nobody does. ``setting`` is the switch in
    :mod:`sandbox.settings` that moves it.
    """

    id: str
    status: int
    category: str
    rule: str
    source: str
    confidence: Confidence
    code: str = ""
    sub_category: str = ""
    setting: str = ""
