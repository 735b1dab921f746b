"""What is wrong with texts that were sent, by words that can be counted."""

from __future__ import annotations

import pytest

from app.model.flaws import Flaw
from app.wording.flaws import flaws_of_mail, flaws_of_notes

STEPS = (
    "I call you on Thursday.", "The paper is due by 3 p.m., I mean 15:00.", "We meet on the 3rd.",
    "Bis Freitag schicke ich den Vertrag.", "Ich melde mich nächste Woche.", "Tot morgen.",
    "Das Angebot gilt bis 3.12. noch.", "Until 2026-12-31 the price holds.", "Next week, then.",
)  # fmt: skip
NONE = (
    "Our service runs 24/7.", "We may well be the best.", "Version 2.0 is out now.",
    "See https://firm.example/?page=2 for more.", "Attached is the brochure.",
)  # fmt: skip


@pytest.mark.parametrize("text", STEPS)
def test_a_day_or_an_hour_is_a_next_step(text: str) -> None:
    assert flaws_of_mail("Offer", text) == ()
    assert flaws_of_notes(text) == ()


@pytest.mark.parametrize("text", NONE)
def test_what_names_neither_is_aimless(text: str) -> None:
    assert flaws_of_mail("Offer", text) == (Flaw.AIMLESS,)
    assert flaws_of_notes(text) == (Flaw.AIMLESS,)
    assert flaws_of_mail("Offer", text, whole=False) == (), "it may stand further down"


def test_a_question_is_a_next_step_of_a_mail_and_none_of_notes() -> None:
    assert flaws_of_mail("Offer", "Shall we go ahead?") == ()
    assert flaws_of_notes("Will they go ahead?") == (Flaw.AIMLESS,)


def test_all_that_is_wrong_is_said() -> None:
    text = "I hope you’re well. Did you read it? Do you like it? Who signs? TODO: prices"
    assert flaws_of_mail("Offer", text) == (
        Flaw.SAYS_NOTHING, Flaw.SEVERAL, Flaw.LEFT_OPEN,
    )  # fmt: skip
    assert flaws_of_mail("Offer", text, whole=False) == (Flaw.SAYS_NOTHING, Flaw.LEFT_OPEN)
    assert flaws_of_mail("Touching base", "Shall we?") == (Flaw.SAYS_NOTHING,)
    assert flaws_of_mail("For {{ company.name }}", "Shall we?") == (Flaw.LEFT_OPEN,)
