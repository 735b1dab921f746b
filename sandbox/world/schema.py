"""The properties and the pipeline that every new account has.

Names, types and enumerations as HubSpot's object guides list them. A row of the tables below is
``name:type[:flags[:options]]``; flags are ``r`` read-only, ``c`` calculated (read-only too),
``u`` unique; options are separated by ``|``. Types by letter: s string, n number, t datetime,
d date, e enumeration, m enumeration of which several may hold, b boolean, h HTML, o owner.
"""

from __future__ import annotations

from sandbox.world.records import CRM_KINDS, KINDS, Option, Pipeline, Property, Stage

_TYPES = {"s": "string", "n": "number", "t": "datetime", "d": "date", "e": "enumeration"}
_FIELD_TYPES = {
    "string": "text",
    "number": "number",
    "datetime": "date",
    "date": "date",
    "enumeration": "select",
    "bool": "booleancheckbox",
}

_EVERY = """
hs_object_id:n:r hs_createdate:t:r hs_lastmodifieddate:t:r hs_created_by_user_id:n:r
hs_object_source:s:r hs_object_source_id:s:r hs_object_source_label:s:r hs_merged_object_ids:s:r
hs_all_owner_ids:s:c hubspot_owner_id:o hubspot_team_id:s hubspot_owner_assigneddate:t:c
"""

_SUBJECT = """
createdate:t notes_last_updated:t:c notes_last_contacted:t:c notes_next_activity_date:t:c
hs_notes_next_activity_type:s:c num_notes:n:c num_contacted_notes:n:c
hs_sales_email_last_replied:t:c engagements_last_meeting_booked:t:c hs_latest_meeting_activity:t:c
hs_pinned_engagement_id:n hs_tag_ids:s
"""

_ACTIVITY = "hs_timestamp:t hs_attachment_ids:s hs_body_preview:s:r hs_activity_type:s"

