"""What an asset returned and risked, by its own prices."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.markets.indicators import AnalysisPorts, quality
from coffers.application.markets.price_histories import A_YEAR, story_of
from coffers.application.markets.price_quality import PriceQuality
from coffers.application.views import DecimalText
from coffers.domain.digits import percent_text
from coffers.domain.identity.principals import Principal
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.calendars import TradingCalendar
from coffers.domain.markets.corporate_actions import Adjustment, adjusted
from coffers.domain.markets.prices import Bar
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

if TYPE_CHECKING:
    from coffers.domain.investing.risk import Series

#: Ten years.
MAX_DAYS: Final = 3_660
#: A start without a price takes the last one before, if it is not older.
LOOK_BACK: Final = timedelta(days=7)
#: Fewer daily returns say nothing of risk.
LEAST_RETURNS: Final = 20
TRADING_DAYS: Final = 252
PERCENT_DIGITS: Final = 6
_HUNDRED: Final = Decimal(100)
_FEBRUARY: Final = 2


class ReturnView(msgspec.Struct, frozen=True):
    """A total return: of the price, with splits and dividends worked in."""

    period: str
    start_date: Annotated[date | None, Meta(description="The day of the price at the start.")]
    end_date: date | None
    return_percent: DecimalText | None
    reason: str | None


class AssetDrawdown(msgspec.Struct, frozen=True):
    """The deepest fall from a peak; below zero."""

    depth_percent: DecimalText
    peak_date: date
    trough_date: date
    recovery_date: date | None


class AssetBenchmark(msgspec.Struct, frozen=True):
    """How the asset moved with another, on the days that both have a price."""

    asset_id: UUID
    symbol: str
    observations: int
    beta_ratio: DecimalText | None
    correlation_ratio: DecimalText | None
    jensen_alpha_percent: DecimalText | None
    reason: str | None


class AssetMetrics(msgspec.Struct, frozen=True):
    """Returns up to a day, and risk over a period; a year has 252 trading days."""

    asset_id: UUID
    symbol: str
    currency: str
    start_date: date
    end_date: date
    observations: int
    returns: list[ReturnView]
    volatility_percent: DecimalText | None
    sharpe_ratio: DecimalText | None
    sortino_ratio: DecimalText | None
    max_drawdown: AssetDrawdown | None
    reason: Annotated[str | None, Meta(description="Why risk is null.")]
    risk_free_percent: DecimalText
    benchmark: AssetBenchmark | None
    data_quality: PriceQuality


@dataclass(frozen=True, slots=True)
class MetricsAsked:
    """Of which asset, over which days, against what; the risk-free rate is a year's, in percent."""

    asset_id: UUID
    first: date | None
    last: date | None
    benchmark_id: UUID | None = None
    risk_free: Decimal = Decimal(0)


async def get_metrics(
    ports: AnalysisPorts, principal: Principal, asked: MetricsAsked, *, today: date
) -> AssetMetrics:
    """Raises AssetNotFound, NotYours, RangeInvalid, TooManyRows."""
    last = today if asked.last is None else asked.last
    first = last - A_YEAR if asked.first is None else asked.first
    check_range(first, last)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    asset = await ports.assets.get(principal.user_id, asked.asset_id)
    bars = await _bars(ports, principal, asset, min(first, last - A_YEAR), last)
    other: tuple[Asset, list[Bar]] | None = None
    if asked.benchmark_id is not None:
        benchmark = await ports.assets.get(principal.user_id, asked.benchmark_id)
        other = benchmark, await _bars(ports, principal, benchmark, first, last)
    calendar = ports.calendar(asset)
    return await asyncio.to_thread(_measured, asset, asked, (first, last), bars, other, calendar)


async def _bars(
    ports: AnalysisPorts, principal: Principal, asset: Asset, first: date, last: date
) -> list[Bar]:
    since = first - LOOK_BACK - timedelta(days=31)
    story = await story_of(ports.assets, ports.prices, principal, asset, since, last)
    return adjusted([each.bar for each in story.bars], story.actions, Adjustment.ALL)


