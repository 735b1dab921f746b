"""What a rep is told where a reply asks for a person: one text for each built-in task."""

from __future__ import annotations

from app.model.playbook import Template

_FILE = (
    "Nothing automatic happens on this record until you say so: on its page here, or by setting "
    "its follow-up control to run."
)

REPLY_TEXTS = (
    Template(
        "answer-interest",
        "When do they talk to you?",
        "They answered, and they are interested. The next minutes count more than the words.\n\n"
        "- Call now; if nobody answers, write two lines with two times that suit you.\n"
        "- Book the meeting while you talk, not afterwards.",
    ),
    Template(
        "answer-question",
        "Is their question answered?",
        "They asked something that a template cannot answer. All follow-up by rule has stopped.\n\n"
        f"- Read what they wrote, and answer exactly that.\n- {_FILE}",
    ),
    Template(
        "answer-objection",
        "What would have to be true for them to go on?",
        "They object. All follow-up by rule has stopped.\n\n"
        f"- Read what they wrote, and speak to the objection, not around it.\n- {_FILE}",
    ),
    Template(
        "answer-complaint",
        "Do they want to hear from us at all?",
        "They are annoyed. All follow-up by rule has stopped, so nothing more goes out by itself."
        f"\n\n- Answer in person, today, and ask what went wrong.\n- {_FILE}",
    ),
    Template(
        "call-as-agreed",
        "Is now the time?",
        "They asked to be called at this time, and not before.\n\n"
        "- Begin with what they said then: they asked for this call.\n"
        "- If it is still not the time, agree on the next date before you hang up.",
    ),
    Template(
        "ask-for-answer",
        "What is the answer that they promised?",
        "They promised an answer, the day has passed, and nothing else is running here.\n\n"
        "- Ask for that answer and nothing else.",
    ),
    Template(
        "close-the-file",
        "Is the file closed, and why was it lost?",
        "They asked to close the file. The follow-up has ended and nothing brings it back.\n\n"
        "- Move the record to lost or archive it, with the reason they gave.\n"
        "- If you have grounds to keep it open, complete this task and write them down.",
    ),
    Template(
        "call-now",
        "What do they want to talk about?",
        "They chose the call. Ring them now; if that cannot be, propose a time within the day.",
    ),
    Template(
        "record-opt-out",
        "Does the CRM know it, too?",
        "They asked not to be contacted any more. Nothing goes out from here, whatever the CRM "
        "says; but other tools read the CRM alone.\n\n"
        "- Unsubscribe the contact from all e-mail in the CRM.\n"
        "- This task goes by itself once that is done.",
    ),
    Template(
        "find-successor",
        "Who does their work now?",
        "The contact has left the company and is not addressed any more.\n\n"
        "- Look in their mail for a name, then at the company.\n"
        "- Add the new contact to this record.",
    ),
    Template(
        "ask-date",
        "Which day is meant?",
        "They named no day, or one that can be read in two ways, so nothing was set to it. "
        "Meanwhile everything for them waits.\n\n"
        "- Read what they wrote. Then say what it means, with the day, on this record's page here.",
    ),
)
"""Texts by the id of the step that they belong to."""
