"""Risk: how much a portfolio's value varies, and what it may lose."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

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
from coffers.domain.investing.returns import Undefined

if TYPE_CHECKING:
    from coffers.domain.investing.risk import Series
    from coffers.domain.investing.valuations import Valuation

#: Fewer returns say nothing about risk.
MIN_RETURNS: Final = 10
CONFIDENCES: Final = (0.95, 0.99)
PERCENT: Final = Decimal(100)
DIGITS: Final = 6
SATURDAY: Final = 5
CONVENTION: Final = (
    "Simple returns of weekdays; sample standard deviation; 252 trading days a year; downside over"
    " all returns; drawdown from the starting value on; value at risk is of one day."
)

_UNKNOWN: Final = "Null when it cannot be computed: see `reason`."
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


class RiskView(msgspec.Struct, frozen=True, kw_only=True):
    """The risk of a portfolio over a period."""

    start_date: date
    end_date: date
    base_currency: str
    return_count: int
    reason: Undefined | None
    volatility_percent: Number
    downside_percent: Number
    sharpe_ratio: Number
    sortino_ratio: Number
    calmar_ratio: Number
    annual_return_percent: Number
    max_drawdown: DrawdownView | None
    losses: list[LossView]
    convention: str
    data_quality: DataQuality


async def get_risk(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, asked: PeriodAsked
) -> RiskView:
    """The portfolio's risk; raises PortfolioNotFound, NotYours, RangeInvalid, TooManyRows."""
    _, book, today = await open_book(ports, principal, portfolio_id)
    first, last = resolve(asked, book, today)
    valuation = await series(book, first, last)
    quality = quality_view(book.quality, (line.symbol for line in book.lines))
    return await asyncio.to_thread(_risk, valuation, book.base_currency, quality)


def _risk(valuation: "Valuation", currency: str, quality: DataQuality) -> RiskView:
    from coffers.domain.investing import risk  # noqa: PLC0415 - numpy is slow to load

    returns, days = _weekdays(valuation)
    is_known = returns.size >= MIN_RETURNS
    known = returns if is_known else returns[:0]
    value = Decimal(repr(float(valuation.value[-1])))
    growth = risk.annual_return(known)
    return RiskView(
        start_date=valuation.days.first,
        end_date=valuation.days.last,
        base_currency=currency,
        return_count=int(returns.size),
        reason=None if is_known else Undefined.TOO_FEW_RETURNS,
        volatility_percent=_percent(risk.volatility(known)),
        downside_percent=_percent(risk.downside(known)),
        sharpe_ratio=_number(risk.sharpe(known)),
        sortino_ratio=_number(risk.sortino(known)),
        calmar_ratio=_number(risk.calmar(known)),
        annual_return_percent=_percent(growth),
        max_drawdown=_drawdown(known, days),
        losses=[_loss(known, confidence, value, currency) for confidence in CONFIDENCES],
        convention=CONVENTION,
        data_quality=quality,
    )


def _weekdays(valuation: "Valuation") -> "tuple[Series, list[date]]":
    """Returns of weekdays on which something was invested and known, and these days.

    On the others no market trades: their flows and rates are part of the next weekday's return.
    """
    import numpy as np  # noqa: PLC0415 - as above

    growth, days, found = 1.0, list[date](), list[float]()
    for day, each in zip(valuation.days.all()[1:], valuation.returns.tolist(), strict=True):
        growth *= 1.0 if np.isnan(each) else 1.0 + each
        if day.weekday() < SATURDAY and not np.isnan(each):
            found.append(growth - 1.0)
            days.append(day)
            growth = 1.0
    return np.array(found), days


def _drawdown(returns: "Series", days: list[date]) -> DrawdownView | None:
    from coffers.domain.investing import risk  # noqa: PLC0415 - as above

    fall = risk.max_drawdown(returns)
    if fall is None:
        return None
    values = [days[0] - timedelta(days=1), *days]
    recovered = None if fall.recovered is None or not fall.depth else values[fall.recovered]
    percent = _percent(fall.depth) or ""
    return DrawdownView(percent, values[fall.peak], values[fall.trough], recovered)


def _loss(returns: "Series", confidence: float, value: Decimal, currency: str) -> LossView:
    from coffers.domain.investing import risk  # noqa: PLC0415 - as above

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
    return None if part is None else format(round(part * PERCENT, DIGITS), "f")


def _number(number: Decimal | None) -> str | None:
    return None if number is None else format(round(number, DIGITS), "f")
