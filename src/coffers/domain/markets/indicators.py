"""Technical indicators over daily prices, oldest first.

Each answers an array as long as its input, NaN until there is enough history. Exponential averages
begin with the simple average of their first window, as Wilder (1978) and TA-Lib do.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Series = npt.NDArray[np.float64]

HUNDRED: Final = 100.0


def sma(prices: Series, window: int) -> Series:
    """Simple moving average."""
    out = _blank(prices)
    if prices.size >= window:
        out[window - 1 :] = np.lib.stride_tricks.sliding_window_view(prices, window).mean(axis=1)
    return out


def ema(prices: Series, window: int) -> Series:
    """Exponential moving average with weight 2 / (window + 1) for the newest."""
    return _smoothed(prices, window, 2.0 / (window + 1))


def rsi(prices: Series, window: int = 14) -> Series:
    """Relative strength index with Wilder's smoothing: 0 to 100, 50 when nothing moved."""
    return _strength(prices, window, is_wilder=True)


def rsi_simple(prices: Series, window: int = 14) -> Series:
    """The same with simple averages of gains and losses (Cutler)."""
    return _strength(prices, window, is_wilder=False)


@dataclass(frozen=True, slots=True)
class Macd:
    """Difference of two exponential averages, its own average, and what is between these."""

    line: Series
    signal: Series
    histogram: Series


def macd(prices: Series, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Moving average convergence/divergence (Appel).

    Both averages begin where the slow one does, as in TA-Lib: the fast one with the simple average
    of the window that ends there.
    """
    start = max(0, slow - fast)
    quick = _blank(prices)
    quick[start:] = ema(prices[start:], fast)
    line = quick - ema(prices, slow)
    average = _blank(prices)
    if prices.size >= slow:
        average[slow - 1 :] = ema(line[slow - 1 :], signal)
    return Macd(np.where(np.isnan(average), np.nan, line), average, line - average)


@dataclass(frozen=True, slots=True)
class Bands:
    """A moving average, and as many deviations above and below it."""

    upper: Series
    middle: Series
    lower: Series


def bollinger(prices: Series, window: int = 20, deviations: float = 2.0) -> Bands:
    """Bollinger bands; the deviation is of the whole window (ddof 0), as Bollinger has it."""
    middle, spread = sma(prices, window), _blank(prices)
    if prices.size >= window:
        windows = np.lib.stride_tricks.sliding_window_view(prices, window)
        spread[window - 1 :] = windows.std(axis=1)
    return Bands(middle + deviations * spread, middle, middle - deviations * spread)


@dataclass(frozen=True, slots=True)
class Bars:
    """Daily highest, lowest and last prices."""

    high: Series
    low: Series
    close: Series


@dataclass(frozen=True, slots=True)
class Stochastic:
    """Where the last price stands between lowest and highest, and its simple average."""

    k: Series
    d: Series


def stochastic(bars: Bars, window: int = 14, smooth: int = 3) -> Stochastic:
    """The fast stochastic oscillator (Lane): 0 to 100, 50 when nothing moved."""
    lowest, highest = _extremes(bars, window)
    k = HUNDRED * _share(bars.close - lowest, highest - lowest)
    d = _blank(bars.close)
    d[window - 1 :] = sma(k[window - 1 :], smooth)
    return Stochastic(k, d)


def williams_r(bars: Bars, window: int = 14) -> Series:
    """Williams %R: −100 at the lowest of the window, 0 at the highest."""
    lowest, highest = _extremes(bars, window)
    return -HUNDRED * _share(highest - bars.close, highest - lowest)


def atr(bars: Bars, window: int = 14) -> Series:
    """Average true range with Wilder's smoothing; the first bar has no day before."""
    out = _blank(bars.close)
    if bars.close.size > 1:
        before = bars.close[:-1]
        highest = np.maximum(bars.high[1:], before)
        lowest = np.minimum(bars.low[1:], before)
        out[1:] = _smoothed(highest - lowest, window, 1.0 / window)
    return out


def _strength(prices: Series, window: int, *, is_wilder: bool) -> Series:
    out = _blank(prices)
    if prices.size <= window:
        return out
    moves = np.diff(prices)
    ups, downs = np.maximum(moves, 0.0), np.maximum(-moves, 0.0)
    if is_wilder:
        up, down = (_smoothed(each, window, 1.0 / window) for each in (ups, downs))
    else:
        up, down = sma(ups, window), sma(downs, window)
    out[1:] = HUNDRED * _share(up, up + down)
    return out


def _smoothed(values: Series, window: int, weight: float) -> Series:
    out = _blank(values)
    if values.size < window:
        return out
    average = float(values[:window].mean())
    out[window - 1] = average
    for place in range(window, values.size):
        average += weight * (float(values[place]) - average)
        out[place] = average
    return out


def _extremes(bars: Bars, window: int) -> tuple[Series, Series]:
    lowest, highest = _blank(bars.close), _blank(bars.close)
    if bars.close.size >= window:
        view = np.lib.stride_tricks.sliding_window_view
        lowest[window - 1 :] = view(bars.low, window).min(axis=1)
        highest[window - 1 :] = view(bars.high, window).max(axis=1)
    return lowest, highest


def _share(part: Series, whole: Series) -> Series:
    """Part of the whole; one half where the whole is nothing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share: Series = np.where(whole == 0, 0.5, part / whole)
    return share


def _blank(like: Series) -> Series:
    return np.full(like.size, np.nan)
