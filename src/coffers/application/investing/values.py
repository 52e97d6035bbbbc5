"""Values: what a portfolio was worth day by day, in any currency, as rows or ready for a chart."""

import math
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.calculating import calculated
from coffers.application.investing.benchmarks import Benchmark, benchmark_of, in_base
from coffers.application.investing.books import Book
from coffers.application.investing.performance_views import DayView, ValueSeries
from coffers.application.investing.periods import PeriodAsked, resolve
from coffers.application.investing.series import exact_amount, series
from coffers.application.investing.valuing import (
    BookPorts,
    DataQuality,
    open_book,
    quality_view,
)
from coffers.application.views import DecimalText
from coffers.domain.digits import percent_text
from coffers.domain.identity.principals import Principal

if TYPE_CHECKING:
    from coffers.domain.investing.spreads import Series
    from coffers.domain.investing.valuations import Valuation

DIGITS: Final = 6
SUNDAY: Final = 6
Column = list[DecimalText | None]


class ChartInterval(StrEnum):
    """How far the points of a chart are apart: each is the last day of its day, week or month."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of equal length, oldest first; null where something is not known.

    Amounts are in `currency`, each day at its own rate. `net_invested` is what came in less what
    went out since the first day, on top of what was there. Percents count from the first day.
    """

    currency: str
    interval: ChartInterval
    dates: list[date]
    value: Column
    cost_basis: Column
    cash: Column
    net_invested: Column
    income: Annotated[Column, Meta(description="Since the point before.")]
    return_percent: Annotated[
        Column, Meta(description="Time-weighted; null before anything was invested.")
    ]
    drawdown_percent: Annotated[Column, Meta(description="Below the highest return so far.")]
    benchmark_return_percent: Column | None
    data_quality: DataQuality


async def list_values(
    ports: BookPorts,
    principal: Principal,
    portfolio_id: UUID,
    asked: PeriodAsked,
    currency: str | None = None,
) -> ValueSeries:
    """Day by day, in the portfolio's currency or this one.

    Raises PortfolioNotFound, NotYours, RangeInvalid, TooManyRows.
    """
    _, book, today = await open_book(ports, principal, portfolio_id, currency)
    first, last = resolve(asked, book, today)
    valuation = await series(book, first, last)
    return await calculated(_values, book, valuation)


async def get_chart(
    ports: BookPorts,
    principal: Principal,
    portfolio_id: UUID,
    asked: PeriodAsked,
    interval: ChartInterval,
    currency: str | None = None,
) -> Chart:
    """As columns, with the return since the first day; raises as `list_values`."""
    portfolio, book, today = await open_book(ports, principal, portfolio_id, currency)
    first, last = resolve(asked, book, today)
    valuation = await series(book, first, last)
    benchmark = await benchmark_of(ports, principal.user_id, portfolio.benchmark_id, asked, last)
    return await calculated(_chart, book, valuation, benchmark, interval)


def _values(book: Book, valuation: "Valuation") -> ValueSeries:
    columns = (
        *(valuation.value, valuation.cost, valuation.cash),
        *(valuation.inflow, valuation.outflow, valuation.income),
    )
    texts = [_amounts(column, book.base_currency) for column in columns]
    rows = [DayView(*cells) for cells in zip(valuation.days.all(), *texts, strict=True)]
    return ValueSeries(
        base_currency=book.base_currency,
        values=rows,
        total_count=len(rows),
        data_quality=quality_view(book.quality, (line.symbol for line in book.lines)),
    )


def _chart(
    book: Book, valuation: "Valuation", benchmark: Benchmark | None, interval: ChartInterval
) -> Chart:
    import numpy as np

    places = list(_places(valuation.days.first, len(valuation.days), interval))
    days, currency = valuation.days.all(), book.base_currency
    flows = valuation.inflow - valuation.outflow
    # What was there at the end of the first day counts as invested; its own flows are in it.
    invested = valuation.value[0] + np.concatenate([[0.0], np.cumsum(flows[1:])])
    earned = np.concatenate([[0.0], np.cumsum(valuation.income[1:])])[places]
    growth, is_invested = valuation.growth, _is_invested(valuation)
    highest = np.maximum.accumulate(growth)
    return Chart(
        currency=currency,
        interval=interval,
        dates=[days[place] for place in places],
        value=_amounts(valuation.value[places], currency),
        cost_basis=_amounts(valuation.cost[places], currency),
        cash=_amounts(valuation.cash[places], currency),
        net_invested=_amounts(invested[places], currency),
        income=_amounts(np.diff(earned, prepend=0.0), currency),
        return_percent=_percents(np.where(is_invested, growth - 1, np.nan)[places]),
        drawdown_percent=_percents(np.where(is_invested, growth / highest - 1, np.nan)[places]),
        benchmark_return_percent=None
        if benchmark is None
        else _percents(_rise(in_base(benchmark, book, valuation))[places]),
        data_quality=quality_view(book.quality, (line.symbol for line in book.lines)),
    )


def _places(first: date, count: int, interval: ChartInterval) -> Iterator[int]:
    """The first day, the last day of each interval, and the last day of all."""
    for place in range(count):
        day = first + timedelta(days=place)
        if place in {0, count - 1} or _is_last(day, interval):
            yield place


def _is_last(day: date, interval: ChartInterval) -> bool:
    if interval is ChartInterval.MONTH:
        return (day + timedelta(days=1)).day == 1
    return interval is ChartInterval.DAY or day.weekday() == SUNDAY


def _is_invested(valuation: "Valuation") -> "Series":
    """On each day whether anything was invested by then: before, there is no return."""
    import numpy as np

    begun = np.concatenate([valuation.value[:1] > 0, ~np.isnan(valuation.returns)])
    was: Series = np.logical_or.accumulate(begun)
    return was


def _rise(price: "Series") -> "Series":
    rise: Series = price / price[0] - 1
    return rise


def _amounts(column: "Series", currency: str) -> Column:
    amounts = (exact_amount(amount, currency) for amount in column.tolist())
    return [None if amount is None else format(amount, "f") for amount in amounts]


def _percents(column: "Series") -> Column:
    return [None if math.isnan(part) else _percent(part) for part in column.tolist()]


def _percent(part: float) -> str:
    return percent_text(Decimal(repr(part)), DIGITS)
