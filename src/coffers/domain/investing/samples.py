"""Samples of returns: what several measures of the same returns are made of, calculated once."""

import math
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

#: A spread below this is rounding, not variation.
NOTHING: Final = 1e-14
#: Values are looked at by so many, before each of a few is.
STRETCH: Final = 128

Series = npt.NDArray[np.float64]


class Sample:
    """Returns that are not changed any more. None is what so few of them do not have."""

    def __init__(self, returns: Series) -> None:
        self.returns = returns
        self.size = int(returns.size)
        self.mean = float(np.add.reduce(returns)) / self.size if self.size else math.nan
        self._lowest: dict[float, tuple[float, float]] = {}

    @cached_property
    def spread(self) -> float | None:
        """Sample standard deviation; exactly 0 when nothing varies, None for fewer than two."""
        if self.size < 2:  # noqa: PLR2004 - one value has no spread
            return None
        centred = self.returns - self.mean
        spread = math.sqrt(float(centred @ centred) / (self.size - 1))
        return spread if spread > NOTHING else 0.0

    @cached_property
    def values(self) -> Series:
        """What one unit became, itself included."""
        growth = np.empty(self.size + 1)
        growth[0] = 1.0
        np.add(self.returns, 1.0, out=growth[1:])
        # Not into itself: numpy would make a copy first.
        values: Series = np.multiply.accumulate(growth)
        return values

    @cached_property
    def fall(self) -> tuple[int, int, int | None]:
        """Where the deepest fall began, where it ended, and where it was made up for, if it was.

        Places count values: 0 is before the first return.
        """
        values, trough = self.values, self._trough()
        peak = int(values[: trough + 1].argmax())
        is_back = values[trough:] >= values[peak]
        back = int(is_back.argmax())
        return peak, trough, trough + back if is_back[back] else None

    def _trough(self) -> int:
        """Where the value is lowest by the highest before it.

        No fall within a stretch is deeper than from the highest value until its end to its lowest,
        and that is a fall where the highest came before. So only the deepest of these is looked at.
        """
        values = self.values
        starts = np.arange(0, values.size, STRETCH)
        tops = np.maximum.accumulate(np.maximum.reduceat(values, starts))
        deepest = int((np.minimum.reduceat(values, starts) / tops).argmin())
        if deepest and tops[deepest] == tops[deepest - 1]:
            start = deepest * STRETCH
            return start + int(values[start : start + STRETCH].argmin())
        depths = np.maximum.accumulate(values)
        return int(np.divide(values, depths, out=depths).argmin())

    def shortfall(self, required: float) -> float | None:
        """Root mean square of what falls short of the required return, over all."""
        if not self.size:
            return None
        short = np.minimum(self.returns - required if required else self.returns, 0.0)
        return math.sqrt(float(short @ short) / self.size)

    def lowest(self, part: float) -> tuple[float, float] | None:
        """The return that this part of them undercuts, interpolated, and the mean up to it."""
        if not self.size:
            return None
        if part not in self._lowest:
            self._lowest[part] = self._undercut(part)
        return self._lowest[part]

    def _undercut(self, part: float) -> tuple[float, float]:
        place = (self.size - 1) * part
        below = min(int(place), self.size - 1)
        above = min(below + 1, self.size - 1)
        chosen = self.returns.copy()
        chosen.partition(above)
        chosen = chosen[: above + 1]
        # Partitioned: the greatest is the one above, the greatest of the others the one below.
        higher = float(chosen[above])
        lower = higher if above == below else float(np.maximum.reduce(chosen[:above]))
        edge = _between(lower, higher, place - below)
        # Where the edge is one of them there may be more of the same.
        tail = chosen[:above] if edge < higher else self.returns[self.returns <= edge]
        return edge, float(np.add.reduce(tail)) / tail.size


def _between(lower: float, higher: float, part: float) -> float:
    """As numpy interpolates: from the nearer end, so that no rounding leaves the interval."""
    width = higher - lower
    return lower + width * part if part < 0.5 else higher - width * (1.0 - part)  # noqa: PLR2004 - half
