"""The closed sets of words that the whole product uses."""

from __future__ import annotations

from enum import StrEnum


class StageKind(StrEnum):
    NEW = "new"
    QUALIFIED = "qualified"
    MEETING_DONE = "meeting_done"
    PROPOSAL = "proposal"
    NEGOTIATION = "negotiation"
    WON = "won"
    LOST = "lost"
    IGNORED = "ignored"


CLOSED_KINDS = frozenset({StageKind.WON, StageKind.LOST})


class SubjectType(StrEnum):
    DEAL = "deal"
    LEAD = "lead"
    CONTACT = "contact"


class SignalKind(StrEnum):
    """A dated fact about a subject, silence included."""

    STAGE_ENTERED = "stage_entered"
    SUBJECT_CREATED = "subject_created"
    FORM_SUBMITTED = "form_submitted"
    CLOSED = "closed"
    OWNER_CHANGED = "owner_changed"
    TASK_COMPLETED = "task_completed"
    TASK_EDITED = "task_edited"
    TASK_DELETED = "task_deleted"
    REPLIED = "replied"
    REPLY_CLASSIFIED = "reply_classified"  # somebody or something said what a reply means
    OPENED = "opened"  # the CRM's stamp of a sales mail opened has moved
    CLICKED = "clicked"
    MEETING_BOOKED = "meeting_booked"
    MEETING_HELD = "meeting_held"
    MEETING_MISSED = "meeting_missed"
    MEETING_CANCELLED = "meeting_cancelled"
    OUTCOME_UNKNOWN = "outcome_unknown"
    CALL_MISSED = "call_missed"  # a rep called and nobody answered
    REP_ACTIVITY = "rep_activity"
    OPTED_OUT = "opted_out"
    BOUNCED = "bounced"
    CONTROL_CHANGED = "control_changed"
    FIELD_CHANGED = "field_changed"
    COLLEAGUE = "colleague"  # somebody answered on another record of the same company
    SEQUENCE_ENDED = "sequence_ended"  # the CRM's own, in which we had enrolled
    DELETED = "deleted"
    NO_ACTIVITY = "no_activity_for"
    NO_NEXT_STEP = "no_next_step"  # nothing is planned, open or booked, for so long
    UNOWNED = "unowned"  # nobody owns it, for so long
    STALLED = "stalled"  # of one momentum, and nothing has happened for so long
    RECYCLED = "recycled"
    EVENT = "event"  # told by a tool of the customer's: a page, a proposal, a payment
    SURGE = "surge"  # several signs of urgency came close together
    DATE = "date"  # a date of the record has come as near as a rule says
    OVERDUE = "overdue"


class ReplyClass(StrEnum):
    """What a reply means. Who or what told it apart is another matter."""

    POSITIVE = "positive"
    QUESTION = "question"
    NOT_NOW = "not_now"  # with the date at which they want to be asked again, where one is known
    PROMISE = "promise"  # they will answer by a date
    CHOICE_A = "choice_a"  # of a closing mail: close the file
    CHOICE_B = "choice_b"  # of a closing mail: come back later
    CHOICE_C = "choice_c"  # of a closing mail: call me
    OBJECTION = "objection"
    FRUSTRATED = "frustrated"
    OPT_OUT = "opt_out"
    OUT_OF_OFFICE = "out_of_office"  # a machine's; no reply of the person
    LEFT_COMPANY = "left_company"
    BOUNCE = "bounce"
    BOOKED = "booked"
    UNCLASSIFIED = "unclassified"


class Momentum(StrEnum):
    """How an open subject stands: what happens next with it follows from that."""

    HOT = "hot"
    WARM = "warm"
    RECYCLE = "recycle"


ACTIVITY = frozenset(
    {
        SignalKind.REPLIED,
        SignalKind.MEETING_BOOKED,
        SignalKind.MEETING_HELD,
        SignalKind.REP_ACTIVITY,
        SignalKind.TASK_COMPLETED,
        SignalKind.FORM_SUBMITTED,
    }
)
"""Signals that break silence: the prospect's, or a rep's own work. Our tasks never do."""

ENGAGEMENT = frozenset(
    {
        SignalKind.REPLIED,
        SignalKind.MEETING_BOOKED,
        SignalKind.MEETING_HELD,
        SignalKind.FORM_SUBMITTED,
        SignalKind.OPENED,
        SignalKind.CLICKED,
    }
)
"""What the prospect does; counted over the last days as `engagement.7d`."""

LASTING = frozenset(
    {
        SignalKind.NO_ACTIVITY,
        SignalKind.NO_NEXT_STEP,
        SignalKind.UNOWNED,
        SignalKind.STALLED,
    }
)
"""Signals that something has lasted for so long: a rule waits for them by a timer."""


MEASURED = frozenset(
    {
        SignalKind.REPLIED, SignalKind.MEETING_BOOKED, SignalKind.MEETING_HELD,
        SignalKind.MEETING_MISSED, SignalKind.OPTED_OUT, SignalKind.BOUNCED, SignalKind.CLOSED,
        SignalKind.SEQUENCE_ENDED, SignalKind.REPLY_CLASSIFIED, SignalKind.CALL_MISSED,
        SignalKind.OPENED, SignalKind.CLICKED, SignalKind.EVENT, SignalKind.FORM_SUBMITTED,
    }
)  # fmt: skip
"""Signals that are kept as outcomes."""


PICKED_UP = "picked_up"
"""An outcome that is no signal: a person spoke with a rep, whoever had called."""


class Mode(StrEnum):
    """What a rule does with what it decides."""

    OFF = "off"
    SHADOW = "shadow"
    MANUAL = "manual"
    LIVE = "live"


