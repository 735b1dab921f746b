"""What reps and buyers do with quotes, one method per deed."""

from __future__ import annotations

from sandbox.world import quotes
from sandbox.world.people_terms import ActError, Terms
from sandbox.world.records import Actor, Record
from sandbox.world.ways import BUYERS_DENY_QUOTES, NO_QUOTES

BUYER = Actor("QUOTES", "buyer")
"""Whoever opens the page of a quote and signs or pays there."""

_VERDICTS = {"ask": quotes.IN_REVIEW, "approved": quotes.APPROVED, "refused": quotes.REFUSED}


class QuoteDeeds(Terms):
    """Quotes: drawn up, reviewed, sent, taken back; accepted or denied by the buyer. A quote that
    nobody answers runs out by itself, and nothing of the record changes with that."""

    def create_quote(
        self, deal: str, title: str, amount: str = "", expires: int = 0, user: str = ""
    ) -> Record:
        """Draw up a quote on a deal, for its first contact; valid for thirty days unless said."""
        if self.account.crm in NO_QUOTES:
            raise ActError("deal", "this CRM keeps no quotes as records of their own")
        links, about = self.subject_of(deal, "")
        fields = {
            "hs_title": title,
            "hs_status": quotes.DRAFT,
            "hs_quote_amount": str(amount) or about.get("amount"),
            "hs_currency": about.get("deal_currency_code") or self.account.currency,
            "hs_expiration_date": str(int(expires) or self.now + 30 * 86_400_000),
            "hubspot_owner_id": about.get("hubspot_owner_id"),
        }
        return self.account.create("quotes", fields, self.by(user, about), links)

    def send_quote(self, quote: str, user: str = "") -> Record:
        """Publish a quote, so that the buyer has it."""
        return self.change("quotes", quote, {"hs_status": quotes.SENT}, user)

    def review_quote(self, quote: str, verdict: str, user: str = "") -> Record:
        """Have a quote approved inside: `ask`, then `approved` or `refused`."""
        if verdict not in _VERDICTS:
            raise ActError("verdict", f"{verdict!r} is none of {', '.join(_VERDICTS)}")
        return self.change("quotes", quote, {"hs_status": _VERDICTS[verdict]}, user)

    def recall_quote(self, quote: str, user: str = "") -> Record:
        """Take a quote back to change it."""
        return self.change("quotes", quote, {"hs_status": quotes.DRAFT}, user)

    def extend_quote(self, quote: str, expires: int, user: str = "") -> Record:
        """Let a quote be valid until another instant."""
        return self.change("quotes", quote, {"hs_expiration_date": str(int(expires))}, user)

    def accept_quote(self, quote: str, how: str = "sign", user: str = "") -> Record:
        """The buyer signs, clicks or pays; or (`by_hand`) the rep notes that they signed."""
        now = str(self.now)
        ways = {
            "sign": {"hs_esign_date": now, "hs_esign_num_signers_completed": "1"},
            "click": {"hs_status": quotes.ACCEPTED},
            "pay": {"hs_payment_status": "PAID", "hs_payment_date": now},
            "by_hand": {"hs_manually_signed": "true"},
        }
        if how not in ways:
            raise ActError("how", f"{how!r} is none of {', '.join(ways)}")
        if self.account.crm in BUYERS_DENY_QUOTES:
            return self.change("quotes", quote, ways["click"], user)
        record = self.need("quotes", "quote", quote)
        by = self.by(user, record) if how == "by_hand" else BUYER
        return self.account.update("quotes", record.id, ways[how], by)

    def deny_quote(self, quote: str, user: str = "") -> Record:
        """The buyer says no to a quote, and the rep notes it on the record."""
        if self.account.crm not in BUYERS_DENY_QUOTES:
            raise ActError("quote", "a quote of this CRM has no word for a buyer's no")
        return self.change("quotes", quote, {"hs_status": quotes.DENIED}, user)


QUOTE_VERBS = (
    "create_quote",
    "send_quote",
    "review_quote",
    "recall_quote",
    "extend_quote",
    "accept_quote",
    "deny_quote",
)
