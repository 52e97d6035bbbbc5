"""Risk: how much a series of returns varies, what it may lose, and how it moves with another.

Returns are simple, per trading day, as fractions, oldest first, without gaps. Standard deviations
are of a sample (ddof 1); a year has 252 trading days. What is undefined is None.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from coffers.domain.investing.returns import decimal_rate
from coffers.domain.investing.samples import NOTHING, Sample

TRADING_DAYS: Final = 252
#: e to more than this is not a float any more.
LARGEST_POWER: Final = 700.0

Series = npt.NDArray[np.float64]
#: Returns by themselves, or with what several measures of them have in common.
Returns = Series | Sample


def series(returns: Sequence[Decimal]) -> Series:
    """The returns as the calculations take them."""
    return np.array([float(each) for each in returns], dtype=np.float64)


def volatility(returns: Returns) -> Decimal | None:
    """Standard deviation, annualised by the root of the trading days."""
    spread = _sample(returns).spread
    return None if spread is None else decimal_rate(spread * math.sqrt(TRADING_DAYS))


def sharpe(returns: Returns, risk_free: float = 0.0) -> Decimal | None:
    """Mean excess return over its standard deviation, annualised; `risk_free` is per day.

    Sharpe 1994.
    """
    sample = _sample(returns)
    if not sample.spread:
        return None
    return decimal_rate((sample.mean - risk_free) / sample.spread * math.sqrt(TRADING_DAYS))


def downside(returns: Returns, required: float = 0.0) -> Decimal | None:
    """Root mean square of what falls short of the required return, over all days, annualised."""
    deviation = _downside(_sample(returns), required)
    return None if deviation is None else decimal_rate(deviation)


def sortino(returns: Returns, required: float = 0.0) -> Decimal | None:
    """Mean excess return a year over the downside deviation (Sortino and Price 1994)."""
    sample = _sample(returns)
    deviation = _downside(sample, required)
    if not deviation:
        return None
    return decimal_rate((sample.mean - required) * TRADING_DAYS / deviation)


def cumulative(returns: Returns) -> Decimal | None:
    """The growth over all of them."""
    sample = _sample(returns)
    return decimal_rate(float(sample.values[-1]) - 1) if sample.size else None


def annual_return(returns: Returns) -> Decimal | None:
    """The growth a year, by the count of trading days; None when that is beyond all numbers."""
    sample = _sample(returns)
    growth = float(sample.values[-1])
    if not sample.size or growth <= 0:
        return None
    power = math.log(growth) * TRADING_DAYS / sample.size
    return decimal_rate(math.expm1(power)) if power < LARGEST_POWER else None


class Drawdown(NamedTuple):
    """The deepest fall from a peak: its depth, below zero, and where it began and ended.

    `recovered` is the first place at which the peak was reached again, None if it was not. Places
    count values: 0 is before the first return.
    """

    depth: Decimal
    peak: int
    trough: int
    recovered: int | None


def max_drawdown(returns: Returns) -> Drawdown | None:
    """The deepest fall, the starting value included; None without returns."""
    sample = _sample(returns)
    if not sample.size:
        return None
    return Drawdown(_depth(sample), *sample.fall)


def calmar(returns: Returns) -> Decimal | None:
    """Annual return over the deepest fall (Young 1991)."""
    sample = _sample(returns)
    growth = annual_return(sample)
    if growth is None or not (depth := _depth(sample)):
        return None
    return decimal_rate(growth / abs(depth))


def historical_var(returns: Returns, confidence: float) -> Decimal | None:
    """The return that is undercut on 1 - confidence of the days, interpolated; minus is a loss."""
    found = _sample(returns).lowest(1 - confidence)
    return None if found is None else decimal_rate(found[0])


def historical_shortfall(returns: Returns, confidence: float) -> Decimal | None:
    """The mean of the returns at or below the historical value at risk."""
    found = _sample(returns).lowest(1 - confidence)
    return None if found is None else decimal_rate(found[1])


def parametric_var(returns: Returns, confidence: float) -> Decimal | None:
    """Likewise if returns were normal with this mean and deviation (RiskMetrics 1996)."""
    sample = _sample(returns)
    spread = sample.spread
    if spread is None:
        return None
    return decimal_rate(sample.mean + NormalDist().inv_cdf(1 - confidence) * spread)


def parametric_shortfall(returns: Returns, confidence: float) -> Decimal | None:
    """The mean loss beyond it, under the same assumption."""
    sample = _sample(returns)
    spread = sample.spread
    if spread is None:
        return None
    density = NormalDist().pdf(NormalDist().inv_cdf(1 - confidence))
    return decimal_rate(sample.mean - spread * density / (1 - confidence))


def beta(returns: Series, benchmark: Series) -> Decimal | None:
    """Covariance with the benchmark over its variance; both of the same days."""
    slope = _beta(returns, benchmark)
    return None if slope is None else decimal_rate(slope)


def correlation(returns: Series, benchmark: Series) -> Decimal | None:
    """Pearson's coefficient, from -1 to 1; both of the same days."""
    one, other = _spread(returns), _spread(benchmark)
    if not one or not other or returns.size != benchmark.size:
        return None
    together = float(np.cov(returns, benchmark, ddof=1)[0, 1])
    return decimal_rate(max(-1.0, min(1.0, together / (one * other))))


def jensen_alpha(returns: Series, benchmark: Series, risk_free: float = 0.0) -> Decimal | None:
    """Mean return beyond what beta explains, a year (Jensen 1968); `risk_free` is per day."""
    slope = _beta(returns, benchmark)
    if slope is None:
        return None
    expected = risk_free + slope * (float(benchmark.mean()) - risk_free)
    return decimal_rate((float(returns.mean()) - expected) * TRADING_DAYS)


def tracking_error(returns: Series, benchmark: Series) -> Decimal | None:
    """Standard deviation of the difference to the benchmark, annualised."""
    return volatility(returns - benchmark)


def information_ratio(returns: Series, benchmark: Series) -> Decimal | None:
    """Mean difference to the benchmark over its standard deviation, annualised."""
    return sharpe(returns - benchmark)


def correlations(returns: Series) -> Series:
    """The correlation matrix of rows of returns; NaN where a row does not vary."""
    centred = returns - returns.mean(axis=1, keepdims=True)
    # The product first: dividing its few numbers is less work than dividing all the returns.
    matrix: Series = centred @ centred.T
    spreads = np.sqrt(np.diagonal(matrix))
    spreads = np.where(spreads > NOTHING, spreads, np.nan)
    matrix /= spreads[:, None]
    matrix /= spreads
    return np.clip(matrix, -1.0, 1.0, out=matrix)


def _beta(returns: Series, benchmark: Series) -> float | None:
    spread = _spread(benchmark)
    if not spread or returns.size != benchmark.size:
        return None
    return float(np.cov(returns, benchmark, ddof=1)[0, 1]) / spread**2


def _depth(sample: Sample) -> Decimal:
    peak, trough, _ = sample.fall
    return decimal_rate(float(sample.values[trough] / sample.values[peak]) - 1)


def _downside(sample: Sample, required: float) -> float | None:
    short = sample.shortfall(required)
    return None if short is None else short * math.sqrt(TRADING_DAYS)


def _sample(returns: Returns) -> Sample:
    return returns if isinstance(returns, Sample) else Sample(returns)


def _spread(returns: Series) -> float | None:
    return Sample(returns).spread
