"""What an analysis of prices had to do without."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from coffers.application.views import DecimalText
from coffers.domain.markets.calendars import TradingCalendar, missed


class OldPrice(msgspec.Struct, frozen=True):
    """A last price that is older than the day that is looked at."""

    symbol: str
    price_date: date
    missed_trading_days: int


class PriceQuality(msgspec.Struct, frozen=True):
    """What the numbers had to do without; null values have their reason in `notes`."""

    coverage_ratio: Annotated[
        DecimalText | None,
        Meta(description="The part of the trading days of the period with a price."),
    ]
    stale_prices: list[OldPrice]
    missing_prices: Annotated[list[str], Meta(description="Symbols without any price.")]
    trading_calendar: str
    notes: list[str]


def stale(symbol: str, last: date, calendar: TradingCalendar, day: date) -> list[OldPrice]:
    """The price, if a whole trading day passed since."""
    days = missed(calendar, last, day)
    return [OldPrice(symbol, last, days)] if days else []


def covered(days: Sequence[date], calendar: TradingCalendar, expected: int) -> str | None:
    """The part of the expected trading days that have a price, at most all of them."""
    if not expected:
        return None
    known = sum(calendar.is_open(day) for day in days)
    return format(round(min(Decimal(1), Decimal(known) / expected), 4), "f")
