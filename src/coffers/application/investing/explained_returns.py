"""The returns that risk is measured on, each with the values or prices that it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING, Final

from msgspec import structs

from coffers.application.explained_arithmetic import difference, one, product, quotient, total
from coffers.application.explanations import Explanation, Operation, made, told
from coffers.application.investing.linked_days import Link
from coffers.domain.investing.returns import DayValue

if TYPE_CHECKING:
    from coffers.domain.investing.risk import Series
    from coffers.domain.investing.valuations import Valuation

RETURNS: Final = "returns"
BENCHMARK: Final = "benchmark_returns"


@dataclass(frozen=True, slots=True)
class Measured:
    """What the risk was measured on: returns from these starts to the weekdays at these places.

    `prices` are the benchmark's in the base currency, by day; None without a benchmark.
    """

    valuation: "Valuation"
    currency: str
    returns: "Series"
    starts: Sequence[int]
    places: Sequence[int]
    prices: "Series | None"
    other: "Series | None"


def returns_told(measured: Measured) -> Explanation:
    """Of each weekday: what 1 became since the weekday before, less 1."""
    days, found = measured.valuation.day_values(), list[Explanation]()
    for begun, place in zip(measured.starts, measured.places, strict=True):
        stretch = pairwise(days[begun : place + 1])
        told_links = [Link(before, day) for before, day in stretch if _is_invested(before, day)]
        factors = [_factor(each, measured.currency) for each in told_links]
        found.append(_return(product("growth", *factors), days[place].day))
    return made(RETURNS, Operation.SERIES, None, found)


def _is_invested(before: DayValue, day: DayValue) -> bool:
    """Others link as no change."""
    if before.value is None or day.value is None:
        return False
    return before.value + day.inflow > 0


def _factor(link: Link, currency: str) -> Explanation:
    first, last = link.first, link.last
    paid = [_leaf("value", first.value, first.day, currency)]
    ended = [_leaf("value", last.value, last.day, currency)]
    if last.inflow:
        paid.append(_leaf("inflow", last.inflow, last.day, currency))
    if last.outflow:
        ended.append(_leaf("outflow", last.outflow, last.day, currency))
    return quotient("growth", total("ended", ended), total("invested", paid))


def _leaf(name: str, value: Decimal | None, day: date, currency: str) -> Explanation:
    return told(name, value, currency=currency, as_of=day, source="values")


def value_told(measured: Measured) -> Explanation:
    """What there is at the end."""
    value, last = float(measured.valuation.value[-1]), measured.valuation.days.last
    known = None if isnan(value) else Decimal(repr(value))
    return _leaf("value", known, last, measured.currency)


def benchmark_told(measured: Measured, prices: "Series") -> Explanation:
    """Adjusted closes in the base currency, from each of the weekdays to the next."""
    first, found = measured.valuation.days.first, list[Explanation]()
    for before, place in zip(measured.starts, measured.places, strict=True):
        now, then = (
            told(
                "price",
                Decimal(repr(float(prices[each]))),
                currency=measured.currency,
                as_of=first + timedelta(days=each),
                source="market",
            )
            for each in (place, before)
        )
        found.append(_return(quotient("growth", now, then), first + timedelta(days=place)))
    return made(BENCHMARK, Operation.SERIES, None, found)


def _return(growth: Explanation, day: date) -> Explanation:
    return structs.replace(difference("return", growth, one()), as_of=day)
