"""What the vendors' pages for consenting and installing have in common: parts of forms, and the way
back to the app."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode

from sandbox.answers import Html


def choices(labels: Mapping[int, str]) -> str:
    """One button for each account to choose from, the first one chosen. labels: by portal id."""
    return "".join(
        f'<p><label><input type="radio" name="portal_id" value="{portal}"'
        f"{' checked' if number == 0 else ''}> {escape(label)}</label></p>"
        for number, (portal, label) in enumerate(labels.items())
    )


def hidden(values: Mapping[str, str]) -> str:
    """The fields of a form that nobody sees."""
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in values.items()
    )


def form_of(body: bytes) -> dict[str, str]:
    """What a form has sent, the last value of each field."""
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def back(uri: str, parameters: Mapping[str, str]) -> tuple[int, Html]:
    """The browser goes back to the app, with a code or an error."""
    joint = "&" if "?" in uri else "?"
    return 302, Html("", f"{uri}{joint}{urlencode(parameters)}")
