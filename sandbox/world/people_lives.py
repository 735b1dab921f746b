"""The lives of records as people at the CRM's screens shape them: one method per deed.

Records of every kind are deleted, restored, merged and erased; contacts and companies are joined
to deals and parted from them; many records change at once by a bulk edit or a file import.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.world.people_terms import ActError, Terms
from sandbox.world.records import ACTIVITY_KINDS, Actor, Link, Record, UniqueConflict
from sandbox.world.ways import LEADS_ARE_PEOPLE, LEADS_BECOME_DEALS

BULK_SOURCES = ("CRM_UI_BULK_ACTION", "IMPORT", "BATCH_UPDATE", "AUTOMATION_PLATFORM")
"""How a change of many records at once may be marked in history and events."""


class Lives(Terms):
    """Deletion, restoring, merging and erasing; associations; many records at once."""

    def delete(self, kind: str, record: str, user: str = "") -> Record:
        """Move a record of any kind to the recycle bin."""
        found = self.need(self.kind(kind), "record", record)
        self.account.archive(found.kind, found.id, self.by(user, found))
        return found

    def restore(self, kind: str, record: str, user: str = "") -> Record:
        """Take a record out of the recycle bin, with its id and its associations."""
        gone = self.account.find(self.kind(kind), str(record), archived=True)
        if gone is None:
            raise ActError(
                "record",
                f"no deleted {kind[:-1]} {record!r}; a merged or erased record cannot come back",
            )
        try:
            return self.account.restore(kind, gone.id, self.by(user, gone))
        except UniqueConflict as error:
            raise ActError(
                "record", f"{error}; change or delete that one before you restore this one"
            ) from None

    def merge(self, kind: str, primary: str, other: str, user: str = "") -> Record:
        """Merge two records; answers the new record, to which both ids lead from now on."""
        kept = self.need(self.kind(kind), "primary", primary)
        gone = self.need(kind, "other", other)
        if kept is gone:
            raise ActError("other", "is the same record as primary; name two different ones")
        return self.account.merge(kind, kept.id, gone.id, self.by(user, kept))

    def erase(self, contact: str, user: str = "") -> Record:
        """Delete a contact for good on a privacy request; deleted ones can still be erased."""
        found = self.account.find("contacts", str(contact)) or self.account.find(
            "contacts", str(contact), archived=True
        )
        if found is None:
            raise ActError("contact", f"no contact {contact!r}, deleted or not")
        self.account.forget("contacts", found.id, self.by(user, found))
        return found

    def associate(
        self, kind: str, record: str, to_kind: str, to: str, label: str = "", user: str = ""
    ) -> Record:
        """Join two records; `label` is `primary` or one of the account's own labels."""
        near = self.need(self.kind(kind), "record", record)
        far = self.need(self.kind(to_kind, "to_kind"), "to", to)
        link = Link(far.kind, far.id, ("", label) if label else ("",))
        self.account.associate((near.kind, near.id), link, self.by(user, near))
        return near

    def dissociate(
        self, kind: str, record: str, to_kind: str, to: str, label: str = "", user: str = ""
    ) -> Record:
        """Part two records, or take only a label off their association."""
        near = self.need(self.kind(kind), "record", record)
        far = self.need(self.kind(to_kind, "to_kind"), "to", to)
        labels = (label,) if label else None
        ends = (near.kind, near.id), (far.kind, far.id)
        if not self.account.dissociate(*ends, self.by(user, near), labels):
            raise ActError("to", f"{far.id} is not associated with {near.id}")
        return near

    def bulk_edit(
        self,
        kind: str,
        records: Sequence[str],
        values: Mapping[str, Any],
        source: str = "CRM_UI_BULK_ACTION",
        user: str = "",
    ) -> Record:
        """Write the same values on many records at one instant; answers the last of them."""
        if source not in BULK_SOURCES:
            raise ActError("source", f"{source!r} is none of {', '.join(BULK_SOURCES)}")
        if isinstance(records, str) or not records:
            raise ActError("records", "must be a list of record ids")
        found = [self.need(self.kind(kind), "records", one) for one in records]
        fields = {name: self.fit(kind, name, str(value)) for name, value in values.items()}
        person = self.by(user)
        actor = Actor(source, person.source_id, person.user_id)
        for record in found:
            self.account.update(kind, record.id, fields, actor)
        return found[-1]

    def import_rows(self, kind: str, rows: Sequence[Mapping[str, Any]], user: str = "") -> Record:
        """Import rows of a file: with an `id` (contacts: or a known e-mail) a row changes that
        record, else it makes a new one; `contact` and `company` name records to join it to.
        Answers the last record.
        """
        if isinstance(rows, str) or not rows:
            raise ActError("rows", "must be a list of objects, property name to value")
        self.kind(kind)
        person = self.by(user)
        actor = Actor("IMPORT", "file-import", person.user_id)
        done: Record | None = None
        for row in rows:
            done = self._import_row(kind, dict(row), actor)
        assert done is not None
        return done

    def _import_row(self, kind: str, row: dict[str, Any], actor: Actor) -> Record:
        links = [
            Link(far, self.need(far, name, str(row.pop(name))).id)
            for name, far in (("contact", "contacts"), ("company", "companies"))
            if row.get(name)
        ]
        known = self.need(kind, "id", str(row.pop("id"))) if row.get("id") else None
        if known is None and kind == "contacts" and row.get("email"):
            known = self.account.find_unique("contacts", "email", str(row["email"]))
        fields = {name: self.fit(kind, name, str(value)) for name, value in row.items()}
        if known is None:
            return self.account.create(kind, fields, actor, links)
        self.account.update(kind, known.id, fields, actor)
        for link in links:
            self.account.associate((kind, known.id), link, actor)
        return known

    # --- leads and companies -----------------------------------------------------------------

    def create_lead(
        self,
        contact: str,
        name: str = "",
        stage: str = "",
        label: str = "",
        owner: str = "",
        user: str = "",
    ) -> Record:
        """A lead of a contact, in the first stage unless another one is named."""
        if self.account.crm in LEADS_ARE_PEOPLE:
            raise ActError("contact", "a lead of this CRM is a person; `submit_form` brings one")
        person = self.need("contacts", "contact", contact)
        pipeline = self.pipeline_of("", "leads")
        found = self.stage_in(pipeline, stage) if stage else pipeline.first()
        full = f"{person.get('firstname')} {person.get('lastname')}".strip()
        fields = {
            "hs_lead_name": name or full or person.get("email"),
            "hs_lead_label": self.fit("leads", "hs_lead_label", label),
            "hs_pipeline": pipeline.id,
            "hs_pipeline_stage": found.id,
            "hubspot_owner_id": (
                self.owner_of(owner).id if owner else person.get("hubspot_owner_id")
            ),
        }
        links = [Link("contacts", person.id, ("", "primary"))]
        return self.account.create("leads", fields, self.by(user, person), links)

    def move_lead(self, lead: str, stage: str, deal: str = "", user: str = "") -> Record:
        """Put a lead in a stage; with `deal` it has become that deal."""
        record = self.need("leads", "lead", lead)
        pipeline = self.pipeline_of(record.get("hs_pipeline"), "leads")
        fields = {"hs_pipeline_stage": self.stage_in(pipeline, stage).id}
        by = self.by(user, record)
        self.account.update("leads", record.id, fields, by)
        if deal:
            made = self.need("deals", "deal", deal)
            self.account.associate(("leads", record.id), Link("deals", made.id), by)
        return record

    def convert_lead(self, lead: str, stage: str = "", user: str = "") -> Record:
        """A deal in place of a lead, which is deleted: people, companies and activities of the lead
        are the deal's. Answers the deal."""
        if self.account.crm not in LEADS_BECOME_DEALS:
            raise ActError("lead", "this CRM keeps a lead beside its deal; `move_lead` says so")
        record = self.need("leads", "lead", lead)
        into = self.pipeline_of("")
        found = self.stage_in(into, stage) if stage else into.first()
        fields = {
            "dealname": record.get("hs_lead_name"),
            "pipeline": into.id,
            "dealstage": found.id,
            "deal_currency_code": self.account.currency,
            "hubspot_owner_id": record.get("hubspot_owner_id"),
        }
        objects = self.account.objects
        links = [
            Link(kind, one, record.links[kind][one])
            for kind in ("contacts", "companies", *ACTIVITY_KINDS)
            for one in record.linked(kind)
            if one in objects[kind]
        ]
        by = self.by(user, record)
        with self.account.world.lock:
            deal = self.account.create("deals", fields, by, links)
            self.account.archive("leads", record.id, by)
        return deal

    def create_company(
        self,
        name: str,
        domain: str = "",
        zone: str = "",
        contact: str = "",
        deal: str = "",
        owner: str = "",
        user: str = "",
    ) -> Record:
        """A company, the primary one of the contact and the deal that are given."""
        links = [
            Link(kind, self.need(kind, kind[:-1], one).id, ("", "primary"))
            for kind, one in (("contacts", contact), ("deals", deal))
            if one
        ]
        fields = {
            "name": name,
            "domain": domain,
            "timezone": zone,
            "hubspot_owner_id": self.owner_of(owner).id if owner else "",
        }
        return self.account.create("companies", fields, self.by(user), links)

    # --- parameters --------------------------------------------------------------------------

    def kind(self, kind: str, field: str = "kind") -> str:
        """The kind as given, if the account has records of it."""
        if kind not in self.account.objects:
            raise ActError(field, f"{kind!r} is none of {', '.join(self.account.objects)}")
        return kind

    def fit(self, kind: str, name: str, value: str) -> str:
        """A value that a user could give the property; an enumeration takes only its options."""
        definition = self.account.properties[kind].get(name)
        if definition is None or definition.archived:
            raise ActError("property", f"{kind} have no {name!r}; create it or check the name")
        options = [option.value for option in definition.options]
        parts = value.split(";") if definition.field_type == "checkbox" else [value]
        if value and options and not set(parts) <= set(options):
            raise ActError("value", f"{value!r} is none of {', '.join(options)}")
        return value
