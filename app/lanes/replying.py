"""A person's word about a reply, and their leave to go on after one."""

from __future__ import annotations

from uuid import uuid4

from app.decisions.codes import Code, Deed
from app.decisions.putting_off import bring_forward
from app.decisions.reply_holds import held_until
from app.decisions.reply_table import DATED
from app.lanes.commit import store_decisions
from app.lanes.context import Lanes
from app.lanes.heard import Heard, event_of, load_ground
from app.lanes.snapshot import Snapshot
from app.lanes.writes import Writes
from app.model.decisions import Decision, Explanation, LiftHolds
from app.model.replies import Said
from app.store import holds, inbox, tasks


def tell(
    lanes: Lanes, installation_id: int, contact: str, said: Said, about: str | None
) -> None:
    """Store what was said of a contact's latest reply; the lanes act on it, once. about: the CRM
    id of the deal on which it was said."""
    heard = Heard("contact", contact, said, lanes.now(), about)
    event = event_of(heard, f"{contact}:{uuid4().hex}")
    with lanes.store.write() as conn:
        inbox.insert_events(conn, installation_id, [event], lanes.wall())


def go_on(lanes: Lanes, installation_id: int, subject_id: int, who: str) -> list[str]:
    """Lift every hold of a subject and of its people, by a person's word. Answers the reasons.

    What had moved because of a reply comes back by as much, nothing of it before now; what the
    guard put off is judged anew.
    """
    tenant, now = lanes.tenant(installation_id), lanes.now()
    writes = Writes()
    with lanes.store.write() as conn:
        snapshot = Snapshot(tenant, conn, [subject_id], now)
        people = [contact for contact, _, _ in snapshot.links.get(subject_id, ())]
        mine = holds.of(conn, tenant.id, [subject_id], now).get(subject_id, {})
        theirs = holds.of_contacts(conn, tenant.id, people, now)
        reasons = {*mine, *(reason for held in theirs.values() for reason in held)}
        if not reasons:
            return []
        snapshot.replies = load_ground(conn, tenant, snapshot, now)
        for contact in people or [None]:
            writes.lifted.append(LiftHolds(subject_id, contact, frozenset(reasons)))
        calendar = tenant.calendar(
            tenant.owner_or_default(snapshot.rows[subject_id]["owner_id"]), now
        )
        for one in snapshot.enrolments(subject_id):
            ground = snapshot.replies.of_whom(snapshot, subject_id, one.contact)
            ends = held_until(ground, now, frozenset(reasons) - DATED)
            decision = bring_forward(one, ground.placed, ends, calendar, now)
            writes.take(tenant, decision, snapshot, now)
        said = [reason.replace("_", " ") for reason in sorted(reasons)]
        line = Explanation(
            subject_id, "reply", "held", Deed.LET_GO_ON, now, True, {"who": who, "reasons": said}
        )
        writes.take(tenant, Decision((), (line,)), snapshot, now)
        store_decisions(conn, tenant, writes, (), now)
        tasks.wake_subjects(conn, [subject_id], now)
        tasks.recall(conn, [subject_id], Code.HELD, now)
    return sorted(reasons)
