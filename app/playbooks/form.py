"""What all forms of a playbook file share: strict keys, and unions that tell their forms apart."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Discriminator


class Strict(BaseModel):
    """Unknown keys are mistakes, never ignored: a misspelt `limit` would mean no limit."""

    model_config = ConfigDict(extra="forbid", frozen=True)


FORM = "form:"
"""Starts the names of a union's forms, which pydantic puts into the locations of its errors."""


def by_key(*keys: str) -> Any:
    """Tells the forms of a union apart by the one key that each must have."""

    def form_of(value: Any) -> str | None:
        if not isinstance(value, dict):
            return None
        return next((FORM + key for key in keys if key in value), None)

    words = ", ".join(f"`{key}`" for key in keys)
    return Discriminator(
        form_of,
        custom_error_type="playbook_form",
        custom_error_message=f"one of these keys must stand here: {words}",
    )


def by_type(value: Any) -> str:
    """Tells a word, a list and a mapping apart, so that an error is about what was meant."""
    if isinstance(value, dict):
        return FORM + "mapping"
    return FORM + ("list" if isinstance(value, list) else "word")
