"""Risk: how much a portfolio's value varies, and what it may lose."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from coffers.application.calculating import calculated
from coffers.application.explanations import Explanation
from coffers.application.investing.benchmarks import Benchmark, benchmark_of, in_base, steps
from coffers.application.investing.books import Book
from coffers.application.investing.explained_returns import Measured
from coffers.application.investing.periods import PeriodAsked, resolve
from coffers.application.investing.risk_explained import check_explained, explained
from coffers.application.investing.risk_reasons import lacking
from coffers.application.investing.series import series
from coffers.application.investing.texts import money_text
from coffers.application.investing.valuing import (
    BookPorts,
    DataQuality,
    open_book,
    quality_view,
)
from coffers.application.views import DecimalText
from coffers.domain.digits import fixed, percent_text
from coffers.domain.identity.principals import Principal
from coffers.domain.investing.returns import Undefined

if TYPE_CHECKING:
    from coffers.domain.investing.risk import Series
    from coffers.domain.investing.valuations import Valuation

#: Fewer returns say nothing about risk.
MIN_RETURNS: Final = 10
CONFIDENCES: Final = (0.95, 0.99)
DIGITS: Final = 6
SATURDAY: Final = 5
CONVENTION: Final = (
    "Simple returns of weekdays; sample standard deviation; 252 trading days a year; downside over"
    " all returns; drawdown from the starting value on; value at risk is of one day."
)

_UNKNOWN: Final = "Null when it cannot be computed: see `reason`."
_SOME: Final = (
    "Why some of these are null: `too_few_returns`, of all; `all_lost` or `too_large`, of what a"
    " year's return is part of; `missing_value`, of amounts; `no_variation`, of ratios to what is"
    " nothing."
)
_NOT_COMPARED: Final = (
    "Why some of these are null: `too_few_returns` or, when its price or its rate is not known on"
    " every day, `missing_benchmark`, of all; `all_lost` or `too_large`, of `alpha_percent`;"
    " `no_variation`, of ratios to what is nothing."
)
Number = Annotated[DecimalText | None, Meta(description=_UNKNOWN)]


class LossView(msgspec.Struct, frozen=True, kw_only=True):
    """What one day may lose at a confidence: negative percents and amounts of money."""

    confidence: DecimalText
    historical_var_percent: Number
    historical_var_amount: Number
    historical_shortfall_percent: Number
    historical_shortfall_amount: Number
    parametric_var_percent: Number
    parametric_var_amount: Number
    parametric_shortfall_percent: Number
    parametric_shortfall_amount: Number


class DrawdownView(msgspec.Struct, frozen=True):
    """The deepest fall, when it began, when it was deepest, when it was made good."""

    percent: DecimalText
    peak_date: date
    trough_date: date
    recovery_date: date | None


class BenchmarkRiskView(msgspec.Struct, frozen=True, kw_only=True):
    """How the portfolio moves with its benchmark; alphas are a year's."""

    asset_id: UUID
    symbol: str
    beta_ratio: Number
    correlation_ratio: Number
    alpha_percent: Annotated[
        DecimalText | None, Meta(description="Annual return less the benchmark's. " + _UNKNOWN)
    ]
    jensen_alpha_percent: Number
    tracking_error_percent: Number
    information_ratio: Number
    reason: Annotated[Undefined | None, Meta(description=_NOT_COMPARED)]


class RiskView(msgspec.Struct, frozen=True, kw_only=True):
    """The risk of a portfolio over a period."""

    start_date: date
    end_date: date
    base_currency: str
    return_count: int
    reason: Annotated[Undefined | None, Meta(description=_SOME)]
    volatility_percent: Number
    downside_percent: Number
    sharpe_ratio: Number
    sortino_ratio: Number
    calmar_ratio: Number
    annual_return_percent: Number
    max_drawdown: DrawdownView | None
    against_benchmark: BenchmarkRiskView | None
    losses: list[LossView]
    convention: str
    data_quality: DataQuality
    explanations: Annotated[
        list[Explanation] | UnsetType,
        Meta(description="With `explain=true`: the returns, and the numbers as trees over them."),
    ] = UNSET


async def get_risk(
    ports: BookPorts,
    principal: Principal,
    portfolio_id: UUID,
    asked: PeriodAsked,
    *,
    is_explained: bool = False,
) -> RiskView:
    """The portfolio's risk; raises PortfolioNotFound, NotYours, RangeInvalid, TooManyRows."""
    portfolio, book, today = await open_book(ports, principal, portfolio_id)
    first, last = resolve(asked, book, today)
    if is_explained:
        check_explained(first, last)
    valuation = await series(book, first, last)
    benchmark = await benchmark_of(ports, principal.user_id, portfolio.benchmark_id, asked, last)
    make = _explained if is_explained else _risk
    return await calculated(make, book, valuation, benchmark)


def _explained(book: Book, valuation: "Valuation", benchmark: Benchmark | None) -> RiskView:
    view = _risk(book, valuation, benchmark)
    returns, starts, places = weekdays(valuation)
    prices = None if benchmark is None else in_base(benchmark, book, valuation)
    other = None if prices is None else alike(prices, returns, starts, places)
    measured = Measured(valuation, book.base_currency, returns, starts, places, prices, other)
    return replace(view, explanations=explained(measured, view))


