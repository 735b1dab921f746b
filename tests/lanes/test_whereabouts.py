"""Companies are asked for where their people are: together, once a day, and not where it is hidden.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from app.lanes.whereabouts import ask
from app.model.time import Business
from connectors.contract import CrmRecord, Forbidden


@dataclass
class Companies:
    """A connector that shows these companies. whose: (type, id) → ids of its companies."""

    whose: dict[tuple[str, str], list[str]]
    fields: dict[str, dict[str, Any]]
    calls: list[str] = field(default_factory=list[str])
    hidden: bool = False

    def companies_of(self, type: str, ids: list[str]) -> dict[str, list[str]]:
        self.calls.append(f"of {type} {','.join(ids)}")
        if self.hidden:
            raise Forbidden("no companies")
        return {id: self.whose[type, id] for id in ids if (type, id) in self.whose}

    def read(self, type: str, ids: list[str]) -> list[CrmRecord]:
        self.calls.append(f"read {type} {','.join(ids)}")
        made = Business(0)
        known = [id for id in ids if id in self.fields]
        return [CrmRecord("company", id, self.fields[id], made, made) for id in known]


@pytest.mark.feature("W03")
def test_a_contact_s_company_counts_else_that_of_the_deal() -> None:
    crm = Companies(
        {("contact", "1"): ["c2", "c1"], ("deal", "d2"): ["c1"], ("deal", "d3"): ["gone"]},
        {"c1": {"country": "Japan"}, "c2": {"country": "Germany"}},
    )
    found = ask(crm, {"1": "d1", "2": "d2", "3": "d3", "4": None})  # pyright: ignore[reportArgumentType]
    assert found == {
        "1": ("Europe/Berlin", "company_country"),
        "2": ("Asia/Tokyo", "company_country"),
        "3": (None, None),
        "4": (None, None),
    }
    assert crm.calls == ["of contact 1,2,3,4", "of deal d2,d3", "read company c1,c2,gone"]


@pytest.mark.feature("W03")
def test_where_companies_are_hidden_nothing_is_known_by_them() -> None:
    crm = Companies({}, {}, hidden=True)
    assert ask(crm, {"1": "d1"}) == {"1": (None, None)}  # pyright: ignore[reportArgumentType]
    assert crm.calls == ["of contact 1"]
