import ast
import string
from pathlib import Path

import pytest

import app.decisions
from app.decisions.codes import Code
from app.decisions.explain import choice_text, text
from app.decisions.texts import TEXTS
from app.model.vocabulary import StopReason
from tests.decisions.build import NOW

SOURCES = sorted(Path(app.decisions.__file__).parent.rglob("*.py"))
CODES = {name: value for name, value in vars(Code).items() if name.isupper()}
FILLED = {
    field: "x"
    for sentence in TEXTS.values()
    for _, field, _, _ in string.Formatter().parse(sentence)
    if field
}


@pytest.mark.parametrize("code", [*CODES.values(), *(reason.value for reason in StopReason)])
def test_every_code_has_a_sentence(code: str) -> None:
    sentence = text(code, FILLED)
    assert sentence.endswith(".")
    assert sentence[0].isupper() or sentence.startswith("x ")
    assert "unknown" not in sentence.split("silence is")[0]
    assert "{" not in sentence


def test_every_code_is_given_somewhere() -> None:
    used = {
        node.attr
        for path in SOURCES
        if path.name not in ("codes.py", "explain.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Code"
    }
    assert used == set(CODES)


def test_no_reason_is_spelt_out_beside_the_table() -> None:
    """A literal might have no sentence."""
    makers = {"refusal", "explain", "drop", "defer", "move"}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            if node.func.id in makers:
                position = {"drop": 1, "defer": 1, "refusal": 2, "explain": 3, "move": 2}
                code = node.args[position[node.func.id]]
                assert not isinstance(code, ast.Constant), f"{path.name}:{node.lineno}"


def test_values_become_words() -> None:
    assert text(Code.SETTLING, {"until": NOW}) == (
        "Waits until Mon 2 Mar 2026, 09:00 to see whether the change stands."
    )
    read = {"read": {"deal.amount": None, "deal.owner": "o1"}}
    assert "deal.amount unknown, deal.owner o1" in text(Code.CONDITION_FALSE, read)
    enrolled = text(Code.ENROLLED, {"definition": "pb/seq", "choice": "role:buyer"})
    assert enrolled == "Enrolled in pb/seq; contact: the one with the role buyer."
    due = text(Code.WOULD_ENROL, {"definition": "pb/seq", "due": {"d3": NOW}})
    assert "d3 Mon 2 Mar 2026, 09:00" in due
    tokyo = text(Code.SETTLING, {"until": NOW}, "Asia/Tokyo")
    assert "Mon 2 Mar 2026, 18:00" in tokyo
    assert text(Code.HELD, {"reasons": ["ooo", "promise"]}) == "On hold: ooo, promise."


def test_older_and_newer_rows_can_still_be_read() -> None:
    assert "unknown" in text(Code.SETTLING, {})
    assert text("of_tomorrow", {"a": 1}) == "of_tomorrow: a 1"
    assert choice_text("ambiguous") == "several, a rep is asked to choose"
    assert choice_text("of_tomorrow") == "of_tomorrow"
