"""Explanations: a number as a tree, down to what was stored and where that is from."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from coffers.application.views import DecimalText


class Operation(StrEnum):
    """How a number comes from its inputs, taken in their order."""

    INPUT = "input"
    SUM = "sum"
    DIFFERENCE = "difference"
    PRODUCT = "product"
    QUOTIENT = "quotient"
    ROUNDED = "rounded"


class Explanation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A number. A difference is the first input less all the others.

    What is rounded is so to the currency's minor units, halves away from zero.
    """

    name: str
    operation: Operation
    value: Annotated[DecimalText | None, Meta(description="Null when an input is not known.")]
    currency: str | None = None
    inputs: list["Explanation"] = []
    as_of: date | None = None
    source: str | None = None
    note: str | None = None


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
    note: str | None = None,
) -> Explanation:
    """A number that was made of others."""
    return Explanation(
        name=name,
        operation=operation,
        value=_text(value),
        currency=currency,
        inputs=list(inputs),
        note=note,
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
