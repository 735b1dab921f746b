"""People and teams that a playbook names: whether the account has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.decisions.assigning import find, members
from app.model.records import PersonView
from app.playbooks import schema as form
from app.playbooks.end_schema import EndYaml, by_reason
from app.playbooks.finding import Finding, Location
from app.playbooks.momentum import placed_rules
from app.playbooks.playbook_schema import PlaybookYaml
from app.playbooks.step_schema import AssignToYaml
from app.playbooks.windows import steps_of
from app.wording.language import suggest

REASSIGN_WORDS = ("manager", "default")
"""What `reassign` may say beside a person."""


def staff_findings(playbook: PlaybookYaml, people: Sequence[PersonView]) -> Iterator[Finding]:
    """Those that are not there: what is for them would silently stay with the owner."""
    for place, step in steps_of(playbook):
        if isinstance(step.assign, AssignToYaml):
            yield from _of((*place, "assign"), step.assign, people)
        if step.hand_over is not None and isinstance(step.hand_over.to, AssignToYaml):
            yield from _of((*place, "hand_over", "to"), step.hand_over.to, people)
    for number, sequence in enumerate(playbook.sequences):
        for name, end in by_reason(sequence.end).items():
            if not isinstance(end, EndYaml) or end.review is None:
                continue
            if isinstance(end.review.assign, AssignToYaml):
                by = () if isinstance(sequence.end, EndYaml) else (name,)
                place = ("sequences", number, "end", *by, "review", "assign")
                yield from _of(place, end.review.assign, people)
    for placed in placed_rules(playbook):
        for index, action in enumerate(placed.rule.then):
            if isinstance(action, form.ReassignAction):
                wanted, at = action.reassign, (*placed.then, index, "reassign")
                if wanted not in REASSIGN_WORDS:
                    yield from _person(at, wanted, people, "or write manager or default")


def _of(
    place: Location, wanted: AssignToYaml, people: Sequence[PersonView]
) -> Iterator[Finding]:
    if wanted.rep is not None:
        yield from _person((*place, "rep"), wanted.rep, people)
        return
    team = wanted.team or ""
    if not members(team, people):
        teams = sorted({one.team for one in people if one.team and one.active})
        hint = suggest(team, teams) or "the CRM has no teams: name a person"
        yield Finding((*place, "team"), f"nobody active is in a team `{team}`", hint)


def _person(
    place: Location, name: str, people: Sequence[PersonView], otherwise: str = ""
) -> Iterator[Finding]:
    found = find(people, name)
    if found is not None and found.active:
        return
    what = "has left the CRM" if found is not None else "is nobody in the CRM"
    known = sorted(one.email or one.owner_id for one in people if one.active)
    hint = suggest(name, known) or "name an active person by owner id or e-mail address"
    yield Finding(place, f"`{name}` {what}", f"{hint}; {otherwise}" if otherwise else hint)
