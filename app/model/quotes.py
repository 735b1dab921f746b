"""What a deal keeps, among its fields, of the quote that was sent last."""

from __future__ import annotations

STATUS, EXPIRES, SENT_AT = "quote_status", "quote_expires", "quote_sent_at"
"""How it stands, the day to which it is valid while it is open, and when it went out."""

LAST = "quote:last"
"""[when it went out, which it is]: under a name that no property can be mapped to."""

KEPT = (STATUS, EXPIRES, SENT_AT, LAST)
