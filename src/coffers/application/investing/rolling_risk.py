"""Rolling risk: how a portfolio's risk went, measured over each stretch of so many weekdays."""

import math
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.calculating import calculated
from coffers.application.investing.benchmarks import Benchmark, benchmark_of, in_base
from coffers.application.investing.books import Book
from coffers.application.investing.periods import PeriodAsked, resolve
from coffers.application.investing.risk import CONVENTION, alike, weekdays
from coffers.application.investing.series import series
from coffers.application.investing.valuing import BookPorts, DataQuality, open_book, quality_view
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.investing.returns import Undefined

if TYPE_CHECKING:
    from coffers.domain.investing.risk import Series
    from coffers.domain.investing.rolling import Rolled
    from coffers.domain.investing.valuations import Valuation

#: Weekdays in a stretch: from two weeks to two years, a quarter by itself.
MIN_WINDOW: Final = 10
MAX_WINDOW: Final = 504
WINDOW: Final = 63
DIGITS: Final = 6

Number = Annotated[DecimalText | None, Meta(description="Null where nothing varies, or unknown.")]


class RiskOfStretch(msgspec.Struct, frozen=True, kw_only=True):
    """The risk of the stretch that ends on this day."""

    date: date
    volatility_percent: Number
    annual_return_percent: Number
    sharpe_ratio: Number
    sortino_ratio: Number
    max_drawdown_percent: Number
    beta_ratio: Number
    correlation_ratio: Number


class RollingRisk(msgspec.Struct, frozen=True, kw_only=True):
    """Oldest stretch first, one for each weekday once there are enough of them."""

    start_date: date
    end_date: date
    base_currency: str
    window: int
    return_count: int
    reason: Annotated[Undefined | None, Meta(description="Why there are no stretches.")]
    benchmark_symbol: Annotated[str | None, Meta(description="What beta is to, if to anything.")]
    benchmark_reason: Annotated[
        Undefined | None,
        Meta(
            description="`missing_benchmark` when its price or its rate is not known on every day."
        ),
    ]
    stretches: list[RiskOfStretch]
    total_count: int
    convention: str
    data_quality: DataQuality


async def get_rolling_risk(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, asked: PeriodAsked, window: int
) -> RollingRisk:
    """As `get_risk`, for each stretch.

    Raises PortfolioNotFound, NotYours, RangeInvalid, TooManyRows.
    """
    portfolio, book, today = await open_book(ports, principal, portfolio_id)
    first, last = resolve(asked, book, today)
    valuation = await series(book, first, last)
    benchmark = await benchmark_of(ports, principal.user_id, portfolio.benchmark_id, asked, last)
    return await calculated(_rolling, book, valuation, benchmark, window)


def _rolling(
    book: Book, valuation: "Valuation", benchmark: Benchmark | None, window: int
) -> RollingRisk:
    from coffers.domain.investing.rolling import rolled

    returns, starts, places = weekdays(valuation)
    prices = None if benchmark is None else in_base(benchmark, book, valuation)
    other = None if prices is None else alike(prices, returns, starts, places)
    days = [valuation.days.first + timedelta(days=place) for place in places]
    stretches = list(_stretches(days[window - 1 :], rolled(returns, window, other)))
    return RollingRisk(
        start_date=valuation.days.first,
        end_date=valuation.days.last,
        base_currency=book.base_currency,
        window=window,
        return_count=int(returns.size),
        reason=None if stretches else Undefined.TOO_FEW_RETURNS,
        benchmark_symbol=None if benchmark is None else benchmark.symbol,
        benchmark_reason=_not_compared(prices, other),
        stretches=stretches,
        total_count=len(stretches),
        convention=CONVENTION,
        data_quality=quality_view(book.quality, (line.symbol for line in book.lines)),
    )


def _not_compared(prices: "Series | None", other: "Series | None") -> Undefined | None:
    is_lacking = prices is not None and other is None
    return Undefined.MISSING_BENCHMARK if is_lacking else None


def _stretches(days: list[date], found: "Rolled") -> Iterator[RiskOfStretch]:
    columns = (
        *(found.volatility * 100, found.annual_return * 100, found.sharpe, found.sortino),
        *(found.max_drawdown * 100, found.beta, found.correlation),
    )
    for day, *values in zip(days, *(column.tolist() for column in columns), strict=True):
        texts = dict(zip(_FIELDS, map(_text, values), strict=True))
        yield RiskOfStretch(date=day, **texts)


_FIELDS: Final = [name for name in RiskOfStretch.__struct_fields__ if name != "date"]


def _text(value: float) -> str | None:
    # Adding zero takes the sign from a zero.
    return None if not math.isfinite(value) else f"{round(value, DIGITS) + 0.0:.{DIGITS}f}"
