"""Dice that fall the same way on every machine."""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import TypeVar

Choice = TypeVar("Choice")


class Chance:
    """A sequence of throws that follows from its key alone, in every version of Python."""

    def __init__(self, *key: object) -> None:
        self._start = blake2b(":".join(map(str, key)).encode(), digest_size=16)
        self._throws = 0

    def below(self, bound: int) -> int:
        """Throw a whole number from 0 to bound - 1."""
        self._throws += 1
        throw = self._start.copy()
        throw.update(self._throws.to_bytes(4))
        return int.from_bytes(throw.digest()) % bound

    def between(self, low: int, high: int) -> int:
        """Throw a whole number from low to high, inclusive."""
        return low + self.below(high - low + 1)

    def happens(self, percent: int) -> bool:
        """Tell whether a thing happens that does so in that many cases of a hundred."""
        return self.below(100) < percent

    def cents(self, low: int, high: int) -> Decimal:
        """Throw an amount of low to high cents, inclusive."""
        return Decimal(self.between(low, high)).scaleb(-2)

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        """Pick one of the choices, which may not be empty."""
        return choices[self.below(len(choices))]
