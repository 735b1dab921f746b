"""Proposals of rules in manual mode: a rep or an admin accepts or declines; else they age out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.decisions.codes import Deed
from app.decisions.explain import text
from app.lanes.activation import ActivationError
from app.lanes.beginning import begin, drop_unowed, end_unbegun
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes, Tenant
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.vocabulary import EnrolmentState, StopReason
from app.store import audit, running

Row = Mapping[str, Any]

_PAGE = 500


class ProposalError(ActivationError):
    """The proposal cannot be decided on any more; the message says why."""


def accept(lanes: Lanes, installation_id: int, enrolment: str, who: str) -> None:
    """Begin what a rule proposed. Its delays count from the cause, as they would have; what is
    late is spread out. Raises ProposalError where it was decided on, or its reason is gone; then
    it is over."""
    tenant = lanes.tenant(installation_id)
    row = _proposal(lanes, enrolment)

    def cause(conn: Connection) -> None:
        _audit(lanes, conn, installation_id, "proposal_accepted", row, who)

    done = begin(lanes, tenant, [row], Deed.ACCEPTED, cause, who=who)
    if enrolment in done.gone:
        code, values = done.gone[enrolment]
        raise ProposalError(
            f"proposal: it is not owed any more, so it ended: {text(code, values, tenant.zone)}"
        )
    if not done.started:
        raise _decided()


def decline(lanes: Lanes, installation_id: int, enrolment: str, who: str) -> None:
    """End what a rule proposed. Raises ProposalError where it was decided on already."""
    tenant = lanes.tenant(installation_id)
    row = _proposal(lanes, enrolment)
    with lanes.store.write() as conn:
        end_unbegun(conn, tenant, [row], StopReason.DECLINED, lanes.now(), who)
        _audit(lanes, conn, installation_id, "proposal_declined", row, who)


def age_out(lanes: Lanes, tenant: Tenant) -> int:
    """End the proposals whose reason is gone without a signal that would have said so.

    Once a day: a changed amount is no signal, and reps should not read what is not owed.
    Answers how many ended.
    """
    after, ended, now = "", 0, lanes.now()
    while True:
        with lanes.store.read() as conn:
            rows = running.waiting_after(conn, tenant.id, EnrolmentState.PROPOSED, after, _PAGE)
            if not rows:
                return ended
            snapshot = Snapshot(tenant, conn, {row["subject_id"] for row in rows}, now)
        writes = Writes()
        drop_unowed(tenant, snapshot, snapshot.ids, writes, now)
        if writes.ends:
            with lanes.store.write() as conn:
                store_decisions(conn, tenant, writes, (), now)
        ended += len(writes.ends)
        after = rows[-1]["id"]


def _proposal(lanes: Lanes, enrolment: str) -> Row:
    with lanes.store.read() as conn:
        row = running.by_id(conn, [enrolment]).get(enrolment)
    if row is None or row["state"] != EnrolmentState.PROPOSED.value:
        raise _decided()
    return row


def _decided() -> ProposalError:
    return ProposalError(
        "proposal: it was decided on already, or ended; reload to see how it stands"
    )


def _audit(lanes: Lanes, conn: Connection, inst: int, what: str, row: Row, who: str) -> None:
    data = {"enrolment": row["id"], "definition": row["definition"]}
    audit.write(conn, inst, who, what, lanes.wall(), data)