def _measured(
    asset: Asset,
    asked: MetricsAsked,
    days: tuple[date, date],
    bars: Sequence[Bar],
    other: tuple[Asset, list[Bar]] | None,
    calendar: TradingCalendar,
) -> AssetMetrics:
    from coffers.domain.investing import risk

    first, last = days
    within = [bar for bar in bars if bar.day >= first]
    returns = _returns(within)
    daily = float(asked.risk_free) / 100 / TRADING_DAYS
    is_enough = returns.size >= LEAST_RETURNS
    sharpe = risk.sharpe(returns, daily) if is_enough else None
    sortino = risk.sortino(returns, daily) if is_enough else None
    unless_few = _why_no_ratio(sharpe, sortino)
    reason = unless_few if is_enough else f"Fewer than {LEAST_RETURNS} daily returns are known."
    return AssetMetrics(
        asset_id=asset.id,
        symbol=asset.symbol,
        currency=asset.currency,
        start_date=first,
        end_date=last,
        observations=int(returns.size),
        returns=[_return(name, start, bars) for name, start in _starts(first, last, bars)],
        volatility_percent=_percent(risk.volatility(returns)) if is_enough else None,
        sharpe_ratio=_ratio(sharpe),
        sortino_ratio=_ratio(sortino),
        max_drawdown=_drawdown(returns, within),
        reason=reason,
        risk_free_percent=format(asked.risk_free, "f"),
        benchmark=None if other is None else _compared(within, *other, daily, first),
        data_quality=quality(asset, within, calendar, days),
    )


def _why_no_ratio(sharpe: Decimal | None, sortino: Decimal | None) -> str | None:
    if sharpe is None:
        return "Its returns do not vary."
    return "No return is below the risk-free rate." if sortino is None else None


def _starts(first: date, last: date, bars: Sequence[Bar]) -> list[tuple[str, date]]:
    """Period → the day at whose close it begins; a day begins at the close before the last."""
    before = bars[-2].day if len(bars) > 1 else last - timedelta(days=1)
    return [
        ("day", before),
        ("week", last - timedelta(days=7)),
        ("month", month_before(last)),
        ("ytd", date(last.year - 1, 12, 31)),
        ("year", _year_before(last)),
        ("period", first),
    ]


def month_before(day: date) -> date:
    """The same day of the month before, or that month's last."""
    end = day.replace(day=1) - timedelta(days=1)
    return end.replace(day=min(day.day, end.day))


def _year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (_FEBRUARY, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _return(name: str, start: date, bars: Sequence[Bar]) -> ReturnView:
    if not bars:
        return ReturnView(name, None, None, None, "No price is known.")
    end = bars[-1]
    known = [bar for bar in bars if start - LOOK_BACK <= bar.day <= start]
    if not known:
        reason = f"No price is known of {start} or the {LOOK_BACK.days} days before."
        return ReturnView(name, None, end.day, None, reason)
    if known[-1].day == end.day:
        return ReturnView(name, None, end.day, None, f"No price is known after {end.day}.")
    growth = float(end.close / known[-1].close) - 1
    return ReturnView(name, known[-1].day, end.day, _percent(Decimal(repr(growth))), None)


def _returns(bars: Sequence[Bar]) -> "Series":
    import numpy as np

    closes = np.array([float(bar.close) for bar in bars])
    returns: Series = closes[1:] / closes[:-1] - 1
    return returns


def _drawdown(returns: "Series", bars: Sequence[Bar]) -> AssetDrawdown | None:
    from coffers.domain.investing.risk import max_drawdown

    fall = max_drawdown(returns)
    if fall is None:
        return None
    recovered = None if fall.recovered is None or not fall.depth else bars[fall.recovered].day
    depth = _percent(fall.depth) or ""
    return AssetDrawdown(depth, bars[fall.peak].day, bars[fall.trough].day, recovered)


def _compared(
    bars: Sequence[Bar], benchmark: Asset, others: Sequence[Bar], daily: float, first: date
) -> AssetBenchmark:
    from coffers.domain.investing import risk

    theirs = {bar.day: bar for bar in others if bar.day >= first}
    mine = [bar for bar in bars if bar.day in theirs]
    one, other = _returns(mine), _returns([theirs[bar.day] for bar in mine])
    is_enough = one.size >= LEAST_RETURNS
    known: list[Callable[[], Decimal | None]] = [
        lambda: risk.beta(one, other),
        lambda: risk.correlation(one, other),
        lambda: risk.jensen_alpha(one, other, daily),
    ]
    beta, together, alpha = (each() if is_enough else None for each in known)
    unless_few = _why_unlike(beta, together)
    reason = unless_few if is_enough else f"Fewer than {LEAST_RETURNS} daily returns in common."
    return AssetBenchmark(
        asset_id=benchmark.id,
        symbol=benchmark.symbol,
        observations=int(one.size),
        beta_ratio=_ratio(beta),
        correlation_ratio=_ratio(together),
        jensen_alpha_percent=_percent(alpha),
        reason=reason,
    )


def _why_unlike(beta: Decimal | None, together: Decimal | None) -> str | None:
    if beta is None:
        return "The benchmark's returns do not vary."
    return "Its returns do not vary." if together is None else None


def _percent(rate: Decimal | None) -> str | None:
    return None if rate is None else percent_text(rate, PERCENT_DIGITS)


def _ratio(rate: Decimal | None) -> str | None:
    return None if rate is None else format(rate, "f")
