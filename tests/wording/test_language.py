"""Templates: what is refused before it is stored, and what a missing value does."""

from __future__ import annotations

import pytest
from liquid.exceptions import LiquidError, UndefinedError

from app.wording.language import MAX_TEMPLATE_CHARS, check_tokens, compile_text, suggest
from app.wording.tokens import TOKENS


def test_every_known_token_passes() -> None:
    text = " ".join(f"{{{{ {token} | default: 'x' }}}}" for token in TOKENS)
    assert check_tokens(text) == []


@pytest.mark.parametrize(
    ("text", "message", "suggestion", "place"),
    [
        ("{{ contact.frist_name }}", "unknown token `contact.frist_name`", "first_name", (1, 4)),
        ("a\n  {{ deal.nam }}", "unknown token `deal.nam`", "deal.name", (2, 6)),
        ("{{ contact }}", "unknown token `contact`", "", (1, 4)),
        ("{{ deal.name | defualt: 'x' }}", "unknown filter `defualt`", "default", (1, 16)),
        ("{{ deal.name ", "not valid Liquid", "default", (1, 1)),
        ("x {% include 'secrets' %}", "not valid Liquid: unexpected tag 'include'", "", (1, 6)),
        ("{{ 'now' | date: '%Y' }}", "unknown filter `date`", "", (1, 12)),
        ("{{ deal.name | safe }}", "unknown filter `safe`", "", (1, 16)),
        ("{% if deal.amout %}x{% endif %}", "unknown token `deal.amout`", "deal.amount", (1, 7)),
    ],
)
def test_refusals_name_the_place(
    text: str, message: str, suggestion: str, place: tuple[int, int]
) -> None:
    (problem,) = check_tokens(text)
    assert message in problem.message
    assert suggestion in problem.suggestion
    assert (problem.line, problem.column) == place


def test_several_problems_come_together_in_order() -> None:
    problems = check_tokens("{{ deal.x }}\n{{ owner.y }} {{ deal.z }}")
    assert [(p.line, p.message[-7:-1]) for p in problems] == [
        (1, "deal.x"),
        (2, "wner.y"),
        (2, "deal.z"),
    ]


def test_mapped_fields_are_tokens_too() -> None:
    assert check_tokens("{{ deal.contract_end }}", ["deal.contract_end"]) == []


def test_local_names_are_no_tokens() -> None:
    assert check_tokens("{% assign who = contact.name %}{{ who }}") == []


def test_a_text_beyond_the_limit_is_refused() -> None:
    (problem,) = check_tokens("x" * (MAX_TEMPLATE_CHARS + 1))
    assert "20,000" in problem.message


@pytest.mark.parametrize(
    "text",
    [
        "{{ a.b }}",
        "{{ a.b | upcase }}",
        "{{ a.b | append: 'x' }}",
        "{{ a.b | size }}",
        "{{ a.c.d }}",
        "{% assign y = a.b | strip %}{{ y }}",
        "{% for q in a.b %}1{% endfor %}",
        "{% capture q %}{{ a.b }}{% endcapture %}z",
        "{% echo a.b %}",
    ],
)
def test_a_missing_value_fails_instead_of_vanishing(text: str) -> None:
    with pytest.raises(UndefinedError):
        compile_text(text).render({"a": {}})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ a.b | default: 'there' }}", "there"),
        ("{% if a.b %}x{% else %}y{% endif %}", "y"),
        ("{% unless a.b %}x{% endunless %}", "x"),
    ],
)
def test_default_and_if_take_a_missing_value(text: str, expected: str) -> None:
    assert compile_text(text).render({"a": {}}) == expected


def test_values_cannot_bring_markup_or_liquid() -> None:
    text = compile_text("{{ a.b }}").render({"a": {"b": "<script>{{ a.c }}</script>"}})
    assert text == "&lt;script&gt;{{ a.c }}&lt;/script&gt;"


@pytest.mark.parametrize(
    "bomb",
    [
        "{% for a in (1..100000) %}x{% endfor %}",
        "{% assign x = 'aaaaaaaaaaaaaaaa' %}"
        + "{% assign x = x | append: x | append: x | append: x %}" * 12
        + "{{ x }}",
        "{% for a in (1..900) %}" + "y" * 200 + "{% endfor %}",
    ],
)
def test_limits_stop_a_template_that_grows(bomb: str) -> None:
    with pytest.raises(LiquidError):
        compile_text(bomb).render({})


def test_suggest_names_the_nearest_or_a_short_choice() -> None:
    assert suggest("propsal", ["proposal", "won"]) == "did you mean `proposal`?"
    assert suggest("xyz", ["b", "a"]) == "use one of: a, b"
    assert suggest("xyz", [f"name{n}" for n in range(30)]) == ""
