"""Derived ids are version 5 of RFC 9562, however they are made."""

from __future__ import annotations

from uuid import UUID, uuid5

from hypothesis import given
from hypothesis import strategies as st

from app.model.ids import enrolment_id, touch_id

NAMESPACE = UUID("7c0a4e0e-6f5c-5b58-9a1c-52f1a54f3f6d")


@given(st.text(), st.text(), st.integers(0, 9))
def test_ids_are_those_of_the_standard_library(enrolment: str, step: str, occurrence: int) -> None:
    enrolment = enrolment.encode("utf-8", "replace").decode()
    step = step.encode("utf-8", "replace").decode()
    wanted = str(uuid5(NAMESPACE, f"touch|{enrolment}|{step}|{occurrence}"))
    assert touch_id(enrolment, step, occurrence) == wanted


def test_a_known_id_never_changes() -> None:
    """Ids stand in customers' CRMs: a changed derivation would create every task again."""
    made = enrolment_id("hubspot:1", ("deal", "9"), "proposal/cadence", "stage:a:5")
    assert made == str(
        uuid5(NAMESPACE, "enrolment|hubspot:1|deal|9|proposal/cadence|stage:a:5|")
    )
