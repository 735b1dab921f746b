"""Everything about the sandbox that a run may set. Changed at run time by ``update``.

Fields marked [U] are points on which the vendor's documents are silent; each holds the likelier
position and can be turned, so that an app is tested under both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

CHOICES: dict[str, tuple[Any, ...]] = {
    "uninstalled_refresh": ("BAD_REFRESH_TOKEN", "BAD_HUB"),
    "activity_schema_scope": ("crm.schemas.contacts.write", "crm.schemas.activities.write"),
    "unique_conflict_status": (400, 409),
    "duplicate_enrolment": ("refused", "existing"),
    "never_enrolled_status": (404, 200),
    "sequence_limit_status": (400, 429),
    "sequence_inbox_status": (400, 403),
    "pipedrive_v1_twins": ("gone", "missing"),
    "pipedrive_scope_separator": ("comma", "space"),
    "pipedrive_limit_above_most": ("refused", "cut"),
    "pipedrive_unknown_fields": ("refused", "ignored"),
    "pipedrive_reset_unit": ("seconds", "milliseconds"),
    "pipedrive_budget_zone": ("UTC", "Europe/Tallinn"),
    "salesforce_missing_package_error": ("OAUTH_EC_APP_NOT_FOUND", "invalid_client"),
    "salesforce_newest_version": (67, 68),
    "salesforce_stage_name_is": ("ApiName", "MasterLabel"),
    "salesforce_lock_status": (400, 409),
    "salesforce_deleted_days": (30, 15),
    "pipedrive_changelog_zone": ("UTC", "company"),
    "salesforce_composite_queries": (5, 25),
}
"""Settings that take only some values of their type; the first is the likelier position."""


OTHER_POSITIONS: dict[str, Any] = {
    "code_seconds": 600,
    "refresh_token_rotates": True,
    "revocation_ends_access": True,
    "uninstalled_refresh": "BAD_HUB",
    "users_scope_on_small_tiers": False,
    "archived_hold_unique": True,
    "unique_conflict_status": 409,
    "linkedin_task_types": False,
    "associations_count_twice": False,
    "unique_properties_on_activities": False,
    "activity_schema_scope": "crm.schemas.activities.write",
    "several_task_reminders": True,
    "required_on_every_update": True,
    "recreated_property_keeps_values": True,
    "archived_owners_assignable": False,
    "merge_fires_creation": True,
    "property_events_on_create": False,
    "activity_events": False,
    "quote_events": False,
    "quote_lifecycle": False,
    "webhooks_signed_v1": False,
    "calculated_events": True,
    "downgrade_withdraws_scopes": False,
    "duplicate_enrolment": "existing",
    "never_enrolled_status": 200,
    "ended_enrolment_shown": False,
    "sequence_limit_status": 429,
    "sequence_inbox_status": 403,
    "enrolment_refusals_explained": False,
    "pipedrive_v1_twins": "missing",
    "pipedrive_refresh_rotates": True,
    "pipedrive_scope_separator": "space",
    "pipedrive_limit_above_most": "cut",
    "pipedrive_unknown_fields": "ignored",
    "pipedrive_nulls_left_out": True,
    "pipedrive_activity_updates": False,
    "pipedrive_mail_tells": True,
    "pipedrive_deleted_readable": False,
    "pipedrive_reset_unit": "milliseconds",
    "pipedrive_budget_zone": "Europe/Tallinn",
    "pipedrive_changelog_zone": "company",
    "pipedrive_retry_after": True,
    "pipedrive_ban_after": 0,
    "salesforce_refresh_rotates": False,
    "salesforce_missing_package_error": "invalid_client",
    "salesforce_token_extras": True,
    "salesforce_newest_version": 68,
    "salesforce_professional_api": False,
    "salesforce_limit_info_on_errors": True,
    "salesforce_stage_name_is": "MasterLabel",
    "salesforce_lead_with_what": True,
    "salesforce_lock_status": 409,
    "salesforce_deleted_days": 15,
    "salesforce_merged_in_bin": False,
    "salesforce_locator_seconds": 900.0,
    "salesforce_archives_activities": True,
    "salesforce_composite_queries": 25,
}
"""Every point marked [U] below, with the position that is not its default."""


@dataclass(slots=True)
class Settings:
    """One run's settings; durations in seconds of the wall."""

    rate_limit_multiplier: float = 1.0
    """Times the vendor's limits; a simulation that plays weeks in a minute raises it."""
    token_seconds: int = 1800
    """How long an access token lasts."""
    latency_seconds: float = 0.0
    """Time that every API answer takes beyond its own work."""
    read_lag_seconds: float = 0.0
    """For so long after a change, reads still show the record's former state."""
    search_lag_seconds: float = 0.0
    """For so long after a change, searches still find the record's former state."""
    history_batch_limit: int = 50
    """Inputs of a batch read that asks for ``propertiesWithHistory`` (plain reads: 100)."""
    har: bool = False
    """Keep every call and delivery for the HTTP archive."""

    code_seconds: int = 60
    """[U] How long an authorization code may be exchanged."""
    refresh_token_rotates: bool = False
    """[U] Whether a refresh answers a new refresh token and ends the one that was sent."""
    revocation_ends_access: bool = False
    """[U] Whether revoking a refresh token also ends the access tokens made from it."""
    uninstalled_refresh: str = "BAD_REFRESH_TOKEN"
    """[U] What a refresh is answered once the app was uninstalled: ``BAD_REFRESH_TOKEN``, or
    ``BAD_HUB``."""
    users_scope_on_small_tiers: bool = True
    """[U] Whether free and starter accounts can grant the scopes of users."""

    archived_hold_unique: bool = False
    """[U] Whether an archived record still bars its unique values from new records."""
    unique_conflict_status: int = 400
    """[U] Status of a conflict on a unique property other than a contact's e-mail (400 or 409)."""
    linkedin_task_types: bool = True
    """[U] Whether tasks may be written with the ``LINKED_IN_*`` types."""
    associations_count_twice: bool = True
    """[U] Whether association calls count against the ten-second limit beside their own."""
    unique_properties_on_activities: bool = True
    """[U] Whether an app may create properties with unique values on tasks and the like."""
    activity_schema_scope: str = "crm.schemas.contacts.write"
    """[U] The scope for making properties on tasks and the like; the other position is one that no
    app can ask for."""
    several_task_reminders: bool = False
    """[U] Whether ``hs_task_reminders`` takes several instants, separated by ``;``."""
    required_on_every_update: bool = False
    """[U] Whether, from 2026-09 on, a change is refused for a required property that was empty
    before and that it leaves so; otherwise only for one that it empties itself."""
    recreated_property_keeps_values: bool = False
    """[U] Whether a property created anew under an archived one's name has that one's values."""
    archived_owners_assignable: bool = True
    """[U] Whether records may be given to a deactivated user."""
    merge_fires_creation: bool = False
    """[U] Whether the new record that a merge makes also fires its creation."""
    property_events_on_create: bool = True
    """[U] Whether values set at creation also fire propertyChange."""
    activity_events: bool = True
    """[U] Whether subscriptions to tasks, e-mails and other activities deliver anything."""
    quote_events: bool = True
    """[U] Whether subscriptions to quotes deliver anything; a beta lists them."""
    quote_lifecycle: bool = True
    """[U] Whether quotes have ``hs_quote_status`` beside ``hs_status``."""
    webhooks_signed_v1: bool = True
    """[U] Whether deliveries carry a signature of version 1 beside that of version 3."""
    calculated_events: bool = False
    """[U] Whether properties that the CRM computes fire propertyChange."""

    downgrade_withdraws_scopes: bool = True
    """[U] Whether tokens lose the scopes that an account's lower tier could not grant; otherwise
    they keep them, and the calls that need them are refused for the tier."""
    duplicate_enrolment: str = "refused"
    """[U] What enrolling a contact that is in a sequence comes to: ``refused``, or ``existing`` (a
    good answer with the enrolment that there is)."""
    never_enrolled_status: int = 404
    """[U] Status for the enrolment of a contact that never had one (404, or 200 with nothing)."""
    ended_enrolment_shown: bool = True
    """[U] Whether an enrolment that has ended is still shown as the contact's."""
    sequence_limit_status: int = 400
    """[U] Status of an enrolment beyond an inbox's limit for the day (400 or 429)."""
    sequence_inbox_status: int = 400
    """[U] Status of an enrolment from an inbox that the user has not connected (400 or 403)."""
    enrolment_refusals_explained: bool = True
    """[U] Whether a refused enrolment says what is wrong, where no document shows the answer."""
    sequence_daily_limit: int = 1000
    """Enrolments of one inbox in one day."""

    pipedrive_token_seconds: int = 3599
    """How long an access token of Pipedrive lasts."""
    pipedrive_code_seconds: int = 300
    """How long a code of Pipedrive may be exchanged."""
    pipedrive_v1_twins: str = "gone"
    """[U] What the endpoints of API v1 that v2 has replaced answer since their end of support:
    ``gone`` (410) or ``missing`` (404)."""
    pipedrive_refresh_rotates: bool = False
    """[U] Whether Pipedrive answers a refresh with a new refresh token and ends the one that was
    sent."""
    pipedrive_scope_separator: str = "comma"
    """[U] What stands between the scopes of a token's answer: ``comma`` or ``space``."""
    pipedrive_limit_above_most: str = "refused"
    """[U] What a page longer than allowed comes to: ``refused``, or ``cut`` to the longest."""
    pipedrive_unknown_fields: str = "refused"
    """[U] What a field that an endpoint does not have comes to: ``refused`` or ``ignored``."""
    pipedrive_nulls_left_out: bool = False
    """[U] Whether deals leave out dates and links that have no value, instead of null."""
    pipedrive_activity_updates: bool = True
    """[U] Whether an activity, or a mail, also moves the ``update_time`` of its deal and person. No
    webhook tells it either way."""
    pipedrive_mail_tells: bool = False
    """[U] Whether mail that an inbox has logged fires a change of its deal and person."""
    pipedrive_deleted_readable: bool = True
    """[U] Whether a deleted record can be read by its id for thirty days, as lists of deleted deals
    have it."""
    pipedrive_reset_unit: str = "seconds"
    """[U] The unit of ``x-ratelimit-reset``: ``seconds`` or ``milliseconds``."""
    pipedrive_budget_zone: str = "UTC"
    """[U] The zone of the servers, at whose midnight a new day's tokens come."""
    pipedrive_changelog_zone: str = "UTC"
    """[U] In which zone changelogs tell the time: ``UTC``, or that of the ``company``."""
    pipedrive_retry_after: bool = False
    """[U] Whether a 429 of Pipedrive carries ``Retry-After``."""
    pipedrive_ban_after: int = 100
    """[U] After so many 429s in ten seconds a token meets 403 with a page of HTML; 0: never. The
    vendor says so of personal tokens only."""
    pipedrive_ban_seconds: int = 60
    """How long that lasts."""
    salesforce_session_seconds: float = 7200.0
    """Salesforce: how long an access token lasts; no answer tells it."""
    salesforce_code_seconds: float = 900.0
    """Salesforce: how long an authorization code may be exchanged."""
    salesforce_refresh_idle_seconds: float = 2_592_000.0
    """Salesforce: how long a refresh token lasts without being used."""
    salesforce_long_call_seconds: float = 20.0
    """Salesforce: from when on a call is one of the long-running ones, of which few run at once."""
    salesforce_app_quota: int = 0
    """Salesforce: calls in 24 hours that an admin has allowed the app, told beside the org's; 0:
    none are set apart for it."""
    salesforce_cadences_relate_deals: bool = False
    """Salesforce: whether opportunities may go along when somebody is put into a cadence."""
    salesforce_refresh_rotates: bool = True
    """[U] Salesforce: whether a refresh answers a new refresh token and uses up the one that was
    sent; required of partners' apps, but it is not known whether late ones are held to it."""
    salesforce_missing_package_error: str = "OAUTH_EC_APP_NOT_FOUND"
    """[U] Salesforce: the error that the way back carries where the app's package is not installed:
    ``OAUTH_EC_APP_NOT_FOUND``, or ``invalid_client``."""
    salesforce_token_extras: bool = False
    """[U] Salesforce: whether the token's answer has ``api_instance_url`` and ``id_token`` too."""
    salesforce_newest_version: int = 67
    """[U] Salesforce: the newest version of the API (67 or 68)."""
    salesforce_professional_api: bool = True
    """[U] Salesforce: whether a reviewed app may call the API of a Professional edition."""
    salesforce_limit_info_on_errors: bool = False
    """[U] Salesforce: whether refusals carry ``Sforce-Limit-Info`` as good answers do."""
    salesforce_stage_name_is: str = "ApiName"
    """[U] Salesforce: what an opportunity's StageName holds once a stage was renamed: ``ApiName``,
    or ``MasterLabel``."""
    salesforce_lead_with_what: bool = False
    """[U] Salesforce: whether an activity with a lead may be about something, too."""
    salesforce_lock_status: int = 400
    """[U] Salesforce: status of a single record's UNABLE_TO_LOCK_ROW (400 or 409)."""
    salesforce_deleted_days: int = 30
    """[U] Salesforce: how far back changes and deletions are told (30 or 15 days)."""
    salesforce_merged_in_bin: bool = True
    """[U] Salesforce: whether a record that was merged away is told among the deleted ones, where
    it says into which it went (`MasterRecordId`)."""
    salesforce_locator_seconds: float = 172_800.0
    """[U] Salesforce: how long the rest of a query's answer may be read."""
    salesforce_archives_activities: bool = False
    """[U] Salesforce: whether tasks and events of over a year ago are told by queryAll alone."""
    salesforce_composite_queries: int = 5
    """[U] Salesforce: queries and collections within one composite call (5 or 25)."""

    webhook_timeout_seconds: float = 5.0
    """Silence after which a delivery has failed."""
    webhook_retry_first_seconds: float = 0.1
    """Wait before a failed delivery is tried again; it doubles from try to try."""
    webhook_retry_most_seconds: float = 2.0
    """The longest such wait."""
    webhook_attempts: int = 0
    """Tries per delivery before it is given up; 0 never gives up."""
    webhook_concurrency: int = 1
    """Deliveries under way at once, up to the app's own maximum."""
    webhook_drop: float = 0.0
    """Share of events never delivered."""
    webhook_duplicate: float = 0.0
    """Share of events delivered twice."""
    webhook_disorder: bool = False
    """Whether the events of one flush are shuffled."""
    webhook_seed: int = 1
    """Seed of those draws; read once, when the sandbox is made."""

    def update(self, values: Mapping[str, Any]) -> None:
        """Sets several at once; raises ValueError naming the first unknown or unfit one."""
        known = {field.name: field for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(
                    f"no setting is called {name!r}; there are: {', '.join(sorted(known))}"
                )
            wanted = type(known[name].default)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not (isinstance(value, wanted) or (wanted is float and number)) or (
                wanted is int and isinstance(value, bool)
            ):
                raise ValueError(f"setting {name!r} takes {wanted.__name__}, not {value!r}")
            if name in CHOICES and value not in CHOICES[name]:
                told = " or ".join(repr(one) for one in CHOICES[name])
                raise ValueError(f"setting {name!r} takes {told}, not {value!r}")
        for name, value in values.items():
            setattr(self, name, type(known[name].default)(value))

    def as_dict(self) -> dict[str, Any]:
        """All settings by name."""
        return asdict(self)
