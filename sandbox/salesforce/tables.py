"""The objects of an org that a follow-up app meets, field by field.

Sources: Salesforce's object reference (v67.0). The form of a line is told in
:mod:`sandbox.salesforce.model`.
"""

from __future__ import annotations

from sandbox.salesforce.tables_setup import SETUP

TABLES: dict[str, str] = {
    **SETUP,
    "Opportunity": """
AccountId reference(Account) cu *
RecordTypeId reference(RecordType) cud *
IsPrivate boolean cud -
Name string(120) curn dealname
Description textarea(32000) cu description
StageName picklist cur dealstage
Amount currency cu amount
Probability percent cud *
ExpectedRevenue currency - *
CloseDate date cur *
Type picklist cu dealtype
NextStep string(255) cu hs_next_step
LeadSource picklist cu -
IsClosed boolean - *
IsWon boolean - *
ForecastCategory picklist - *
ForecastCategoryName picklist cud *
CampaignId string cu -
OwnerId reference(User) cud *
ContactId reference(Contact) c *
LastActivityDate date - *
LastStageChangeDate datetime - *
PushCount int - *
HasOpenActivity boolean x *
HasOverdueTask boolean x *
LastAmountChangedHistoryId reference(OpportunityHistory) - *
LastCloseDateChangedHistoryId reference(OpportunityHistory) - *
""",
    "Account": """
Name string(255) curn name
Type picklist cu -
ParentId reference(Account) cu -
BillingStreet textarea(255) cu address
BillingCity string(40) cu city
BillingState string(80) cu state
BillingPostalCode string(20) cu zip
BillingCountry string(80) cu country
Phone phone cu phone
Website url cu domain
Industry picklist cu -
AnnualRevenue currency cu annualrevenue
NumberOfEmployees int cu numberofemployees
MasterRecordId reference(Account) - *
Description textarea(32000) cu description
OwnerId reference(User) cud *
LastActivityDate date - *
""",
    "Contact": """
AccountId reference(Account) cu *
LastName string(80) cur *
FirstName string(40) cu firstname
Salutation picklist cu -
Name string(121) n *
Email email cun email
Phone phone cu phone
MobilePhone phone cu mobilephone
Title string(128) cu jobtitle
Department string(80) cu -
MailingCity string(40) cu city
MailingState string(80) cu state
MailingCountry string(80) cu country
LeadSource picklist cu -
Description textarea(32000) cu -
ReportsToId reference(Contact) cu -
MasterRecordId reference(Contact) - *
OwnerId reference(User) cud *
HasOptedOutOfEmail boolean cud hs_email_optout
HasOptedOutOfFax boolean cud -
DoNotCall boolean cud -
EmailBouncedReason string(255) cu *
EmailBouncedDate datetime cu *
IsEmailBounced boolean - *
LastActivityDate date - *
""",
    "Lead": """
LastName string(80) cur *
FirstName string(40) cu firstname
Salutation picklist cu -
Name string(121) n *
Title string(128) cu jobtitle
Company string(255) cur *
City string(40) cu city
State string(80) cu state
Country string(80) cu country
Phone phone cu phone
MobilePhone phone cu mobilephone
Email email cun email
Website url cu website
Description textarea(32000) cu -
LeadSource picklist cu -
Status picklist cud *
Rating picklist cu -
OwnerId reference(User) cud *
HasOptedOutOfEmail boolean cud hs_email_optout
HasOptedOutOfFax boolean cud -
DoNotCall boolean cud -
EmailBouncedReason string(255) cu *
EmailBouncedDate datetime cu *
IsConverted boolean - *
MasterRecordId reference(Lead) - *
ConvertedDate date - *
ConvertedAccountId reference(Account) - *
ConvertedContactId reference(Contact) - *
ConvertedOpportunityId reference(Opportunity) - *
LastActivityDate date - *
""",
    "Task": """
WhoId reference(Contact,Lead) cu *
WhatId reference(Opportunity,Account) cu *
WhoCount int - *
WhatCount int - *
Subject combobox cun hs_task_subject|hs_call_title|hs_email_subject|hs_communication_channel_type
ActivityDate date cu *
Status picklist curd *
Priority picklist curd *
IsHighPriority boolean - *
OwnerId reference(User) cud *
Description textarea(32000) cu hs_task_body|hs_call_body|hs_email_text|hs_communication_body
Type picklist cu -
TaskSubtype picklist cd *
IsClosed boolean - *
CompletedDateTime datetime - *
AccountId reference(Account) - *
CallType picklist cu sf_CallType|hs_call_direction|sf_CallType|sf_CallType
CallDurationInSeconds int cu *
CallDisposition string(255) cu *
CallObject string(255) cu -
ReminderDateTime datetime cu *
IsReminderSet boolean cud *
IsRecurrence boolean - *
IsArchived boolean - *
ActionCadenceStepTrackerId reference(ActionCadenceStepTracker) - *
""",
    "Event": """
WhoId reference(Contact,Lead) cu *
WhatId reference(Opportunity,Account) cu *
Subject combobox cun hs_meeting_title
Location string(255) cu hs_meeting_location
IsAllDayEvent boolean cud -
ActivityDateTime datetime cu hs_meeting_start_time
ActivityDate date cu *
StartDateTime datetime cu hs_meeting_start_time
EndDateTime datetime cu *
DurationInMinutes int cu *
Description textarea(32000) cu hs_meeting_body
AccountId reference(Account) - *
OwnerId reference(User) cud *
Type picklist cu -
EventSubtype picklist cd *
ShowAs picklist cud *
IsChild boolean - *
IsRecurrence boolean - *
IsArchived boolean - *
ReminderDateTime datetime cu -
IsReminderSet boolean cud -
""",
    "EmailMessage": """
ParentId string - *
ActivityId reference(Task) - *
RelatedToId reference(Opportunity,Account) cu *
TextBody textarea(32000) c hs_email_text
HtmlBody textarea(131072) c hs_email_html
Headers textarea(32000) c *
Subject string(3000) cn hs_email_subject
FromName string(1000) c -
FromAddress email c hs_email_from_email
ToAddress textarea(4000) c hs_email_to_email
CcAddress textarea(4000) c -
BccAddress textarea(4000) c -
Incoming boolean cd *
Status picklist cud *
MessageDate datetime c hs_timestamp
MessageIdentifier string(765) c hs_email_message_id
ThreadIdentifier string(765) c hs_email_thread_id
IsClientManaged boolean cd -
IsExternallyVisible boolean cud -
IsTracked boolean - *
IsOpened boolean - *
FirstOpenedDate datetime - *
LastOpenedDate datetime - *
IsBounced boolean - *
AutomationType picklist - *
""",
    "EmailMessageRelation": """
EmailMessageId reference(EmailMessage) -
RelationId reference(Contact,Lead,User) -
RelationType picklist -
RelationAddress email -
RelationObjectType string(40) -
DeliveryResponse picklist -
""",
    "OpportunityContactRole": """
OpportunityId reference(Opportunity) cr
ContactId reference(Contact) cr
Role picklist cu
IsPrimary boolean cud
""",
    "OpportunityHistory": """
OpportunityId reference(Opportunity) -
StageName picklist -
Amount currency -
PrevAmount currency -
CloseDate date -
PrevCloseDate date -
Probability percent -
ExpectedRevenue currency -
ForecastCategory picklist -
""",
    "OpportunityFieldHistory": """
OpportunityId reference(Opportunity) -
Field picklist -
DataType picklist -
OldValue string x
NewValue string x
""",
    "Quote": """
QuoteNumber string(30) - *
Name string(255) curn hs_title
OpportunityId reference(Opportunity) cr *
AccountId reference(Account) - *
ContactId reference(Contact) cu *
OwnerId reference(User) cud *
Status picklist cud hs_status
ExpirationDate date cu hs_expiration_date
Description textarea(32000) cu -
GrandTotal currency - hs_quote_amount
TotalPrice currency - hs_quote_amount
IsSyncing boolean - *
""",
    "Note": """
ParentId reference(Opportunity,Account,Contact,Lead) cr *
Title string(80) curn *
Body textarea(32000) cu hs_note_body
IsPrivate boolean cud -
OwnerId reference(User) cud *
""",
}

