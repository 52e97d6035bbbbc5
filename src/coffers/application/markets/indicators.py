"""Technical indicators of an asset as series that a chart can draw."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.indicator_names import Indicator
from coffers.application.markets.price_histories import A_YEAR, story_of
from coffers.application.markets.price_quality import PriceQuality, covered, stale
from coffers.application.markets.prices import PriceLookups
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.calendars import TradingCalendar, TradingCalendars
from coffers.domain.markets.corporate_actions import Adjustment, adjusted
from coffers.domain.markets.prices import Bar
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

if TYPE_CHECKING:
    from coffers.domain.markets.indicators import Bars, Series

#: Days before the first shown that averages settle in: about a thousand trading days.
WARM_UP: Final = timedelta(days=1_500)
#: Days shown: ten years.
MAX_DAYS: Final = 3_660
DIGITS: Final = 8
#: Of a price so small that eight digits would leave little of it.
MOST_DIGITS: Final = 18
_SMALL: Final = -2
_LONGEST_AGO: Final = date(1901, 1, 1)
_NEEDS_RANGES: Final = frozenset({"stochastic", "williams_r", "atr"})


class IndicatorView(msgspec.Struct, frozen=True):
    """One indicator: lines by name, a value for each of the dates, null until there is history."""

    name: str
    kind: str
    parameters: dict[str, int]
    lines: dict[str, list[DecimalText | None]]
    reason: Annotated[str | None, Meta(description="Why a line is missing, or has no value.")]


class IndicatorSeries(msgspec.Struct, frozen=True):
    """Columns of equal length: dates, closes and the lines of each indicator."""

    asset_id: UUID
    symbol: str
    currency: str
    adjustment: Adjustment
    start_date: date
    end_date: date
    dates: list[date]
    closes: list[DecimalText]
    indicators: list[IndicatorView]
    total_count: int
    data_quality: PriceQuality


@dataclass(frozen=True, slots=True)
class IndicatorsAsked:
    """Which indicators of an asset, both days included."""

    asset_id: UUID
    indicators: Sequence[Indicator]
    first: date | None
    last: date | None
    adjustment: Adjustment


@dataclass(frozen=True, slots=True)
class AnalysisPorts:
    """What an analysis of prices is read through."""

    assets: AssetLookups
    prices: PriceLookups
    calendars: TradingCalendars

    def calendar(self, asset: Asset) -> TradingCalendar:
        """When the asset trades."""
        return self.calendars.of(asset.exchange, asset.asset_type)


async def get_indicators(
    ports: AnalysisPorts, principal: Principal, asked: IndicatorsAsked, *, today: date
) -> IndicatorSeries:
    """Raises AssetNotFound, NotYours, RangeInvalid, TooManyRows."""
    asset = await ports.assets.get(principal.user_id, asked.asset_id)
    last = today if asked.last is None else asked.last
    first = max(_LONGEST_AGO, last - A_YEAR) if asked.first is None else asked.first
    check_range(first, last)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    since = max(_LONGEST_AGO, first - WARM_UP)
    story = await story_of(ports.assets, ports.prices, principal, asset, since, max(last, today))
    told = adjusted([each.bar for each in story.bars], story.actions, asked.adjustment)
    bars = [bar for bar in told if bar.day <= last]
    calendar = ports.calendar(asset)
    return await asyncio.to_thread(_drawn, asset, asked, (first, last), bars, calendar)


def _drawn(
    asset: Asset,
    asked: IndicatorsAsked,
    days: tuple[date, date],
    bars: Sequence[Bar],
    calendar: TradingCalendar,
) -> IndicatorSeries:
    first, last = days
    shown = [bar for bar in bars if bar.day >= first]
    views = [_view(each, bars, len(shown)) for each in asked.indicators]
    return IndicatorSeries(
        asset_id=asset.id,
        symbol=asset.symbol,
        currency=asset.currency,
        adjustment=asked.adjustment,
        start_date=first,
        end_date=last,
        dates=[bar.day for bar in shown],
        closes=[format(bar.close, "f") for bar in shown],
        indicators=views,
        total_count=len(shown),
        data_quality=quality(asset, shown, calendar, days),
    )


def quality(
    asset: Asset,
    bars: Sequence[Bar],
    calendar: TradingCalendar,
    days: tuple[date, date],
    notes: Sequence[str] = (),
) -> PriceQuality:
    """Of one asset's bars in these days."""
    first, last = days
    return PriceQuality(
        covered([bar.day for bar in bars], calendar, calendar.count(first, last)),
        stale(asset.symbol, bars[-1].day, calendar, last) if bars else [],
        [] if bars else [asset.symbol],
        calendar.name,
        list(notes),
    )


