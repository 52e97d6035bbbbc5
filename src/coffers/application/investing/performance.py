"""Performance: how a portfolio did over a period, and what made it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from msgspec.structs import replace

from coffers.application.calculating import calculated
from coffers.application.investing.benchmarks import (
    Benchmark,
    Compared,
    benchmark_of,
    compared,
    in_base,
)
from coffers.application.investing.books import Book
from coffers.application.investing.contributions import gains
from coffers.application.investing.external_flows import paid_in, payments
from coffers.application.investing.performance_explained import explained
from coffers.application.investing.performance_views import (
    BenchmarkView,
    ContributionView,
    Figure,
    PerformanceView,
)
from coffers.application.investing.periods import PeriodAsked, resolve
from coffers.application.investing.series import series
from coffers.application.investing.texts import money_text
from coffers.application.investing.valuing import (
    BookPorts,
    open_book,
    quality_view,
)
from coffers.domain.digits import percent_text
from coffers.domain.identity.principals import Principal
from coffers.domain.investing.returns import (
    DAYS_A_YEAR,
    Payments,
    Period,
    Rate,
    Undefined,
    annualised,
    average_capital,
    over_capital,
    period_rate,
    simple_return,
    time_weighted,
    xirr,
)
from coffers.domain.markets.rates import rounded

if TYPE_CHECKING:
    from coffers.domain.investing.valuations import Valuation

ZERO: Final = Decimal(0)
PERCENT_DIGITS: Final = 6
CONVENTION: Final = (
    "Flows in at the start and out at the end of their day; money-weighted ACT/365; years by"
    " calendar days; less than a year is not annualised."
)


async def get_performance(
    ports: BookPorts,
    principal: Principal,
    portfolio_id: UUID,
    asked: PeriodAsked,
    *,
    is_explained: bool = False,
) -> PerformanceView:
    """How the portfolio did; raises PortfolioNotFound, NotYours, RangeInvalid, TooManyRows."""
    portfolio, book, today = await open_book(ports, principal, portfolio_id)
    first, last = resolve(asked, book, today)
    valuation = await series(book, first, last)
    benchmark = await benchmark_of(ports, principal.user_id, portfolio.benchmark_id, asked, last)
    view = await calculated(performance_of, book, valuation, benchmark)
    if not is_explained:
        return view
    trees = await calculated(explained, book, valuation, view, benchmark)
    return replace(view, explanations=trees)


def performance_of(
    book: Book, valuation: "Valuation", benchmark: Benchmark | None
) -> PerformanceView:
    """What the series of a book comes to."""
    base, period = book.base_currency, valuation.days
    money = _money(valuation, base)
    start, end, length = money.start, money.end, (period.last - period.first).days
    weighted = time_weighted(valuation.turning_days())
    yearly = _annual(weighted, length)
    flows = payments(valuation, start or ZERO, end or ZERO)
    dietz, capital = _dietz(valuation, money)
    return PerformanceView(
        start_date=period.first,
        end_date=period.last,
        days=length,
        base_currency=base,
        start_value=money_text(start, base),
        end_value=money_text(end, base),
        inflow=money_text(money.inflow, base),
        outflow=money_text(money.outflow, base),
        gain=money_text(money.gain, base),
        price_gain=money_text(money.price, base),
        income=money_text(money.income, base),
        currency_gain=money_text(money.currency, base),
        simple_return=_figure(_simple(money, length)),
        time_weighted_return=_figure(weighted),
        time_weighted_annual_percent=_figure(yearly).percent,
        time_weighted_annual_reason=yearly.reason,
        money_weighted_return=_figure(_weighted(period_rate, flows, money)),
        money_weighted_annual_return=_figure(_weighted(xirr, flows, money, length)),
        modified_dietz_return=_figure(dietz),
        benchmark=None
        if benchmark is None
        else _compared(benchmark, book, valuation, money, weighted),
        contributions=list(_contributions(book, valuation, money, capital, dietz.reason)),
        convention=CONVENTION,
        data_quality=quality_view(book.quality, (line.symbol for line in book.lines)),
    )


@dataclass(frozen=True, slots=True)
class _Money:
    """To the cent; None where something is not known."""

    start: Decimal | None
    end: Decimal | None
    inflow: Decimal | None
    outflow: Decimal | None
    income: Decimal | None
    currency: Decimal | None

    @property
    def gain(self) -> Decimal | None:
        """What is there at the end less what was there and what came from outside."""
        known = (self.start, self.end, self.inflow, self.outflow)
        if None in known:
            return None
        start, end, inflow, outflow = (each or ZERO for each in known)
        return end - start - inflow + outflow

    @property
    def price(self) -> Decimal | None:
        """What neither income nor exchange rates made of it."""
        if self.gain is None or self.income is None or self.currency is None:
            return None
        return self.gain - self.income - self.currency


def _money(valuation: "Valuation", currency: str) -> _Money:
    def cents(amount: float) -> Decimal | None:
        return None if math.isnan(amount) else rounded(Decimal(repr(amount)), currency)

    return _Money(
        start=cents(float(valuation.value[0])),
        end=cents(float(valuation.value[-1])),
        inflow=cents(float(valuation.inflow[1:].sum())),
        outflow=cents(float(valuation.outflow[1:].sum())),
        income=cents(float(valuation.income[1:].sum())),
        currency=cents(float(valuation.currency_gain[1:].sum())),
    )


def _weighted(
    rate_of: Callable[[Payments], Rate], flows: Payments, money: _Money, days: int = 365
) -> Rate:
    if money.start is None or money.end is None or money.inflow is None or money.outflow is None:
        return Rate(None, Undefined.MISSING_VALUE)
    return rate_of(flows) if days >= DAYS_A_YEAR else Rate(None, Undefined.LESS_THAN_A_YEAR)


def _simple(money: _Money, days: int) -> Rate:
    if money.gain is None:
        return Rate(None, Undefined.MISSING_VALUE)
    if not days:
        return Rate(None, Undefined.ZERO_SPAN)
    return simple_return(money.gain, (money.start or ZERO) + (money.inflow or ZERO))


def _dietz(valuation: "Valuation", money: _Money) -> tuple[Rate, Decimal | None]:
    """The return, and the capital that it is over."""
    if money.gain is None:
        return Rate(None, Undefined.MISSING_VALUE), None
    days, flows = valuation.days, paid_in(valuation)
    period = Period(days.first, days.last, money.start or ZERO, money.end or ZERO)
    capital = average_capital(period, flows)
    return over_capital(money.gain, capital), capital


def _compared(
    benchmark: Benchmark, book: Book, valuation: "Valuation", money: _Money, weighted: Rate
) -> BenchmarkView:
    found = compared(in_base(benchmark, book, valuation), valuation)
    base, growth = book.base_currency, found.growth
    is_known = growth is not None and weighted.value is not None
    gain = None
    if found.end_value is not None and money.start is not None and money.inflow is not None:
        gain = found.end_value - money.start - money.inflow + (money.outflow or ZERO)
    return BenchmarkView(
        asset_id=benchmark.asset_id,
        symbol=benchmark.symbol,
        return_percent=None if growth is None else _percent(growth),
        excess_return_percent=_percent((weighted.value or ZERO) - (growth or ZERO))
        if is_known
        else None,
        same_flows_end_value=money_text(found.end_value, base),
        same_flows_gain=money_text(gain, base),
        reason=_not_compared(found, weighted, gain),
    )


def _not_compared(found: Compared, weighted: Rate, gain: Decimal | None) -> Undefined | None:
    """Why there is not everything of the benchmark."""
    if found.growth is None:
        return found.reason
    return weighted.reason or (Undefined.MISSING_VALUE if gain is None else None)


def _contributions(
    book: Book,
    valuation: "Valuation",
    money: _Money,
    capital: Decimal | None,
    reason: Undefined | None,
) -> Iterator[ContributionView]:
    """Of each security, by symbol, then of everything else, so that they add up to the gain.

    The reason is why there is no capital that they could be parts of.
    """
    base, days = book.base_currency, valuation.days
    left = money.gain
    for symbol, gain in sorted(gains(book, days.first, days.last).items()):
        cents = None if gain is None else rounded(gain, base)
        left = None if left is None or cents is None else left - cents
        yield _contribution(symbol, cents, base, _part(cents, capital, reason))
    yield _contribution(None, left, base, _part(left, capital, reason))


def _contribution(
    symbol: str | None, gain: Decimal | None, currency: str, part: Rate
) -> ContributionView:
    percent = _figure(part).percent
    return ContributionView(symbol, money_text(gain, currency), percent, part.reason)


def _part(gain: Decimal | None, capital: Decimal | None, reason: Undefined | None) -> Rate:
    if gain is None:
        return Rate(None, Undefined.MISSING_VALUE)
    if not capital or capital < 0:
        return Rate(None, reason)
    return Rate(gain / capital)


def _annual(rate: Rate, days: int) -> Rate:
    """A year's rate; the reason of the whole period's where that has none."""
    if rate.value is None:
        return rate
    if days < DAYS_A_YEAR:
        return Rate(None, Undefined.LESS_THAN_A_YEAR)
    yearly = annualised(rate.value, days)
    return Rate(yearly, Undefined.ALL_LOST if yearly is None else None)


def _figure(rate: Rate) -> Figure:
    percent = None if rate.value is None else _percent(rate.value)
    return Figure(percent, rate.reason, [_percent(other) for other in rate.others])


def _percent(rate: Decimal) -> str:
    return percent_text(rate, PERCENT_DIGITS)
