"""Refusals that any call may meet: path, body, token, scopes, tier, limits."""

from __future__ import annotations

from sandbox.refusals import INVALID, MISSING, Refusal

_ERRORS = "error handling guide"
_LIMITS = "usage guidelines, rate limits"

ROWS = (
    Refusal("no_such_path", 404, MISSING, "A path is one of the API.", _ERRORS, "quoted"),
    Refusal("wrong_method", 405, "", "A path takes the methods it has.", _ERRORS, "quoted"),
    Refusal(
        "token_unknown",
        401,
        "INVALID_AUTHENTICATION",
        "Every call carries a live access token.",
        _ERRORS,
        "quoted",
    ),
    Refusal(
        "token_expired",
        401,
        "EXPIRED_AUTHENTICATION",
        "An access token lasts as long as it was told to.",
        "changelog, expiry of access tokens",
        "quoted",
    ),
    Refusal(
        "scope_missing",
        403,
        "MISSING_SCOPES",
        "A call needs the scopes of what it reads and writes.",
        _ERRORS,
        "confirmed",
    ),
    Refusal(
        "tier_lacks",
        403,
        "FORBIDDEN",
        "A call that rests on a scope of a higher tier is refused after a downgrade.",
        "scopes list, tiers",
        "unconfirmed",
        setting="downgrade_withdraws_scopes",
    ),
    Refusal(
        "rate_ten_seconds",
        429,
        "",
        "110 calls in ten seconds for an app in an account, search apart.",
        _LIMITS,
        "confirmed",
        code="TEN_SECONDLY_ROLLING",
    ),
    Refusal(
        "rate_associations",
        429,
        "",
        "100 association calls in ten seconds, 150 from the professional tier on.",
        "associations guide, limits",
        "confirmed",
        code="TEN_SECONDLY_ROLLING",
    ),
    Refusal(
        "rate_search",
        429,
        "",
        "Five searches a second in an account.",
        "search guide, limits",
        "confirmed",
        code="SECONDLY",
    ),
    Refusal("no_body", 400, INVALID, "A call that takes a body has one.", _ERRORS, "quoted"),
    Refusal("bad_json", 400, INVALID, "A body is JSON.", _ERRORS, "quoted"),
    Refusal(
        "bad_shape",
        400,
        INVALID,
        "A body has the fields of the specification, each of its type, and no others.",
        "API specification",
        "quoted",
    ),
    Refusal(
        "bad_number",
        400,
        INVALID,
        "A page's size is a whole number from 1 on.",
        "API specification",
        "unconfirmed",
    ),
    Refusal(
        "page_too_long",
        400,
        INVALID,
        "A page holds 100 records (50 with histories), 200 search results, 500 owners or "
        "associations.",
        "object guides; search guide",
        "confirmed",
    ),
    Refusal(
        "bad_cursor",
        400,
        INVALID,
        "A page begins at the cursor of the page before it.",
        "API specification",
        "unconfirmed",
    ),
    Refusal(
        "too_many_inputs",
        400,
        INVALID,
        "A batch takes 100 records; associations 1,000 to read or archive, 2,000 to make.",
        "object guides; associations guide",
        "confirmed",
    ),
)
