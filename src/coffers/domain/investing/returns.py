"""Returns: money-weighted, time-weighted, Modified Dietz, and how they are annualised.

Amounts come in as decimals and rates go out as decimals of RATE_DIGITS fraction digits; in between
the root finding uses floats. Rates are fractions: 0.05 is five percent. What cannot be computed is
None with a reason, never zero.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

RATE_DIGITS: Final = 12
#: ACT/365, as spreadsheets count for XIRR.
DAYS_A_YEAR: Final = 365
ZERO: Final = Decimal(0)
_QUANTUM: Final = Decimal(1).scaleb(-RATE_DIGITS)
_FIXED: Final = f"%.{RATE_DIGITS}f"
#: Wide enough for any float.
_WIDE: Final = Context(prec=400)


class Undefined(StrEnum):
    """Why there is no number."""

    NO_FLOWS = "no_flows"
    ONE_SIGN = "one_sign"
    ZERO_SPAN = "zero_span"
    NO_ROOT = "no_root"
    NOTHING_INVESTED = "nothing_invested"
    MISSING_VALUE = "missing_value"
    TOO_FEW_RETURNS = "too_few_returns"
    NO_VARIATION = "no_variation"
    LESS_THAN_A_YEAR = "less_than_a_year"
    ALL_LOST = "all_lost"
    TOO_LARGE = "too_large"
    SHORT_POSITION = "short_position"
    MISSING_BENCHMARK = "missing_benchmark"


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate, or the reason why there is none; `others` are further roots where there are."""

    value: Decimal | None
    reason: Undefined | None = None
    others: tuple[Decimal, ...] = ()


class Flow(NamedTuple):
    """Money on a day: below zero what the investor put in, above zero what came back."""

    day: date
    amount: Decimal


class Payments(NamedTuple):
    """Flows as columns: on each of these days, oldest first, some money, never nothing.

    The span is from the first to the last flow in days, be they nothing.
    """

    ordinals: "npt.NDArray[np.int64]"
    amounts: "npt.NDArray[np.float64]"
    span: int


def xirr(flows: Iterable[Flow] | Payments) -> Rate:
    """The yearly rate at which the flows' values on the first day add up to nothing.

    ACT/365 from the first flow, flows of a day netted. Of several roots the one nearest to zero;
    the others are told. Always annualised, as spreadsheets do.
    """
    return _money_weighted(_payments(flows), 1.0)


def period_rate(flows: Iterable[Flow] | Payments) -> Rate:
    """Likewise over the whole span from the first to the last flow, not annualised."""
    payments = _payments(flows)
    return _money_weighted(payments, payments.span / DAYS_A_YEAR)


def _payments(flows: Iterable[Flow] | Payments) -> Payments:
    import numpy as np

    if isinstance(flows, Payments):
        return flows
    by_day: dict[date, Decimal] = defaultdict(Decimal)
    for flow in flows:
        by_day[flow.day] += flow.amount
    netted = [(day.toordinal(), float(amount)) for day, amount in sorted(by_day.items()) if amount]
    span = (max(by_day) - min(by_day)).days if by_day else 0
    days, amounts = zip(*netted, strict=True) if netted else ((), ())
    return Payments(np.array(days, dtype=np.int64), np.array(amounts, dtype=np.float64), span)


def _money_weighted(payments: Payments, years: float) -> Rate:
    """The rate of so many years."""
    from coffers.domain.investing.roots import roots

    reason = _refusal(payments)
    if reason is not None:
        return Rate(None, reason)
    times = (payments.ordinals - payments.ordinals[0]) / DAYS_A_YEAR / years
    found = sorted(roots(payments.amounts, times), key=abs)
    if not found:
        return Rate(None, Undefined.NO_ROOT)
    first, *others = (decimal_rate(math.expm1(root)) for root in found)
    return Rate(first, others=tuple(others))


def _refusal(payments: Payments) -> Undefined | None:
    amounts = payments.amounts
    if not amounts.size:
        return Undefined.NO_FLOWS
    if not payments.span:
        return Undefined.ZERO_SPAN
    return Undefined.ONE_SIGN if amounts.min() > 0 or amounts.max() < 0 else None


