"""One installation's HubSpot behind the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from app.model.time import Business, Clocks
from connectors.access import Access
from connectors.contract import (
    Account,
    Capability,
    Checkup,
    Created,
    CrmEnrolment,
    CrmPerson,
    CrmPipeline,
    CrmRecord,
    CrmSequence,
    InstallReport,
    NewTask,
    ObjectType,
    Page,
    Update,
    Updated,
    Written,
)
from connectors.fitting import fit
from connectors.hubspot import account, install, sequences
from connectors.hubspot.api import Api
from connectors.hubspot.capabilities import capabilities
from connectors.hubspot.checkup import check_up
from connectors.hubspot.errors import Classifier
from connectors.hubspot.lost import Lost
from connectors.hubspot.oauth import OAuth
from connectors.hubspot.reading import Reader
from connectors.hubspot.tasks import Tasks
from connectors.hubspot.writing import Writer
from connectors.mapping import CrmMapping, PropertyInfo
from connectors.marks import unmarked


class HubSpotConnector:
    """The contract's Connector; made by `HubSpotVendor.connect`."""

    crm = "hubspot"

    def __init__(
        self,
        api: Api,
        access: Access,
        oauth: OAuth,
        mapping: CrmMapping,
        classify: Classifier,
        clocks: Clocks,
        app_base: str,
        unique_touch_id: bool,
        lost: Lost,
    ) -> None:
        self.api = api
        self.mapping = mapping
        self._access = access
        self._classify = classify
        self._clocks = clocks
        self._oauth = oauth
        self._app_base = app_base
        self._unique = unique_touch_id
        self._lost = lost
        self._reader = Reader(api, mapping)
        made = (api, self._reader, mapping, classify, unique_touch_id, lost, clocks)
        self._written: dict[Written, Tasks] = {
            "task": Tasks(*made),
            "note": Tasks(*made, type="note"),
        }
        self._writer = Writer(api, mapping, classify, lost)

    def capabilities(self) -> tuple[Capability, ...]:
        return capabilities(self._access.granted(), self._unique)

    def checkup(self, *, native: bool = False) -> Checkup:
        facts = self._oauth.introspect(self._access.bearer())
        domain = str(facts.get("hub_domain") or "")
        scopes = tuple(facts.get("scopes") or ())
        return check_up(
            self.api, self._clocks, self._app_base, domain, scopes, self.mapping, native
        )

    def account(self) -> Account:
        facts = self._oauth.introspect(self._access.bearer())
        return account.read_account(self.api, self._app_base, str(facts.get("hub_domain") or ""))

    def people(self) -> list[CrmPerson]:
        return account.read_people(self.api, self.mapping)

    def pipelines(self) -> list[CrmPipeline]:
        return account.read_pipelines(self.api, self.mapping)

    def schema(self, type: ObjectType) -> dict[str, PropertyInfo]:
        """The account's properties of one type, for `CrmMapping.check` and for choosing one."""
        return account.read_schema(self.api, type)

    def fit(self, overrides: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return fit(self.crm, overrides, self.schema)

    def install(self) -> InstallReport:
        return install.install(self.api)

    def listen(self) -> tuple[str, ...]:
        return ()  # the app is subscribed as a whole, by its registration

    def uninstall(self) -> None:
        install.uninstall(self.api)

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
        records = self._reader.read(
            type, ids, history=history, associations=associations, archived=archived
        )
        return unmarked(records)

    def there(self, type: ObjectType, ids: Sequence[str], *, ours: bool = False) -> set[str]:
        return {record.id for record in self.read(type, ids, ours=ours)} & set(ids)

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
        page = self._reader.changed_since(type, watermark, after)
        unmarked(page.records)
        return page

    def logged_since(self, type: ObjectType, since: Business, after: str | None) -> Page:
        page = self._reader.logged_since(type, since, after)
        unmarked(page.records)
        return page

    def changes(
        self, since: Mapping[ObjectType, Business]
    ) -> Iterator[tuple[ObjectType, Page]]:
        for type, watermark in since.items():
            yield type, self.changed_since(type, watermark, None)

    def contacts_by_email(self, emails: Sequence[str]) -> dict[str, list[str]]:
        return self._reader.contacts_by_email(emails)

    def deals_of_companies(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self.associated("company", "deal", ids)

    def contacts_of_companies(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self.associated("company", "contact", ids)

    def companies_of(
        self, type: Literal["deal", "contact"], ids: Sequence[str]
    ) -> dict[str, list[str]]:
        return self.associated(type, "company", ids)

    def engagements_of(self, type: ObjectType, id: str) -> list[tuple[ObjectType, str]]:
        return self._reader.engagements_of(type, id)

    def associated(
        self, from_type: ObjectType, to_type: ObjectType, ids: Sequence[str]
    ) -> dict[str, list[str]]:
        """id → ids of associated records of one type, the primary one first, for many records in
        one call."""
        links = self._reader.associated(from_type, to_type, ids)
        return {
            id: [other for other, _, _ in sorted(found, key=lambda link: not link[1])]
            for id, found in links.items()
        }

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
        return sequences.read_sequences(self.api, user_id)

    def enrol(
        self, sequence_id: str, contact_id: str, *, user_id: str, sender: str
    ) -> CrmEnrolment:
        return sequences.enrol(self.api, sequence_id, contact_id, user_id=user_id, sender=sender)

    def enrolment_of(self, contact_id: str) -> CrmEnrolment | None:
        return sequences.read_enrolment(self.api, contact_id)

    def clearing(self) -> HubSpotConnector:
        return self._by(self.api.clearing())

    def aside(self) -> HubSpotConnector:
        return self._by(self.api.aside())

    def _by(self, api: Api) -> HubSpotConnector:
        return HubSpotConnector(
            api, self._access, self._oauth, self.mapping, self._classify,
            self._clocks, self._app_base, self._unique, self._lost,
        )  # fmt: skip

    def install_bridge(self) -> None:
        install.install_bridge(self.api)
