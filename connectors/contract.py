"""What a CRM connector promises, in the product's own words.

A connector turns canonical requests into the CRM's HTTP and its answers into the records below. It
decides nothing and stores nothing: tokens, rate budget and clocks are protocols handed to it. Every
method may raise one of the errors at the end of this module and no other.

Values are canonical: instants are integer ms, enumerations are those of `app.model.vocabulary`,
field names are those of `mappings/<crm>.yaml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from app.model.record import record
from app.model.time import Business, Clocks, Wall

ObjectType = Literal[
    "deal", "contact", "company", "lead", "quote", "task", "note", "email", "meeting", "call",
    "user",
]

Written = Literal["task", "note"]
"""What a touch can stand as in the CRM: work for a rep, or a word on the record."""


# --- records -------------------------------------------------------------------------------------


class Version(NamedTuple):
    """One entry of a property's history, its value canonical as in `CrmRecord.fields`.

    source: what wrote it, only a hint: `import` or `bulk` where many records were written at once,
    else the CRM's word.
    """

    value: Any
    at: Business
    source: str = ""
    source_id: str = ""


@dataclass(slots=True)
class CrmRecord:
    """A record as read. fields are canonical; history is oldest first, per canonical field.

    A field that the CRM has but left unset is None; one that it would not show is absent.

    associations: object type → CRM ids, in the CRM's order; None where they were not asked for.
    primary: object type → the id that the CRM calls primary. labels: (type, id) → labels.
    """

    type: ObjectType
    id: str
    fields: dict[str, Any]
    created_at: Business
    updated_at: Business
    archived: bool = False
    archived_at: Business | None = None
    history: dict[str, list[Version]] = field(default_factory=dict[str, list[Version]])
    associations: dict[str, list[str]] | None = None
    primary: dict[str, str] = field(default_factory=dict[str, str])
    labels: dict[tuple[str, str], tuple[str, ...]] = field(
        default_factory=dict[tuple[str, str], tuple[str, ...]]
    )

    def as_written(self) -> dict[str, Any]:
        """Canonical fields as whoever created the record wrote them, where history was read."""
        return {name: versions[0].value for name, versions in self.history.items() if versions}


@dataclass(frozen=True, slots=True)
class Account:
    """The CRM account. types: object type → what stands for {type} in `url`."""

    id: str
    name: str
    zone: str
    currency: str
    ui_domain: str
    url: str  # pattern for a record's page, with {type} and {id}
    types: Mapping[str, str] = field(default_factory=dict[str, str])

    def page(self, type: ObjectType, id: str) -> str:
        """Address of a record's page in the CRM."""
        return self.url.format(type=self.types.get(type, type), id=id)


@dataclass(frozen=True, slots=True)
class CrmPerson:
    """A CRM user who may own records. hours: weekday 0-6 → (start, end) minutes; None: unset."""

    owner_id: str
    user_id: str | None
    email: str
    name: str
    team: str | None
    active: bool
    zone: str | None = None
    hours: dict[int, list[tuple[int, int]]] | None = None
    out_of_office: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CrmStage:
    id: str
    label: str
    position: int
    probability: float | None
    closed: bool
    proposed_kind: str  # by the mapping's name patterns, probability and order


@dataclass(frozen=True, slots=True)
class CrmPipeline:
    id: str
    label: str
    stages: tuple[CrmStage, ...]


SEVERAL = "*"
"""`Event.field` of all changes of one record at one instant; `value` is then JSON, an object of
canonical field → canonical value."""


@record
class Event:
    """A hint from a webhook that something changed; the record is re-read before anyone decides.

    kind: created, changed, deleted, restored, merged, associated, erased (privacy).
    field: canonical where it is mapped, else the CRM's own name, or `SEVERAL`. value: as the CRM
    sent it.
    merged: object_id survives, other_id is gone. associated: value is `added` or `removed`,
    other_type and other_id are the far end. dedupe: key that equal deliveries share.
    """

    kind: str
    object_type: ObjectType
    object_id: str
    at: Business
    field: str | None = None
    value: str | None = None
    source: str = ""
    source_id: str = ""
    dedupe: str = ""
    account: str = ""
    other_id: str | None = None  # the second record of an association or a merge
    other_type: ObjectType | None = None