def _view(asked: Indicator, bars: Sequence[Bar], shown: int) -> IndicatorView:
    if asked.kind in _NEEDS_RANGES and any(bar.high is None or bar.low is None for bar in bars):
        reason = "It needs the highest and lowest price of every day."
        return IndicatorView(asked.name, asked.kind, asked.parameters, {}, reason)
    lines = calculated(asked, bars)
    digits = _digits(bars)
    cut = {name: _texts(line, shown, digits) for name, line in lines.items()}
    # "0.00000000" is a value too.
    empty = ", ".join(name for name, line in cut.items() if not any(line))
    why = f"{len(bars)} prices are known: too few for {empty}." if empty else None
    if bars and not shown:
        why = "No price is known of any of these days."
    return IndicatorView(asked.name, asked.kind, asked.parameters, cut, why)


def calculated(asked: Indicator, bars: Sequence[Bar]) -> Mapping[str, "Series"]:
    """The lines over all of these bars; numpy is loaded with the first."""
    import numpy as np

    from coffers.domain.markets.indicators import Bars

    columns = (
        np.array([float(told) if told is not None else np.nan for told in column])
        for column in zip(*((bar.high, bar.low, bar.close) for bar in bars), strict=True)
    )
    high, low, close = columns if bars else (np.zeros(0), np.zeros(0), np.zeros(0))
    return _LINES[asked.kind](asked, Bars(high, low, close))


def _moving(kind: str) -> Callable[[Indicator, "Bars"], dict[str, "Series"]]:
    def line(asked: Indicator, bars: "Bars") -> dict[str, "Series"]:
        from coffers.domain.markets import indicators

        calculate: Any = getattr(indicators, kind)  # Any: functions of one shape
        return {asked.name: calculate(bars.close, asked.parameters["window"])}

    return line


def _ranged(kind: str) -> Callable[[Indicator, "Bars"], dict[str, "Series"]]:
    def line(asked: Indicator, bars: "Bars") -> dict[str, "Series"]:
        from coffers.domain.markets import indicators

        calculate: Any = getattr(indicators, kind)  # Any: functions of one shape
        return {asked.name: calculate(bars, asked.parameters["window"])}

    return line


def _macd(asked: Indicator, bars: "Bars") -> dict[str, "Series"]:
    from coffers.domain.markets import indicators

    found = indicators.macd(bars.close, **asked.parameters)
    return {"macd": found.line, "signal": found.signal, "histogram": found.histogram}


def _bollinger(asked: Indicator, bars: "Bars") -> dict[str, "Series"]:
    from coffers.domain.markets import indicators

    found = indicators.bollinger(bars.close, **asked.parameters)
    return {"upper": found.upper, "middle": found.middle, "lower": found.lower}


def _stochastic(asked: Indicator, bars: "Bars") -> dict[str, "Series"]:
    from coffers.domain.markets import indicators

    found = indicators.stochastic(bars, **asked.parameters)
    return {"k": found.k, "d": found.d}


_LINES: Final = {
    "sma": _moving("sma"),
    "ema": _moving("ema"),
    "rsi": _moving("rsi"),
    "rsi_simple": _moving("rsi_simple"),
    "macd": _macd,
    "bollinger": _bollinger,
    "stochastic": _stochastic,
    "williams_r": _ranged("williams_r"),
    "atr": _ranged("atr"),
}


def _digits(bars: Sequence[Bar]) -> int:
    """After the point: one more for each zero that a price below a hundredth begins with."""
    smallest = min((bar.close.adjusted() for bar in bars if bar.close), default=0)
    return min(MOST_DIGITS, DIGITS + max(0, _SMALL - smallest))


def _texts(line: "Series", shown: int, digits: int) -> list[str | None]:
    values = line[line.size - shown :].tolist()
    return [None if math.isnan(value) else f"{value:.{digits}f}" for value in values]