class Again(StrEnum):
    """When a rule may act again for the same subject."""

    STAGE_ENTRY = "stage_entry"  # each entry while the deal moves forward
    EVERY_ENTRY = "every_entry"  # every entry into the stage, a move back included
    EVERY_SIGNAL = "every_signal"
    ONCE = "once"


class TaskType(StrEnum):
    CALL = "call"
    EMAIL = "email"
    TODO = "todo"
    LINKEDIN = "linkedin"
    MEETING = "meeting"


class Priority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Channel(StrEnum):
    """How a touch reaches the prospect. Only `TASK` is carried out by a rep."""

    TASK = "task"
    NOTE = "note"  # reaches nobody but the team
    NATIVE = "native"  # an enrolment into the CRM's own sequence


class EnrolmentState(StrEnum):
    PROPOSED = "proposed"  # manual mode: a rep decides
    BACKLOG = "backlog"  # owed before activation; waits for the admin's release
    APPROVAL = "approval"  # the rule is above its limit
    QUEUED = "queued"  # until a place frees among those that may run at a time
    ACTIVE = "active"
    ENDED = "ended"


class TouchState(StrEnum):
    PLANNED = "planned"
    WAITING = "waiting"  # until another task of the subject is done, or a hold clears
    CLAIMED = "claimed"
    SENDING = "sending"  # a message on its way; whoever finds a stranger's never sends it again
    PERFORMED = "performed"
    DROPPED = "dropped"
    FAILED = "failed"  # shown to an admin with its error, who may retry it
    UNKNOWN = "unknown"  # sent, and the CRM cannot tell what became of it: a person decides


UNENROL_STEP = "unenrol_contact"
CHECK_STEP = "check_enrolment"
DUTY_STEPS = (UNENROL_STEP, CHECK_STEP)
"""Steps of ours about what a sequence of the CRM still does. Their tasks outlive the enrolment, and
no guard holds them back. No step of a playbook can have such an id."""

OPEN_TOUCHES = (TouchState.PLANNED, TouchState.WAITING, TouchState.CLAIMED)


class Outcome(StrEnum):
    """What became of a performed touch: a task, or an enrolment in the CRM's own sequence."""

    OPEN = "open"
    COMPLETED = "completed"
    DELETED = "deleted"  # by a person: the step is over
    RESOLVED = "resolved"  # archived by us, its reason gone and nobody had touched it
    LEFT = "left"  # its reason is gone, but a rep had edited it: it stays theirs
    RUNNING = "running"  # the CRM's sequence
    FINISHED = "finished"  # the CRM's sequence, after its last step
    WRITTEN = "written"  # a note: over as soon as it stands
    UNENROLLED = "unenrolled"  # from the CRM's sequence, before its last step


class NewSteps(StrEnum):
    """Which running enrolments get a step that only the version they are moved to has."""

    NONE = "none"
    AHEAD = "ahead"  # those that have not come to it yet
    PAST = "past"  # those that are past it, late
    ALL = "all"


QUESTION = "followthrough/choose-contact"
"""Key of the built-in rule that asks whom a follow-up is for; also its firings' definition."""

ANSWER = "followthrough/answer-reply"
"""Key of the built-in rule that gives a person what a reply asks for; also its firings' definition.
"""


class StopReason(StrEnum):
    """Why an enrolment ended."""

    REPLIED = "replied"
    MEETING_BOOKED = "meeting_booked"
    STAGE_LEFT = "stage_left"
    CLOSED_WON = "closed_won"
    CLOSED_LOST = "closed_lost"
    OPTED_OUT = "opted_out"
    BOUNCED = "bounced"
    COLLEAGUE = "colleague_answered"
    CONTROL = "stopped_by_rep"
    DELETED = "record_deleted"
    GOAL = "goal_reached"
    FINISHED = "finished"
    BECAME_DEAL = "became_deal"
    LEAD_CLOSED = "lead_closed"  # a lead beside its person was archived or deleted, and is no deal
    SHADOW_OVER = "shadow_over"
    RULE_OFF = "rule_off"
    RULE_STOP = "stopped_by_rule"
    MERGED = "merged"
    NOT_FOLLOWED = "pipeline_not_followed"
    STAGE_GONE = "stage_deleted"
    CONTACT_CHOSEN = "contact_chosen"
    NOT_NEEDED = "not_needed"
    RESTARTED = "restarted"
    PREVIOUS_GOES_ON = "previous_goes_on"
    OUTRANKED = "outranked"
    # It waited for a person's word and never began.
    NOT_OWED = "no_longer_owed"
    DECLINED = "declined"
    DISCARDED = "discarded"
    DATE_MOVED = "date_moved"
    DATE_GONE = "date_emptied"
    UNDONE = "activation_undone"
    APP_LEFT = "app_left"
    SEQUENCE_GONE = "sequence_gone"  # the version it was moved to has no such sequence
    # What a reply asked for.
    HUMAN = "person_takes_over"
    FILE_CLOSED = "file_closed"
    PUT_OFF = "put_off_by_prospect"
    LEFT_COMPANY = "left_company"


ENDS = (
    StopReason.FINISHED,
    StopReason.GOAL,
    StopReason.REPLIED,
    StopReason.MEETING_BOOKED,
    StopReason.STAGE_LEFT,
    StopReason.CLOSED_WON,
    StopReason.CLOSED_LOST,
    StopReason.BOUNCED,
)
"""Ends after which something may follow. After an opt-out, a stop or a deletion nothing may."""

EXITS = (
    StopReason.REPLIED,
    StopReason.MEETING_BOOKED,
    StopReason.STAGE_LEFT,
    StopReason.CLOSED_WON,
    StopReason.CLOSED_LOST,
    StopReason.OPTED_OUT,
    StopReason.BOUNCED,
    StopReason.COLLEAGUE,
)