_KIND = {
    "deals": """
dealname:s dealstage:e pipeline:e amount:n amount_in_home_currency:n:c hs_exchange_rate:n:c
deal_currency_code:e
closedate:t dealtype:e::newbusiness|existingbusiness description:s hs_priority:e::low|medium|high
hs_next_step:s closed_lost_reason:s closed_won_reason:s hs_is_closed:b:c hs_is_closed_won:b:c
hs_is_closed_lost:b:c hs_deal_stage_probability:n:c hs_forecast_probability:n
num_associated_contacts:n:c hs_all_collaborator_owner_ids:s
""",
    "contacts": """
email:s:u firstname:s lastname:s phone:s mobilephone:s company:s jobtitle:s country:s state:s
city:s website:s hs_language:s hs_timezone:s hs_ip_timezone:s:r lastmodifieddate:t:r
lifecyclestage:e::subscriber|lead|marketingqualifiedlead|salesqualifiedlead|opportunity|customer|evangelist|other
hs_lead_status:e::NEW|OPEN|IN_PROGRESS|OPEN_DEAL|UNQUALIFIED|ATTEMPTED_TO_CONTACT|CONNECTED|BAD_TIMING
hs_email_optout:b:r hs_email_bounce:n:r hs_email_hard_bounce_reason_enum:s:r
hs_email_quarantined:b:r hs_marketable_status:b:r hs_sequences_is_enrolled:b:c
hs_sequences_enrolled_count:n:c hs_sequences_actively_enrolled_count:n:c
hs_latest_sequence_enrolled:n:c hs_latest_sequence_enrolled_date:t:c
hs_latest_sequence_finished_date:t:c hs_latest_sequence_unenrolled_date:t:c
hs_latest_sequence_ended_date:t:c hs_sales_email_last_opened:t:c hs_sales_email_last_clicked:t:c
hs_last_sales_activity_timestamp:t:c hs_last_sales_activity_date:t:c
hs_last_sales_activity_type:s:c num_associated_deals:n:c recent_conversion_date:t:c
recent_conversion_event_name:s:c first_conversion_date:t:c first_conversion_event_name:s:c
num_conversion_events:n:c num_unique_conversion_events:n:c hs_analytics_source:s:c
hs_additional_emails:s:r
hs_buying_role:m::BLOCKER|BUDGET_HOLDER|CHAMPION|DECISION_MAKER|END_USER|EXECUTIVE_SPONSOR|INFLUENCER|LEGAL_AND_COMPLIANCE|OTHER
""",
    "companies": """
name:s domain:s phone:s city:s state:s country:s zip:s address:s industry:s numberofemployees:n
annualrevenue:n timezone:s website:s lifecyclestage:s description:s num_associated_contacts:n:c
num_associated_deals:n:c
""",
    "leads": """
hs_lead_name:s hs_lead_type:e::NEW_BUSINESS|RE_ATTEMPTING|UPSELL hs_lead_label:e::HOT|WARM|COLD
hs_pipeline:e hs_pipeline_stage:e hs_lead_disqualification_reason:s
""",
    "tasks": """
hs_task_subject:s hs_task_body:h
hs_task_status:e::NOT_STARTED|IN_PROGRESS|WAITING|COMPLETED|DEFERRED
hs_task_priority:e::NONE|LOW|MEDIUM|HIGH
hs_task_type:e::CALL|EMAIL|LINKED_IN_CONNECT|LINKED_IN_MESSAGE|MEETING|TODO
hs_task_reminders:s hs_queue_membership_ids:s hs_task_completion_date:t:c hs_task_is_all_day:b
hs_task_last_contact_outreach:t:c hs_repeat_status:s
""",
    "calls": """
hs_call_title:s hs_call_body:h hs_call_direction:e::INBOUND|OUTBOUND
hs_call_status:e::BUSY|CALLING_CRM_USER|CANCELED|COMPLETED|CONNECTING|FAILED|IN_PROGRESS|MISSED|NO_ANSWER|QUEUED|RINGING
hs_call_duration:n hs_call_from_number:s hs_call_to_number:s hs_call_recording_url:s
hs_call_callee_object_id:n hs_call_callee_object_type_id:s hs_call_source:s hs_call_disposition:s
""",
    "emails": """
hs_email_direction:e::EMAIL|INCOMING_EMAIL|FORWARDED_EMAIL
hs_email_status:e::BOUNCED|FAILED|SCHEDULED|SENDING|SENT hs_email_subject:s hs_email_text:h
hs_email_html:h hs_email_headers:h hs_email_from_email:s:r hs_email_from_firstname:s:r
hs_email_from_lastname:s:r hs_email_to_email:s:r hs_email_to_firstname:s:r
hs_email_to_lastname:s:r hs_email_message_id:s hs_email_thread_id:s
""",
    "meetings": """
hs_meeting_title:s hs_meeting_body:h hs_internal_meeting_notes:h hs_meeting_external_url:s
hs_meeting_location:s hs_meeting_start_time:t hs_meeting_end_time:t
hs_meeting_outcome:e::SCHEDULED|COMPLETED|RESCHEDULED|NO_SHOW|CANCELED
""",
    "notes": "hs_note_body:h",
    "communications": """
hs_communication_channel_type:e::WHATS_APP|LINKEDIN_MESSAGE|SMS hs_communication_body:h
hs_communication_logged_from:e::CRM
""",
    "quotes": """
hs_title:s hs_status:e::DRAFT|APPROVAL_NOT_NEEDED|PENDING_APPROVAL|APPROVED|REJECTED|ACCEPTED
hs_quote_status:e:c:DRAFT|PENDING_APPROVAL|CHANGES_REQUESTED|PUBLISHED|ACCEPTED|EXPIRED|VOID|ARCHIVED
hs_expiration_date:t hs_quote_number:s:c hs_quote_amount:n:c hs_quote_link:s:c hs_currency:s
hs_language:s hs_esign_enabled:b hs_esign_date:t:c hs_esign_num_signers_required:n:c
hs_esign_num_signers_completed:n:c hs_manually_signed:b hs_payment_enabled:b
hs_payment_status:e:c:PENDING|PAID hs_payment_date:t:c hs_locked:b:c hs_quote_owner_id:s
""",
    "users": """
hs_email:s:r hs_given_name:s:r hs_family_name:s:r hs_job_title:s hs_standard_time_zone:s
hs_working_hours:s hs_out_of_office_hours:s hs_availability_status:e::available|away
hs_internal_user_id:n:r hs_main_phone:s hs_deactivated:b:r
""",
}

