"""A large account written straight into the database: a sales department's year and a half.

Everything follows from the numbers of deals and touches, so that two runs have the same rows. The
statements are the same for SQLite and PostgreSQL, and the database makes the rows itself.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, text

from app.model.time import DAY, HOUR, Wall
from app.model.vocabulary import StageKind
from app.playbooks.codec import to_json
from app.playbooks.presets import preset, preset_text
from app.store import installations, people, pipelines, playbooks
from app.store.engine import Store

NOW = 1_795_000_000_000
INST = 1
REPS = 120
"""People who own records."""

USERS = 1_000
"""People whom the CRM knows."""

TEAMS = 12
MANAGER = "r1"
"""Of a team of ten; `r0` is admin."""

REP = "r13"
SEQUENCE = "proposal"
_KINDS = ("new", "qualified", "meeting_done", "proposal", "negotiation", "won", "lost")
_SPAN = 500 * DAY
_CHANGES = 20_000
"""Lines of the audit."""

_FIELDS = (
    '{"amount":"12000","closedate":"1795600000000","lead_source":"Trade fair","product":"Rollout '
    'of the suite","competitor":"None known","next_step":"Ask procurement for the framework '
    'contract","score":"64","region":"North","segment":"Mid-market","quote_sent":"true"}'
)

# Every deal: created i-th of all over the span; it walks through one to six stages, a week each.
_SUBJECTS = """
WITH RECURSIVE n(i) AS (
  SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last)
INSERT INTO subjects (id, installation_id, type, crm_id, first_type, first_id, name, pipeline_id,
                      stage_id, stage_entered_at, owner_id, amount, currency, created_at,
                      modified_at, last_activity_at, fields, summary)
SELECT i, :inst, 'deal', 'd' || i, 'deal', 'd' || i, 'Deal ' || i, 'p',
       CASE WHEN i % 7 = 5 THEN 'won' WHEN i % 7 = 6 THEN 'lost'
            ELSE (CASE i % 5 WHEN 0 THEN 'new' WHEN 1 THEN 'qualified' WHEN 2 THEN 'meeting_done'
                  WHEN 3 THEN 'proposal' ELSE 'negotiation' END) END,
       :begin + i * :gap + (i % 4) * 7 * :day,
       CASE WHEN i % 97 = 0 THEN NULL ELSE 'r' || (i % :reps) END,
       1000 + i % 9000, 'EUR', :begin + i * :gap, :begin + i * :gap,
       :begin + i * :gap + (i % 4) * 7 * :day + (i % 30) * :day, :fields, ''
FROM n
"""

_ENTRIES = """
INSERT INTO stage_entries (installation_id, subject_id, stage_id, entered_at)
SELECT :inst, s.id, CASE WHEN k.k = s.id % 4 THEN s.stage_id ELSE stages.id END,
       s.created_at + k.k * 7 * :day
FROM subjects s CROSS JOIN (SELECT 0 AS k UNION SELECT 1 UNION SELECT 2 UNION SELECT 3) k
JOIN stages ON stages.installation_id = :inst AND stages.position = k.k
WHERE s.id >= :first AND s.id < :last AND k.k <= s.id % 4
ON CONFLICT DO NOTHING
"""

_CONTACTS = """
INSERT INTO contacts (installation_id, crm_id, name, email)
SELECT :inst, 'c' || id, 'Person ' || id, 'p' || id || '@example.com'
FROM subjects WHERE id >= :first AND id < :last
"""

_LINKS = """
INSERT INTO subject_contacts (installation_id, subject_id, contact_id, is_primary)
SELECT :inst, id, 'c' || id, TRUE FROM subjects WHERE id >= :first AND id < :last
"""

_ACTIVITIES = """
INSERT INTO activities (subject_id, cause, installation_id, kind, at, owner_id)
SELECT s.id, 'a' || k.k, :inst,
       CASE (s.id + k.k) % 6 WHEN 0 THEN 'reply' WHEN 1 THEN 'email' WHEN 2 THEN 'call'
            WHEN 3 THEN 'task' WHEN 4 THEN 'call' ELSE 'meeting' END,
       s.created_at + (k.k * 5 + s.id % 4) * :day + (s.id % 11) * :hour, s.owner_id
FROM subjects s CROSS JOIN (SELECT 0 AS k UNION SELECT 1 UNION SELECT 2 UNION SELECT 3
                            UNION SELECT 4 UNION SELECT 5) k
