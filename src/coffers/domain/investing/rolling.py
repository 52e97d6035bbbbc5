"""Rolling risk: the same numbers over each stretch of so many returns, one stretch a day.

Returns are as in `risk`. What is undefined in a stretch is NaN there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from coffers.domain.investing.risk import TRADING_DAYS, Series
from coffers.domain.investing.samples import NOTHING

#: Stretches at a time: their copies stay a few megabytes.
AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True)
class Rolled:
    """One value for each stretch, by its last return; percents are fractions here."""

    volatility: Series
    annual_return: Series
    sharpe: Series
    sortino: Series
    max_drawdown: Series
    beta: Series
    correlation: Series


def rolled(returns: Series, window: int, benchmark: Series | None = None) -> Rolled:
    """Of `window` returns each; without a benchmark of the same days, beta is NaN."""
    other = np.full(returns.size, np.nan) if benchmark is None else benchmark
    parts = list(_parts(returns, other, window))
    columns = [each.name for each in fields(Rolled)]
    empty = [np.zeros(0)]
    return Rolled(
        **{
            name: np.concatenate([getattr(part, name) for part in parts] or empty)
            for name in columns
        }
    )


def _parts(returns: Series, other: Series, window: int) -> Iterator[Rolled]:
    if returns.size < window:
        return
    mine, theirs = sliding_window_view(returns, window), sliding_window_view(other, window)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for start in range(0, len(mine), AT_ONCE):
            yield _measured(mine[start : start + AT_ONCE], theirs[start : start + AT_ONCE])


def _measured(mine: Series, theirs: Series) -> Rolled:
    mean, spread = mine.mean(axis=1), _known(mine.std(axis=1, ddof=1))
    short = np.sqrt((np.minimum(mine, 0.0) ** 2).mean(axis=1))
    root, its_spread = np.sqrt(TRADING_DAYS), _known(theirs.std(axis=1, ddof=1))
    centred = mine - mean[:, None]
    shared = (centred * (theirs - theirs.mean(axis=1)[:, None])).sum(axis=1) / (mine.shape[1] - 1)
    together = np.clip(shared / (spread * its_spread), -1.0, 1.0)
    return Rolled(
        volatility=mine.std(axis=1, ddof=1) * root,
        annual_return=_annual(mine),
        sharpe=mean / spread * root,
        sortino=mean * TRADING_DAYS / (_known(short) * root),
        max_drawdown=_deepest(mine),
        beta=shared / its_spread**2,
        correlation=together,
    )


def _known(spread: Series) -> Series:
    """NaN where nothing varies."""
    known: Series = np.where(spread > NOTHING, spread, np.nan)
    return known


def _annual(returns: Series) -> Series:
    growth = np.prod(1 + returns, axis=1)
    power = np.log(np.where(growth > 0, growth, np.nan)) * TRADING_DAYS / returns.shape[1]
    yearly: Series = np.expm1(power)
    return np.where(np.isfinite(yearly), yearly, np.nan)


def _deepest(returns: Series) -> Series:
    """The starting value of each stretch included."""
    values = np.cumprod(1 + returns, axis=1)
    peaks = np.maximum(np.maximum.accumulate(values, axis=1), 1.0)
    deepest: Series = np.minimum((values / peaks).min(axis=1) - 1.0, 0.0)
    return deepest
