"""Performance: how a portfolio did over a period, and what made it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.investing.books import Book
from coffers.application.investing.periods import PeriodAsked, resolve
from coffers.application.investing.positions import money_text
from coffers.application.investing.series import series
from coffers.application.investing.valuing import (
    BookPorts,
    DataQuality,
    open_book,
    quality_view,
)
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.investing.returns import (
    DAYS_A_YEAR,
    DayValue,
    Flow,
    Period,
    Rate,
    Undefined,
    annualised,
    modified_dietz,
    period_rate,
    simple_return,
    time_weighted,
    xirr,
)
from coffers.domain.markets.rates import rounded

if TYPE_CHECKING:
    from coffers.domain.investing.valuations import Days, Valuation

ZERO: Final = Decimal(0)
PERCENT: Final = Decimal(100)
PERCENT_DIGITS: Final = 6
CONVENTION: Final = (
    "Flows in at the start and out at the end of their day; money-weighted ACT/365; years by"
    " calendar days; less than a year is not annualised."
)


_UNKNOWN: Final = "Null when it cannot be computed: see the reason beside it, or `data_quality`."
Amount = Annotated[DecimalText | None, Meta(description=_UNKNOWN)]


class Figure(msgspec.Struct, frozen=True):
    """A rate in percent, or the reason why there is none; further roots of a rate that has some."""

    percent: Amount
    reason: Undefined | None
    other_percents: list[DecimalText]


class PerformanceView(msgspec.Struct, frozen=True, kw_only=True):
    """How a portfolio did from the end of the first day to the end of the last.

    Amounts are in the base currency. The three parts of the gain add up to it.
    """

    start_date: date
    end_date: date
    days: int
    base_currency: str
    start_value: Amount
    end_value: Amount
    inflow: Amount
    outflow: Amount
    gain: Amount
    price_gain: Amount
    income: Amount
    currency_gain: Amount
    simple_return: Figure
    time_weighted_return: Figure
    time_weighted_annual_percent: Amount
    money_weighted_return: Figure
    money_weighted_annual_return: Figure
    modified_dietz_return: Figure
    convention: str
    data_quality: DataQuality


class DayView(msgspec.Struct, frozen=True):
    """A day of the series; null where something is not known."""

    date: date
    value: Amount
    cost_basis: Amount
    cash: Amount
    inflow: Amount
    outflow: Amount
    income: Amount


class ValueSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Day by day, oldest first, in the base currency."""

    base_currency: str
    values: list[DayView]
    total_count: int
    data_quality: DataQuality


async def get_performance(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, asked: PeriodAsked
) -> PerformanceView:
    """How the portfolio did; raises PortfolioNotFound, NotYours, RangeInvalid, TooManyRows."""
    _, book, today = await open_book(ports, principal, portfolio_id)
    first, last = resolve(asked, book, today)
    valuation = await series(book, first, last)
    return _performance(book, valuation)


async def list_values(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, asked: PeriodAsked
) -> ValueSeries:
    """The portfolio's value day by day; raises as `get_performance`."""
    _, book, today = await open_book(ports, principal, portfolio_id)
    first, last = resolve(asked, book, today)
    valuation = await series(book, first, last)
    rows = list(_rows(valuation, book.base_currency))
    quality = quality_view(book.quality, (line.symbol for line in book.lines))
    return ValueSeries(
        base_currency=book.base_currency, values=rows, total_count=len(rows), data_quality=quality
    )


def _performance(book: Book, valuation: "Valuation") -> PerformanceView:
    base, period = book.base_currency, valuation.days
    days = valuation.day_values()
    money = _money(valuation, base)
    start, end, length = money.start, money.end, (period.last - period.first).days
    weighted = time_weighted(days)
    flows = list(_flows(days, start, end))
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
        simple_return=_figure(_simple(money)),
        time_weighted_return=_figure(weighted),
        time_weighted_annual_percent=_annual(weighted, length),
        money_weighted_return=_figure(_weighted(period_rate, flows, money)),
        money_weighted_annual_return=_figure(_weighted(xirr, flows, money, length)),
        modified_dietz_return=_figure(_dietz(period, days, money)),
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


def _flows(days: Sequence[DayValue], start: Decimal | None, end: Decimal | None) -> Iterator[Flow]:
    """As the investor sees them: what is there at first is paid in, what is left is paid out."""
    yield Flow(days[0].day, -(start or ZERO))
    for day in days[1:]:
        if day.inflow or day.outflow:
            yield Flow(day.day, day.outflow - day.inflow)
    yield Flow(days[-1].day, end or ZERO)


def _weighted(
    rate_of: Callable[[Sequence[Flow]], Rate], flows: Sequence[Flow], money: _Money, days: int = 365
) -> Rate:
    if money.start is None or money.end is None or money.inflow is None or money.outflow is None:
        return Rate(None, Undefined.MISSING_VALUE)
    return rate_of(flows) if days >= DAYS_A_YEAR else Rate(None, Undefined.LESS_THAN_A_YEAR)


def _simple(money: _Money) -> Rate:
    if money.gain is None:
        return Rate(None, Undefined.MISSING_VALUE)
    return simple_return(money.gain, (money.start or ZERO) + (money.inflow or ZERO))


def _dietz(days: "Days", values: Sequence[DayValue], money: _Money) -> Rate:
    if money.gain is None:
        return Rate(None, Undefined.MISSING_VALUE)
    period = Period(days.first, days.last, money.start or ZERO, money.end or ZERO)
    # What comes in at the start of a day has been there since the end of the day before.
    came = [Flow(each.day - timedelta(days=1), each.inflow) for each in values[1:] if each.inflow]
    went = [Flow(each.day, -each.outflow) for each in values[1:] if each.outflow]
    return modified_dietz(period, [*came, *went])


def _annual(rate: Rate, days: int) -> str | None:
    if rate.value is None:
        return None
    yearly = annualised(rate.value, days)
    return None if yearly is None else _percent(yearly)


def _figure(rate: Rate) -> Figure:
    percent = None if rate.value is None else _percent(rate.value)
    return Figure(percent, rate.reason, [_percent(other) for other in rate.others])


def _percent(rate: Decimal) -> str:
    return format(round(rate * PERCENT, PERCENT_DIGITS), "f")


def _rows(valuation: "Valuation", currency: str) -> Iterator[DayView]:
    columns = (
        *(valuation.value, valuation.cost, valuation.cash),
        *(valuation.inflow, valuation.outflow, valuation.income),
    )
    for day, *amounts in zip(valuation.days.all(), *columns, strict=True):
        yield DayView(day, *(_text(float(amount), currency) for amount in amounts))


def _text(amount: float, currency: str) -> str | None:
    return None if math.isnan(amount) else money_text(Decimal(repr(amount)), currency)
