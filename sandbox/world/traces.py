"""What vendors show of associations, conversions and merges beyond the records themselves.

Some CRMs keep what joins a deal and a person as a record of its own, or know when a lead became a
contact. The world keeps associations on the records; this listener notes, for the accounts of such
CRMs, when each came about.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sandbox.world.kept import kept
from sandbox.world.records import Actor, Change, Labels, Record

if TYPE_CHECKING:
    from sandbox.world.account import Account
    from sandbox.world.store import World

_JOINED = ("deals", "contacts")
TRACED = frozenset({"salesforce"})
"""Vendors for whose accounts this is kept."""

LEAD_STATUS, NEW_LEAD = "lead_status", "Open - Not Contacted"
"""Field of a contact that came in as a lead and, until it has a deal, is no contact yet; and what
it holds at first."""


@dataclass(slots=True)
class Role:
    """What joins a deal and a contact. ``deleted_at``: business ms, None while it stands."""

    id: int
    deal: str
    contact: str
    labels: Labels
    primary: bool
    created_at: int
    updated_at: int
    by: Actor
    deleted_at: int | None = None
    role: str = ""
    """The part of the person as an app or a rep wrote it."""


@dataclass(slots=True)
class Traces:
    """What is noted of one account."""

    roles: dict[int, Role] = field(default_factory=dict)
    pairs: dict[tuple[str, str], int] = field(default_factory=dict)
    """(deal, contact) → the standing role of the two."""
    converted: dict[str, tuple[int, str]] = field(default_factory=dict)
    """contact that came as a lead → (when, the deal that it became)."""
    tracked_deals: dict[str, str] = field(default_factory=dict)
    """enrolment in a sequence → the deal that it was made for, where the CRM keeps that."""
    dispositions: dict[str, str] = field(default_factory=dict)
    """enrolment → what whoever ended it said had come of it."""
    lost_ids: dict[str, tuple[str, int]] = field(default_factory=dict)
    """id of a record that was merged away → (kind, when)."""
    lost: dict[tuple[str, str], Record] = field(default_factory=dict)
    """(kind, id) → the record as it was when it was merged away."""

    @classmethod
    def of(cls, account: Account) -> Traces:
        """The traces of an account, made on first use."""
        return kept(account.extra, "traces", cls)


def install(world: World) -> None:
    """Notes what happens in the accounts of such vendors from now on."""

    def noticed(change: Change) -> None:
        account = world.accounts.get(change.portal_id)
        if account is None or account.crm not in TRACED:
            return
        if change.action in ("associated", "dissociated"):
            _joined(account, change)
        elif change.action == "merged":
            _merged(account, change)
        elif change.action == "deleted" and change.record.id in account.merged[change.kind]:
            _lost(account, change)
        elif change.action in ("deleted", "restored") and change.kind == "deals":
            _deal_gone(account, change)

    world.on_change(noticed)


def _joined(account: Account, change: Change) -> None:
    if change.kind != "deals" or change.other_kind != "contacts":
        return  # each association is told from both ends
    deal, contact = change.record.id, change.other_id
    traces, by, now = Traces.of(account), change.actor, change.at
    held = traces.pairs.get((deal, contact))
    if change.action == "dissociated":
        if held is not None and contact not in change.record.links.get("contacts", {}):
            role = traces.roles[traces.pairs.pop((deal, contact))]
            role.deleted_at = role.updated_at = now
        elif held is not None:
            role = traces.roles[held]
            role.labels = tuple(one for one in role.labels if one not in change.labels)
            role.updated_at = now
        return
    if held is not None:
        role = traces.roles[held]
        role.labels = tuple(dict.fromkeys((*role.labels, *change.labels)))
        role.updated_at = now
    else:
        join(account, change.record, contact, change.labels, by, now)
    person = account.objects["contacts"].get(contact)
    if person is not None and person.get(LEAD_STATUS):
        traces.converted.setdefault(contact, (now, deal))


def join(account: Account, deal: Record, contact: str, labels: Labels, by: Actor, now: int) -> Role:
    """A new role; the first one of a deal is its primary one."""
    traces = Traces.of(account)
    first = not any((deal.id, one) in traces.pairs for one in deal.links.get("contacts", ()))
    made = Role(int(account.world.new_id()), deal.id, contact, labels, first, now, now, by)
    traces.roles[made.id] = made
    traces.pairs[deal.id, contact] = made.id
    return made


def _merged(account: Account, change: Change) -> None:
    """Roles of both go on with the one that stayed, one for each pair."""
    traces, kept, gone, now = Traces.of(account), change.record.id, change.other_id, change.at
    traces.lost_ids[gone] = (change.kind, now)
    for pair, number in list(traces.pairs.items()):
        deal, contact = pair
        if gone != (deal if change.kind == "deals" else contact) or change.kind not in _JOINED:
            continue
        role = traces.roles[traces.pairs.pop(pair)]
        role.updated_at = now
        new = (kept, contact) if change.kind == "deals" else (deal, kept)
        if new in traces.pairs:
            role.deleted_at = now
        else:
            role.deal, role.contact = new
            traces.pairs[new] = number
    if gone in traces.converted:
        traces.converted.setdefault(kept, traces.converted.pop(gone))


def _lost(account: Account, change: Change) -> None:
    record = change.record
    record.archived, record.archived_at, record.updated_at = True, change.at, change.at
    Traces.of(account).lost[change.kind, record.id] = record


def _deal_gone(account: Account, change: Change) -> None:
    """Roles go with their deal, and come back with it; those of a deleted person stay."""
    traces = Traces.of(account)
    for (deal, _), number in traces.pairs.items():
        if deal == change.record.id:
            role = traces.roles[number]
            role.deleted_at = change.at if change.action == "deleted" else None
            role.updated_at = change.at
