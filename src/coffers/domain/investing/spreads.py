"""Spreading what is known from some days on over all days of a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from coffers.domain.floats import floats
from coffers.domain.investing.columns import steps_of
from coffers.domain.investing.lots import Step
from coffers.domain.markets.close_paths import ClosePath

if TYPE_CHECKING:
    from coffers.domain.investing.valuations import Days

Series = npt.NDArray[np.float64]
Ordinals = npt.NDArray[np.int64]
#: What is known from each of these days on.
Path = Sequence[tuple[date, Decimal]]
_EPSILON: Final = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class HeldSteps:
    """What was held from each of these days on, until the next, and what that cost."""

    ordinals: Ordinals
    quantities: Series
    costs: Series


def held_steps(steps: Sequence[Step], costs: Sequence[Step] | None) -> HeldSteps:
    """Quantities of the one, costs of the others on the same days; NaN where these are not.

    Nothing has cost nothing, whatever is not known.
    """
    held = steps_of(steps)
    quantities, known = floats(held.quantities), _costs(held.days, costs)
    return HeldSteps(
        np.fromiter(map(date.toordinal, held.days), np.int64, len(held)),
        quantities,
        np.where(quantities == 0, 0.0, known),
    )


def _costs(days: Sequence[date], steps: Sequence[Step] | None) -> Series:
    if steps is None:
        return np.full(len(days), np.nan)
    told = steps_of(steps)
    found = floats(told.costs)
    if told.days == days:
        return found
    known = dict(zip(told.days, found.tolist(), strict=True))
    return np.array([known.get(day, np.nan) for day in days], dtype=np.float64)


def filled(path: Path, days: "Days", before: float) -> Series:
    """A value for each day: the last one known by then, `before` until the first."""
    if isinstance(path, ClosePath):
        return repeated(path.values, counts_of(path.ordinals, days), before)
    ordinals = np.array([day.toordinal() for day, _ in path], dtype=np.int64)
    values = np.array([float(value) for _, value in path], dtype=np.float64)
    return repeated(values, counts_of(ordinals, days), before)


def counts_of(ordinals: Ordinals, days: "Days") -> Ordinals:
    """How many of the days are before the first of these, and from each until the next."""
    edges = np.empty(ordinals.size + 2, dtype=np.int64)
    edges[0], edges[-1] = 0, len(days)
    np.subtract(ordinals, days.first.toordinal(), out=edges[1:-1])
    np.maximum(edges, 0, out=edges)
    np.minimum(edges, len(days), out=edges)
    counts: Ordinals = edges[1:] - edges[:-1]
    return counts


def repeated(values: Series, counts: Ordinals, before: float) -> Series:
    """Each value as often as there are days until the next one."""
    whole = np.empty(values.size + 1)
    whole[0], whole[1:] = before, values
    return whole.repeat(counts)


def summed(places: Ordinals, amounts: Series, count: int) -> Series:
    """What the amounts in each of so many places add up to.

    What may be left by rounding only is nothing: 0.1 and 0.2 less 0.3 is no flow.
    """
    # In their order, as all sums are, so that equal movements have equal ones to the last bit.
    found: Series = np.bincount(places, amounts, count).astype(np.float64)
    sizes, terms = np.bincount(places, abs(amounts), count), np.bincount(places, minlength=count)
    found[abs(found) <= _EPSILON * terms * sizes] = 0.0
    return found
