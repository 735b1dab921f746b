"""Headers that keep a browser from doing what a page of ours never asks for."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from app.installations.config import Config

_OTHER_HOSTS = {
    "hubspot": ("https://*.hubspot.com",),  # accounts outside the US have hosts of their own
    "salesforce": ("https://*.lightning.force.com", "https://*.my.salesforce.com"),
    "pipedrive": ("https://*.pipedrive.com",),
}
"""Where accounts' pages stand besides the vendor's consent page; they may frame ours."""


def policy(config: Config) -> str:
    """The content security policy: our own files only, framed by the CRM only.

    X-Frame-Options is left out on purpose: it cannot name the CRM's origins, and browsers that
    know `frame-ancestors` ignore it.
    """
    ancestors = ["'self'"]
    for crm, vendor in config.vendors.items():
        parts = urlsplit(vendor.app_base)
        ancestors.append(f"{parts.scheme}://{parts.netloc}")
        if config.real(crm):
            ancestors.extend(_OTHER_HOSTS[crm])
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-ancestors {' '.join(ancestors)}",
        )
    )


def register(app: Flask, config: Config) -> None:
    """Set the headers on every answer."""
    csp = policy(config)
    secure = config.url.startswith("https://")

    @app.after_request
    def protect(response: Response) -> Response:  # pyright: ignore[reportUnusedFunction]
        headers = response.headers
        headers["Content-Security-Policy"] = csp
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        if secure:
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if request.endpoint != "static":
            headers["Cache-Control"] = "no-store"
        return response