class DayValue(NamedTuple):
    """What was held at the end of a day, and what came in at its start and left at its end.

    Inflow and outflow are external flows only, both above zero; None where a price or rate is
    missing. Purchases, sales and income inside are no flows.
    """

    day: date
    value: Decimal | None
    inflow: Decimal = ZERO
    outflow: Decimal = ZERO


def daily_returns(days: Sequence[DayValue]) -> list[Decimal | None]:
    """The return of each day but the first; None where nothing was invested or a value is missing.

    Inflows count from the start of their day, outflows to the end of theirs.
    """
    returns = (_day_return(before, day) for before, day in pairwise(days))
    return list(returns)


def _day_return(before: DayValue, day: DayValue) -> Decimal | None:
    if before.value is None or day.value is None:
        return None
    invested = before.value + day.inflow
    return None if invested <= 0 else (day.value + day.outflow) / invested - 1


def time_weighted(days: Sequence[DayValue]) -> Rate:
    """The linked daily returns. A day on which nothing was invested links as no change.

    That is how a full sale does not count as a loss of everything. What lost more than everything
    has none: linked to that, gains would count as losses.
    """
    if any(day.value is None for day in days):
        return Rate(None, Undefined.MISSING_VALUE)
    if len(days) == 1:
        return Rate(None, Undefined.ZERO_SPAN)
    returns = [each for each in daily_returns(days) if each is not None]
    if not returns:
        return Rate(None, Undefined.NOTHING_INVESTED)
    if min(returns) < -1:
        return Rate(None, Undefined.ALL_LOST)
    return Rate(decimal_rate(linked(returns)))


def linked(returns: Iterable[Decimal]) -> Decimal:
    """The growth over all of them, one after the other."""
    growth = Decimal(1)
    for each in returns:
        growth *= 1 + each
    return growth - 1


@dataclass(frozen=True, slots=True)
class Period:
    """From the end of the first day to the end of the last, and what was held on both."""

    first: date
    last: date
    start_value: Decimal
    end_value: Decimal


def modified_dietz(period: Period, flows: Sequence[Flow]) -> Rate:
    """Gain over the average capital; each flow weighs by the part of the period it was there for.

    Flows here are the portfolio's: above zero what came in. Not annualised (Dietz, CFA Institute).
    """
    net = sum((flow.amount for flow in flows), ZERO)
    gain = period.end_value - period.start_value - net
    return over_capital(gain, average_capital(period, flows))


def over_capital(gain: Decimal, capital: Decimal | None) -> Rate:
    """The gain over the average capital; None is that of no days."""
    if capital is None:
        return Rate(None, Undefined.ZERO_SPAN)
    if capital <= 0:
        return Rate(None, Undefined.NOTHING_INVESTED)
    return Rate(decimal_rate(gain / capital))


def average_capital(period: Period, flows: Sequence[Flow]) -> Decimal | None:
    """What was there on average; None over no days."""
    days = (period.last - period.first).days
    if days <= 0:
        return None
    weighted = sum((flow.amount * (period.last - flow.day).days for flow in flows), ZERO) / days
    return period.start_value + weighted


def simple_return(gain: Decimal, invested: Decimal) -> Rate:
    """Gain over what was put in."""
    if invested <= 0:
        return Rate(None, Undefined.NOTHING_INVESTED)
    return Rate(decimal_rate(gain / invested))


def annualised(rate: Decimal, days: int) -> Decimal | None:
    """By calendar days, ACT/365; None for less than a year: extrapolating would invent a number."""
    if days < DAYS_A_YEAR or rate <= -1:
        return None
    return decimal_rate(math.pow(float(1 + rate), DAYS_A_YEAR / days) - 1)


def decimal_rate(rate: float | Decimal) -> Decimal:
    """With RATE_DIGITS fraction digits, however large."""
    if isinstance(rate, float) and math.isfinite(rate):
        # The same digits in a third of the time: both round what the float exactly is.
        return Decimal(_FIXED % rate)
    return Decimal(rate).quantize(_QUANTUM, context=_WIDE)
