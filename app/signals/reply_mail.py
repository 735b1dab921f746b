"""What can be told of a mail without understanding it: one letter, or a machine's headers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.model.vocabulary import ReplyClass

_QUOTE_BEGINS = re.compile(
    r"""^\s*(
        >                                                # quoted lines
      | -{2,}\s*(original\s+message|forwarded|ursprüngliche\s+nachricht|message\s+d'origine)
      | _{5,}                                            # Outlook's rule above the quote
      | (on|am|le|el|op|il)\b.{3,200}\b(wrote|schrieb|écrit|escribió|schreef|scritto)\b.*:\s*$
      | (from|von|de|van|da)\s*:\s*\S+                   # a header of the quoted mail
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_INTRODUCES = re.compile(r"^\s*(on|am|le|el|op|il)\b", re.IGNORECASE)
_SIGNATURE = re.compile(r"^\s*--\s*$")
_DEVICE = re.compile(
    r"^\s*(sent|gesendet|envoyé|enviado|verzonden|inviato)\b.{0,60}$|^\s*get outlook for ",
    re.IGNORECASE,
)
_LETTER = re.compile(r"^[\s*_\"'“„(\[]*(?:option\s+)?([abc])[\s*_\"'”“)\].!:]*$", re.IGNORECASE)

_CHOICES: Mapping[str, ReplyClass] = {
    "a": ReplyClass.CHOICE_A,
    "b": ReplyClass.CHOICE_B,
    "c": ReplyClass.CHOICE_C,
}

LONGEST = 20_000
"""Characters of a body that are looked at; a letter stands at its top."""


def choice_of(body: str | None) -> ReplyClass | None:
    """Which of a, b and c a mail answers; None unless that letter is all that its writer wrote.

    What they quoted, a signature behind `--` and a telephone's own line do not count. A word more,
    and it is a reply that a person must read: "a, but not before May" is no a.
    """
    match = _LETTER.match(own_words(body))
    return _CHOICES[match.group(1).lower()] if match is not None else None


def own_words(body: str | None) -> str:
    """What a mail says above quotes and signature."""
    lines = (body or "")[:LONGEST].replace("\r\n", "\n").replace("\u00a0", " ").split("\n")
    kept: list[str] = []
    for index, line in enumerate(lines):
        # The line that introduces a quote is often wrapped in two.
        pair = f"{line.rstrip()} {lines[index + 1].strip()}" if index + 1 < len(lines) else line
        wrapped = bool(_INTRODUCES.match(line)) and bool(_QUOTE_BEGINS.match(pair))
        if _QUOTE_BEGINS.match(line) or wrapped or _SIGNATURE.match(line):
            break
        if not _DEVICE.match(line):
            kept.append(line)
    return "\n".join(kept).strip()


def is_automatic(headers: Mapping[str, object]) -> bool:
    """Whether a machine answered, by RFC 3834: `Auto-Submitted` that says anything but `no`.

    `X-Auto-Response-Suppress` asks others not to answer by machine and proves nothing of its own
    mail: Exchange puts it on what people write, too.
    """
    for name, value in headers.items():
        if name.strip().lower() == "auto-submitted":
            said = str(value).partition(";")[0].strip().lower()
            return said not in ("", "no")
    return False
