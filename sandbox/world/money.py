"""Amounts of deals in the company's currency, as the CRM converts them.

An account has its own currency and others, each with the rate that an admin set. A deal keeps
amount and currency; the CRM computes ``amount_in_home_currency`` and ``hs_exchange_rate`` when
either is written, and again for open deals when a rate is changed. Without a rate there is no
converted amount: it is empty, not zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.world.account import Account
    from sandbox.world.records import Record

HOME, RATE = "amount_in_home_currency", "hs_exchange_rate"


def known(account: Account, currency: str) -> bool:
    """Whether deals of the account may be in a currency."""
    return currency == account.currency or currency in account.rates


def rate_of(account: Account, currency: str) -> float | None:
    """How much of the company's currency one unit is worth; None: nobody said."""
    return 1.0 if currency in ("", account.currency) else account.rates.get(currency)


def converted(account: Account, record: Record, values: Mapping[str, str]) -> dict[str, str]:
    """What is computed on a deal from its amount and currency after ``values`` are written."""
    amount = values.get("amount", record.get("amount"))
    rate = rate_of(account, values.get("deal_currency_code", record.get("deal_currency_code")))
    known_both = bool(amount) and rate is not None
    computed = {
        HOME: f"{float(amount) * (rate or 0):.2f}".rstrip("0").rstrip(".") if known_both else "",
        RATE: f"{rate:g}" if known_both else "",
    }
    return {name: value for name, value in computed.items() if record.get(name) != value}


def set_rate(account: Account, currency: str, rate: float | None) -> None:
    """Sets or takes away a rate; open deals in the currency are converted anew."""
    with account.world.lock:
        account.rates[currency] = rate
        now = account.world.clock.now()
        for deal in list(account.objects["deals"].values()):
            if deal.get("deal_currency_code") == currency and deal.get("hs_is_closed") != "true":
                account.compute(deal, converted(account, deal, {}), now)