@record
class NewTask:
    """A task to create, or a note, of which only body, owner, records and `due_at`, its instant,
    are written. `touch_id` travels into the CRM; contact may be None."""

    touch_id: str
    subject: str
    body: str
    type: str
    priority: str
    due_at: Business
    owner_id: str | None
    associations: tuple[tuple[ObjectType, str], ...]


@record
class Created:
    """Answer for one input of a batch create: `id`, or the error that refused it.

    adopted: it existed already; archived: and somebody has deleted it since. written: canonical
    fields that the CRM would only take otherwise than asked, as they were written.
    """

    touch_id: str
    id: str | None = None
    error: CrmError | None = None
    adopted: bool = False
    archived: bool = False
    written: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Canonical fields to write on one record."""

    id: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Updated:
    id: str
    error: CrmError | None = None


@dataclass(frozen=True, slots=True)
class CrmSequence:
    """A sequence of the CRM's own, as one of its users sees it. user_id: whose it is."""

    id: str
    name: str
    user_id: str
    updated_at: Business


@dataclass(frozen=True, slots=True)
class CrmEnrolment:
    """A contact in a sequence of the CRM's own.

    sequence_id, sequence_name and user_id are empty in the answer to an enrolment, which leaves
    them out. It says that there was an enrolment, never that it still runs: the contact's
    `in_sequence` does.
    """

    id: str
    enrolled_at: Business
    to_email: str = ""
    sequence_id: str = ""
    sequence_name: str = ""
    user_id: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    records: list[CrmRecord]
    after: str | None


_NOT_SPENT = Wall(0)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Access to one account.

    user: e-mail of who consented, where the CRM says so on exchange. base: address at which the
    account's API answers, where it came with the tokens. spent_wall: since when the refresh token
    is on its way to a CRM that takes each one once; 0 where it is not.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_wall: Wall
    scopes: tuple[str, ...] = ()
    account: str = ""
    user: str = ""
    base: str = ""
    spent_wall: Wall = _NOT_SPENT


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that this CRM, edition or grant can do, or what is done instead.

    label completes "can …" or "cannot …". Where it is not available: why, what is done instead,
    what an admin may do about it (empty: nothing), and whether the product cannot do without.
    """

    name: str
    available: bool
    instead: str = ""
    label: str = ""
    why: str = ""
    remedy: str = ""
    needed: bool = False


WEBHOOKS = "webhooks"
"""Capability without which changes are asked for again and again."""

WHOLE_MAILS = "whole_mails"
"""Capability without which of a mail only the beginning can be read."""

QUOTES = "quotes"
"""Capability without which the CRM's quotes are not read."""

QUOTE_DENIED = "quote_denied"
"""Capability without which a quote never says that the buyer does not want it."""

NATIVE_SEQUENCES = "native_sequences"
"""Capability without which nobody can be enrolled in the CRM's own sequences."""


@dataclass(frozen=True, slots=True)
class InstallReport:
    """What `install` found and made. unique_touch_id False: look-ups go by stored id and marker."""

    unique_touch_id: bool
    created: tuple[str, ...]
    existing: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]  # (property, why)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A property of the account that is not as we need it. name: `deals.followthrough_control`."""

    name: str
    problem: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Checkup:
    """How the connection stands right now, by reading alone.

    scopes: granted; capabilities: by them. misfits: of properties, ours and mapped ones.
    unique_touch_id: whether tasks can be read by touch id. skew_ms: the CRM's clock less ours, to
    a second; None where it tells none. calls_left of calls_most: of the vendor's present window;
    None where it does not say.
    """

    account: Account
    scopes: tuple[str, ...]
    capabilities: tuple[Capability, ...]
    misfits: tuple[Misfit, ...]
    unique_touch_id: bool
    skew_ms: int | None = None
    calls_left: int | None = None
    calls_most: int | None = None


# --- what a connector is given -------------------------------------------------------------------


class TokenStore(Protocol):
    """Tokens of one installation; refreshed by one holder at a time, saved before first use."""

    def load(self) -> Tokens: ...

    def save(self, tokens: Tokens) -> None: ...

    def refresh_lock(self) -> Any:
        """A context manager held while refreshing; the holder must `load` again inside it."""
        ...