MERGED = ("Account", "Contact", "Lead")
"""Objects of which users merge records; the one that went says into which."""

KINDS: dict[str, tuple[str, ...]] = {
    "Opportunity": ("deals",),
    "Account": ("companies",),
    "Contact": ("contacts",),
    "Lead": ("contacts",),
    "Task": ("tasks", "calls", "emails", "communications"),
    "Event": ("meetings",),
    "EmailMessage": ("emails",),
    "Quote": ("quotes",),
    "Note": ("notes",),
}
"""Object → the kinds of the world's records that it shows."""

WRITABLE = frozenset((*KINDS, "OpportunityContactRole"))
UNDELETABLE = frozenset(("OpportunityHistory", "OpportunityFieldHistory", "User"))
"""Objects with stamps whose records are not deleted by themselves."""

CHILDREN: dict[str, dict[str, tuple[str, str]]] = {
    "Opportunity": {
        "OpportunityContactRoles": ("OpportunityContactRole", "OpportunityId"),
        "OpportunityHistories": ("OpportunityHistory", "OpportunityId"),
        "Histories": ("OpportunityFieldHistory", "OpportunityId"),
        "Tasks": ("Task", "WhatId"),
        "Events": ("Event", "WhatId"),
        "Emails": ("EmailMessage", "RelatedToId"),
        "Quotes": ("Quote", "OpportunityId"),
        "Notes": ("Note", "ParentId"),
    },
    "Account": {
        "Contacts": ("Contact", "AccountId"),
        "Opportunities": ("Opportunity", "AccountId"),
        "Tasks": ("Task", "AccountId"),
        "Events": ("Event", "AccountId"),
        "Notes": ("Note", "ParentId"),
    },
    "Contact": {
        "OpportunityContactRoles": ("OpportunityContactRole", "ContactId"),
        "Tasks": ("Task", "WhoId"),
        "Events": ("Event", "WhoId"),
        "Notes": ("Note", "ParentId"),
    },
    "Lead": {
        "Tasks": ("Task", "WhoId"),
        "Events": ("Event", "WhoId"),
        "Notes": ("Note", "ParentId"),
    },
    "EmailMessage": {
        "EmailMessageRelations": ("EmailMessageRelation", "EmailMessageId"),
    },
    "ActionCadenceTracker": {
        "ActionCadenceStepTrackers": ("ActionCadenceStepTracker", "ActionCadenceTrackerId"),
    },
}
"""Object → its child relationships: name → (object, field there)."""
