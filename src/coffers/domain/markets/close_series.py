"""Closing prices as arrays: adjusted, brought to the same days, and how they move together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from coffers.domain.investing.risk import correlations
from coffers.domain.markets.corporate_actions import ActionKind, CorporateAction

Days = npt.NDArray[np.datetime64]
Series = npt.NDArray[np.float64]

#: An asset with prices on fewer of the days, as a part of them, would take the others' days away.
LEAST_COVERAGE: Final = 0.5
#: Fewer returns say nothing of a correlation.
LEAST_RETURNS: Final = 3
_PAYING: Final = frozenset({ActionKind.DIVIDEND, ActionKind.SPIN_OFF})


def adjusted_closes(days: Days, closes: Series, actions: Iterable[CorporateAction]) -> Series:
    """Closes in units and money of the last of them: as `adjusted` has it, in floats."""
    out = closes.copy()
    split_day, split = None, 1.0
    in_order = sorted(actions, key=lambda each: (each.day, each.kind is not ActionKind.SPLIT))
    for action in in_order:
        place = int(np.searchsorted(days, np.datetime64(action.day)))
        if not 0 < place < days.size:
            continue
        if action.kind is ActionKind.SPLIT and (factor := action.factor) is not None:
            split_day, split = action.day, float(factor)
            out[:place] /= split
        elif action.kind in _PAYING and action.amount is not None:
            before = closes[place - 1] / (split if action.day == split_day else 1.0)
            if float(action.amount) < before:
                out[:place] *= 1.0 - float(action.amount) / before
    return out


@dataclass(frozen=True, slots=True)
class Aligned:
    """Closes of several assets on the days that all of those kept have.

    `places` says which of the given they are; `coverage` is of all given, the part of the days of
    any of them on which each has a price.
    """

    days: Days
    closes: Series
    places: list[int]
    coverage: Series

    @property
    def returns(self) -> Series:
        """Simple returns from each of the days to the next."""
        result: Series = self.closes[:, 1:] / self.closes[:, :-1] - 1.0
        return result


def aligned(series: Sequence[tuple[Days, Series]]) -> Aligned:
    """Those that cover at least half of the days, on the days that they have in common."""
    if not any(days.size for days, _ in series):
        empty = np.zeros(0)
        return Aligned(np.zeros(0, "datetime64[D]"), np.zeros((0, 0)), [], empty)
    if (days := _same_days(series)) is not None:
        closes = np.array([closes for _, closes in series])
        return Aligned(days, closes, list(range(len(series))), np.ones(len(series)))
    first = min(days[0] for days, _ in series if days.size)
    last = max(days[-1] for days, _ in series if days.size)
    places_of_days = [(days - first).astype(np.intp) for days, _ in series]
    known = np.zeros((len(series), int((last - first).astype(int)) + 1), dtype=np.bool_)
    for row, at in zip(known, places_of_days, strict=True):
        row[at] = True
    coverage = known.sum(axis=1) / known.any(axis=0).sum()
    kept = np.flatnonzero(coverage >= LEAST_COVERAGE).tolist()
    if not kept:
        return Aligned(np.zeros(0, "datetime64[D]"), np.zeros((0, 0)), [], coverage)
    shared: npt.NDArray[np.bool_] = np.logical_and.reduce(known[kept], axis=0)
    common = [_common(series[place][1], shared[places_of_days[place]]) for place in kept]
    return Aligned(first + np.flatnonzero(shared), np.array(common), kept, coverage)


def _same_days(series: Sequence[tuple[Days, Series]]) -> Days | None:
    """The days of all, if they are the same, as those of one exchange usually are."""
    first = series[0][0]
    return first if all(np.array_equal(days, first) for days, _ in series) else None


def _common(closes: Series, is_shared: npt.NDArray[np.bool_]) -> Series:
    common: Series = closes if is_shared.all() else closes[is_shared]
    return common


def correlation_matrix(series: Sequence[tuple[Days, Series]]) -> tuple[Aligned, Series]:
    """Pearson's coefficients of daily returns, NaN where they say nothing; a row for each given."""
    common = aligned(series)
    matrix = np.full((len(series), len(series)), np.nan)
    if common.closes.shape[1] > LEAST_RETURNS:
        matrix[np.ix_(common.places, common.places)] = correlations(common.returns)
    return common, matrix
