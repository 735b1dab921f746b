"""A firm of many people: the editor's form looks for one, it does not list them in every step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from app.playbooks.codec import from_json, to_json
from app.playbooks.loader import load_text
from app.store import people
from app.web.admin.fields import Field
from app.web.admin.form.document import applied, document_of, form_of
from app.web.admin.form.persons import FOUND, MANY
from tests.web.support import Served
from tests.web.test_editor_form import DOCUMENT, KNOWN, MAPPED, WHOLE, anew

FIRM = replace(
    KNOWN,
    staff=[("11", "ada@example.com", "Ada Lund"), ("12", "ben@example.com", "Ben Ode"),
           *((f"x{n}", f"x{n}@example.com", f"Person {n}") for n in range(MANY))],
)  # fmt: skip


def fields(text: str = WHOLE) -> dict[str, Field]:
    return {field.name: field for field in form_of(document_of(text), FIRM).fields()}


def sent(**values: str) -> MultiDict[str, str]:
    """The form as it stands, with these typed."""
    found: MultiDict[str, str] = MultiDict()
    for field in form_of(DOCUMENT, FIRM).fields():
        found[f"{field.name}.there"] = "1"
        found.setlist(field.name, field.chosen if field.kind == "many" else [field.value])
        if field.kind == "bool" and not field.value:
            del found[field.name]
    for name, value in values.items():
        found.setlist(name, value.split("|"))
    return found


def typed(**values: str) -> str:
    return applied(WHOLE, DOCUMENT, form_of(DOCUMENT, FIRM), sent(**values))


def test_nothing_typed_nothing_changed_and_all_written_anew_is_the_same() -> None:
    assert typed() == WHOLE
    written = from_json(anew(DOCUMENT, FIRM))
    assert to_json(written) == to_json(load_text(WHOLE, "whole.yaml", MAPPED))


@pytest.mark.parametrize(("name", "said"), [
    ("sequences.0.steps.1.~assign", "subject: Ring, priority: high, late: {skip_after: 5d}, "
     "assign: {rep: '%s'}}"),
    ("sequences.0.steps.10.~to", "hand_over: {to: {rep: '%s'}, template: t}"),
    ("sequences.0.end.replied.~assign", "priority: low, assign: {rep: '%s'}}"),
])  # fmt: skip
def test_one_person_is_chosen_and_then_named(name: str, said: str) -> None:
    """What nobody is named for yet is a mistake at its field; the form comes back with one more."""
    text = typed(**{name: "rep"})
    assert (said % "").replace("'", '"') in text.replace("'", '"')
    found = fields(text)
    assert found[name].value == "rep"
    assert found[f"{name}-person"].listed
    form = {one.name: one for one in fields().values()}
    assert f"{name}-person" not in form, "nobody is asked for who is the team's"


def test_whoever_is_named_is_written() -> None:
    assert fields()["sequences.0.steps.2.~assign-person"].hint == "Ada Lund"
    text = typed(**{"sequences.0.steps.2.~assign-person": "ben@example.com"})
    assert "assign: {rep: ben@example.com}" in text
    assert "assign: {team: north}" in typed(**{"sequences.0.steps.2.~assign": "team north"})
    text = typed(**{"rules.0.then.6.reassign.~whom": "rep"})
    assert "- reassign: ''" in text.replace('""', "''")
    assert fields(text)["rules.0.then.6.reassign.~person"].value == ""


def test_owners_are_added_by_address_and_taken_away_by_their_box() -> None:
    found = fields()
    assert found["rules.0.scope.reps"].options == [("11", "Ada Lund")]
    scope = "scope: {pipelines: [default], teams: [north], reps: "
    assert scope + '["11", "12"]' in typed(**{"rules.0.scope.~owner": "Ben@Example.com"})
    without = typed(**{"rules.0.scope.reps": "", "rules.0.scope.~owner": "12"})
    assert scope + '["12"]' in without
    wrong = fields(typed(**{"rules.0.scope.~owner": "cleo"}))["rules.0.scope.reps"]
    assert "cleo" in wrong.problem


def test_the_page_of_a_large_firm_names_nobody_until_somebody_looks(served: Served) -> None:
    browser = served.connected()
    inst = served.installation()
    rows: list[dict[str, Any]] = [
        {"owner_id": f"p{n}", "email": f"p{n}@firm.example", "name": f"Person {n}",
         "team": "North" if n % 2 else None, "role": "rep"}
        for n in range(1000)
    ]  # fmt: skip
    with served.store.write() as conn:
        people.put(conn, inst, rows)
    page = browser.get("/playbooks/proposal/edit").text
    assert "Person 77" not in page
    assert len(page) < 120_000

    def found(words: str) -> list[str]:
        told = browser.get(f"/editor/people?q={words}").get_json()["people"]
        return [one["value"] for one in told]

    first = ["p77@firm.example", *(f"p77{n}@firm.example" for n in range(10))]
    assert found("person+77")[:12] == [*first, "p177@firm.example"]
    assert found("NORTH+777") == ["p777@firm.example"]
    assert len(found("person")) == FOUND
    assert found("nobody") == []