_DEAL_STAGES = (
    ("appointmentscheduled", "New inquiry", 0.1, False),
    ("qualifiedtobuy", "Qualified", 0.2, False),
    ("presentationscheduled", "Meeting done", 0.4, False),
    ("decisionmakerboughtin", "Proposal sent", 0.6, False),
    ("contractsent", "Negotiation", 0.8, False),
    ("closedwon", "Closed won", 1.0, True),
    ("closedlost", "Closed lost", 0.0, True),
)


_OPPORTUNITY_STAGES = (
    ("Prospecting", 0.1, False),
    ("Qualification", 0.2, False),
    ("Needs Analysis", 0.4, False),
    ("Proposal/Price Quote", 0.6, False),
    ("Negotiation/Review", 0.8, False),
    ("Closed Won", 1.0, True),
    ("Closed Lost", 0.0, True),
)


def default_pipeline(crm: str = "hubspot") -> Pipeline:
    """The pipeline of a new account with the vendor's kind of ids, labelled for a sale by proposal.

    Pipedrive's ids are numbers; Salesforce knows a stage by the name that it was given first.
    """
    if crm == "salesforce":
        stages = [
            Stage(label, label, order, probability, closed)
            for order, (label, probability, closed) in enumerate(_OPPORTUNITY_STAGES)
        ]
        return Pipeline("default", "Sales Process", stages)
    numbered = crm == "pipedrive"
    return Pipeline(
        "1" if numbered else "default",
        "Sales Pipeline",
        [
            Stage(str(order + 1) if numbered else stage_id, label, order, probability, closed)
            for order, (stage_id, label, probability, closed) in enumerate(_DEAL_STAGES)
        ],
    )


_LEAD_STAGES = (
    ("new-stage-id", "New", False),
    ("attempting-stage-id", "Attempting", False),
    ("connected-stage-id", "Connected", False),
    ("qualified-stage-id", "Qualified", True),
    ("unqualified-stage-id", "Disqualified", True),
)


def lead_pipeline() -> Pipeline:
    """The pipeline of leads that HubSpot sets up, with its stage ids."""
    return Pipeline(
        "lead-pipeline-id",
        "Lead pipeline",
        [
            Stage(stage_id, label, order, order / 10, closed)
            for order, (stage_id, label, closed) in enumerate(_LEAD_STAGES)
        ],
    )


def _row(kind: str, row: str) -> Property:
    name, code, flags, options = (*row.split(":"), "", "")[:4]
    if code == "o":
        kind_of, field_type = "enumeration", "select"
    elif code == "m":
        kind_of, field_type = "enumeration", "checkbox"
    elif code == "h":
        kind_of, field_type = "string", "html"
    elif code == "b":
        # Booleans are enumerations of true and false, as the vendor's schema has them.
        kind_of, field_type, options = "enumeration", "booleancheckbox", "true|false"
    else:
        kind_of = _TYPES[code]
        field_type = _FIELD_TYPES[kind_of]
    return Property(
        name,
        name.removeprefix("hs_").replace("_", " ").capitalize(),
        kind_of,
        field_type,
        f"{kind}information",
        options=[
            Option(value, value.replace("_", " ").capitalize(), order)
            for order, value in enumerate(options.split("|") if options else ())
        ],
        unique="u" in flags,
        read_only="r" in flags or "c" in flags,
        calculated="c" in flags,
    )


def default_properties() -> dict[str, dict[str, Property]]:
    """kind → property name → definition, fresh for each account."""
    every: dict[str, dict[str, Property]] = {}
    for kind in KINDS:
        rows = f"{_EVERY} {_KIND[kind]} "
        if kind in CRM_KINDS:
            rows += _SUBJECT
        elif kind not in ("quotes", "users"):
            rows += _ACTIVITY
        every[kind] = {
            definition.name: definition for definition in (_row(kind, row) for row in rows.split())
        }
    return every
