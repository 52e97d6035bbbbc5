"""What net worth looks like."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from coffers.application.explanations import Explanation
from coffers.application.investing.valuing import StalePrice
from coffers.application.views import DecimalText, Instant

InBase = Annotated[
    DecimalText | None,
    Meta(description="In the base currency; null when an exchange rate or a price is missing."),
]
ByCurrency = Annotated[
    dict[str, DecimalText | None],
    Meta(description="Null for a currency in which the price of something held is not known."),
]
Reason = Annotated[
    str | None, Meta(description="Why there is no amount in the base currency, if there is none.")
]


class BalanceQuality(msgspec.Struct, frozen=True):
    """What the net worth had to do without."""

    coverage_ratio: Annotated[
        DecimalText | None,
        Meta(description="Of the active accounts (of the days, in a history), those that count."),
    ]
    missing_rates: Annotated[list[str], Meta(description="As `XAU/USD`.")]
    missing_prices: Annotated[
        list[str], Meta(description="Symbols of what is held and has no price that is known.")
    ]
    stale_prices: list[StalePrice]
    notes: list[str]


class NetWorthStatement(msgspec.Struct, frozen=True):
    """Assets (what is above zero) less liabilities (what is below), of the active accounts.

    Counted are balances and, where a balance is money alone, each security at its last price.
    """

    as_of: Instant
    assets_by_currency: ByCurrency
    liabilities_by_currency: ByCurrency
    net_worth_by_currency: ByCurrency
    base_currency: str
    net_worth: InBase
    net_worth_unavailable_reason: Reason
    accounts_without_balance: Annotated[
        int, Meta(description="Active accounts whose balance, not known, is left out.")
    ]
    data_quality: BalanceQuality
    explanation: Annotated[
        Explanation | UnsetType, Meta(description="With `explain=true`: the net worth as a tree.")
    ] = UNSET


class DailyNetWorth(msgspec.Struct, frozen=True):
    """The net worth at the end of a day, in the user's time zone."""

    date: date
    assets_by_currency: ByCurrency
    liabilities_by_currency: ByCurrency
    net_worth_by_currency: ByCurrency
    net_worth: InBase


class NetWorthHistory(msgspec.Struct, frozen=True):
    """Day by day, oldest first, from the first day on which a balance is known."""

    history: list[DailyNetWorth]
    total_count: int
    base_currency: str
    net_worth_unavailable_reason: Reason
    data_quality: BalanceQuality
