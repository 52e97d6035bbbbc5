"""Bonds that are counted by their face value, and quoted per hundred of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from coffers.domain.money import EXACT

#: What one unit of face value counts for in prices per hundred.
PER_HUNDRED: Final = Decimal("0.01")
#: Interest that had accrued and commissions are in amounts, too; they never make this of it.
CLEARLY_LESS: Final = 10


@dataclass(frozen=True, slots=True)
class ToldWorth:
    """What a quantity of a symbol at a price came to, as its source told it."""

    symbol: str
    currency: str
    quantity: Decimal
    price: Decimal
    worth: Decimal


def face_value_multiplier(told: Iterable[ToldWorth]) -> Decimal | None:
    """What the price of one unit of a bond is multiplied by; None: as its type has it."""
    each = next((one for one in told if one.worth and one.quantity and one.price), None)
    if each is None:
        return None
    full = abs(EXACT.multiply(each.quantity, each.price))
    return PER_HUNDRED if EXACT.multiply(abs(each.worth), CLEARLY_LESS) < full else None
