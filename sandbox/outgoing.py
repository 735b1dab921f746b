"""What a CRM asks of an app's own addresses: one request, kept for the archive."""

from __future__ import annotations

import time
from collections.abc import Mapping

import urllib3

from sandbox.har import Har
from sandbox.settings import Settings


class Outgoing:
    """Sends requests; connections are kept, redirects are not followed."""

    def __init__(self, settings: Settings, har: Har) -> None:
        self._settings = settings
        self._har = har
        self._http = urllib3.PoolManager(maxsize=16, retries=False)

    def send(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], comment: str
    ) -> int:
        """The status that an address answers, 0 for no answer at all."""
        began, status, told, answer = time.time(), 0, {}, b""
        try:
            response = self._http.request(
                method,
                url,
                body=body,
                headers=headers,
                timeout=self._settings.webhook_timeout_seconds,
                redirect=False,
            )
            status, told, answer = response.status, dict(response.headers), response.data
        except (urllib3.exceptions.HTTPError, OSError):
            pass  # nobody there: a failure like any other
        if self._settings.har:
            self._har.record(
                started=began,
                seconds=time.time() - began,
                method=method,
                url=url,
                request_headers=headers.items(),
                request_body=body,
                status=status,
                response_headers=told.items(),
                response_body=answer,
                comment=comment,
            )
        return status