WHERE s.id >= :first AND s.id < :last
"""

_ENROLMENTS = """
WITH RECURSIVE n(i) AS (
  SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last)
INSERT INTO enrolments (id, installation_id, subject_id, rule, definition, is_firing, version_id,
                        anchor, anchor_at, started_at, mode, state, ended_at, end_reason)
SELECT hex32(i), :inst, s.id, 'proposal/proposal-sent', 'proposal/proposal-cadence', FALSE, 1,
       'a' || i, s.created_at, s.created_at + (i % 3) * 10 * :day, 'live',
       CASE WHEN s.created_at > :now - 30 * :day THEN 'active' ELSE 'ended' END,
       CASE WHEN s.created_at > :now - 30 * :day THEN NULL ELSE s.created_at + 40 * :day END,
       CASE WHEN s.created_at > :now - 30 * :day THEN NULL
            ELSE (CASE i % 3 WHEN 0 THEN 'replied' WHEN 1 THEN 'finished' ELSE 'stage_left' END) END
FROM n JOIN subjects s ON s.id = n.i % :deals
"""

_TOUCHES = """
WITH RECURSIVE n(i) AS (
  SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last)
INSERT INTO touches (id, installation_id, enrolment_id, subject_id, contact_id, step, owed_at,
                     due_at, write_at, planned_at, state, owner_id, task_id, performed_at, outcome,
                     outcome_at)
SELECT hex32(n.i), :inst, e.id, e.subject_id, 'c' || e.subject_id,
       CASE n.i % 3 WHEN 0 THEN 'questions' WHEN 1 THEN 'timeline' ELSE 'decision' END,
       e.started_at + (n.i % 3) * 5 * :day, e.started_at + (n.i % 3) * 5 * :day,
       e.started_at + (n.i % 3) * 5 * :day, e.started_at,
       CASE WHEN e.state = 'active' AND n.i % 3 = 2 THEN 'planned' ELSE 'performed' END,
       'r' || (e.subject_id % :reps),
       CASE WHEN e.state = 'active' AND n.i % 3 = 2 THEN NULL ELSE 't' || n.i END,
       e.started_at + (n.i % 3) * 5 * :day,
       CASE WHEN e.state = 'active' THEN (CASE n.i % 3 WHEN 2 THEN NULL WHEN 1 THEN 'open'
                                          ELSE 'completed' END)
            WHEN n.i % 10 = 0 THEN 'deleted' ELSE 'completed' END,
       e.started_at + (n.i % 3) * 5 * :day + (n.i % 20) * :hour
FROM n JOIN enrolments e ON e.id = hex32(n.i / 3)
"""

_TASKS = """
WITH RECURSIVE n(i) AS (
  SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last)
INSERT INTO crm_objects (installation_id, type, crm_id, touch_id, known)
SELECT :inst, 'task', t.task_id, t.id, :known
FROM n JOIN touches t ON t.id = hex32(n.i) WHERE t.task_id IS NOT NULL
"""

_DECISIONS = """
INSERT INTO ledger (installation_id, subject_id, scope, verdict, code, data, first_at, last_at,
                    count, positive)
SELECT :inst, s.id, 'rule\\:proposal/proposal-sent',
       CASE WHEN s.id % 3 = 0 THEN 'denied' ELSE 'done' END,
       CASE WHEN s.id % 3 = 0 THEN 'condition_false' ELSE 'enrolled' END,
       '{}', s.created_at, s.created_at, 1 + s.id % 9, s.id % 3 <> 0
FROM subjects s WHERE s.id >= :first AND s.id < :last
"""

_PLANNED = """
WITH RECURSIVE n(i) AS (
  SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last)
INSERT INTO ledger (installation_id, subject_id, scope, verdict, code, data, first_at, last_at,
                    positive)
SELECT :inst, t.subject_id, 'touch\\:' || t.id, 'done', 'step_planned', '{}', t.planned_at,
       t.planned_at, TRUE
FROM n JOIN touches t ON t.id = hex32(n.i)
"""

_OUTCOMES = """
INSERT INTO outcomes (installation_id, subject_id, kind, cause, occurred_at)
SELECT :inst, s.id, CASE s.id % 3 WHEN 0 THEN 'replied' WHEN 1 THEN 'meeting_booked'
       ELSE 'meeting_held' END, 'o', s.created_at + 9 * :day
