"""Cells of figures as HTML."""

from __future__ import annotations

from typing import Any

import pytest

from app.feedback.figures import Behind, Column, Figure, Line
from app.web.cells import cell, table_rows

ENOUGH = {"hits": 12, "n": 1200, "rate": 0.01, "low": 0.0057, "high": 0.0174}
FEW = {"hits": 1, "n": 4, "rate": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("kind", "value", "where", "text"),
    [
        ("text", "A <b> & co", None, "A &lt;b&gt; &amp; co"),
        ("text", "Ada", "/r?a=1&b=2", '<a href="/r?a=1&amp;b=2">Ada</a>'),
        ("count", 12345, None, "12,345"),
        ("count", 0, "/r", '<a href="/r">0</a>'),
        ("count", None, "/r", "–"),
        ("share", ENOUGH, None, "1.0% <small>12 of 1,200<br>0.6% to 1.7%</small>"),
        ("share", FEW, "/r", '<a href="/r">1 of 4</a><br><small>too few yet</small>'),
        ("share", {**FEW, "hits": 0, "n": 0}, "/r", "–"),
        ("part", {"hits": 3, "n": 4, "rate": 0.75}, None, "3 <small>of 4, 75%</small>"),
        ("part", {"hits": 0, "n": 0, "rate": None}, None, "0 <small>of 0</small>"),
        ("change", -3, None, "-3"),
        ("change", 0, None, "0"),
        ("ms", 5_400_000, None, "1.5 h"),
        ("money", 1234.5, None, "1,234"),
        ("tag", "under 2 %", None, '<span class="tag bad">under 2 %</span>'),
        ("tag", "not sure yet", None, '<span class="tag manual">not sure yet</span>'),
        ("tag", "<i>", None, '<span class="tag">&lt;i&gt;</span>'),
    ],
)
def test_a_cell(kind: str, value: Any, where: str | None, text: str) -> None:
    assert cell(kind, value, where) == text


def test_a_row_leads_to_its_records_from_its_head_and_single_cells_to_their_own() -> None:
    line = Line(
        {"rep": "Ada", "n": 2, "late": 1}, Behind("all"), {"late": 2}, {"late": Behind("late")}
    )
    columns = (Column("rep", "Rep"), Column("n", "Counted", "count"),
               Column("late", "Late", "count"), Column("tag", "Verdict", "tag"))  # fmt: skip
    figure = Figure("f", "Figure", "means", columns, [line], 2, "things")
    found = table_rows(figure, lambda one, days: one and f"/{one.source}/{days}", 30)
    assert found == (
        '<tr><th scope="row"><a href="/all/30">Ada</a></th><td class="n">2</td>'
        '<td class="n heat-2"><a href="/late/30">1</a></td><td class="">–</td></tr>\n'
    )
