"""What must hold after a year, read from the CRM's export alone: no oracle, no word of the app's.

Each check counts what it looked at, and one that looked at nothing is a finding of its own. Where
an upheaval makes the CRM silent about what was so at the time (merged people, changed hours), the
task is left out of that check and not excused by it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from demo.calendars import HOUR, calendar, in_call_hours, zone_of
from demo.facts import FOREVER, Raw, versions
from demo.steps import step_of
from demo.year_facts import (
    CONTENT,
    OURS,
    TOUCH_ID,
    WRITTEN,
    Held,
    at,
    closed_at,
    done_at,
    edited,
    first,
    linked,
    made_at,
    merged,
    text,
    told,
)

CAPS = ((7, 7), (30, 20))
REP_DAY = 40
GRACE = 2 * HOUR
"""How long a task may stand after its reason is gone: an outage of the test lasts no longer."""
_OPEN_ONLY = frozenset({"proposal", "after-meeting", "idle", "recap", "rebook"})
"""Families of steps that are owed to open deals alone."""


@dataclass
class Audit:
    """looked: check → how much it looked at. broken: a sentence for each finding."""

    looked: Counter[str] = field(default_factory=Counter[str])
    broken: list[str] = field(default_factory=list[str])

    @property
    def idle(self) -> list[str]:
        """Checks that had nothing to look at."""
        return [name for name in CHECKS if not self.looked[name]]


def audit(export: Raw, kinds: Mapping[str, str]) -> Audit:
    """Every check over an export. kinds: stage id → kind, as the admin confirmed it."""
    crm, found = Held(export, kinds), Audit()
    for name, check in CHECKS.items():
        for said in check(crm):
            found.looked[name] += 1
            if said:
                found.broken.append(f"{name}: {said}")
    return found


# --- the checks: "" for each thing that is in order -----------------------------------------------


def _once(crm: Held) -> Iterator[str]:
    seen: set[str] = set()
    for task in crm.tasks:
        touch = task["properties"][TOUCH_ID]
        yield told(task, "has the touch id of another") if touch in seen else ""
        seen.add(touch)


def _never_beside_itself(crm: Held) -> Iterator[str]:
    """In one person's list. Of sequences: a rule's own tasks count from their due time."""
    for id, every in crm.of_deal.items():
        tasks = [one for one in every if not ((step := step_of(text(one))) and step.at_once)]
        for task in () if merged(crm.deals[id]) else tasks:
            twin = any(
                other is not task and text(other) == text(task)
                and made_at(other) <= made_at(task) < closed_at(other) and other["id"] < task["id"]
                and not edited(other, WRITTEN)  # a rep's own by now, whatever becomes of its step
                and at(other, "hubspot_owner_id", made_at(task)) == crm.owner(task)
                for other in tasks
            )  # fmt: skip
            yield told(task, "stands beside another of the same step") if twin else ""


def _consent(crm: Held) -> Iterator[str]:
    for task in crm.tasks:
        kind, made = task["properties"].get("hs_task_type"), made_at(task)
        for contact in linked(task, "contacts") if kind in ("CALL", "EMAIL") else ():
            person = crm.contacts.get(contact)
            if person is None or merged(person):
                continue
            out = at(person, "hs_email_optout", made) == "true"
            bounced = kind == "EMAIL" and at(person, "hs_email_bounce", made) not in ("", "0")
            yield told(task, f"addresses {contact} against their will") if out or bounced else ""


def _rep_word(crm: Held) -> Iterator[str]:
    for id, tasks in crm.of_deal.items():
        for task in () if merged(crm.deals[id]) else tasks:
            stopped = at(crm.deals[id], "followthrough_control", made_at(task)) == "stop"
            yield told(task, "was written after a rep's stop") if stopped else ""


def _hours(crm: Held) -> Iterator[str]:
    for task in crm.tasks:
        owner, due = crm.calendars.get(crm.owner(task)), int(first(task, "hs_timestamp") or 0)
        call = task["properties"].get("hs_task_type") == "CALL"
        people = [crm.contacts[one] for one in linked(task, "contacts") if one in crm.contacts]
        if owner is None or (call and not people):
            continue  # the one who was called may be deleted or merged by now, and their zone too
        said = [value for one in people for _, value, _ in versions(one, "hs_timezone")]
        zones = [zone for value in said if (zone := zone_of(value))]
        fits = owner.works_at(due) or (
            call and any(in_call_hours(due, zone) for zone in (*zones, *crm.near(task)))
        )
        yield "" if fits else told(task, "is due when its owner is off")


def _ours_alone(crm: Held) -> Iterator[str]:
    for task in crm.tasks:
        names = (*CONTENT, "hs_task_status")
        again = [name for name in names for _, _, by in versions(task, name)[1:] if by == OURS]
        theirs = ""
        for name in ("hs_timestamp", "hubspot_owner_id"):
            sources = [by for _, _, by in versions(task, name)[1:]]
            other = next((i for i, by in enumerate(sources) if by != OURS), len(sources))
            theirs = theirs or (name if OURS in sources[other:] else "")
        yield told(task, f"had {(again or [theirs])[0]} overwritten") if again or theirs else ""


def _kept(crm: Held) -> Iterator[str]:
    """What a rep completed or edited is not archived by the app."""
    for task in crm.tasks:
        if task["archived"] and task["properties"].get("followthrough_state") == "resolved":
            yield told(task, "was archived although a person had worked on it") if (
                edited(task) or done_at(task) < FOREVER
            ) else ""


def _reasons(crm: Held) -> Iterator[str]:
    for task in crm.tasks:
        if task["properties"].get("followthrough_state") == "resolved":
            why = task["properties"].get("followthrough_state_reason")
            yield "" if why else told(task, "was resolved and nothing says why")


def _rep_days(crm: Held) -> Iterator[str]:
    days: Counter[tuple[str, date]] = Counter()
    for task in crm.tasks:
        owner = crm.owner(task)
        if owner in crm.calendars:
            due = max(int(first(task, "hs_timestamp") or 0), made_at(task))
            days[owner, crm.calendars[owner].day(due)] += 1
    for (owner, day), number in days.items():
        yield f"{number} tasks for {owner} on {day}" if number > REP_DAY else ""


def _caps(crm: Held) -> Iterator[str]:
    of: dict[str, list[date]] = defaultdict(list)
    home = calendar(crm.zone, [])
    for task in crm.tasks:
        if task["properties"].get("hs_task_type") in ("CALL", "EMAIL"):
            for contact in linked(task, "contacts"):
                of[contact].append(home.day(made_at(task)))
    for contact, days in of.items():
        if contact not in crm.contacts or merged(crm.contacts[contact]):
            continue
        for length, most in CAPS:
            worst = max(
                sum(day - timedelta(days=length) < other <= day for other in days) for day in days
            )
            yield f"{worst} touches of {contact} in {length} days" if worst > most else ""


def _one_at_a_time(crm: Held) -> Iterator[str]:
    for id, tasks in crm.of_deal.items():
        steps = [one for one in tasks if (step := step_of(text(one))) and not step.at_once]
        for task in () if merged(crm.deals[id]) else steps:
            beside = any(
                other is not task and made_at(other) < made_at(task) < closed_at(other)
                and at(other, "hubspot_owner_id", made_at(task)) == crm.owner(task)
                and not edited(other, WRITTEN)
                for other in steps
            )  # fmt: skip
            yield told(task, "was written beside an open one") if beside else ""


def _open_deals(crm: Held) -> Iterator[str]:
    for id, tasks in crm.of_deal.items():
        for task in () if merged(crm.deals[id]) else tasks:
            step = step_of(text(task))
            if step is not None and step.family in _OPEN_ONLY:
                closed = crm.kind(crm.deals[id], made_at(task)) in ("won", "lost")
                yield told(task, "was written for a closed deal") if closed else ""


def _gone_with_reason(crm: Held) -> Iterator[str]:
    for id, tasks in crm.of_deal.items():
        deal, since = crm.deals[id], 0
        for when, stage, _ in versions(deal, "dealstage"):
            since = when if crm.kinds.get(stage) in ("won", "lost") else FOREVER
        for task in tasks:
            step = step_of(text(task))
            owed = step is None or step.family not in _OPEN_ONLY
            if owed or edited(task) or closed_at(task) < FOREVER or since == FOREVER:
                continue
            yield told(task, "still stands on a closed deal") if crm.now - since > GRACE else ""
        if since < FOREVER:
            yield ""


def _about(crm: Held) -> Iterator[str]:
    for task in crm.tasks:
        if closed_at(task) == FOREVER and not edited(task, WRITTEN):
            about = linked(task, "deals") or linked(task, "contacts")
            yield "" if about else told(task, "is about nobody")


CHECKS = {
    "one task for each touch": _once,
    "no step beside itself": _never_beside_itself,
    "nobody against their will": _consent,
    "a rep's stop": _rep_word,
    "working hours": _hours,
    "a person's work stands": _ours_alone,
    "what was worked on stays": _kept,
    "what is resolved says why": _reasons,
    "a rep's day": _rep_days,
    "caps of a person": _caps,
    "one step at a time": _one_at_a_time,
    "open deals alone": _open_deals,
    "gone with its reason": _gone_with_reason,
    "about somebody": _about,
}
"""name → check. Each yields a sentence for what is wrong, "" for each thing in order."""


def outcomes(export: Raw) -> dict[str, int]:
    """What became of the tasks, by the CRM: completed, deleted by a person, resolved, open."""
    found: Counter[str] = Counter()
    for task in export["tasks"]:
        if task["properties"].get(TOUCH_ID):
            resolved = task["properties"].get("followthrough_state") == "resolved"
            done = "completed" if done_at(task) < FOREVER else "open"
            gone = "resolved" if resolved else "deleted by a person"
            found[gone if task["archived"] else done] += 1
    return dict(found.most_common())
