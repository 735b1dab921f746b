"""What can be wrong with a text that reps sent, or wrote down."""

from __future__ import annotations

from enum import StrEnum


class Flaw(StrEnum):
    """Of a mail that was sent, or of the notes of a call. See `app.wording.flaws`."""

    SAYS_NOTHING = "says_nothing"
    SEVERAL = "several"
    AIMLESS = "aimless"
    LEFT_OPEN = "left_open"
