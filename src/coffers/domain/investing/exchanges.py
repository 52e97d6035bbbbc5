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
        self._is_known = not math.isnan(rate.sum())
        self._change = rate[1:] - rate[:-1]

    def is_same(self, other: "Exchange") -> bool:
        """Whether their rates are the same; equal ones, all known, are made the same for later."""
        if self.rate is not other.rate and np.array_equal(self.rate, other.rate):
            # Who asks of many assets compares only once.
            other.rate = self.rate
        return self.rate is other.rate

    def converted(self, local: Series) -> Series:
        """What it is worth in the base currency."""
        return local if self._is_one else self._at(local, self.rate)

    def gained(self, local: Series) -> Series | None:
        """What the change of the rate since the day before made of what was held then."""
        if self._is_one and not math.isnan(local.sum()):
            return None
        gain = np.zeros(local.size)
        gain[1:] = self._at(local[:-1], self._change)
        return gain

    def _at(self, local: Series, rate: Series) -> Series:
        if not self._is_known:
            return worth_at(local, rate)
        worth: Series = local * rate
        return worth


def worth_at(amount: Series, price: Series) -> Series:
    """What it is worth; nothing is worth nothing, whatever its price."""
    worth: Series = amount * price
    if math.isnan(worth.sum()):
        worth[amount == 0] = 0.0
    return worth
