"""The words that decisions use for their reasons; `explain` has a sentence for each.

Plain strings and not an enum: they go into rows and JSON by the thousand, and come back as such.
Reasons for the end of an enrolment are `StopReason` values and are not repeated here.
"""

from __future__ import annotations


class Code:
    # positive: an effect follows
    ENROLLED = "enrolled"
    TASKS_PLANNED = "tasks_planned"
    NOTIFIED = "notified"
    PROPERTY_SET = "property_set"
    HELD_BY_RULE = "held_by_rule"
    REASSIGNED = "reassigned"
    STOPPED_OTHERS = "stopped_others"
    STEP_PLANNED = "step_planned"
    CAME_BACK = "came_back"
    STEP_MOVED = "step_moved"
    STEP_WITHDRAWN = "step_withdrawn"
    STEP_REMOVED = "step_removed"
    STEP_LEFT_OUT = "step_left_out"
    MIGRATED = "migrated"
    CONTACT_ASKED = "contact_asked"
    CONTACT_CHOSEN = "contact_is_chosen"
    ASSIGNED_MANAGER = "assigned_to_manager"
    ASSIGNED_REP = "assigned_to_rep"
    ASSIGNED_TURN = "assigned_in_turn"
    ASSIGNED_OWNER = "assigned_to_owner"
    MOVES_TO_DEAL = "moves_to_deal"
    DO = "do"
    # decided, without effect yet
    WOULD_ENROL = "would_enrol"
    WOULD_ACT = "would_act"
    PROPOSED = "proposed"
    BACKLOG = "backlog"
    CAME_WITH_MANY = "came_with_many"
    OVER_LIMIT = "over_limit"
    SETTLING = "settling"
    AWAITING_ABSENCE = "awaiting_absence"
    AWAITING_CONTACT = "awaiting_contact"
    ACTIVITY_SINCE = "activity_since"
    AWAITING_DATE = "awaiting_date"
    # refused by a rule
    RULE_OFF = "rule_off"
    BEFORE_ACTIVATION = "before_activation"
    NOT_FOLLOWED = "not_followed"
    OUT_OF_SCOPE = "out_of_scope"
    MOVED_BACK = "moved_back"
    ONCE_ONLY = "once_only"
    ALREADY_FIRED = "already_fired"
    CONDITION_FALSE = "condition_false"
    PASSED_THROUGH = "passed_through"
    ANSWERED_MEANWHILE = "answered_meanwhile"
    LOOP = "loop"
    ALREADY_ENROLLED = "already_enrolled"
    EXCLUSIVE_RUNNING = "exclusive_running"
    OTHERS_RUNNING = "others_running"
    SEQUENCE_MISSING = "sequence_missing"
    ACTIVITY_UNKNOWN = "activity_unknown"
    SUBJECT_CLOSED = "subject_closed"
    GONE_ON = "gone_on"
    DATE_UNKNOWN = "date_unknown"
    DATE_PAST = "date_past"
    # the guard
    STOPPED = "stopped"
    SHADOW = "shadow"
    ENROLMENT_ENDED = "enrolment_ended"
    NOT_RELEASED = "not_released"
    CONTACT_GONE = "contact_gone"
    CONSENT_UNKNOWN = "consent_unknown"
    SUPPRESSED = "suppressed"
    MEETING_HELD = "meeting_held"
    HELD = "held"
    PAUSED = "paused"
    HOLDOUT = "holdout"
    TOO_LATE = "too_late"
    LATE = "late"
    CAP_7_DAYS = "cap_7_days"
    CAP_30_DAYS = "cap_30_days"
    REP_BUDGET = "rep_budget"
    MERGE = "merge"
    SEQUENCE_RUNNING = "sequence_running"
    QUIET_HOURS = "quiet_hours"
    WINDOW = "window"
    NOT_WORKING = "not_working"
    ABSENT = "absent"
    COVERED = "covered"
    OWNER_ARCHIVED = "owner_archived"
    APPROVAL = "approval"


class Deed:
    """What became of a decision when it was carried out; given by the lanes."""

    CREATED = "created"
    ADOPTED = "adopted"
    CRM_ERROR = "crm_error"
    REFUSED = "refused_by_crm"
    RELEASED = "released"
    APPROVED = "approved"
    MERGED = "records_merged"
    ERASED = "contact_erased"
    ACCEPTED = "accepted"
    RETRIED = "retried"
    SAID_DONE = "said_done"
    SAID_NOT_DONE = "said_not_done"


EFFECTS = frozenset(
    {
        Code.NOTIFIED, Code.PROPERTY_SET, Code.HELD_BY_RULE, Code.REASSIGNED, Code.STOPPED_OTHERS,
    }
)  # fmt: skip
"""What a rule does without beginning anything."""