FROM subjects s WHERE s.id >= :first AND s.id < :last
"""

_NOTICES = """
INSERT INTO notices (id, installation_id, subject_id, owner_id, code, noticed_at)
SELECT hex32(s.id), :inst, s.id, s.owner_id, 'task_overdue', s.created_at + 20 * :day
FROM subjects s WHERE s.id >= :first AND s.id < :last AND s.id % 5 = 0
"""

_AUDIT = """
WITH RECURSIVE n(i) AS (
  SELECT CAST(:first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last)
INSERT INTO audit (installation_id, who, what, data, done_wall)
SELECT :inst, 'r' || (i % 40) || '@firm.example',
       CASE i % 4 WHEN 0 THEN 'person' WHEN 1 THEN 'settings' WHEN 2 THEN 'signin_link'
       ELSE 'stages' END, '{}', :now - :day + i
FROM n
"""

_AT_ONCE = 100_000
_HEX = {"sqlite": r"printf('%032x', \1)", "postgresql": r"lpad(to_hex(\1), 32, '0')"}


def fill(store: Store, deals: int, touches: int) -> None:
    """Write the account. Deals, their stages, people and activities; follow-ups of three steps,
    each with its task in the CRM and its line in the ledger."""
    _account(store)
    values: dict[str, Any] = {
        "inst": INST, "now": NOW, "begin": NOW - _SPAN, "gap": _SPAN // deals, "day": DAY,
        "hour": HOUR, "reps": REPS, "deals": deals, "fields": _FIELDS,
        "known": '{"status":"NOT_STARTED","due":"1795000000000","owner":"r1","subject":"Call"}',
    }  # fmt: skip
    for statement in (
        _SUBJECTS, _ENTRIES, _CONTACTS, _LINKS, _ACTIVITIES, _OUTCOMES, _DECISIONS, _NOTICES
    ):
        _write(store, statement, deals, values)
    _write(store, _ENROLMENTS, touches // 3, values)
    for statement in (_TOUCHES, _TASKS, _PLANNED):
        _write(store, statement, touches, values)
    _write(store, _AUDIT, _CHANGES, values)


def _write(store: Store, statement: str, number: int, values: dict[str, Any]) -> None:
    query = text(re.sub(r"hex32\((.*?)\)", _HEX[store.dialect], statement))
    for first in range(0, number, _AT_ONCE):
        part = {**values, "first": first, "last": min(number, first + _AT_ONCE)}
        typed = [  # PostgreSQL would reckon in as few bits as the number itself needs
            bindparam(name, value, type_=BigInteger if isinstance(value, int) else Text)
            for name, value in part.items() if f":{name}" in statement
        ]  # fmt: skip
        with store.write() as conn:
            conn.execute(query.bindparams(*typed))


def _account(store: Store) -> None:
    with store.write() as conn:
        inst = installations.create(conn, "hubspot", "1", Wall(NOW))
        assert inst == INST
        installations.change(conn, inst, status="active", name="The firm", currency="EUR")
        stages = [
            {"pipeline_id": "p", "id": kind, "label": kind.replace("_", " ").title(),
             "position": place, "kind": kind}
            for place, kind in enumerate(_KINDS)
        ]  # fmt: skip
        pipelines.put(conn, inst, {"p": "Sales"}, stages)
        pipelines.follow(conn, inst, "p", True)
        pipelines.confirm(conn, inst, {("p", kind): StageKind(kind) for kind in _KINDS})
        staff = [
            {"owner_id": f"r{number}", "email": f"r{number}@firm.example", "name": f"Rep {number}",
             "team": f"Team {number % TEAMS}" if number < REPS else None,
             "role": "admin" if not number else "manager" if number == 1 else "rep"}
            for number in range(USERS)
        ]  # fmt: skip
        people.put(conn, inst, staff)
        playbook = preset(SEQUENCE)
        version, _ = playbooks.save(
            conn, inst, SEQUENCE, preset_text(SEQUENCE), to_json(playbook), "bench", Wall(NOW)
        )
        playbooks.put_states(
            conn, inst,
            [{"rule": rule.key, "version_id": version, "mode": "live", "activated_at": NOW - DAY}
             for rule in playbook.rules],
        )  # fmt: skip
