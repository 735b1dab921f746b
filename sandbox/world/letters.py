"""What reps write: mails and notes of calls, good ones and such as one gets every day."""

from __future__ import annotations

import random

MAILS = (
    "Here is the price for forty seats, as you asked. Does it fit this year's budget? If so, I "
    "send the contract on Thursday.",
    "Your colleague wanted to see the export. I have recorded it, three minutes. Whom shall I walk "
    "through it, Tuesday at 10:00 or Wednesday at 14:00?",
    "You said that the board meets on 12 May. What do they need from me by then?",
    "The open point was where your data lies: in Frankfurt, and the paper on it is attached. Is "
    "anything else in the way of a yes?",
    "Just checking in on the proposal. I hope you are well.",
    "Touching base to see where you stand.",
    "Please find our brochure attached, with all that the product can do.",
    "Did you get my last mail? Have you read the offer? Who decides on it? When could that be?",
)
NOTES = (
    "Wants two references, I send them by Friday.",
    "Decides on Monday after talking to finance; call again on Tuesday.",
    "Asks for the yearly price. Sent, next call on 3 June.",
    "Nice talk, likes the product.",
    "In a hurry, nothing new.",
)


def mail(rng: random.Random) -> str:
    """The text of a mail."""
    return rng.choice(MAILS)


def notes(rng: random.Random) -> str:
    """What a rep writes down of a call; of every third nothing."""
    return rng.choice(NOTES) if rng.random() < 2 / 3 else ""
