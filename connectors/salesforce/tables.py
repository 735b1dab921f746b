"""Salesforce's names and numbers: objects, id prefixes, limits.

Sources: the REST, SOQL and object reference guides of the public documentation, version 67.0.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.contract import ObjectType

API_VERSION = "67.0"
LOGIN = "https://login.salesforce.com"

HOSTS = (".salesforce.com", ".force.com", ".salesforce.mil", ".cloudforce.com")
"""Ends of the host names under which Salesforce answers. Any other address in a token answer would
send the customer's records, and our token with them, to whoever wrote it there."""

SCOPES = ("api", "refresh_token", "offline_access", "openid", "id")

SOBJECTS: Mapping[ObjectType, str] = {
    "deal": "Opportunity",
    "contact": "Contact",
    "company": "Account",
    "lead": "Lead",
    "quote": "Quote",
    "task": "Task",
    "note": "Task",
    "call": "Task",
    "meeting": "Event",
    "email": "EmailMessage",
    "user": "User",
}

PREFIXES: Mapping[str, ObjectType] = {
    "001": "company",
    "003": "contact",
    "006": "deal",
    "00Q": "lead",
    "00T": "task",
    "00U": "meeting",
    "02s": "email",
    "0Q0": "quote",
}
"""First three characters of an id → what it is. A person whose id begins with 00Q is a lead."""

ENGAGEMENTS: tuple[ObjectType, ...] = ("task", "email", "meeting", "call")

MORE_COLUMNS: Mapping[ObjectType, tuple[str, ...]] = {
    "deal": ("LastStageChangeDate", "LastActivityDate", "AccountId"),
    "contact": ("MasterRecordId",),
    "lead": ("IsConverted", "ConvertedContactId", "MasterRecordId"),
    "task": (
        "ActivityDate", "ReminderDateTime", "IsReminderSet", "IsClosed", "TaskSubtype",
        "WhoId", "WhatId", "LastModifiedById", "CreatedById", "Type",
    ),
    "call": ("IsClosed", "TaskSubtype", "WhoId", "WhatId", "CompletedDateTime"),
    "note": ("WhoId", "WhatId", "TaskSubtype"),
    "meeting": ("WhoId", "WhatId", "IsAllDayEvent", "ActivityDate"),
    "quote": ("OpportunityId", "ContactId"),
    "email": ("RelatedToId", "Incoming", "IsBounced"),
}  # fmt: skip
"""Columns read beside the mapped ones, because what they mean is put together here."""

ALWAYS = ("Id", "CreatedDate", "SystemModstamp", "IsDeleted")

BATCH = 200
"""Records of one call of sObject Collections, and ids of one query: its address stays below the
16,384 bytes that Salesforce takes."""

PAGE = 200
"""Records of a page of a listing."""

AT_ONCE = 5
"""Queries of one composite call, which counts as one of the account's calls of the day. It takes 25
parts; the sources differ on whether more than five may be queries."""

SUBJECT_CHARS = 255
DESCRIPTION_CHARS = 32_000

LEAD_WITH_RELATED = False
"""Whether a task on a lead may stand on an opportunity too. The documents leave it open; tasks that
were refused for it would be lost work, so the opportunity is left out."""

LOCK_STATUSES = frozenset({"UNABLE_TO_LOCK_ROW", "SERVER_UNAVAILABLE"})

SUBTYPES: Mapping[str, str] = {"call": "Call", "email": "Email", "linkedin": "LinkedIn"}
"""Our word for a task → `TaskSubtype`; any other is a plain `Task`. It can be set at creation
alone."""

KINDS: Mapping[str, str] = {"call": "Call", "email": "Email", "meeting": "Meeting"}
"""Our word for a task → `Type`, a list of the account's own that usually has these."""

CALLS_ONLY = "TaskSubtype = 'Call' AND IsClosed = true"
"""What tells calls from the other tasks, in a query."""

MAIL_SUBTYPES = frozenset({"Email", "ListEmail"})
"""Of the tasks that Salesforce makes beside each e-mail record."""

RECORD_TYPE_SEPARATOR = ":"
"""A stage's id is its name; where the account has record types, whose sales processes share stages,
it is the record type's id, this, and the name."""

RECORD_TYPE_PREFIX = "012"
DEFAULT_PIPELINE = "default"
MASTER_RECORD_TYPE = "012000000000000AAA"

ASSIGN = "actions/standard/assignTargetToSalesCadence"
REMOVE = "actions/standard/removeTargetFromSalesCadence"
