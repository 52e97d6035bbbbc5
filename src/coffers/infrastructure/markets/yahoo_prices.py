"""Prices by `yfinance`, an optional extra that is imported when it is first asked.

What Yahoo calls a close has all later splits worked in already; here that is undone, because raw
prices are kept and adjusted when they are read.
"""

import asyncio
import importlib
import importlib.util
import math
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from coffers.domain.linking.providers import ProviderFailed, ProviderTimedOut
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.corporate_actions import ActionKind
from coffers.domain.markets.prices import Bar
from coffers.domain.markets.sources import Offer, OfferedAction, PriceSource

YAHOO: Final = "yahoo"
PACKAGE: Final = "yfinance"
DEADLINE_S: Final = 30.0
DIGITS: Final = 8
#: What Yahoo hangs on the symbols of exchanges outside the United States.
_SUFFIXES: Final = {
    "XETRA": ".DE",
    "LSE": ".L",
    "SIX": ".SW",
    "EURONEXT PARIS": ".PA",
    "EURONEXT AMSTERDAM": ".AS",
    "TSE": ".T",
    "TSX": ".TO",
    "ASX": ".AX",
    "HKEX": ".HK",
}
# Any, here and below: the package has no types.
Row = Mapping[str, Any]


class YahooPrices(PriceSource):
    """Yahoo Finance, over the package's own client, in a thread."""

    @property
    def name(self) -> str:
        """As the port says."""
        return YAHOO

    @property
    def is_online(self) -> bool:
        """As the port says."""
        return True

    def reason_unavailable(self) -> str | None:
        """As the port says."""
        if importlib.util.find_spec(PACKAGE) is not None:
            return None
        return f"The package {PACKAGE} is not installed."

    async def offer(self, asset: Asset, first: date, last: date) -> Offer | None:
        """As the port says."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                return await asyncio.to_thread(_read, asset, first, last)
        except TimeoutError as error:
            raise ProviderTimedOut("Yahoo did not answer in time.") from error
        except Exception as error:  # whatever the package raises is Yahoo's failure
            raise ProviderFailed(f"Yahoo failed: {type(error).__name__}.") from error


def _read(asset: Asset, first: date, last: date) -> Offer | None:
    yfinance: Any = importlib.import_module(PACKAGE)
    ticker = yfinance.Ticker(asset.symbol + _SUFFIXES.get(asset.exchange, ""))
    frame = ticker.history(
        start=first.isoformat(),
        end=(last + timedelta(days=1)).isoformat(),
        auto_adjust=False,
        actions=True,
    )
    rows: Mapping[Any, Row] = frame.to_dict("index")
    if not rows or ticker.fast_info["currency"] != asset.currency:
        return None
    return _raw({_day(stamp): row for stamp, row in rows.items()})


def _day(stamp: Any) -> date:
    day: date = stamp.date()
    return day


def _raw(rows: Mapping[date, Row]) -> Offer:
    """With every later split taken out again."""
    bars: list[Bar] = []
    actions: list[OfferedAction] = []
    later = Decimal(1)
    for day in sorted(rows, reverse=True):
        row = rows[day]
        close = _number(row.get("Close"), later)
        if close is not None:
            names = ("Open", "High", "Low")
            opened, high, low = (_number(row.get(name), later) for name in names)
            bars.append(Bar(day, close, opened, high, low, _volume(row.get("Volume"), later)))
        if dividend := _number(row.get("Dividends"), later):
            actions.append(OfferedAction(day, ActionKind.DIVIDEND, amount=dividend))
        if split := _number(row.get("Stock Splits"), Decimal(1)):
            actions.append(OfferedAction(day, ActionKind.SPLIT, ratio=split))
            later *= split
    return Offer(bars[::-1], actions[::-1])


def _number(told: Any, factor: Decimal) -> Decimal | None:
    """None for what is missing there, which pandas calls not a number."""
    if told is None or not math.isfinite(told):
        return None
    return round(Decimal(repr(float(told))) * factor, DIGITS)


def _volume(told: Any, factor: Decimal) -> Decimal | None:
    if told is None or not math.isfinite(told):
        return None
    return round(Decimal(int(told)) / factor, 0)
