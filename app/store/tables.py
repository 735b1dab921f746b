"""Every table, as SQLAlchemy Core. Migrations in `app/store/migrations` create exactly these.

Instants are integer milliseconds. A column of business time ends in `_at`, one of wall time in
`_wall`; no column holds both. JSON is stored as text written by orjson: SQLAlchemy's JSON type was
refused because it serialises row by row in Python with the slower standard library.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    or_,
    text,
)

metadata = MetaData()

Big = BigInteger().with_variant(Integer, "sqlite")
"""Autoincrement on SQLite needs the plain INTEGER type."""


def _inst() -> Column[int]:
    return Column("installation_id", Big, nullable=False)


# --- who installed us ----------------------------------------------------------------------------

installations = Table(
    "installations",
    metadata,
    Column("id", Big, primary_key=True),
    Column("crm", String(16), nullable=False),
    Column("account_id", String(64), nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("zone", String(64), nullable=False, server_default="UTC"),
    Column("currency", String(8), nullable=False, server_default=""),
    Column("url", Text, nullable=False, server_default=""),
    # connecting, importing, active, revoked, left
    Column("status", String(16), nullable=False, server_default="connecting"),
    Column("stopped", Boolean, nullable=False, server_default=text("false")),
    Column("unique_touch_id", Boolean, nullable=False, server_default=text("true")),
    Column("imported", Integer, nullable=False, server_default="0"),
    # goes up with every change of settings, people, stages or rules: caches compare it
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("installed_by", Text, nullable=False, server_default=""),
    Column("installed_wall", BigInteger, nullable=False),
    Column("not_before_wall", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("crm", "account_id"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("access", LargeBinary, nullable=False),
    Column("refresh", LargeBinary, nullable=False),
    Column("scopes", Text, nullable=False, server_default=""),
    Column("expires_wall", BigInteger, nullable=False),
    Column("base", String(255), nullable=False, server_default=""),
    Column("spent_wall", BigInteger, nullable=False, server_default="0"),
)

settings = Table(
    "settings",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("data", Text, nullable=False),
    Column("changed_wall", BigInteger, nullable=False),
)

people = Table(
    "people",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("owner_id", String(64), primary_key=True),
    Column("user_id", String(64)),
    Column("email", Text, nullable=False, server_default=""),
    Column("name", Text, nullable=False, server_default=""),
    Column("team", Text),
    Column("role", String(16), nullable=False, server_default="rep"),  # rep, manager, admin
    Column("manager_id", String(64)),
    Column("cover_id", String(64)),
    Column("zone", String(64)),
    Column("hours", Text),  # JSON {weekday: [[start, end], …]}
    Column("absences", Text, nullable=False, server_default="[]"),  # JSON [[start, end], …]
    Column("country", String(8)),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    # A manager's rights on playbooks: none, team, all; admins have all, reps none.
    Column("edits", String(8), nullable=False, server_default="none"),
    Column("approves", String(8), nullable=False, server_default="none"),
)

pipelines = Table(
    "pipelines",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("id", String(64), primary_key=True),
    Column("label", Text, nullable=False),
    Column("followed", Boolean, nullable=False, server_default=text("false")),
)

stages = Table(
    "stages",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("pipeline_id", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("label", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("confirmed", Boolean, nullable=False, server_default=text("false")),
    Column("archived", Boolean, nullable=False, server_default=text("false")),
)

# --- the mirror ----------------------------------------------------------------------------------

subjects = Table(
    "subjects",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("type", String(16), nullable=False),
    Column("crm_id", String(64), nullable=False),
    Column("first_type", String(16), nullable=False),
    Column("first_id", String(64), nullable=False),
    Column("name", Text, nullable=False, server_default=""),
    Column("pipeline_id", String(64)),
    Column("stage_id", String(64)),
    Column("stage_entered_at", BigInteger),
    Column("furthest", Integer, nullable=False, server_default="-1"),  # highest stage position yet
    Column("owner_id", String(64)),
    Column("amount", Float),  # company currency; null is unknown, never zero
    Column("currency", String(8)),
    Column("created_at", BigInteger),
    Column("modified_at", BigInteger),
    Column("last_activity_at", BigInteger),
    Column("last_reply_at", BigInteger),
    Column("last_meeting_at", BigInteger),
    Column("next_meeting_at", BigInteger),
    Column("control", String(16), nullable=False, server_default="run"),
    Column("pause_until_at", BigInteger),
    Column("momentum", String(16)),
    Column("fields", Text, nullable=False, server_default="{}"),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    Column("summary_due_at", BigInteger),  # when our properties are to be written; null: written
    Column("summary_written_at", BigInteger),
    Column("summary", Text, nullable=False, server_default=""),  # what was last written, as JSON
    Column("machine_reply_at", BigInteger),  # the latest that turned out to be a machine's
    Column("next_activity_at", BigInteger),  # by the CRM: the next task or meeting of anybody
    Column("momentum_at", BigInteger),
    Column("owner_at", BigInteger),  # since when the owner is who it is; null: never seen to change
    UniqueConstraint("installation_id", "type", "crm_id"),
)
# An installation's records in the order in which they lie there: SQLite reads its pages once each.
Index("ix_subjects_installation", subjects.c.installation_id)
Index("ix_subjects_stage", subjects.c.installation_id, subjects.c.stage_id)
# A search reads all names; this has them without the rest of each row, and in their order. It is
# partial so that nothing else takes it for a way to an installation's records.
_named = subjects.c.name != ""
Index(
    "ix_subjects_name",
    subjects.c.installation_id,
    subjects.c.name,
    subjects.c.id,
    sqlite_where=_named,
    postgresql_where=_named,
)
Index(
    "ix_subjects_unowned",
    subjects.c.installation_id,
    subjects.c.id,
    sqlite_where=subjects.c.owner_id.is_(None),
    postgresql_where=subjects.c.owner_id.is_(None),
)
Index(
    "ix_subjects_summary",
    subjects.c.installation_id,
    subjects.c.summary_due_at,
    sqlite_where=subjects.c.summary_due_at.isnot(None),
    postgresql_where=subjects.c.summary_due_at.isnot(None),
)

contacts = Table(
    "contacts",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("crm_id", String(64), primary_key=True),
    Column("name", Text, nullable=False, server_default=""),
    Column("email", Text, nullable=False, server_default=""),
    Column("zone", String(64)),
    Column("opted_out", Boolean),  # null: consent could not be read, which counts as no
    Column("bounced", Boolean, nullable=False, server_default=text("false")),
    Column("control", String(16), nullable=False, server_default="run"),
    Column("owner_id", String(64)),
    Column("created_at", BigInteger),
    Column("last_reply_at", BigInteger),
    Column("form_submitted_at", BigInteger),
    Column("last_two_way_at", BigInteger),
    Column("fields", Text, nullable=False, server_default="{}"),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    Column("in_sequence", String(64)),  # id of the CRM's own sequence that runs; null: none
    Column("reply_said", Text),  # JSON: what was said of the latest reply, and which it is
    # The CRM's count of how often anybody contacted them: as last read, as at our first reading,
    # and as it stood when the engagements behind it were last read one by one.
    Column("contacted", Integer),
    Column("contacted_first", Integer),
    Column("contacted_exact", Integer),
    Column("contacted_at", BigInteger),  # when the CRM says they were last contacted
    # Zones of the tz database in which they may be, parted by spaces: by their telephone number,
    # and by their company, with what said so and when it was last looked up.
    Column("phone_zones", Text),
    Column("company_zones", Text),
    Column("company_by", String(16)),
    Column("company_read_at", BigInteger),
)

Index("ix_contacts_email", contacts.c.installation_id, contacts.c.email)

subject_contacts = Table(
    "subject_contacts",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("subject_id", Big, primary_key=True, autoincrement=False),
    Column("contact_id", String(64), primary_key=True),
    Column("is_primary", Boolean, nullable=False, server_default=text("false")),
    Column("labels", Text, nullable=False, server_default="[]"),
)
Index(
    "ix_subject_contacts_contact",
    subject_contacts.c.installation_id,
    subject_contacts.c.contact_id,
)

stage_entries = Table(
    "stage_entries",
    metadata,
    _inst(),
    Column("subject_id", Big, primary_key=True, autoincrement=False),
    Column("stage_id", String(64), primary_key=True),
    Column("entered_at", BigInteger, primary_key=True),
)

aliases = Table(
    "aliases",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("type", String(16), primary_key=True),
    Column("old_id", String(64), primary_key=True),
    Column("new_id", String(64), nullable=False),
)

# --- signals -------------------------------------------------------------------------------------

inbox = Table(
    "inbox",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("kind", String(16), nullable=False),
    Column("object_type", String(16), nullable=False),
    Column("object_id", String(64), nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("field", String(64)),
    Column("value", Text),
    Column("other_id", String(64)),
    Column("received_wall", BigInteger, nullable=False),
    Column("retry_wall", BigInteger, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("dedupe", Text, nullable=False),
    UniqueConstraint("installation_id", "dedupe"),
)
Index("ix_inbox_due", inbox.c.installation_id, inbox.c.retry_wall, inbox.c.id)

event_keys = Table(
    "event_keys",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("name", String(64), nullable=False),  # what the admin calls it, such as "website"
    Column("key_hash", String(64), nullable=False, unique=True),  # the key itself is shown once
    Column("hint", String(8), nullable=False),  # its last characters, to tell keys apart
    Column("made_by", Text, nullable=False, server_default=""),
    Column("made_wall", BigInteger, nullable=False),
    Column("until_wall", BigInteger),  # works until then; null: until revoked
    Column("used_wall", BigInteger),  # last use, to the minute
)
Index("ix_event_keys", event_keys.c.installation_id)

events = Table(
    "events",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("event_id", String(64), nullable=False),  # the sender's
    Column("name", String(64), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("person_id", String(64)),
    Column("person_email", Text),
    Column("company_id", String(64)),
    Column("deal_id", String(64)),
    Column("data", Text, nullable=False, server_default="{}"),
    Column("state", String(16), nullable=False),  # new, placed, refused
    Column("contact_id", String(64)),  # whom it turned out to be about
    Column("reason", String(32)),  # why it was refused
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("installation_id", "event_id"),
)
Index(
    "ix_events_refused",
    events.c.installation_id,
    events.c.id,
    sqlite_where=events.c.state == "refused",
    postgresql_where=events.c.state == "refused",
)
Index("ix_events_received", events.c.installation_id, events.c.received_at)

event_names = Table(
    "event_names",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False, server_default="0"),
    Column("last_at", BigInteger, nullable=False),
)

timers = Table(
    "timers",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("subject_id", Big, primary_key=True, autoincrement=False),
    Column("rule", Text, primary_key=True),  # rule key, with a suffix for settling
    Column("due_at", BigInteger, nullable=False),
    Column("data", Text, nullable=False, server_default="{}"),
)
Index("ix_timers_due", timers.c.installation_id, timers.c.due_at)

# --- playbooks and what runs ---------------------------------------------------------------------

playbook_versions = Table(
    "playbook_versions",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("playbook", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("source", Text, nullable=False),  # the YAML as saved
    Column("data", Text, nullable=False),  # validated, as JSON
    Column("saved_by", Text, nullable=False, server_default=""),
    Column("saved_wall", BigInteger, nullable=False),
    # waits, approved, sent_back; null: it was saved while no approval was asked for
    Column("review", String(16)),
    Column("reviewed_by", Text),
    Column("reviewed_wall", BigInteger),
    Column("review_comment", Text, nullable=False, server_default=""),
    UniqueConstraint("installation_id", "playbook", "version"),
)

locks = Table(
    "locks",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("what", String(160), primary_key=True),  # a playbook, or playbook/sequence
    Column("locked_by", Text, nullable=False),
    Column("locked_wall", BigInteger, nullable=False),
)

rule_states = Table(
    "rule_states",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("rule", String(160), primary_key=True),  # playbook/rule
    Column("version_id", Big, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("activated_at", BigInteger, nullable=False),
    Column("activated_by", Text, nullable=False, server_default=""),
    Column("release_per_day", Integer, nullable=False, server_default="0"),
    Column("released_until_at", BigInteger, nullable=False, server_default="0"),
    Column("approval", Boolean, nullable=False, server_default=text("false")),
    Column("stopped_why", Text),
    Column("paused_at", BigInteger),  # since when an admin has it wait
    Column("pause_queues", Boolean, nullable=False, server_default=text("false")),
    Column("resume_after", String(36)),  # the last enrolment that a resume under way has seen to
)

activations = Table(
    "activations",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("playbook", String(64), nullable=False),
    Column("mode", String(16), nullable=False),
    # JSON: rule → what it was set to before, as columns of rule_states; null where it was unknown
    Column("rules", Text, nullable=False),
    Column("activated_at", BigInteger, nullable=False),
    Column("activated_by", Text, nullable=False, server_default=""),
    Column("undone_at", BigInteger),
    Column("undone_by", Text),
)
Index("ix_activations", activations.c.installation_id, activations.c.id)

enrolments = Table(
    "enrolments",
    metadata,
    Column("id", String(36), primary_key=True),
    _inst(),
    Column("subject_id", Big, nullable=False),
    Column("contact_id", String(64)),
    Column("rule", String(160), nullable=False),
    Column("definition", String(160), nullable=False),  # playbook/sequence or playbook/rule
    Column("is_firing", Boolean, nullable=False),  # of create_tasks, not of a sequence
    Column("version_id", Big, nullable=False),
    Column("anchor", Text, nullable=False),
    Column("anchor_at", BigInteger, nullable=False),
    Column("anchor_stage", String(64)),  # stage that `stage_left` compares with
    Column("started_at", BigInteger, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("choice", Text, nullable=False, server_default=""),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("ended_at", BigInteger),
    Column("end_reason", String(32)),
    Column("recycle_at", BigInteger),
    Column("counts_from", BigInteger),  # where delays do not count from anchor_at
    Column("stratum", Text),  # in a holdout: with which others it is compared
)
Index(
    "ix_enrolments_running",
    enrolments.c.subject_id,
    sqlite_where=enrolments.c.state != "ended",
    postgresql_where=enrolments.c.state != "ended",
)
Index(
    "ix_enrolments_backlog",
    enrolments.c.installation_id,
    enrolments.c.rule,
    sqlite_where=enrolments.c.state == "backlog",
    postgresql_where=enrolments.c.state == "backlog",
)
Index(
    "ix_enrolments_proposed",
    enrolments.c.installation_id,
    enrolments.c.started_at,
    sqlite_where=enrolments.c.state == "proposed",
    postgresql_where=enrolments.c.state == "proposed",
)
Index(
    "ix_enrolments_rule",
    enrolments.c.installation_id,
    enrolments.c.rule,
    enrolments.c.state,
    enrolments.c.started_at,
)
Index("ix_enrolments_subject", enrolments.c.subject_id, enrolments.c.definition)

passages = Table(
    "passages",
    metadata,
    Column("enrolment_id", String(36), primary_key=True),
    Column("step", String(64), primary_key=True),  # a control step
    _inst(),
    Column("kind", String(16), nullable=False, server_default=""),  # wait, branch, split, …
    Column("begun_at", BigInteger),
    Column("until_at", BigInteger),  # when it is looked at again; null once passed
    Column("seen_at", BigInteger),  # the latest signal that it asks about
    Column("passed_at", BigInteger),
    Column("arm", String(64), nullable=False, server_default=""),  # then, else, a cohort
    Column("from_at", BigInteger),  # it begins no earlier: it was put off
)
Index("ix_passages", passages.c.installation_id, passages.c.kind)

holds = Table(
    "holds",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("subject_id", Big, primary_key=True, autoincrement=False),
    Column("reason", String(32), primary_key=True),
    Column("until_at", BigInteger),
)

contact_holds = Table(
    "contact_holds",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("contact_id", String(64), primary_key=True),
    Column("reason", String(32), primary_key=True),
    Column("until_at", BigInteger),
)

touches = Table(
    "touches",
    metadata,
    Column("id", String(36), primary_key=True),
    _inst(),
    Column("enrolment_id", String(36), nullable=False),
    Column("subject_id", Big, nullable=False),
    Column("contact_id", String(64)),
    Column("step", String(64), nullable=False),
    Column("occurrence", Integer, nullable=False, server_default="0"),
    Column("owed_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("write_at", BigInteger, nullable=False),
    Column("planned_at", BigInteger, nullable=False),
    Column("priority", Integer, nullable=False, server_default="1"),  # 0 urgent, 1 normal, 2 low
    Column("state", String(16), nullable=False),
    Column("reason", String(48)),  # code of the last verdict
    Column("waits_for", String(36)),  # the touch whose end wakes this one
    Column("owner_id", String(64)),  # who has the task
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("lease_wall", BigInteger, nullable=False, server_default="0"),
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_wall", BigInteger, nullable=False, server_default="0"),
    Column("error", Text),
    # the CRM's side
    Column("task_id", String(64)),
    Column("performed_at", BigInteger),
    Column("outcome", String(16)),  # open, completed, deleted, resolved, left
    Column("outcome_at", BigInteger),
    Column("outcome_why", String(48)),
    Column("edited", Boolean, nullable=False, server_default=text("false")),
    Column("overdue_at", BigInteger),  # end of the rep's due day; null once told or over
    Column("wish", String(16)),  # what is still to do in the CRM: resolve, move
    Column("wish_why", String(48)),
    Column("wish_wall", BigInteger, nullable=False, server_default="0"),  # not before
    Column("shown_subject", Text),  # the task's title as written
    Column("instead", String(48)),  # why a task stands in for the CRM's own sequence
    Column("assignee", String(64)),  # who is to have the task, where that is not the owner
    Column("assigned_by", String(16)),  # owner, manager, rep, team; null: not asked yet
    Column("draft", Text),  # what a rep wrote in place of the template's text
)
Index(
    "ix_touches_due",
    touches.c.installation_id,
    touches.c.write_at,
    touches.c.priority,
    touches.c.id,
    sqlite_where=touches.c.state == "planned",
    postgresql_where=touches.c.state == "planned",
)
Index(
    "ix_touches_claimed",
    touches.c.installation_id,
    touches.c.lease_wall,
    sqlite_where=touches.c.state == "claimed",
    postgresql_where=touches.c.state == "claimed",
)
Index(
    "ix_touches_wish",
    touches.c.installation_id,
    touches.c.wish_wall,
    sqlite_where=touches.c.wish.isnot(None),
    postgresql_where=touches.c.wish.isnot(None),
)
Index(
    "ix_touches_overdue",
    touches.c.installation_id,
    touches.c.overdue_at,
    sqlite_where=touches.c.overdue_at.isnot(None),
    postgresql_where=touches.c.overdue_at.isnot(None),
)
Index(
    "ix_touches_waits",
    touches.c.waits_for,
    sqlite_where=touches.c.waits_for.isnot(None),
    postgresql_where=touches.c.waits_for.isnot(None),
)
Index(
    "ix_touches_day",
    touches.c.installation_id,
    touches.c.due_at,
    sqlite_where=touches.c.outcome.isnot(None),
    postgresql_where=touches.c.outcome.isnot(None),
)
Index(
    "ix_touches_owner",
    touches.c.installation_id,
    touches.c.owner_id,
    touches.c.due_at,
    sqlite_where=touches.c.outcome == "open",
    postgresql_where=touches.c.outcome == "open",
)
_broken = or_(touches.c.state.in_(("failed", "unknown")), touches.c.error.isnot(None))
Index(
    "ix_touches_broken",
    touches.c.installation_id,
    touches.c.due_at,
    sqlite_where=_broken,
    postgresql_where=_broken,
)
Index("ix_touches_subject", touches.c.subject_id)
Index("ix_touches_enrolment", touches.c.enrolment_id)
Index(
    "ix_touches_open",
    touches.c.subject_id,
    sqlite_where=touches.c.outcome == "open",
    postgresql_where=touches.c.outcome == "open",
)
Index(
    "ix_touches_task",
    touches.c.installation_id,
    touches.c.task_id,
    sqlite_where=touches.c.task_id.isnot(None),
    postgresql_where=touches.c.task_id.isnot(None),
)

crm_objects = Table(
    "crm_objects",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("type", String(16), primary_key=True),
    Column("crm_id", String(64), primary_key=True),
    Column("touch_id", String(36)),
    Column("known", Text, nullable=False, server_default="{}"),  # field → value last known
    Column("pending", Text, nullable=False, server_default="{}"),  # field → [value, written at]
    Column("archived", Boolean, nullable=False, server_default=text("false")),
)

native_enrolments = Table(
    "native_enrolments",
    metadata,
    Column("touch_id", String(36), primary_key=True),
    _inst(),
    Column("enrolment_id", String(36), nullable=False),  # ours
    Column("contact_id", String(64), nullable=False),
    Column("sequence_id", String(64), nullable=False),
    Column("sequence", Text, nullable=False),  # its name in the CRM
    Column("sender", Text, nullable=False),
    Column("state", String(16), nullable=False),  # sending, active, unknown, ended
    Column("sent_at", BigInteger, nullable=False),
    Column("sent_wall", BigInteger, nullable=False),
    Column("crm_id", String(64)),  # the CRM's enrolment
    Column("enrolled_at", BigInteger),
    Column("stop_why", String(48)),  # why the contact is to leave the sequence
    Column("asked_at", BigInteger),  # when the CRM's workflow was asked to end it
    Column("person_touch", String(36)),  # the task that asks a person
    Column("ended_at", BigInteger),
    Column("end_reason", String(48)),
    Column("look_at", BigInteger),  # when to look at it next; null: it is over
    Column("retry_wall", BigInteger, nullable=False, server_default="0"),
)
Index(
    "ix_native_look",
    native_enrolments.c.installation_id,
    native_enrolments.c.look_at,
    sqlite_where=native_enrolments.c.look_at.isnot(None),
    postgresql_where=native_enrolments.c.look_at.isnot(None),
)
Index("ix_native_enrolment", native_enrolments.c.enrolment_id)
Index("ix_native_contact", native_enrolments.c.installation_id, native_enrolments.c.contact_id)
Index("ix_native_sent", native_enrolments.c.installation_id, native_enrolments.c.sent_at)

# --- counting and telling ------------------------------------------------------------------------

contact_activity = Table(
    "contact_activity",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("contact_id", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),  # ISO date in the installation's zone
    Column("touches", Integer, nullable=False, server_default="0"),  # ours, and of these:
    Column("calls", Integer, nullable=False, server_default="0"),
    Column("emails", Integer, nullable=False, server_default="0"),
    Column("linkedin", Integer, nullable=False, server_default="0"),
    # what reps and other tools did besides, and of these, where they were read one by one:
    Column("others", Integer, nullable=False, server_default="0"),
    Column("other_calls", Integer, nullable=False, server_default="0"),
    Column("other_emails", Integer, nullable=False, server_default="0"),
    Column("whose", Text, nullable=False, server_default="{}"),  # JSON: owner id → how many
)

counters = Table(
    "counters",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("name", String(200), primary_key=True),  # such as rep_day:<owner>:<date>
    Column("value", BigInteger, nullable=False, server_default="0"),
)

turns = Table(
    "turns",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("team", String(200), primary_key=True),
    Column("last_owner", String(64), nullable=False),  # who had the latest turn
    Column("given", BigInteger, nullable=False, server_default="0"),  # turns so far
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("subject_id", Big, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("cause", Text, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    Column("touch_id", String(36)),
    Column("contact_id", String(64)),
    Column("data", Text, nullable=False, server_default="{}"),
    UniqueConstraint("installation_id", "subject_id", "kind", "cause"),
)

activities = Table(
    "activities",
    metadata,
    Column("subject_id", Big, primary_key=True, autoincrement=False),
    Column("cause", String(96), primary_key=True),  # the record in the CRM; equal paths share it
    _inst(),
    Column("kind", String(16), nullable=False),  # see app.model.activities
    Column("at", BigInteger, nullable=False),
    Column("owner_id", String(64)),  # whose it is in the CRM; null: not said
)
Index("ix_activities_at", activities.c.subject_id, activities.c.at)
Index("ix_activities", activities.c.installation_id, activities.c.kind, activities.c.at)

person_acts = Table(
    "person_acts",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("contact_id", String(64), primary_key=True),
    Column("cause", String(96), primary_key=True),  # as in `activities`
    Column("kind", String(16), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("owner_id", String(64)),  # whose it is in the CRM; null: not said, or the person's own
    Column("answered", Boolean, nullable=False),  # they wrote, called or picked up
)

judged_texts = Table(
    "judged_texts",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("cause", String(96), primary_key=True),  # of `activities`: which mail or call it is
    Column("kind", String(16), nullable=False),  # and these two, by which it is found there
    Column("at", BigInteger, nullable=False),
    # judged, unanswered (a call), without_text, unreadable (to us), gone
    Column("state", String(16), nullable=False),
    Column("flaws", String(80), nullable=False),  # of app.wording.flaws, between spaces
)

kept_figures = Table(
    "kept_figures",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("name", String(48), primary_key=True),
    Column("days", Integer, primary_key=True, autoincrement=False),  # of the span looked at
    Column("data", Text, nullable=False),  # JSON: the counted rows, each with its owner
    Column("reckoned_at", BigInteger, nullable=False),
    Column("reckoned_wall", BigInteger, nullable=False),
    # the facts that were counted, packed; null: not kept
    Column("behind", LargeBinary),
)

notices = Table(
    "notices",
    metadata,
    Column("id", String(36), primary_key=True),
    _inst(),
    Column("subject_id", Big),
    Column("owner_id", String(64)),  # the recipient; null: every admin
    Column("code", String(64), nullable=False),
    Column("data", Text, nullable=False, server_default="{}"),
    Column("noticed_at", BigInteger, nullable=False),
    Column("digested", Boolean, nullable=False, server_default=text("false")),
    Column("digest", String(36)),  # the first notice of the digest that tells it; null: none yet
)
Index("ix_notices_owner", notices.c.installation_id, notices.c.owner_id)

ledger = Table(
    "ledger",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("subject_id", Big, nullable=False),
    Column("scope", String(200), nullable=False),  # rule:<key>, touch:<id>, enrolment:<id>
    Column("verdict", String(16), nullable=False),
    Column("code", String(48), nullable=False),
    Column("data", Text, nullable=False, server_default="{}"),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("count", Integer, nullable=False, server_default="1"),
    Column("positive", Boolean, nullable=False),
)
Index("ix_ledger_subject", ledger.c.subject_id, ledger.c.scope, ledger.c.id)

approvals = Table(
    "approvals",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("rule", String(160), primary_key=True),
    Column("asked_at", BigInteger, nullable=False),
    Column("granted_by", Text),
    Column("granted_at", BigInteger),
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("kind", String(16), primary_key=True),  # contact, email
    Column("value", String(255), primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("since_at", BigInteger, nullable=False),
)

# --- machinery -----------------------------------------------------------------------------------

cursors = Table(
    "cursors",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until_wall", BigInteger, nullable=False),
)

budgets = Table(
    "budgets",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("bucket", String(32), nullable=False),
    Column("slots", Integer, nullable=False),
    Column("until_wall", BigInteger, nullable=False),
)
Index("ix_budgets", budgets.c.installation_id, budgets.c.bucket, budgets.c.until_wall)

calls = Table(
    "calls",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("endpoint", String(120), primary_key=True),
    Column("status", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False, server_default="0"),
)
call_hours = Table(
    "call_hours",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # since 1970, of wall time
    Column("count", Integer, nullable=False, server_default="0"),
    Column("refused", Integer, nullable=False, server_default="0"),  # 4xx, 5xx and unanswered
)

refusals = Table(
    "refusals",
    metadata,
    Column("reason", String(48), primary_key=True),  # of webhooks and OAuth answers
    Column("count", BigInteger, nullable=False, server_default="0"),
    Column("last_wall", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Big, primary_key=True),
    _inst(),
    Column("who", Text, nullable=False),
    Column("what", String(64), nullable=False),
    Column("data", Text, nullable=False, server_default="{}"),
    Column("done_wall", BigInteger, nullable=False),
)

signins = Table(
    "signins",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("installation_id", Big, nullable=False),
    Column("owner_id", String(64), nullable=False),
    Column("until_wall", BigInteger, nullable=False),
)

acts = Table(
    "acts",
    metadata,
    Column("installation_id", Big, primary_key=True, autoincrement=False),
    Column("request_id", String(64), primary_key=True),
    Column("asked", Text, nullable=False),  # what was asked, to tell a repetition from a mistake
    Column("answer", Text),  # null: under way, or broken off
    Column("asked_wall", BigInteger, nullable=False),
)
