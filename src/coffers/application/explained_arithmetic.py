"""Arithmetic that explains itself: each function answers the tree of what it calculated.

What is made of something unknown is unknown.
"""

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Final

from coffers.application.explanations import Explanation, Operation, made, number_of, told
from coffers.domain.money import EXACT, known_total

ONE: Final = Decimal(1)
_RATIO: Final = Context(prec=40)


def constant(name: str, value: Decimal) -> Explanation:
    """A number that is what it is."""
    return told(name, value)


def one() -> Explanation:
    """1."""
    return constant("one", ONE)


def total(name: str, parts: Sequence[Explanation]) -> Explanation:
    """All of them together."""
    return made(name, Operation.SUM, known_total(number_of(each) for each in parts), parts)


def difference(name: str, first: Explanation, *others: Explanation) -> Explanation:
    """The first less all the others."""
    value, taken = number_of(first), known_total(number_of(each) for each in others)
    left = None if value is None or taken is None else EXACT.subtract(value, taken)
    return made(name, Operation.DIFFERENCE, left, [first, *others])


def product(name: str, *factors: Explanation) -> Explanation:
    """Each times the others."""
    value: Decimal | None = ONE
    for each in factors:
        factor = number_of(each)
        value = None if value is None or factor is None else _RATIO.multiply(value, factor)
    return made(name, Operation.PRODUCT, value, factors)


def quotient(name: str, above: Explanation, below: Explanation) -> Explanation:
    """The one over the other; over nothing it is unknown."""
    dividend, divisor = number_of(above), number_of(below)
    value = None if dividend is None or not divisor else _RATIO.divide(dividend, divisor)
    return made(name, Operation.QUOTIENT, value, [above, below])


def power(name: str, base: Explanation, exponent: Explanation) -> Explanation:
    """The one to the power of the other; of nothing or less it is unknown."""
    below, above = number_of(base), number_of(exponent)
    is_known = below is not None and below > 0 and above is not None
    value = _RATIO.power(below or ONE, above or ONE) if is_known else None
    return made(name, Operation.POWER, value, [base, exponent])
