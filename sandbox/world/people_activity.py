"""Activity towards and from a prospect, and what becomes of contacts: one method per deed."""

from __future__ import annotations

import json

from sandbox.world.people_terms import ActError, Terms
from sandbox.world.records import Actor, Record
from sandbox.world.traces import LEAD_STATUS, NEW_LEAD
from sandbox.world.ways import LEADS_ARE_PEOPLE, MEETINGS_ONLY_DONE

PROSPECT = Actor("EMAIL_INTEGRATION", "inbox")
"""Mail that arrived in a connected inbox, and what the CRM learned from it."""
CALL_OUTCOMES = {
    "connected": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "live_message": "a4c4c377-d246-4b32-a13b-75a56a4cd0ff",
    "voicemail": "b2cf5968-551e-4856-9783-52b3da59a7d0",
    "no_answer": "73a0d17f-1163-4015-bdd5-ec830791da20",
    "busy": "9d9162e7-6cf3-4944-bf63-4dff82258764",
    "wrong_number": "17b47fee-58de-441e-a44c-c6300d46f273",
}
"""Outcome of a call → its id, the same in every account; accounts may add their own."""
FORM = Actor("FORM", "website")
SCHEDULER = Actor("MEETINGS", "booking-page")


class Activity(Terms):
    """Calls, e-mails, notes and meetings; forms, opt-outs and bounces."""

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
        outcome: str = "",
        notes: str = "",
    ) -> Record:
        """A call by a rep, logged now; `started` defaults to `minutes` ago, `outcome` is one of the
        outcomes that every account has, `notes` what the rep wrote down of it."""
        if outcome and outcome not in CALL_OUTCOMES:
            raise ActError("outcome", f"{outcome!r} is none of {', '.join(CALL_OUTCOMES)}")
        links, subject = self.subject_of(deal, contact)
        owner_id = self.owner_of(owner).id if owner else subject.get("hubspot_owner_id")
        fields = {
            "hs_timestamp": str(started or self.now - round(minutes * 60_000)),
            "hs_call_title": title,
            "hs_call_direction": "OUTBOUND",
            "hs_call_status": "COMPLETED" if connected else "NO_ANSWER",
            "hs_call_duration": str(round(minutes * 60_000)) if connected else "0",
            "hubspot_owner_id": owner_id,
        }
        if outcome:
            fields["hs_call_disposition"] = CALL_OUTCOMES[outcome]
        if notes:
            fields["hs_call_body"] = notes
        return self.account.create("calls", fields, self.by(user, subject), links)

    def send_email(
        self, subject: str, deal: str = "", contact: str = "", text: str = "", user: str = ""
    ) -> Record:
        """An e-mail from a rep to the prospect, logged in the CRM."""
        links, about = self.subject_of(deal, contact)
        person = self.person_of(links)
        owner = self.account.owners.get(about.get("hubspot_owner_id")) or self.any_owner()
        fields = self._mail("EMAIL", subject, text, owner.email, person.get("email"))
        fields["hubspot_owner_id"] = owner.id
        return self.account.create("emails", fields, self.by(user, about), links)

    def reply(
        self,
        deal: str = "",
        contact: str = "",
        text: str = "Thanks, let us talk.",
        subject: str = "Re: your message",
    ) -> Record:
        """The prospect answers by e-mail, and the inbox of the rep logs it."""
        links, about = self.subject_of(deal, contact)
        person = self.person_of(links)
        owner = self.account.owners.get(about.get("hubspot_owner_id")) or self.any_owner()
        fields = self._mail("INCOMING_EMAIL", subject, text, person.get("email"), owner.email)
        fields["hubspot_owner_id"] = owner.id
        return self.account.create("emails", fields, PROSPECT, links)

    def note(self, text: str, deal: str = "", contact: str = "", user: str = "") -> Record:
        """A note by a rep."""
        links, about = self.subject_of(deal, contact)
        fields = {
            "hs_timestamp": str(self.now),
            "hs_note_body": text,
            "hubspot_owner_id": about.get("hubspot_owner_id"),
        }
        return self.account.create("notes", fields, self.by(user, about), links)

    def log_message(
        self, text: str, channel: str = "SMS", deal: str = "", contact: str = "", user: str = ""
    ) -> Record:
        """A text, WhatsApp or LinkedIn message by a rep, logged in the CRM."""
        links, about = self.subject_of(deal, contact)
        definition = self.account.properties["communications"]["hs_communication_channel_type"]
        known = [option.value for option in definition.options]
        if channel not in known:
            raise ActError("channel", f"{channel!r} is none of {', '.join(known)}")
        fields = {
            "hs_timestamp": str(self.now),
            "hs_communication_channel_type": channel,
            "hs_communication_logged_from": "CRM",
            "hs_communication_body": text,
            "hubspot_owner_id": about.get("hubspot_owner_id"),
        }
        return self.account.create("communications", fields, self.by(user, about), links)

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
        links, about = self.subject_of(deal, contact)
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
        by = self.by(user, about) if user else SCHEDULER
        return self.account.create("meetings", fields, by, links)

    def meeting_outcome(self, meeting: str, outcome: str, user: str = "") -> Record:
        """What became of a meeting: one of the CRM's outcomes."""
        record = self.need("meetings", "meeting", meeting)
        if self.account.crm in MEETINGS_ONLY_DONE and outcome not in ("COMPLETED", "SCHEDULED"):
            if outcome != "CANCELED":
                raise ActError("outcome", "a meeting of this CRM is done, not done, or deleted")
            self.account.archive("meetings", record.id, self.by(user, record))
            return record
        known = [o.value for o in self.account.properties["meetings"]["hs_meeting_outcome"].options]
        if outcome not in known:
            raise ActError("outcome", f"{outcome!r} is none of {', '.join(known)}")
        fields = {"hs_meeting_outcome": outcome}
        return self.account.update("meetings", record.id, fields, self.by(user, record))

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
        """A new contact, entered by a rep."""
        fields = {
            "email": email,
            "firstname": firstname,
            "lastname": lastname,
            "company": company,
            "lifecyclestage": "lead",
            "hubspot_owner_id": self.owner_of(owner).id if owner else "",
        }
        return self.account.create("contacts", fields, self.by(user))

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
        people = self.account.crm in LEADS_ARE_PEOPLE
        # A form makes a lead, whoever else has the address.
        known = None if people else self.account.find_unique("contacts", "email", email)
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
            LEAD_STATUS: NEW_LEAD if people else "",
            "hubspot_owner_id": self.owner_of(owner).id if owner else "",
        }
        return self.account.create("contacts", fields, FORM)

    def opt_out(self, deal: str = "", contact: str = "") -> Record:
        """The prospect clicks unsubscribe from all e-mail."""
        person = self.person_of(self.subject_of(deal, contact)[0])
        return self.account.update("contacts", person.id, {"hs_email_optout": "true"}, PROSPECT)

    def open_mail(self, deal: str = "", contact: str = "") -> Record:
        """The prospect's mail program loads the picture in a tracked sales mail."""
        return self._mail_seen(deal, contact, "hs_sales_email_last_opened")

    def click_link(self, deal: str = "", contact: str = "") -> Record:
        """The prospect clicks on a tracked link of a sales mail."""
        return self._mail_seen(deal, contact, "hs_sales_email_last_clicked")

    def _mail_seen(self, deal: str, contact: str, property: str) -> Record:
        """The CRM keeps when that last happened, and no count."""
        person = self.person_of(self.subject_of(deal, contact)[0])
        self.account.compute(person, {property: str(self.now)}, self.now)
        return person

    def bounce(self, deal: str = "", contact: str = "") -> Record:
        """A message to the prospect came back for good."""
        person = self.person_of(self.subject_of(deal, contact)[0])
        fields = {
            "hs_email_bounce": str(1 + int(person.get("hs_email_bounce", "0") or 0)),
            "hs_email_hard_bounce_reason_enum": "UNKNOWN_USER",
        }
        return self.account.update("contacts", person.id, fields, PROSPECT)

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
