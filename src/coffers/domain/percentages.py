"""Percentages of amounts: two decimals, over the absolute basis, rounded once and exactly."""

from decimal import Decimal
from typing import Final

from coffers.domain.money import EXACT, MAX_FRACTION_DIGITS

_CENT: Final = Decimal("0.01")


def percent_of(part: Decimal, basis: Decimal) -> Decimal | None:
    """The part in percent of the absolute basis, with two decimals; None when the basis is 0.

    Halves are rounded away from zero, as merchants do.
    """
    digits = 2 * MAX_FRACTION_DIGITS
    hundredths = hundredths_of(int(EXACT.scaleb(part, digits)), int(EXACT.scaleb(basis, digits)))
    return None if hundredths is None else EXACT.multiply(Decimal(hundredths), _CENT)


def hundredths_of(part: int, basis: int) -> int | None:
    """The same for amounts in one unit, as a whole number of hundredths of a percent."""
    if not basis:
        return None
    # One division, so that nothing is rounded twice.
    rounded = (20_000 * abs(part) + abs(basis)) // (2 * abs(basis))
    return -rounded if part < 0 else rounded
