"""Refusals of the consent page: pages for a person, not answers for an app."""

from __future__ import annotations

from sandbox.refusals import Refusal

_FLOW = "OAuth guide, install URL"

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
)
