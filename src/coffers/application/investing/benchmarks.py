"""Benchmarks: how an asset did over the same days, and had the same money bought it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from coffers.application.investing.periods import PeriodAsked
from coffers.application.investing.price_notes import note_comparison
from coffers.application.investing.securities import CALENDARS, FIRST
from coffers.application.investing.series import rate_path
from coffers.application.investing.valuing import BookPorts
from coffers.domain.ids import UserId
from coffers.domain.investing.returns import Undefined
from coffers.domain.markets.calendars import TradingCalendar
from coffers.domain.markets.corporate_actions import Adjustment, adjusted

if TYPE_CHECKING:
    from coffers.application.investing.books import Book
    from coffers.domain.investing.spreads import Path, Series
    from coffers.domain.investing.valuations import Valuation


@dataclass(frozen=True, slots=True)
class Benchmark:
    """An asset and its closes with splits and dividends worked in: its total return."""

    asset_id: UUID
    symbol: str
    currency: str
    closes: "Path"
    calendar: TradingCalendar


async def benchmark_of(
    ports: BookPorts, user_id: UserId, own: UUID | None, asked: PeriodAsked, last: date
) -> Benchmark | None:
    """The one that is asked for, else the portfolio's own; None if there is none, or it is gone.

    Raises AssetNotFound, NotYours for one that is asked for.
    """
    asset_id = asked.benchmark_id or own
    if asset_id is None:
        return None
    if asked.benchmark_id is not None:
        await ports.assets.get(user_id, asset_id)
    asset = (await ports.assets.of_ids(user_id, [asset_id])).get(asset_id)
    if asset is None:
        return None
    bars = [each.bar for each in await ports.prices.bars(asset_id, FIRST, last)]
    actions = (await ports.prices.actions([asset_id], None, last)).get(asset_id, [])
    whole = await asyncio.to_thread(adjusted, bars, actions, Adjustment.ALL)
    closes = [(bar.day, bar.close) for bar in whole]
    calendar = CALENDARS.of(asset.exchange, asset.asset_type)
    return Benchmark(asset.id, asset.symbol, asset.currency, closes, calendar)


def in_base(benchmark: Benchmark, book: "Book", valuation: "Valuation") -> "Series":
    """Its price on each day of the valuation in the book's currency; NaN, and noted, if unknown."""
    from coffers.domain.investing.valuations import spread

    days, closes = valuation.days, benchmark.closes
    period = (days.first, days.last)
    note_comparison(book.quality, benchmark.symbol, closes, benchmark.calendar, period)
    rates = spread(rate_path(book, benchmark.currency, days), days)
    price: Series = spread(closes, days) * rates
    return price


@dataclass(frozen=True, slots=True)
class Compared:
    """The benchmark's growth, and what the same flows would have become; None where not known.

    Without a growth the reason is why.
    """

    growth: Decimal | None
    end_value: Decimal | None
    reason: Undefined | None = None


def compared(price: "Series", valuation: "Valuation") -> Compared:
    """Money that comes in at the start of a day buys at the close of the day before.

    What leaves at the end of a day is sold at its close: so that a portfolio that holds nothing but
    the benchmark has its return.
    """
    import numpy as np

    if np.isnan(price).any() or price[0] <= 0:
        return Compared(None, None, Undefined.MISSING_BENCHMARK)
    if np.isnan(valuation.value[0]):
        return Compared(None, None, Undefined.MISSING_VALUE)
    bought = valuation.value[0] / price[0] + (valuation.inflow[1:] / price[:-1]).sum()
    units = bought - (valuation.outflow[1:] / price[1:]).sum()
    end = float(units * price[-1])
    return Compared(
        Decimal(repr(float(price[-1] / price[0] - 1))),
        None if np.isnan(end) else Decimal(repr(end)),
    )


def steps(price: "Series", starts: Sequence[int], places: Sequence[int]) -> "Series":
    """Its returns from each of the one days to that of the others."""
    import numpy as np

    if not places:
        return np.array([])
    returns: Series = price[list(places)] / price[list(starts)] - 1
    return returns
