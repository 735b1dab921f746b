from typing import Any

import pytest

from app.decisions.who import choose_contact
from app.model.records import ContactView
from app.model.time import Business
from app.model.vocabulary import SubjectType
from tests.decisions.build import subject


def person(id: str, **more: Any) -> ContactView:
    return ContactView(id, **more)


def active(id: str, when: int, **more: Any) -> ContactView:
    return ContactView(id, last_two_way_at=Business(when), **more)


@pytest.mark.parametrize(
    ("contacts", "roles", "chosen", "reason"),
    [
        ((), (), None, "no_contact"),
        ((person("a"),), (), "a", "only_contact"),
        ((person("a", primary=True),), (), "a", "primary"),
        ((person("a", labels=("Buyer",)),), ("buyer",), "a", "role:buyer"),
        ((person("a"), person("b")), (), None, "ambiguous"),
        ((person("a"), person("b", primary=True)), (), "b", "primary"),
        ((active("a", 5), active("b", 9)), (), "b", "latest_activity"),
        ((active("a", 9), active("b", 9)), (), None, "ambiguous"),
        ((person("a"), active("b", 9)), (), "b", "latest_activity"),
        ((active("a", 9), person("b", primary=True)), (), "b", "primary"),
        ((active("a", 9), person("b", primary=True)), ("buyer",), "b", "primary"),
        ((person("a", labels=("Buyer",)), active("b", 1)), ("buyer",), "a", "role:buyer"),
        (
            (person("a", labels=("Buyer",)), person("b", labels=("Champion",))),
            ("champion", "buyer"),
            "b",
            "role:champion",
        ),
        (
            (active("a", 1, labels=("Buyer",)), active("b", 2, labels=("Buyer",)), active("c", 3)),
            ("buyer",),
            "b",
            "latest_activity",
        ),
        (
            (person("a", labels=("Buyer",)), person("b", labels=("Buyer",)), active("c", 3)),
            ("buyer",),
            None,
            "ambiguous",
        ),
    ],
)
def test_choice(
    contacts: tuple[ContactView, ...], roles: tuple[str, ...], chosen: str | None, reason: str
) -> None:
    choice = choose_contact(subject(contacts=contacts), roles)
    assert (choice.contact.crm_id if choice.contact else None) == chosen
    assert choice.reason == reason


def test_the_order_of_contacts_does_not_matter() -> None:
    contacts = (active("a", 5), active("b", 9), person("c"))
    for order in (contacts, contacts[::-1]):
        choice = choose_contact(subject(contacts=order))
        assert choice.contact is not None
        assert choice.contact.crm_id == "b"


def test_an_ambiguous_choice_names_the_candidates_of_the_role() -> None:
    contacts = (person("a", labels=("Buyer",)), person("b", labels=("Buyer",)), person("c"))
    assert choose_contact(subject(contacts=contacts), ("buyer",)).candidates == ("a", "b")


def test_a_contact_is_its_own_person() -> None:
    contacts = (person("x"), person("me"), active("y", 9))
    me = subject(type=SubjectType.CONTACT, crm_id="me", contacts=contacts)
    choice = choose_contact(me)
    assert choice.contact is not None
    assert choice.contact.crm_id == "me"
