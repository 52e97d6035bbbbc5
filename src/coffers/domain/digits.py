"""Numbers with so many digits after the point, however many are before it.

The rounding of decimals themselves gives up beyond 28 digits in all.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final

PERCENT: Final = Decimal(100)
#: Wide enough for any float.
_WIDE: Final = Context(prec=400, rounding=ROUND_HALF_EVEN)


def fixed(number: Decimal, digits: int) -> Decimal:
    """The number with so many, halves to the even one; zero has no sign."""
    found = number.quantize(Decimal(1).scaleb(-digits), context=_WIDE)
    return found.copy_abs() if found.is_zero() else found


def percent_text(rate: Decimal, digits: int) -> str:
    """A fraction as percent, with so many digits."""
    return format(fixed(_WIDE.multiply(rate, PERCENT), digits), "f")
