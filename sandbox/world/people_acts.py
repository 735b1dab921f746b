"""What a person can do in the CRM or towards it, one method each.

The one list of deeds: the people of the world, the CRM page, `/sandbox/act` and tests all act
through it, so a click and a drawn step are the same change with the same history and events.
Instants are business ms. Every refusal names the parameter, what would be right and what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.world.people_activity import Activity
from sandbox.world.people_lives import Lives
from sandbox.world.people_preferences import PreferenceDeeds
from sandbox.world.people_quotes import QUOTE_VERBS, QuoteDeeds
from sandbox.world.people_sequences import SequenceDeeds
from sandbox.world.people_terms import ActError
from sandbox.world.records import Link, Record
from sandbox.world.ways import EVERY_DEAL_OWNED

__all__ = ["VERBS", "ActError", "Acts"]

TASK_EDITS = {"subject": "hs_task_subject", "body": "hs_task_body", "priority": "hs_task_priority"}


class Acts(Activity, Lives, SequenceDeeds, PreferenceDeeds, QuoteDeeds):
    """The deeds open to the people of one account; those about deals and tasks stand here."""

    def do(self, verb: str, params: Mapping[str, Any]) -> Record:
        """Do one deed by name; unknown verbs and missing parameters raise `ActError`."""
        return self.perform(verb, params, VERBS)

    # --- deals -------------------------------------------------------------------------------

    def create_deal(
        self,
        name: str,
        stage: str = "",
        amount: str = "",
        contact: str = "",
        owner: str = "",
        user: str = "",
        pipeline: str = "",
        currency: str = "",
    ) -> Record:
        """A new deal, with its contact where one is given; without a stage it is in the first."""
        into = self.pipeline_of(pipeline)
        found = self.stage_in(into, stage) if stage else into.first()
        fields = {
            "dealname": name,
            "pipeline": into.id,
            "dealstage": found.id,
            "amount": str(amount),
            "deal_currency_code": currency or self.account.currency,
            "hubspot_owner_id": self.owner_of(owner).id if owner else "",
        }
        links = [Link("contacts", self.need("contacts", "contact", contact).id)] if contact else []
        return self.account.create("deals", fields, self.by(user), links)

    def move_deal(self, deal: str, stage: str, user: str = "", pipeline: str = "") -> Record:
        """Drag a deal to a stage, named by id, label or kind, of its own pipeline or another."""
        record = self.need("deals", "deal", deal)
        by = self.by(user, record)
        if pipeline:
            into = self.pipeline_of(pipeline)
            fields = {"pipeline": into.id, "dealstage": self.stage_in(into, stage).id}
        else:
            fields = {"dealstage": self.stage_of(stage, record).id}
        return self.account.update("deals", record.id, fields, by)

    def change_owner(self, deal: str, owner: str, user: str = "") -> Record:
        """Give a deal to another owner (id or e-mail); `none` leaves it without one."""
        record = self.need("deals", "deal", deal)
        if owner == "none" and self.account.crm in EVERY_DEAL_OWNED:
            raise ActError("owner", "every deal has an owner at this CRM; name one")
        to = "" if owner == "none" else self.owner_of(owner).id
        by = self.by(user, record)
        return self.account.update("deals", record.id, {"hubspot_owner_id": to}, by)

    def delete_deal(self, deal: str, user: str = "") -> Record:
        """Move a deal to the recycle bin."""
        record = self.need("deals", "deal", deal)
        self.account.archive("deals", record.id, self.by(user, record))
        return record

    def set_property(
        self, kind: str, record: str, property: str, value: str = "", user: str = ""
    ) -> Record:
        """Write one property as a user would; an enumeration takes only its options."""
        found = self.need(self.kind(kind), "record", record)
        fields = {property: self.fit(kind, property, str(value))}
        return self.account.update(kind, found.id, fields, self.by(user, found))

    # --- tasks -------------------------------------------------------------------------------

    def complete_task(self, task: str, user: str = "") -> Record:
        """Tick a task off."""
        return self.change("tasks", task, {"hs_task_status": "COMPLETED"}, user)

    def reopen_task(self, task: str, user: str = "") -> Record:
        """Take the tick off a task."""
        return self.change("tasks", task, {"hs_task_status": "NOT_STARTED"}, user)

    def edit_task(
        self, task: str, subject: str = "", body: str = "", priority: str = "", user: str = ""
    ) -> Record:
        """Change subject, body or priority of a task."""
        given = {"subject": subject, "body": body, "priority": priority}
        fields = {TASK_EDITS[name]: value for name, value in given.items() if value}
        if not fields:
            raise ActError("subject", "give a subject, a body or a priority to change")
        return self.change("tasks", task, fields, user)

    def move_task(self, task: str, due: int, user: str = "") -> Record:
        """Give a task another due instant."""
        return self.change("tasks", task, {"hs_timestamp": str(int(due))}, user)

    def delete_task(self, task: str, user: str = "") -> Record:
        """Move a task to the recycle bin."""
        record = self.need("tasks", "task", task)
        self.account.archive("tasks", record.id, self.by(user, record))
        return record


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
    "open_mail",
    "click_link",
    "bounce",
    "delete",
    "restore",
    "merge",
    "erase",
    "associate",
    "dissociate",
    "bulk_edit",
    "import_rows",
    "create_lead",
    "move_lead",
    "convert_lead",
    "create_company",
    "log_message",
    "enrol",
    "unenrol",
    "unsubscribe",
    "subscribe",
    *QUOTE_VERBS,
)
"""Everything `/sandbox/act` understands."""