ACTING = "dispatch"
"""Priority of calls by which the product acts in the CRM. What reads has `ingest`, what an admin
asks for by hand (our properties, leaving) and what clears up our own doing `admin`, renewing access
`token`."""

READING = "ingest"

ASIDE = "aside"
"""Priority of reading what nobody waits for: what was done before the connection."""


class BudgetStore(Protocol):
    """Slots of the vendor's sliding window, shared by all processes of one installation.

    A slot is taken from its lease until an instant; the log is a multiset of (bucket, until).
    """

    def not_before(self) -> Wall: ...

    def stopped(self) -> bool:
        """Whether an admin has stopped everything: then no call of `ACTING` priority is sent."""
        ...

    def hold_off(self, until: Wall) -> None:
        """No call before `until`; an earlier hold-off that lasts longer stays."""
        ...

    def lease(self, bucket: str, want: int, window_ms: int, limit: int, now: Wall) -> int:
        """Up to `want` slots of `bucket`, taken until `now + window_ms`.

        Answers how many, so that no more than `limit` are taken with an `until` after `now`.
        """
        ...

    def settle(self, bucket: str, leased_until: Wall, slots: int, until: Wall) -> None:
        """`slots` that were leased until `leased_until` are taken until `until` instead.

        An `until` in the past gives them back. Slots whose lease is no longer there are added, so
        that a call that outlasted its lease still counts.
        """
        ...


class Recorder(Protocol):
    """Told of every call: for counters, HAR and health."""

    def call(self, method: str, path: str, status: int, ms: float, priority: str) -> None: ...

    def lost(self, property: str) -> None:
        """A property of ours (`tasks.followthrough_state`) is gone from the account; what goes
        without it goes on, and an admin can have it made again."""
        ...


# --- the contract --------------------------------------------------------------------------------