def _risk(book: Book, valuation: "Valuation", benchmark: Benchmark | None) -> RiskView:
    from coffers.domain.investing import risk

    currency = book.base_currency
    returns, starts, places = weekdays(valuation)
    days = [valuation.days.first + timedelta(days=place) for place in (*starts[:1], *places)]
    is_known = returns.size >= MIN_RETURNS
    known = returns if is_known else returns[:0]
    value = Decimal(repr(float(valuation.value[-1])))
    growth = risk.annual_return(known)
    view = RiskView(
        start_date=valuation.days.first,
        end_date=valuation.days.last,
        base_currency=currency,
        return_count=int(returns.size),
        reason=Undefined.MISSING_VALUE if is_known and value.is_nan() else None,
        volatility_percent=_percent(risk.volatility(known)),
        downside_percent=_percent(risk.downside(known)),
        sharpe_ratio=_number(risk.sharpe(known)),
        sortino_ratio=_number(risk.sortino(known)),
        calmar_ratio=_number(risk.calmar(known)),
        annual_return_percent=_percent(growth),
        max_drawdown=_drawdown(known, days),
        against_benchmark=None
        if benchmark is None
        else _against(benchmark, in_base(benchmark, book, valuation), known, starts, places),
        losses=[_loss(known, confidence, value, currency) for confidence in CONFIDENCES],
        convention=CONVENTION,
        data_quality=quality_view(book.quality, (line.symbol for line in book.lines)),
    )
    ratios = (view.sharpe_ratio, view.sortino_ratio, view.calmar_ratio)
    return replace(view, reason=view.reason or lacking(known, ratios))


def _against(
    benchmark: Benchmark, price: "Series", returns: "Series", starts: list[int], places: list[int]
) -> BenchmarkRiskView:
    from coffers.domain.investing import risk

    other = alike(price, returns, starts, places)
    mine, theirs = (returns[:0], returns[:0]) if other is None else (returns, other)
    growth, its_growth = risk.annual_return(mine), risk.annual_return(theirs)
    alpha = None if growth is None or its_growth is None else growth - its_growth
    view = BenchmarkRiskView(
        asset_id=benchmark.asset_id,
        symbol=benchmark.symbol,
        beta_ratio=_number(risk.beta(mine, theirs)),
        correlation_ratio=_number(risk.correlation(mine, theirs)),
        alpha_percent=_percent(alpha),
        jensen_alpha_percent=_percent(risk.jensen_alpha(mine, theirs)),
        tracking_error_percent=_percent(risk.tracking_error(mine, theirs)),
        information_ratio=_number(risk.information_ratio(mine, theirs)),
        reason=Undefined.MISSING_BENCHMARK if other is None else None,
    )
    ratios = (view.beta_ratio, view.correlation_ratio, view.information_ratio)
    return replace(view, reason=view.reason or lacking(mine, ratios) or lacking(theirs, ()))


def alike(
    price: "Series", returns: "Series", starts: list[int], places: list[int]
) -> "Series | None":
    """The benchmark's returns between the same days; None where one is not known."""
    other = steps(price, starts, places)[: returns.size]
    is_known = other.size == returns.size and not any(math.isnan(each) for each in other)
    return other if is_known else None


def weekdays(valuation: "Valuation") -> "tuple[Series, list[int], list[int]]":
    """Returns of weekdays on which something was invested and known: from where, and to where.

    On the others no market trades: their flows and rates are part of the next weekday's return, be
    nothing invested any more then. Days on which nothing was invested or known are part of none.
    """
    import numpy as np

    growth, begun, found = 1.0, 0, list[float]()
    starts, places = list[int](), list[int]()
    days = valuation.days.all()
    for place, each in enumerate(valuation.returns.tolist(), 1):
        is_invested = not np.isnan(each)
        growth *= 1.0 + each if is_invested else 1.0
        if not is_invested and growth == 1.0:
            begun = place
        elif days[place].weekday() < SATURDAY:
            found.append(growth - 1.0)
            starts.append(begun)
            places.append(place)
            growth, begun = 1.0, place
    return np.array(found), starts, places


def _drawdown(returns: "Series", days: list[date]) -> DrawdownView | None:
    """The days are that of the starting value, then those of the returns."""
    from coffers.domain.investing import risk

    fall = risk.max_drawdown(returns)
    if fall is None:
        return None
    recovered = None if fall.recovered is None or not fall.depth else days[fall.recovered]
    percent = _percent(fall.depth) or ""
    return DrawdownView(percent, days[fall.peak], days[fall.trough], recovered)


def _loss(returns: "Series", confidence: float, value: Decimal, currency: str) -> LossView:
    from coffers.domain.investing import risk

    def both(measure: "Callable[[Series, float], Decimal | None]") -> tuple[str | None, str | None]:
        part = measure(returns, confidence)
        if part is None or value.is_nan():
            return _percent(part), None
        return _percent(part), money_text(part * value, currency)

    var, shortfall = both(risk.historical_var), both(risk.historical_shortfall)
    normal, beyond = both(risk.parametric_var), both(risk.parametric_shortfall)
    return LossView(
        confidence=str(confidence),
        historical_var_percent=var[0],
        historical_var_amount=var[1],
        historical_shortfall_percent=shortfall[0],
        historical_shortfall_amount=shortfall[1],
        parametric_var_percent=normal[0],
        parametric_var_amount=normal[1],
        parametric_shortfall_percent=beyond[0],
        parametric_shortfall_amount=beyond[1],
    )


def _percent(part: Decimal | None) -> str | None:
    return None if part is None else percent_text(part, DIGITS)


def _number(number: Decimal | None) -> str | None:
    return None if number is None else format(fixed(number, DIGITS), "f")
