"""Exchanges: what amounts of a currency are worth day by day in the base currency, as floats."""

import math

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]


class Exchange:
    """The rate of each day from a currency to the base currency."""

    def __init__(self, rate: Series) -> None:
        self.rate = rate
        self._is_one = bool((rate == 1.0).all())

    def is_same(self, other: "Exchange") -> bool:
        """Whether all rates are known and equal."""
        return self is other or np.array_equal(self.rate, other.rate)

    def converted(self, local: Series) -> Series:
        """What it is worth in the base currency."""
        return local if self._is_one else worth_at(local, self.rate)

    def gained(self, local: Series) -> Series | None:
        """What the change of the rate since the day before made of what was held then."""
        if self._is_one and not math.isnan(local.sum()):
            return None
        gain = np.zeros(local.size)
        gain[1:] = worth_at(local[:-1], self.rate[1:] - self.rate[:-1])
        return gain


def worth_at(amount: Series, price: Series) -> Series:
    """What it is worth; nothing is worth nothing, whatever its price."""
    worth: Series = amount * price
    if math.isnan(worth.sum()):
        worth[amount == 0] = 0.0
    return worth