class Connector(Protocol):
    """One installation's view of its CRM."""

    crm: str

    def capabilities(self) -> tuple[Capability, ...]:
        """By what the current token grants, without a call; where a grant tells nothing of it, by
        what the account answers when it is first asked."""
        ...

    def checkup(self, *, native: bool = False) -> Checkup:
        """Look at grant, clock, rate limit and properties; writes nothing. native: also at what
        the CRM's own sequences need of us."""
        ...

    def account(self) -> Account: ...

    def people(self) -> list[CrmPerson]: ...

    def pipelines(self) -> list[CrmPipeline]: ...

    def fit(self, overrides: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """An account's own properties for canonical fields, {type: {field: property or entry}},
        checked against its schema and with each one's type said. Raises Invalid that says which
        is wrong and what would be right."""
        ...

    def install(self) -> InstallReport:
        """Create our properties where missing, probe the touch id; safe to repeat."""
        ...

    def listen(self) -> tuple[str, ...]:
        """See that the CRM tells us of changes; what it had dropped is subscribed to again.

        Answers what that was: changes of it may have gone untold. Raises Forbidden or Invalid where
        the account or our address does not allow it; then there is polling alone.
        """
        ...

    def uninstall(self) -> None: ...

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
        """Records by id, in batches; ids that are gone are simply absent.

        ours: the ids are of tasks that we made, and are read as such even where a CRM that tells
        tasks from calls by what stands in them no longer could."""
        ...

    def there(self, type: ObjectType, ids: Sequence[str], *, ours: bool = False) -> set[str]:
        """Those of the ids whose own records are there, as `read` would find them; nothing of the
        records is told, which lets some CRMs be asked for many more at once."""
        ...

    def page(
        self,
        type: ObjectType,
        after: str | None,
        *,
        history: bool = False,
        associations: Sequence[ObjectType] = (),
    ) -> Page:
        """One page of all live records, for the first import."""
        ...

    def changed_since(
        self, type: ObjectType, watermark: Business, after: str | None
    ) -> Page:
        """One page of records modified at or after the watermark, oldest first.

        A CRM without webhooks lists here what they would tell: a deleted record comes archived, and
        one whose associations changed comes with them.
        """
        ...

    def changes(
        self, since: Mapping[ObjectType, Business]
    ) -> Iterator[tuple[ObjectType, Page]]:
        """The first pages of `changed_since` of several types, in their order, with as few calls as
        the CRM allows. A type that cannot be listed raises when its turn comes."""
        ...

    def logged_since(self, type: ObjectType, since: Business, after: str | None) -> Page:
        """One page of e-mails, calls, meetings or tasks that were logged or changed since then, in
        no order, with their deals and people; those of closed deals too. One page may come back
        with little or nothing and be followed by more."""
        ...

    def contacts_by_email(self, emails: Sequence[str]) -> dict[str, list[str]]:
        """Address, in small letters → ids of the live contacts that have it, as their first or as
        a further one; an address that nobody has is absent."""
        ...

    def deals_of_companies(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Company id → ids of its deals. Raises Forbidden where the grant shows no companies."""
        ...

    def contacts_of_companies(self, ids: Sequence[str]) -> dict[str, list[str]]:
        """Company id → ids of its contacts. Raises Forbidden where the grant shows no companies."""
        ...

    def companies_of(
        self, type: Literal["deal", "contact"], ids: Sequence[str]
    ) -> dict[str, list[str]]:
        """Deal's or contact's id → ids of its companies, its main one first; without any, absent.
        Raises Forbidden where the grant shows no companies."""
        ...

    def engagements_of(
        self, type: ObjectType, id: str
    ) -> list[tuple[ObjectType, str]]:
        """Engagements associated with one record, for adoption without a unique property."""
        ...

    def create_tasks(self, tasks: Sequence[NewTask], type: Written = "task") -> list[Created]:
        """Create with associations inline, one answer per input. Never updates.

        Raises Unknown when the answer was lost: the caller must look before it creates again.
        What fails after a first batch of the CRM's size went through stands in the answers.
        """
        ...

    def find_tasks(
        self,
        touches: Sequence[tuple[str, Sequence[tuple[ObjectType, str]]]],
        type: Written = "task",
    ) -> dict[str, CrmRecord]:
        """touch id → task or note, live or archived. Each touch id comes with the records that it
        was to be associated with, through which it is sought where no unique property exists."""
        ...

    def associate(
        self, from_type: ObjectType, to_type: ObjectType, pairs: Sequence[tuple[str, str]]
    ) -> None: ...

    def update(self, type: ObjectType, updates: Sequence[Update]) -> list[Updated]: ...

    def archive(self, type: ObjectType, ids: Sequence[str]) -> None: ...

    def sequences(self, user_id: str) -> list[CrmSequence]:
        """Sequences of the CRM's own that a user sees. Raises EnrolRefused or Forbidden where the
        account, its edition or that user has none."""
        ...

    def enrol(
        self, sequence_id: str, contact_id: str, *, user_id: str, sender: str
    ) -> CrmEnrolment:
        """Put a contact into a sequence, from which mail leaves at once.

        user_id: whose seat it takes; sender: the address of an inbox that this user connected.
        Never sent twice: after Unknown, `enrolment_of` tells what became of it. Raises EnrolRefused
        where the CRM would not, and nothing was done.
        """
        ...

    def enrolment_of(self, contact_id: str) -> CrmEnrolment | None:
        """The contact's latest enrolment, over or not; None where it never had one."""
        ...

    def clearing(self) -> Connector:
        """The same connector for what clears up our own doing: its writes go on while everything
        is stopped, because stopping is what they do."""
        ...

    def aside(self) -> Connector:
        """The same connector for what can wait: its readings give way to all else in the budget of
        calls, and leave half of a day's to it."""
        ...

    def install_bridge(self) -> None:
        """Create the contact property that asks the CRM's workflow to end an enrolment."""
        ...


class Vendor(Protocol):
    """What is known of a CRM before any installation: OAuth and webhooks."""

    crm: str

    def authorize_url(self, state: str, redirect_uri: str, challenge: str) -> str: ...

    def consent_refused(self, word: str, said: str) -> str:
        """What to do where the consent page sent the browser back with an error, in a sentence for
        the page; empty where there is nothing to add to what the CRM said."""
        ...

    def exchange(self, code: str, redirect_uri: str, verifier: str) -> Tokens: ...

    def verify_webhook(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: Wall
    ) -> None:
        """Raises BadSignature with what was wrong."""
        ...

    def parse_webhook(self, body: bytes) -> list[Event]: ...

    def uninstalled(self, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
        """(account, user id) that the CRM says has uninstalled the app, where it says so at the
        address of the consent's way back. Raises BadSignature."""
        ...

    def connect(
        self,
        tokens: TokenStore,
        budget: BudgetStore,
        clocks: Clocks,
        recorder: Recorder,
        *,
        unique_touch_id: bool = True,
        overrides: Mapping[str, Any] | None = None,
        per_day: int | None = None,
    ) -> Connector:
        """per_day: what may be spent of the vendor's budget of a day, where it has one; None: what
        its smallest plan allows."""
        ...


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks from a card inside the CRM, as the vendor signed it. user_id: the CRM's user; empty
    where only the address is said, and the other way round."""

    account: str
    user_id: str = ""
    email: str = ""


class Framed(NamedTuple):
    """Who looks at which record, in a frame of the CRM's that shows a page of ours."""

    asker: Asker
    type: ObjectType
    id: str


@runtime_checkable
class SignedFrames(Protocol):
    """A vendor that shows a page of ours in a frame, by an address that says whose it is."""

    def verify_frame(self, url: str, now: Wall) -> Framed:
        """Raises BadSignature with what was wrong."""
        ...


@runtime_checkable
class SignedCards(Protocol):
    """A vendor that asks our server in the name of the CRM user who looks at a card of ours."""

    def verify_card(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: Wall
    ) -> Asker:
        """Raises BadSignature with what was wrong."""
        ...


# --- errors --------------------------------------------------------------------------------------


class CrmError(Exception):
    """Base of the closed set. `message` is for people and says what to do; `detail` is for logs."""

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class AuthRevoked(CrmError):
    """The CRM no longer accepts our refresh token: the app was uninstalled or access withdrawn."""


class RateLimited(CrmError):
    """Too many calls; wait until `until` (wall)."""

    def __init__(self, message: str, until: Wall, detail: str = "") -> None:
        super().__init__(message, detail)
        self.until = until


class BudgetExhausted(RateLimited):
    """Our own budget has no slot left before `until`; nothing was sent."""


class Transient(CrmError):
    """The call failed and certainly had no effect, or only read; it may be repeated."""


class Stopped(Transient):
    """Everything is stopped; nothing was sent."""


class Unknown(CrmError):
    """A write was sent and its answer lost: it may or may not have had effect.

    answered: the CRM answered that it failed, so it is no longer at work on it.
    """

    def __init__(self, message: str, detail: str = "", *, answered: bool = False) -> None:
        super().__init__(message, detail)
        self.answered = answered


class Conflict(CrmError):
    """A unique value exists already."""


class Invalid(CrmError):
    """The CRM refused the input. fields: canonical field → what is wrong.

    missing: canonical fields of which the account does not have the property any more.
    """

    def __init__(
        self,
        message: str,
        fields: Mapping[str, str] | None = None,
        detail: str = "",
        missing: Iterable[str] = (),
    ) -> None:
        super().__init__(message, detail)
        self.fields = dict(fields or {})
        self.missing = frozenset(missing)


class Forbidden(CrmError):
    """A scope is missing. scopes: those that would be needed."""

    def __init__(self, message: str, scopes: Iterable[str] = (), detail: str = "") -> None:
        super().__init__(message, detail)
        self.scopes = tuple(scopes)


class NotFound(CrmError):
    """The record is gone or not visible to us."""


class FeatureUnavailable(CrmError):
    """This account's tier or CRM cannot do it."""


EnrolReason = Literal[
    "already_enrolled",
    "unsubscribed",
    "no_seat",
    "inbox_not_connected",
    "daily_limit",
    "sequence_gone",
    "contact_gone",
    "no_email",
    "unavailable",
    "other",
]


class EnrolRefused(CrmError):
    """The CRM would not do it with its own sequence, and did nothing. reason: a stable word.

    unavailable: the account's edition or this user has no sequences at all.
    """

    def __init__(self, message: str, reason: EnrolReason, detail: str = "") -> None:
        super().__init__(message, detail)
        self.reason: EnrolReason = reason


class BadSignature(CrmError):
    """A webhook that was not signed by the vendor, or too long ago."""
