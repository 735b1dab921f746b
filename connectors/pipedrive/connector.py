"""One installation's Pipedrive behind the contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, NoReturn

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
    EnrolRefused,
    FeatureUnavailable,
    InstallReport,
    NewTask,
    ObjectType,
    Page,
    Recorder,
    Update,
    Updated,
    Written,
)
from connectors.mapping import CrmMapping
from connectors.marks import unmarked
from connectors.pipedrive import account, install
from connectors.pipedrive.api import Api
from connectors.pipedrive.capabilities import LEAD_SCOPES, capabilities
from connectors.pipedrive.checkup import check_up
from connectors.pipedrive.fields import Fields
from connectors.pipedrive.fitting import fit
from connectors.pipedrive.kinds import Kinds
from connectors.pipedrive.mails import Mails
from connectors.pipedrive.oauth import OAuth
from connectors.pipedrive.reading import Reader
from connectors.pipedrive.records import Parser
from connectors.pipedrive.subscriptions import Subscriptions
from connectors.pipedrive.tasks import Tasks
from connectors.pipedrive.writing import Writer

_NO_SEQUENCES = (
    "Pipedrive lets no app put people into its Automations or Campaigns; the step becomes a task."
)

_MARKED: tuple[ObjectType, ...] = ("task", "note")
"""Types in whose text the touch id stands."""


class PipedriveConnector:
    """The contract's Connector; made by `PipedriveVendor.connect`."""

    crm = "pipedrive"

    def __init__(
        self,
        api: Api,
        access: Access,
        oauth: OAuth,
        mapping: CrmMapping,
        clocks: Clocks,
        recorder: Recorder,
        webhook_url: str,
        client_secret: str,
        known: tuple[Fields, account.Company] | None = None,
    ) -> None:
        """known: what another connector of the same installation has read of the account."""
        self.api = api
        self.mapping = mapping
        self._access = access
        self._oauth = oauth
        self._clocks = clocks
        self._recorder = recorder
        self._webhook_url = webhook_url
        self._client_secret = client_secret
        if known is None:
            known = (Fields(api, clocks, install.NAMES), account.Company(api, clocks))
        self._fields, self._company = known
        parser = Parser(mapping, self._fields, self._company.facts)
        mails = Mails(api, parser, access.granted)
        self._reader = Reader(api, parser, Kinds(mapping), clocks, mails, self._shows_leads)
        made = (api, self._reader, parser, mapping, self._fields)
        self._written: dict[Written, Tasks] = {
            "task": Tasks(*made),
            "note": Tasks(*made, type="note"),
        }
        self._writer = Writer(
            api, mapping, self._fields, recorder, lambda: self._company.facts().zone
        )
        self._subscriptions = Subscriptions(api, webhook_url, client_secret, self._shows_leads)

    def capabilities(self) -> tuple[Capability, ...]:
        return capabilities(self._access.granted())

    def checkup(self, *, native: bool = False) -> Checkup:
        return check_up(
            self.api, self._clocks, self._base(), self._access.granted(), self.mapping,
            self._fields, self._subscriptions,
        )  # fmt: skip

    def account(self) -> Account:
        return account.account_of(self._company.facts(fresh=True), self._base())

    def people(self) -> list[CrmPerson]:
        return account.read_people(self.api)

    def pipelines(self) -> list[CrmPipeline]:
        return account.read_pipelines(self.api, self.mapping)

    def fit(self, overrides: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return fit(self._fields, overrides)

    def install(self) -> InstallReport:
        report = install.install(self.api, self._fields)
        made, refused = self._subscriptions.report(self._account_id())
        return replace(
            report, created=(*report.created, *made), refused=(*report.refused, *refused)
        )

    def listen(self) -> tuple[str, ...]:
        return tuple(self._subscriptions.ensure(self._account_id()))

    def uninstall(self) -> None:
        self._subscriptions.remove()
        self._oauth.revoke(self._access.current())

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
            type, ids, history=history, associations=associations, archived=archived, ours=ours
        )
        return unmarked(records, _MARKED)

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
        unmarked(page.records, _MARKED)
        return page

    def changed_since(self, type: ObjectType, watermark: Business, after: str | None) -> Page:
        page = self._reader.changed_since(type, watermark, after)
        unmarked(page.records, _MARKED)
        return page

    def logged_since(self, type: ObjectType, since: Business, after: str | None) -> Page:
        page = self._reader.changed_since(type, since, after, past=True)
        unmarked(page.records, _MARKED)
        return page

    def changes(
        self, since: Mapping[ObjectType, Business]
    ) -> Iterator[tuple[ObjectType, Page]]:
        for type, watermark in since.items():
            yield type, self.changed_since(type, watermark, None)

    def contacts_by_email(self, emails: Sequence[str]) -> dict[str, list[str]]:
        return self._reader.contacts_by_email(emails)

    def deals_of_companies(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self._reader.of_companies("deal", ids)

    def contacts_of_companies(self, ids: Sequence[str]) -> dict[str, list[str]]:
        return self._reader.of_companies("contact", ids)

    def companies_of(
        self, type: Literal["deal", "contact"], ids: Sequence[str]
    ) -> dict[str, list[str]]:
        return self._reader.companies_of(type, ids)

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
        written = self._written.get("note" if from_type == "note" else "task")
        if written is None or from_type not in ("task", "note"):
            raise FeatureUnavailable(
                "In Pipedrive only tasks and notes are put onto records by us.",
                f"{from_type} onto {to_type}",
            )
        written.associate(to_type, pairs)

    def update(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]:
        return self._writer.update(type, updates)

    def archive(self, type: ObjectType, ids: Sequence[str]) -> None:
        self._writer.archive(type, ids)

    def sequences(self, user_id: str) -> list[CrmSequence]:
        _refuse()

    def enrol(
        self, sequence_id: str, contact_id: str, *, user_id: str, sender: str
    ) -> CrmEnrolment:
        _refuse()

    def enrolment_of(self, contact_id: str) -> CrmEnrolment | None:
        return None

    def clearing(self) -> PipedriveConnector:
        return self._by(self.api.clearing())

    def aside(self) -> PipedriveConnector:
        return self._by(self.api.aside())

    def _by(self, api: Api) -> PipedriveConnector:
        return PipedriveConnector(
            api, self._access, self._oauth, self.mapping, self._clocks,
            self._recorder, self._webhook_url, self._client_secret,
            (self._fields, self._company),
        )  # fmt: skip

    def install_bridge(self) -> None:
        raise FeatureUnavailable(_NO_SEQUENCES)

    def _shows_leads(self) -> bool:
        return bool(LEAD_SCOPES & set(self._access.granted()))

    def _base(self) -> str:
        return self._access.current().base

    def _account_id(self) -> str:
        return self._access.current().account or self._company.facts().account


def _refuse() -> NoReturn:
    raise EnrolRefused(_NO_SEQUENCES, "unavailable")
