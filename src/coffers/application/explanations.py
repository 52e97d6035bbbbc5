"""Explanations: a number as a tree, down to what was stored and where that is from."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.views import DecimalText
from coffers.domain.markets.rates import Rate, rounded
from coffers.domain.money import known_total


class Operation(StrEnum):
    """How a number comes from its inputs, taken in their order."""

    INPUT = "input"
    SUM = "sum"
    DIFFERENCE = "difference"
    PRODUCT = "product"
    QUOTIENT = "quotient"
    ROUNDED = "rounded"
    #: The input times 100, to six decimals.
    PERCENT = "percent"
    #: To six decimals.
    RATIO = "ratio"
    #: To the power of the second input.
    POWER = "power"
    #: Another tree of the same answer, by its name.
    REFERENCE = "reference"
    #: Its inputs in their order; it has no value of its own, what takes it takes all of them.
    SERIES = "series"
    #: A series: the first less the second, one by one.
    EXCESS = "excess"
    #: The yearly rate at which the inputs, each discounted from its day on, add up to nothing.
    INTERNAL_RATE = "internal_rate"
    MEAN = "mean"
    #: Of a sample (ddof 1).
    DEVIATION = "deviation"
    #: Root of the mean of the squares of what is below zero, over all.
    SHORTFALL_DEVIATION = "shortfall_deviation"
    #: The growth of 1 through all the returns, less 1.
    LINKED = "linked"
    #: The deepest fall of that growth from its peak.
    DRAWDOWN = "drawdown"
    #: That of the second input's fraction, interpolated.
    QUANTILE = "quantile"
    #: The mean of those at or below the second input.
    MEAN_BELOW = "mean_below"
    #: Of the two series, of a sample.
    COVARIANCE = "covariance"
    CORRELATION = "correlation"


class Explanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number. A difference is the first input less all the others.

    What is rounded is so to the currency's minor units, halves away from zero.
    """

    name: str
    operation: Operation
    value: Annotated[
        DecimalText | None, Meta(description="Null when an input is not known, and of a series.")
    ]
    currency: str | None = None
    inputs: list["Explanation"] = []
    as_of: date | None = None
    source: str | None = None
    note: str | None = None
    transaction_id: Annotated[
        UUID | None, Meta(description="The movement of the ledger that told it.")
    ] = None


def told(
    name: str,
    value: Decimal | None,
    *,
    currency: str | None = None,
    as_of: date | None = None,
    source: str | None = None,
    note: str | None = None,
) -> Explanation:
    """A number that was stored, not calculated."""
    return Explanation(
        name=name,
        operation=Operation.INPUT,
        value=_text(value),
        currency=currency,
        as_of=as_of,
        source=source,
        note=note,
    )


def made(
    name: str,
    operation: Operation,
    value: Decimal | None,
    inputs: Sequence[Explanation],
    *,
    currency: str | None = None,
    as_of: date | None = None,
) -> Explanation:
    """A number that was made of others."""
    return Explanation(
        name=name,
        operation=operation,
        value=_text(value),
        currency=currency,
        inputs=list(inputs),
        as_of=as_of,
    )


def referred(tree: Explanation) -> Explanation:
    """The tree, told elsewhere in the same answer."""
    return Explanation(
        name=tree.name,
        operation=Operation.REFERENCE,
        value=tree.value,
        currency=tree.currency,
        as_of=tree.as_of,
    )


def number_of(tree: Explanation) -> Decimal | None:
    """Its value, to calculate with."""
    return None if tree.value is None else Decimal(tree.value)


def rate_told(rate: Rate | None, base: str, quote: str) -> Explanation:
    """An exchange rate with its day and its source."""
    return told(
        f"rate {base}/{quote}",
        None if rate is None else rate.rate,
        as_of=None if rate is None else rate.date,
        source=None if rate is None else rate.source,
    )


def in_cents(
    name: str, parts: Sequence[Explanation], values: Sequence[Decimal | None], currency: str
) -> Explanation:
    """The sum of the parts, whose unrounded values these are, in the currency's minor units."""
    total = known_total(values)
    whole = made("sum", Operation.SUM, total, parts, currency=currency)
    cents = None if total is None else rounded(total, currency)
    return made(name, Operation.ROUNDED, cents, [whole], currency=currency)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
