"""Exact amounts. Nothing here rounds by itself and nothing is ever a float."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import reduce
from typing import Final

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.errors import Invalid

#: What the ledger keeps: at most this many digits on either side of the point.
MAX_WHOLE_DIGITS: Final = 20
MAX_FRACTION_DIGITS: Final = 18
QUANTITY_DIGITS: Final = 8

_PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,18})?")
_BOUND: Final = Decimal(10) ** MAX_WHOLE_DIGITS
#: Wide enough for any sum of products of a quantity, its price, its multiplier and a rate, with 38
#: digits each; refuses to round in silence.
EXACT: Final = Context(prec=200, traps=[InvalidOperation, Inexact])


_RATIO: Final = Context(prec=28, traps=[InvalidOperation])


class AmountInvalid(Invalid):
    """Not an amount that the ledger can keep exactly."""


class CurrencyMismatch(Invalid):
    """Two amounts of different currencies met where only one currency makes sense."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency (ISO 4217 code, or the code of a crypto asset)."""

    amount: Decimal
    currency: str

    def __add__(self, other: "Money") -> "Money":
        return Money(EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> "Money":
        return Money(EXACT.minus(self.amount), self.currency)

    def __mul__(self, factor: Decimal) -> "Money":
        return Money(EXACT.multiply(self.amount, factor), self.currency)

    def ratio_to(self, other: "Money") -> Decimal:
        """This amount as a fraction of the other, to 28 significant digits.

        Raises AmountInvalid when that is zero.
        """
        divisor = self._same(other)
        if not divisor:
            raise AmountInvalid("There is no ratio to zero.")
        return _RATIO.divide(self.amount, divisor)

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix.")
        return other.amount


def total_of(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; 0 of nothing."""
    return reduce(EXACT.add, amounts, Decimal(0))


def known_total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The exact sum; None as soon as one of them is not known."""
    told = list(amounts)
    known = [amount for amount in told if amount is not None]
    return total_of(known) if len(known) == len(told) else None


def convert(money: Money, *, rate: Decimal, to: str) -> Money:
    """The amount in another currency at `rate` units of it for one of the money's own.

    Exact, not rounded.
    """
    if not rate.is_finite() or rate <= 0:
        raise AmountInvalid("An exchange rate is above zero.")
    return Money(EXACT.multiply(money.amount, rate), to)


def parse_decimal(text: str) -> Decimal:
    """The number written in plain ASCII digits, such as `-12.50`; raises AmountInvalid for others.

    No exponent, sign +, spaces, separators, leading zeros, other scripts' digits or `-0`; at most
    20 digits before the point and 18 after it.
    """
    if not _PLAIN.fullmatch(text):
        raise AmountInvalid(
            "Not a decimal number in plain digits (at most 20 before the point, 18 after)."
        )
    number = Decimal(text)
    if number.is_zero() and number.is_signed():
        raise AmountInvalid("Zero has no sign.")
    return number


def check_bounds(number: Decimal) -> Decimal:
    """The number, zero without its sign, if the ledger can keep it exactly.

    Raises AmountInvalid (NaN and Infinity too).
    """
    # copy_abs, because abs() rounds to the thread's precision.
    if not number.is_finite() or number.copy_abs() >= _BOUND:
        raise AmountInvalid("The amount is not a number or out of bounds.")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_FRACTION_DIGITS:
        raise AmountInvalid(f"At most {MAX_FRACTION_DIGITS} digits after the decimal point.")
    return number.copy_abs() if number.is_zero() else number


def minor_units(currency: str) -> int:
    """Digits after the point of the currency's minor unit; 2 for codes outside ISO 4217."""
    return MINOR_UNITS.get(currency, 2)


def money_digits(amount: Decimal, currency: str) -> Decimal:
    """The same amount with at least the currency's minor units and no needless zeros after them."""
    return with_digits(amount, minor_units(currency))


def quantity_digits(quantity: Decimal) -> Decimal:
    """The same quantity written with at least 8 digits after the point."""
    return with_digits(quantity, QUANTITY_DIGITS)


def with_digits(number: Decimal, digits: int) -> Decimal:
    """The same number with at least so many digits after the point and no needless zeros."""
    if number.is_zero():
        return Decimal((0, (0,), -digits))
    exponent = number.normalize(EXACT).as_tuple().exponent
    wanted = max(digits, -exponent if isinstance(exponent, int) else 0)
    return number.quantize(Decimal((0, (1,), -wanted)), context=EXACT)
