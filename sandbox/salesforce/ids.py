"""Record ids: 15 characters that tell upper from lower case, and 3 that make them safe where not.

The first three tell the object. What follows holds the world's number of the record and, for
objects that the world does not keep by themselves (an entry of a history), a part of it.
"""

from __future__ import annotations

from functools import lru_cache

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUE = {digit: place for place, digit in enumerate(DIGITS)}
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD = "Fx"
_BODY = 10
_PART = 62**6

PREFIXES = {
    "Account": "001",
    "Note": "002",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "Organization": "00D",
    "UserRole": "00E",
    "OpportunityContactRole": "00K",
    "Lead": "00Q",
    "Task": "00T",
    "Event": "00U",
    "RecordType": "012",
    "OpportunityFieldHistory": "017",
    "LeadStatus": "01J",
    "OpportunityStage": "01J",
    "TaskPriority": "01J",
    "TaskStatus": "01J",
    "CurrencyType": "01L",
    "Quote": "0Q0",
    "EmailMessage": "02s",
    "EmailMessageRelation": "0CY",
    "CustomField": "00N",
    "PermissionSet": "0PS",
    "PermissionSetAssignment": "0Pa",
    "FieldPermissions": "01k",
    "ActionCadence": "77C",
    "ActionCadenceStep": "8FR",
    "ActionCadenceTracker": "8HF",
    "ActionCadenceStepTracker": "8HJ",
}
"""Object → the first three characters of its ids."""

OBJECT_OF = {prefix: name for name, prefix in PREFIXES.items()}


@lru_cache(maxsize=400_000)
def make(sobject: str, number: int, part: int = 0) -> str:
    """The id, 18 characters long, of a record of an object."""
    rest, body = part * _PART + number, ""
    for _ in range(_BODY):
        rest, digit = divmod(rest, 62)
        body = DIGITS[digit] + body
    return lengthened(PREFIXES[sobject] + _POD + body)


def lengthened(short: str) -> str:
    """An id of 15 characters with the three that tell which of its letters are upper case."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << n for n, one in enumerate(short[start : start + 5]) if one.isupper())
        suffix += _SUFFIX[bits]
    return short + suffix


class NoId(ValueError):
    """A text that cannot be an id of any record."""


@lru_cache(maxsize=400_000)
def read(text: str) -> tuple[str, int, int]:
    """(first three characters, number, part) of an id with 15 or 18 characters."""
    if len(text) not in (15, 18) or not (text.isascii() and text.isalnum()):
        raise NoId(text)
    short = text[:15] if len(text) == 15 else _cased(text)
    rest = 0
    for one in short[15 - _BODY :]:
        rest = rest * 62 + _VALUE[one]
    part, number = divmod(rest, _PART)
    return short[:3], number, part


def _cased(text: str) -> str:
    """The 15 characters as they were written; the three at the end tell their case."""
    short = ""
    for block, mark in enumerate(text[15:].upper()):
        bits = _SUFFIX.find(mark)
        if bits < 0:
            raise NoId(text)
        for place, one in enumerate(text[block * 5 : block * 5 + 5]):
            short += one.upper() if bits >> place & 1 else one.lower()
    return short


def same(text: str) -> str:
    """An id in its long form; a text that is none as it is."""
    if len(text) == 15 and text.isascii() and text.isalnum():
        return lengthened(text)
    return text
