"""Refusals of the consent page (pages for a person, without a category) and of the token endpoints.

The token endpoints have a body of their own: ``code`` is its ``error``, ``sub_category`` its
``status``.
"""

from __future__ import annotations

from sandbox.refusals import Refusal

_FLOW = "OAuth guide, install URL"
_TOKEN = "OAuth guide; changelog on OAuth v3"

ROWS = (
    Refusal("install_client", 400, "", "An install URL names a registered app.", _FLOW, "quoted"),
    Refusal(
        "install_redirect",
        400,
        "",
        "The redirect URL is one that the app has registered.",
        _FLOW,
        "confirmed",
    ),
    Refusal(
        "install_https",
        400,
        "",
        "The redirect URL uses https, except for localhost.",
        _FLOW,
        "confirmed",
    ),
    Refusal(
        "install_scopes",
        400,
        "",
        "The install URL asks for exactly the required scopes, and for no optional one that is not "
        "registered.",
        "OAuth guide, scopes; project files",
        "confirmed",
    ),
    Refusal(
        "install_account",
        400,
        "",
        "The account that is chosen exists.",
        _FLOW,
        "quoted",
    ),
    Refusal(
        "install_tier",
        400,
        "",
        "An account whose tier lacks a required scope cannot install the app; a missing optional "
        "one is dropped without a word.",
        "scopes list, tiers",
        "quoted",
    ),
    Refusal(
        "oauth_content_type",
        400,
        "",
        "The token endpoints take a urlencoded form.",
        _TOKEN,
        "unconfirmed",
        code="invalid_request",
        sub_category="BAD_CONTENT_TYPE",
    ),
    Refusal(
        "oauth_client",
        400,
        "",
        "client_id is a registered app's.",
        _TOKEN,
        "quoted",
        code="invalid_client",
        sub_category="BAD_CLIENT_ID",
    ),
    Refusal(
        "oauth_secret",
        400,
        "",
        "client_secret is that app's.",
        _TOKEN,
        "quoted",
        code="invalid_client",
        sub_category="BAD_CLIENT_SECRET",
    ),
    Refusal(
        "oauth_grant_type",
        400,
        "",
        "grant_type is authorization_code or refresh_token.",
        _TOKEN,
        "unconfirmed",
        code="unsupported_grant_type",
        sub_category="BAD_GRANT_TYPE",
    ),
    Refusal(
        "oauth_code",
        400,
        "",
        "A code is exchanged once, soon, by the app that it was made for.",
        _TOKEN,
        "quoted",
        code="invalid_grant",
        sub_category="BAD_AUTH_CODE",
    ),
    Refusal(
        "oauth_redirect",
        400,
        "",
        "A code is exchanged with the redirect URL that it was made with.",
        _TOKEN,
        "quoted",
        code="invalid_grant",
        sub_category="BAD_REDIRECT_URI",
    ),
    Refusal(
        "oauth_verifier",
        400,
        "",
        "A code that was asked for with a challenge is exchanged with its verifier.",
        _TOKEN,
        "quoted",
        code="invalid_grant",
        sub_category="BAD_CODE_VERIFIER",
    ),
    Refusal(
        "oauth_hub",
        400,
        "",
        "A refresh token belongs to an account that still has the app.",
        _TOKEN,
        "quoted",
        code="invalid_grant",
        sub_category="BAD_HUB",
        setting="uninstalled_refresh",
    ),
    Refusal(
        "oauth_refresh",
        400,
        "",
        "A refresh token is live: not revoked, the app not uninstalled.",
        _TOKEN,
        "confirmed",
        code="invalid_grant",
        sub_category="BAD_REFRESH_TOKEN",
    ),
)
