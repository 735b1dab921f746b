"""What is filled in without Liquid is what Liquid would have filled in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid.exceptions import UndefinedError

from app.wording.language import compile_text
from app.wording.plain import compile_plain

TOKENS = ("contact.first_name", "deal.name", "owner.name", "meeting.date")
VALUES = st.none() | st.text("ab <>&'\"{}%|\n é", max_size=6)
DEFAULTS = st.sampled_from(
    ["", " | default: 'there'", "|default:'a&b <'", ' | default: "it\'s"', " | default: ''"]
)
TOKEN = st.builds(
    lambda token, default, space: f"{{{{{space}{token}{default}{space}}}}}",
    st.sampled_from(TOKENS), DEFAULTS, st.sampled_from(["", " ", "\n "]),
)  # fmt: skip
TEXT = st.text("ab <&;\n é", max_size=8)


def by_liquid(source: str, values: dict[str, dict[str, str | None]]) -> str | None:
    known = {
        group: {name: value for name, value in fields.items() if value and not value.isspace()}
        for group, fields in values.items()
    }
    try:
        return compile_text(source).render(known)
    except UndefinedError:
        return None


@given(st.lists(TOKEN | TEXT, max_size=6), VALUES, VALUES, VALUES)
def test_both_ways_say_the_same(
    pieces: list[str], first: str | None, deal: str | None, owner: str | None
) -> None:
    source = "".join(pieces)
    plain = compile_plain(source)
    assert plain is not None
    values = {"contact": {"first_name": first}, "deal": {"name": deal}, "owner": {"name": owner}}
    assert plain.fill(values) == by_liquid(source, values)


@pytest.mark.parametrize(
    "source",
    [
        "{% if deal.name %}x{% endif %}", "{{ deal.name | upcase }}", "{{ deal.size }}",
        "{{- deal.name }}", "{{ deal.name | default: owner.name }}", "{{ 'text' }}", "{{ deal }}",
        "{{ deal.name | default: 'a' | upcase }}", "{{ deal.name", "}} {{ deal.name }}",
    ],
)
def test_whatever_is_more_is_left_to_liquid(source: str) -> None:
    assert compile_plain(source) is None


def test_what_could_reach_a_limit_is_left_to_liquid() -> None:
    plain = compile_plain("{{ deal.name }}")
    assert plain is not None
    assert plain.fill({"deal": {"name": "x" * 50_001}}) is None
