"""One installation's Salesforce behind the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.model.time import Business, Clocks
from connectors.access import Access
from connectors.contract import (
    Account,
    Capability,
    Checkup,
    Created,
    CrmEnrolment,
    CrmError,
    CrmPerson,
    CrmPipeline,
    CrmRecord,
    CrmSequence,
    Forbidden,
    InstallReport,
    NewTask,
    NotFound,
    ObjectType,
    Page,
    Recorder,
    Update,
    Updated,
    Written,
)
from connectors.fitting import fit
from connectors.mapping import CrmMapping
from connectors.marks import unmarked
from connectors.salesforce import account, install
from connectors.salesforce.account import Currencies, People
from connectors.salesforce.api import Api
from connectors.salesforce.cadences import Cadences
from connectors.salesforce.capabilities import Facts, capabilities
from connectors.salesforce.changes import Changes
from connectors.salesforce.checkup import check_up, facts_of
from connectors.salesforce.errors import Classifier
from connectors.salesforce.links import Links
from connectors.salesforce.oauth import OAuth
from connectors.salesforce.reading import Reader
from connectors.salesforce.rows import Rows
from connectors.salesforce.schema import Schema
from connectors.salesforce.tasks import Tasks
from connectors.salesforce.writing import Writer


@dataclass(frozen=True, slots=True)
class Parts:
    """What all calls of one installation share."""

    access: Access
    oauth: OAuth
    mapping: CrmMapping
    classify: Classifier
    clocks: Clocks
    recorder: Recorder
    unique_touch_id: bool


class SalesforceConnector:
    """The contract's Connector; made by `SalesforceVendor.connect`."""

    crm = "salesforce"

    def __init__(
        self, api: Api, parts: Parts, known: tuple[Schema, Cadences, People] | None = None
    ) -> None:
        """known: what another connector of the same installation has learnt of the account."""
        self.api = api
        self._parts = parts
        mapping = parts.mapping
        if known is None:
            known = (Schema(api, mapping, parts.recorder), Cadences(api), People(api))
        self._schema, self._cadences, self._people = known
        self._facts: Facts | None = None
        rows = Rows(mapping, self._people.zone_of, Currencies(api).own)
        self._links = links = Links(api, self._schema)
        self._reader = Reader(api, self._schema, rows, links, self._cadences, parts.clocks)
        self._changes = Changes(api, self._schema, self._reader)
        made = (
            api, self._schema, rows, links, self._people, parts.classify, parts.unique_touch_id,
            parts.clocks,
        )  # fmt: skip
        self._written: dict[Written, Tasks] = {
            "task": Tasks(*made),
            "note": Tasks(*made, type="note"),
        }
        self._writer = Writer(
            api, self._schema, rows, self._people, self._cadences, parts.classify
        )

    def capabilities(self) -> tuple[Capability, ...]:
        """Asks the account the first time; what it would not say counts as not there. Quotes that
        were taken from us meanwhile count so from when that shows."""
        try:
            if self._facts is None:
                self._facts = facts_of(
                    self.api, self._schema, self._cadences, self._parts.mapping
                )
            quotes = self._schema.find("quote") is not None
        except CrmError:
            return capabilities(Facts(cadences=False))
        return capabilities(replace(self._facts, quotes=quotes))

    def checkup(self, *, native: bool = False) -> Checkup:
        self._facts = None
        return check_up(
            self.api, self._schema, self._cadences, self._parts.mapping, self._parts.clocks,
            self.account(), self._parts.access.granted(),
        )  # fmt: skip

    def account(self) -> Account:
        self._parts.access.bearer()
        return account.read_account(self.api, self._parts.access.current().base)

    def people(self) -> list[CrmPerson]:
        return self._people.all()

    def pipelines(self) -> list[CrmPipeline]:
        return account.read_pipelines(self.api, self._schema, self._parts.mapping)

    def fit(self, overrides: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        self._schema.forget()
        return fit(self.crm, overrides, lambda type: self._schema.of(type).properties)

    def install(self) -> InstallReport:
        self._facts = None
        return install.install(self._schema, self._parts.mapping)

    def listen(self) -> tuple[str, ...]:
        return ()  # Salesforce sends no webhooks

    def uninstall(self) -> None:
        """Give the grant back. The package stays until an admin takes it out."""
        self._parts.oauth.revoke(self._parts.access.current())

    def read(
        self,
        type: ObjectType,
        ids: Sequence[str],
        *,
        history: bool = False,
        associations: Sequence[ObjectType] = (),
        archived: bool = False,
        ours: bool = False,
    ) -> list[CrmRecord]:
        try:
            records = self._reader.read(
                type, ids, history=history, associations=associations, archived=archived
            )
        except NotFound as error:
            if type != "quote":
                raise
            # Of quotes that nobody shows us any more nothing is known, least of all their end.
            raise Forbidden(error.message, detail=error.detail) from None
        return unmarked(records)

    def there(self, type: ObjectType, ids: Sequence[str], *, ours: bool = False) -> set[str]:
        return self._reader.there(type, ids)

    def page(
        self,
        type: ObjectType,
        after: str | None,
        *,
        history: bool = False,
        associations: Sequence[ObjectType] = (),
    ) -> Page:
        page = self._reader.page(type, after, history=history, associations=associations)
        unmarked(page.records)
        return page

    def changed_since(self, type: ObjectType, watermark: Business, after: str | None) -> Page:
        page = self._changes.since(type, watermark, after)
        unmarked(page.records)
        return page

    def logged_since(self, type: ObjectType, since: Business, after: str | None) -> Page:
        page = self._changes.since(type, since, after)
        ids = [record.id for record in page.records]
        found = self.read(type, ids, associations=("deal", "contact")) if ids else []
        return Page(found, page.after)

    def changes(
        self, since: Mapping[ObjectType, Business]
    ) -> Iterator[tuple[ObjectType, Page]]:
        for type, page in self._changes.first(since):
            unmarked(page.records)
            yield type, page

    def contacts_by_email(self, emails: Sequence[str]) -> dict[str, list[str]]:
        return self._reader.contacts_by_email(emails)

    def deals_of_companies(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self._links.of_companies("deal", ids)

    def contacts_of_companies(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self._links.of_companies("contact", ids)

    def companies_of(
        self, type: Literal["deal", "contact"], ids: Sequence[str]
    ) -> dict[str, list[str]]:
        return self._links.of(type, "company", ids).ids

    def engagements_of(self, type: ObjectType, id: str) -> list[tuple[ObjectType, str]]:
        return self._reader.engagements_of(type, id)

    def create_tasks(self, tasks: Sequence[NewTask], type: Written = "task") -> list[Created]:
        return self._written[type].create_tasks(tasks)

    def find_tasks(
        self,
        touches: Sequence[tuple[str, Sequence[tuple[ObjectType, str]]]],
        type: Written = "task",
    ) -> dict[str, CrmRecord]:
        return self._written[type].find_tasks(touches)

    def associate(
        self, from_type: ObjectType, to_type: ObjectType, pairs: Sequence[tuple[str, str]]
    ) -> None:
        self._writer.associate(from_type, to_type, pairs)

    def update(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]:
        return self._writer.update(type, updates)

    def archive(self, type: ObjectType, ids: Sequence[str]) -> None:
        self._writer.archive(type, ids)

    def sequences(self, user_id: str) -> list[CrmSequence]:
        return self._cadences.listed(user_id)

    def enrol(
        self, sequence_id: str, contact_id: str, *, user_id: str, sender: str
    ) -> CrmEnrolment:
        return self._cadences.enrol(sequence_id, contact_id, user_id, sender)

    def enrolment_of(self, contact_id: str) -> CrmEnrolment | None:
        return self._cadences.enrolment_of(contact_id)

    def clearing(self) -> SalesforceConnector:
        return self._by(self.api.clearing())

    def aside(self) -> SalesforceConnector:
        return self._by(self.api.aside())

    def _by(self, api: Api) -> SalesforceConnector:
        known = (self._schema, self._cadences.through(api), self._people)
        return SalesforceConnector(api, self._parts, known)

    def install_bridge(self) -> None:
        """Nothing: a cadence is left by a call."""
