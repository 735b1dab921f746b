"""What a person can do in the CRM or towards it, one method each.

The one list of deeds: the people of the world, the CRM page, `/sandbox/act` and tests all act
through it, so a click and a drawn step are the same change with the same history and events.
Instants are business ms. Every refusal names the parameter, what would be right and what to do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sandbox.world.account import Account
from sandbox.world.records import Actor, Link, Owner, Record, Stage

PROSPECT = Actor("EMAIL_INTEGRATION", "inbox")
"""Mail that arrived in a connected inbox, and what the CRM learned from it."""
FORM = Actor("FORM", "website")
SCHEDULER = Actor("MEETINGS", "booking-page")

TASK_EDITS = {"subject": "hs_task_subject", "body": "hs_task_body", "priority": "hs_task_priority"}


class ActError(ValueError):
    """A deed that cannot be done as asked; `field` is the parameter at fault."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")
        self.field = field


class Acts:
    """The deeds open to the people of one account.

    `kinds` maps a stage kind (`proposal`, `won`, …) to the id of the stage, so that a script may
    name a stage by what it means; ids and labels are understood too.
    """

    def __init__(self, account: Account, kinds: Mapping[str, str] | None = None) -> None:
        self.account = account
        self.kinds = dict(kinds or {})

    @property
    def now(self) -> int:
        return self.account.world.clock.now()

    def do(self, verb: str, params: Mapping[str, Any]) -> Record:
        """Do one deed by name; unknown verbs and missing parameters raise `ActError`."""
        if verb not in VERBS:
            raise ActError("verb", f"{verb!r} is unknown; known: {', '.join(VERBS)}")
        method = getattr(self, verb)
        names = method.__code__.co_varnames[1 : method.__code__.co_argcount]
        extra = set(params) - set(names)
        if extra:
            raise ActError(
                sorted(extra)[0], f"{verb} takes no such parameter; it takes {', '.join(names)}"
            )
        missing = names[: len(names) - len(method.__defaults__ or ())]
        for name in missing:
            if params.get(name) in (None, ""):
                raise ActError(name, f"{verb} needs it")
        with self.account.world.lock:
            return method(**params)

    # --- deals -------------------------------------------------------------------------------

    def create_deal(
        self,
        name: str,
        stage: str = "new",
        amount: str = "",
        contact: str = "",
        owner: str = "",
        user: str = "",
    ) -> Record:
        """A new deal, with its contact where one is given."""
        found = self._stage(stage, None)
        pipeline = next(iter(self.account.pipelines["deals"]))
        fields = {
            "dealname": name,
            "pipeline": pipeline,
            "dealstage": found.id,
            "amount": str(amount),
            "deal_currency_code": self.account.currency,
            "hubspot_owner_id": self._owner(owner).id if owner else "",
        }
        links = [Link("contacts", self._need("contacts", "contact", contact).id)] if contact else []
        return self.account.create("deals", fields, self._by(user), links)

    def move_deal(self, deal: str, stage: str, user: str = "") -> Record:
        """Drag a deal to a stage, named by id, label or kind."""
        record = self._need("deals", "deal", deal)
        found = self._stage(stage, record)
        by = self._by(user, record)
        return self.account.update("deals", record.id, {"dealstage": found.id}, by)

    def change_owner(self, deal: str, owner: str, user: str = "") -> Record:
        """Give a deal to another owner (id or e-mail); `none` leaves it without one."""
        record = self._need("deals", "deal", deal)
        to = "" if owner == "none" else self._owner(owner).id
        by = self._by(user, record)
        return self.account.update("deals", record.id, {"hubspot_owner_id": to}, by)

    def delete_deal(self, deal: str, user: str = "") -> Record:
        record = self._need("deals", "deal", deal)
        self.account.archive("deals", record.id, self._by(user, record))
        return record

    def set_property(
        self, kind: str, record: str, property: str, value: str = "", user: str = ""
    ) -> Record:
        """Write one property as a user would; an enumeration takes only its options."""
        if kind not in self.account.properties:
            raise ActError("kind", f"{kind!r} is none of {', '.join(self.account.properties)}")
        found = self._need(kind, "record", record)
        definition = self.account.properties[kind].get(property)
        if definition is None or definition.archived:
            raise ActError("property", f"{kind} have no {property!r}; create it or check the name")
        options = [option.value for option in definition.options]
        if value and options and value not in options:
            raise ActError("value", f"{value!r} is none of {', '.join(options)}")
        return self.account.update(kind, found.id, {property: str(value)}, self._by(user, found))

    # --- tasks -------------------------------------------------------------------------------

    def complete_task(self, task: str, user: str = "") -> Record:
        return self._task(task, {"hs_task_status": "COMPLETED"}, user)

    def reopen_task(self, task: str, user: str = "") -> Record:
        return self._task(task, {"hs_task_status": "NOT_STARTED"}, user)

    def edit_task(
        self, task: str, subject: str = "", body: str = "", priority: str = "", user: str = ""
    ) -> Record:
        given = {"subject": subject, "body": body, "priority": priority}
        fields = {TASK_EDITS[name]: value for name, value in given.items() if value}
        if not fields:
            raise ActError("subject", "give a subject, a body or a priority to change")
        return self._task(task, fields, user)

    def move_task(self, task: str, due: int, user: str = "") -> Record:
        return self._task(task, {"hs_timestamp": str(int(due))}, user)

    def delete_task(self, task: str, user: str = "") -> Record:
        record = self._need("tasks", "task", task)
        self.account.archive("tasks", record.id, self._by(user, record))
        return record

    # --- activity ----------------------------------------------------------------------------

    def log_call(
        self,
        deal: str = "",
        contact: str = "",
        minutes: float = 5,
        connected: bool = True,
        title: str = "Call",
        started: int = 0,
        owner: str = "",
        user: str = "",
    ) -> Record:
        """A call by a rep, logged now; `started` defaults to `minutes` ago."""
        links, subject = self._subject(deal, contact)
        owner_id = self._owner(owner).id if owner else subject.get("hubspot_owner_id")
        fields = {
            "hs_timestamp": str(started or self.now - round(minutes * 60_000)),
            "hs_call_title": title,
            "hs_call_direction": "OUTBOUND",
            "hs_call_status": "COMPLETED" if connected else "NO_ANSWER",
            "hs_call_duration": str(round(minutes * 60_000)) if connected else "0",
            "hubspot_owner_id": owner_id,
        }
        return self.account.create("calls", fields, self._by(user, subject), links)

    def send_email(
        self, subject: str, deal: str = "", contact: str = "", text: str = "", user: str = ""
    ) -> Record:
        """An e-mail from a rep to the prospect, logged in the CRM."""
        links, about = self._subject(deal, contact)
        person = self._person(links)
        owner = self.account.owners.get(about.get("hubspot_owner_id")) or self._any_owner()
        fields = self._mail("EMAIL", subject, text, owner.email, person.get("email"))
        fields["hubspot_owner_id"] = owner.id
        return self.account.create("emails", fields, self._by(user, about), links)

    def reply(
        self,
        deal: str = "",
        contact: str = "",
        text: str = "Thanks, let us talk.",
        subject: str = "Re: your message",
    ) -> Record:
        """The prospect answers by e-mail, and the inbox of the rep logs it."""
        links, about = self._subject(deal, contact)
        person = self._person(links)
        owner = self.account.owners.get(about.get("hubspot_owner_id")) or self._any_owner()
        fields = self._mail("INCOMING_EMAIL", subject, text, person.get("email"), owner.email)
        fields["hubspot_owner_id"] = owner.id
        return self.account.create("emails", fields, PROSPECT, links)

    def note(self, text: str, deal: str = "", contact: str = "", user: str = "") -> Record:
        links, about = self._subject(deal, contact)
        fields = {
            "hs_timestamp": str(self.now),
            "hs_note_body": text,
            "hubspot_owner_id": about.get("hubspot_owner_id"),
        }
        return self.account.create("notes", fields, self._by(user, about), links)

    def book_meeting(
        self,
        start: int,
        deal: str = "",
        contact: str = "",
        end: int = 0,
        title: str = "Meeting",
        user: str = "",
    ) -> Record:
        """A meeting booked by the prospect on the booking page, or by the rep (`user`)."""
        links, about = self._subject(deal, contact)
        begins = int(start)
        ends = int(end) or begins + 30 * 60_000
        if ends <= begins:
            raise ActError("end", "must be after start; leave it out for half an hour")
        fields = {
            "hs_timestamp": str(begins),
            "hs_meeting_title": title,
            "hs_meeting_start_time": str(begins),
            "hs_meeting_end_time": str(ends),
            "hs_meeting_outcome": "SCHEDULED",
            "hubspot_owner_id": about.get("hubspot_owner_id"),
        }
        by = self._by(user, about) if user else SCHEDULER
        return self.account.create("meetings", fields, by, links)

    def meeting_outcome(self, meeting: str, outcome: str, user: str = "") -> Record:
        record = self._need("meetings", "meeting", meeting)
        known = [o.value for o in self.account.properties["meetings"]["hs_meeting_outcome"].options]
        if outcome not in known:
            raise ActError("outcome", f"{outcome!r} is none of {', '.join(known)}")
        fields = {"hs_meeting_outcome": outcome}
        return self.account.update("meetings", record.id, fields, self._by(user, record))

    # --- contacts ----------------------------------------------------------------------------

    def create_contact(
        self,
        email: str,
        firstname: str = "",
        lastname: str = "",
        company: str = "",
        owner: str = "",
        user: str = "",
    ) -> Record:
        fields = {
            "email": email,
            "firstname": firstname,
            "lastname": lastname,
            "company": company,
            "lifecyclestage": "lead",
            "hubspot_owner_id": self._owner(owner).id if owner else "",
        }
        return self.account.create("contacts", fields, self._by(user))

    def submit_form(
        self,
        email: str,
        form: str = "Contact us",
        firstname: str = "",
        lastname: str = "",
        company: str = "",
        owner: str = "",
    ) -> Record:
        """A form on the website: a new contact, or a further conversion of a known one."""
        now = str(self.now)
        known = self.account.find_unique("contacts", "email", email)
        fields = {
            "recent_conversion_date": now,
            "recent_conversion_event_name": form,
            "num_conversion_events": str(
                1 + int(known.get("num_conversion_events", "0") if known else 0)
            ),
        }
        if known is not None:
            return self.account.update("contacts", known.id, fields, FORM)
        fields |= {
            "email": email,
            "firstname": firstname,
            "lastname": lastname,
            "company": company,
            "lifecyclestage": "lead",
            "first_conversion_date": now,
            "first_conversion_event_name": form,
            "hs_analytics_source": "ORGANIC_SEARCH",
            "hubspot_owner_id": self._owner(owner).id if owner else "",
        }
        return self.account.create("contacts", fields, FORM)

    def opt_out(self, deal: str = "", contact: str = "") -> Record:
        """The prospect clicks unsubscribe from all e-mail."""
        person = self._person(self._subject(deal, contact)[0])
        return self.account.update("contacts", person.id, {"hs_email_optout": "true"}, PROSPECT)

    def bounce(self, deal: str = "", contact: str = "") -> Record:
        """A message to the prospect came back for good."""
        person = self._person(self._subject(deal, contact)[0])
        fields = {
            "hs_email_bounce": str(1 + int(person.get("hs_email_bounce", "0") or 0)),
            "hs_email_hard_bounce_reason_enum": "UNKNOWN_USER",
        }
        return self.account.update("contacts", person.id, fields, PROSPECT)

    # --- inside ------------------------------------------------------------------------------

    def _task(self, task: str, fields: dict[str, str], user: str) -> Record:
        record = self._need("tasks", "task", task)
        return self.account.update("tasks", record.id, fields, self._by(user, record))

    def _need(self, kind: str, field: str, record_id: str) -> Record:
        record = self.account.find(kind, str(record_id))
        if record is None:
            raise ActError(
                field,
                f"no live {kind[:-1]} {record_id!r} in account {self.account.portal_id}; "
                f"it may have been deleted, look at /crm/{self.account.portal_id}/",
            )
        return record

    def _subject(self, deal: str, contact: str) -> tuple[list[Link], Record]:
        """The associations of an activity, and the record that it is chiefly about."""
        if deal:
            record = self._need("deals", "deal", deal)
            chosen = contact or next(iter(record.linked("contacts")), "")
            links = [Link("deals", record.id)]
            if chosen:
                links.append(Link("contacts", self._need("contacts", "contact", chosen).id))
            return links, record
        if not contact:
            raise ActError("deal", "give a deal or a contact")
        record = self._need("contacts", "contact", contact)
        return [Link("contacts", record.id)], record

    def _person(self, links: list[Link]) -> Record:
        for link in links:
            if link.kind == "contacts":
                return self._need("contacts", "contact", link.id)
        raise ActError("contact", "the deal has no contact; give one or associate one first")

    def _owner(self, owner: str) -> Owner:
        for known in self.account.owners.values():
            if str(owner) in (known.id, known.email):
                return known
        raise ActError("owner", f"{owner!r} is no owner's id or e-mail in this account")

    def _any_owner(self) -> Owner:
        for owner in self.account.owners.values():
            if not owner.archived:
                return owner
        raise ActError("owner", "the account has no user; add one")

    def _by(self, user: str, about: Record | None = None) -> Actor:
        """The user who acts: as given (user id, owner id or e-mail), the record's owner, or any."""
        if user:
            for known in self.account.owners.values():
                if str(user) in (str(known.user_id), known.id, known.email):
                    return Actor.user(known.user_id)
            raise ActError("user", f"{user!r} is no user of this account")
        owner = self.account.owners.get(about.get("hubspot_owner_id")) if about else None
        return Actor.user((owner or self._any_owner()).user_id)

    def _stage(self, name: str, deal: Record | None) -> Stage:
        pipelines = self.account.pipelines["deals"]
        pipeline = pipelines.get(deal.get("pipeline") if deal else "") or next(
            iter(pipelines.values())
        )
        wanted = self.kinds.get(name, name)
        for stage in pipeline.stages:
            if wanted in (stage.id, stage.label):
                return stage
        known = ", ".join(stage.id for stage in pipeline.stages)
        raise ActError("stage", f"{name!r} is no stage of {pipeline.label!r}; known: {known}")

    def _mail(
        self, direction: str, subject: str, text: str, sender: str, recipient: str
    ) -> dict[str, str]:
        headers = {"from": {"email": sender}, "to": [{"email": recipient}], "cc": [], "bcc": []}
        return {
            "hs_timestamp": str(self.now),
            "hs_email_direction": direction,
            "hs_email_status": "SENT",
            "hs_email_subject": subject,
            "hs_email_text": text,
            "hs_email_headers": json.dumps(headers),
            "hs_email_from_email": sender,
            "hs_email_to_email": recipient,
        }


VERBS = (
    "create_deal",
    "move_deal",
    "change_owner",
    "delete_deal",
    "set_property",
    "complete_task",
    "reopen_task",
    "edit_task",
    "move_task",
    "delete_task",
    "log_call",
    "send_email",
    "reply",
    "note",
    "book_meeting",
    "meeting_outcome",
    "create_contact",
    "submit_form",
    "opt_out",
    "bounce",
)
"""Everything `/sandbox/act` understands."""
