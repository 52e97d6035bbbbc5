"""Percentages of amounts: two decimals, over the absolute basis, rounded once and exactly."""

from decimal import Decimal
from typing import Final

from coffers.domain.money import EXACT

_CENT: Final = Decimal("0.01")
_HALVES: Final = Decimal(20_000)


def percent_of(part: Decimal, basis: Decimal) -> Decimal | None:
    """The part in percent of the absolute basis, with two decimals; None when the basis is 0.

    Halves are rounded away from zero, as merchants do.
    """
    # `abs` and `-` would round to the context's 28 digits.
    whole = basis.copy_abs()
    if not whole:
        return None
    # (2 · 10000 · part + whole) div (2 · whole): one exact integer division, so nothing is rounded
    # twice.
    doubled = EXACT.add(EXACT.multiply(part.copy_abs(), _HALVES), whole)
    hundredths = EXACT.divide_int(doubled, EXACT.add(whole, whole))
    rounded = EXACT.multiply(hundredths, _CENT)
    return EXACT.minus(rounded) if part < 0 and rounded else rounded
