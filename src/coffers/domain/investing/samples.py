"""Samples of returns: what several measures of the same returns are made of, calculated once."""

import math
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

#: A spread below this is rounding, not variation.
NOTHING: Final = 1e-14

Series = npt.NDArray[np.float64]


class Sample:
    """Returns that are not changed any more. None is what so few of them do not have."""

    def __init__(self, returns: Series) -> None:
        self.returns = returns
        self.size = int(returns.size)
        self._lowest: dict[float, tuple[float, float]] = {}

    @cached_property
    def mean(self) -> float:
        """Of at least one."""
        return float(self.returns.sum()) / self.size

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
        values = np.empty(self.size + 1)
        values[0] = 1.0
        np.add(self.returns, 1.0, out=values[1:])
        return values.cumprod(out=values)

    @cached_property
    def fall(self) -> tuple[int, int, int | None]:
        """Where the deepest fall began, where it ended, and where it was made up for, if it was.

        Places count values: 0 is before the first return.
        """
        values = self.values
        depths = np.maximum.accumulate(values)
        trough = int(np.divide(values, depths, out=depths).argmin())
        peak = int(values[: trough + 1].argmax())
        is_back = values[trough:] >= values[peak]
        back = int(is_back.argmax())
        return peak, trough, trough + back if is_back[back] else None

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
        lower = higher if above == below else float(chosen[:above].max())
        edge = _between(lower, higher, place - below)
        tail = chosen[chosen <= edge]
        return edge, float(tail.sum()) / tail.size


def _between(lower: float, higher: float, part: float) -> float:
    """As numpy interpolates: from the nearer end, so that no rounding leaves the interval."""
    width = higher - lower
    return lower + width * part if part < 0.5 else higher - width * (1.0 - part)  # noqa: PLR2004 - half
