"""The objects of an org's settings, its users and its cadences, field by field."""

from __future__ import annotations

SETUP: dict[str, str] = {
    "User": """
Username string(80) n
Email email n
FirstName string(40) -
LastName string(80) -
Name string(121) n
Alias string(8) -
Title string(80) -
Department string(80) -
IsActive boolean -
TimeZoneSidKey picklist -
LocaleSidKey picklist -
LanguageLocaleKey picklist -
UserType picklist -
UserRoleId reference(UserRole) -
ManagerId reference(User) -
ProfileId string -
""",
    "UserRole": """
Name string(80) n
DeveloperName string(80) -
ParentRoleId reference(UserRole) -
""",
    "Organization": """
Name string(80) n
TimeZoneSidKey picklist -
DefaultLocaleSidKey picklist -
LanguageLocaleKey picklist -
OrganizationType picklist -
IsSandbox boolean -
InstanceName string(5) -
NamespacePrefix string(15) -
DefaultCurrencyIsoCode string(3) -
FiscalYearStartMonth int -
TrialExpirationDate datetime -
""",
    "OpportunityStage": """
ApiName string(80) -
MasterLabel string(80) n
SortOrder int -
IsActive boolean -
IsClosed boolean -
IsWon boolean -
DefaultProbability percent -
ForecastCategory picklist -
ForecastCategoryName picklist -
Description string(255) -
""",
    "RecordType": """
Name string(80) n
DeveloperName string(80) -
SobjectType picklist -
IsActive boolean -
BusinessProcessId string -
Description string(255) -
NamespacePrefix string(15) -
""",
    "TaskStatus": """
ApiName string(80) -
MasterLabel string(80) n
SortOrder int -
IsClosed boolean -
IsDefault boolean -
""",
    "TaskPriority": """
ApiName string(80) -
MasterLabel string(80) n
SortOrder int -
IsDefault boolean -
IsHighPriority boolean -
""",
    "LeadStatus": """
ApiName string(80) -
MasterLabel string(80) n
SortOrder int -
IsConverted boolean -
IsDefault boolean -
""",
    "CurrencyType": """
IsoCode string(3) n
ConversionRate double -
DecimalPlaces int -
IsActive boolean -
IsCorporate boolean -
""",
    "ActionCadence": """
Name string(255) n
State picklist -
Description string(255) -
OwnerId reference(User) -
""",
    "ActionCadenceStep": """
ActionCadenceId reference(ActionCadence) -
Type picklist -
Name string(255) n
ActionCadenceName string(255) -
""",
    "ActionCadenceTracker": """
ActionCadenceId reference(ActionCadence) -
TargetId reference(Contact,Lead) -
OwnerId reference(User) -
State picklist -
CompletionReason picklist -
CompletionDisposition picklist -
CurrentStepId string -
RelatedToId reference(Opportunity) -
IsTrackerActive boolean -
ErrorMessage string(255) -
""",
    "ActionCadenceStepTracker": """
ActionCadenceTrackerId reference(ActionCadenceTracker) -
ActionCadenceId reference(ActionCadence) -
ActionCadenceStepId reference(ActionCadenceStep) -
TargetId reference(Contact,Lead) -
State picklist -
StepType picklist -
CompletionDate datetime -
CompletionReason picklist -
DueDateTime datetime -
ErrorCode string(255) -
""",
}

UNSTAMPED = frozenset(
    (*("Organization", "OpportunityStage", "RecordType", "TaskStatus", "TaskPriority"),
     *("LeadStatus", "CurrencyType", "UserRole"))
)  # fmt: skip
"""Objects of the org's settings; who made them and when is of no use to anybody here."""
