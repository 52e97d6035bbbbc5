import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from coffers.domain.investing import risk
from coffers.domain.investing.risk import Series
from tests import oracles

#: The sample that empyrical documents its figures with.
SAMPLE = np.array([0.01, 0.10, -0.04, 0.02, 0.03, 0.02, 0.01, -0.10])
RETURNS = arrays(np.float64, st.integers(5, 400), elements=st.floats(-0.25, 0.25, width=32))


def near(found: Decimal | None, wanted: float, within: float = 1e-9) -> bool:
    if found is None:
        return math.isnan(wanted)
    return math.isclose(float(found), wanted, rel_tol=within, abs_tol=within)


def test_the_sample_has_its_published_figures() -> None:
    assert near(risk.sharpe(SAMPLE), 1.7238613961706866)
    assert near(risk.volatility(SAMPLE), 0.9136465399704637)
    assert near(risk.downside(SAMPLE), 0.60448325038829653)
    assert near(risk.sortino(SAMPLE), 2.605531251673693)
    assert near(risk.cumulative(SAMPLE), 0.0389310917, 1e-9)
    fall = risk.max_drawdown(SAMPLE)
    assert fall is not None
    assert (fall.depth, fall.peak, fall.trough, fall.recovered) == (Decimal("-0.1"), 7, 8, None)


def test_a_drawdown_counts_from_the_starting_value() -> None:
    fall = risk.max_drawdown(np.array([-0.5, 0.5, 0.5]))

    assert fall is not None
    assert (fall.depth, fall.peak, fall.trough, fall.recovered) == (Decimal("-0.5"), 0, 1, 3)


def test_without_a_fall_there_is_a_drawdown_of_zero_and_no_calmar() -> None:
    rising = np.array([0.01, 0.02])

    fall = risk.max_drawdown(rising)

    assert fall is not None
    assert fall.depth == 0
    assert risk.calmar(rising) is None


@given(RETURNS)
def test_no_fall_is_deeper_than_the_one_that_is_found(returns: Series) -> None:
    values = np.concatenate([[1.0], np.cumprod(1 + returns)])

    fall = risk.max_drawdown(returns)

    assert fall is not None
    depths = values / np.maximum.accumulate(values) - 1
    assert near(fall.depth, depths.min())
    assert depths[fall.trough] == depths.min()
    assert values[fall.peak] == values[: fall.trough + 1].max()


@pytest.mark.parametrize("returns", [[], [0.01]])
def test_too_few_returns_have_no_risk(returns: list[float]) -> None:
    few = np.array(returns)

    assert risk.volatility(few) is None
    assert risk.sharpe(few) is None
    assert risk.parametric_var(few, 0.95) is None


def test_what_does_not_vary_has_no_sharpe_and_no_beta() -> None:
    flat = np.full(10, 0.001)

    assert risk.volatility(flat) == 0
    assert risk.sharpe(flat) is None
    assert risk.sortino(flat) is None
    assert risk.beta(SAMPLE, np.full(8, 0.001)) is None
    assert risk.jensen_alpha(SAMPLE, np.full(8, 0.001)) is None


def test_no_returns_have_nothing_at_all() -> None:
    none = np.array([])

    assert risk.max_drawdown(none) is None
    assert risk.cumulative(none) is None
    assert risk.annual_return(none) is None
    assert risk.historical_var(none, 0.95) is None
    assert risk.historical_shortfall(none, 0.95) is None
    assert risk.downside(none) is None


def test_everything_lost_has_no_annual_return() -> None:
    assert risk.annual_return(np.array([0.1, -1.0])) is None


@given(RETURNS)
def test_empyrical_says_the_same_of_a_series(returns: Series) -> None:
    if returns.std(ddof=1) < 1e-6 or np.minimum(returns, 0).min() > -1e-6:
        return
    fall = risk.max_drawdown(returns)
    assert fall is not None
    assert near(fall.depth, oracles.empyrical.max_drawdown(returns))
    assert near(risk.sharpe(returns), oracles.empyrical.sharpe_ratio(returns))
    assert near(risk.sortino(returns), oracles.empyrical.sortino_ratio(returns), 1e-7)
    assert near(risk.volatility(returns), oracles.empyrical.annual_volatility(returns))
    assert near(risk.annual_return(returns), oracles.empyrical.annual_return(returns), 1e-7)
    assert near(risk.historical_var(returns, 0.95), oracles.empyrical.value_at_risk(returns, 0.05))


@given(RETURNS)
def test_empyrical_says_the_same_of_a_series_beside_a_benchmark(returns: Series) -> None:
    benchmark = np.roll(returns, 1) * 0.7 + np.linspace(-0.01, 0.02, returns.size)
    if (returns - benchmark).std(ddof=1) < 1e-6:
        return
    assert near(risk.beta(returns, benchmark), oracles.empyrical.beta(returns, benchmark), 1e-7)
    assert near(
        risk.information_ratio(returns, benchmark),
        oracles.empyrical.excess_sharpe(returns, benchmark) * math.sqrt(risk.TRADING_DAYS),
        1e-7,
    )


def test_the_parametric_figures_are_those_of_the_normal_distribution() -> None:
    mean, spread = float(SAMPLE.mean()), float(SAMPLE.std(ddof=1))

    assert near(risk.parametric_var(SAMPLE, 0.95), mean - 1.6448536269514722 * spread)
    assert near(risk.parametric_shortfall(SAMPLE, 0.95), mean - 2.0627128075074257 * spread)
    assert near(risk.parametric_var(SAMPLE, 0.99), mean - 2.3263478740408408 * spread)


def test_the_shortfall_is_the_mean_of_what_lies_beyond() -> None:
    returns = np.linspace(-0.5, 0.49, 100)

    assert near(risk.historical_var(returns, 0.95), -0.4505)
    assert near(risk.historical_shortfall(returns, 0.95), -0.48)


def test_all_that_are_as_low_as_the_value_at_risk_count_for_the_shortfall() -> None:
    returns = np.array([-0.5, *[0.0] * 59])

    assert near(risk.historical_var(returns, 0.95), 0.0)
    assert near(risk.historical_shortfall(returns, 0.95), -0.5 / 60)


@given(arrays(np.float64, (4, 50), elements=st.floats(-0.125, 0.125, width=32)))
def test_correlations_are_numpy_s(returns: Series) -> None:
    if returns.std(axis=1).min() < 1e-6:
        return
    assert np.allclose(risk.correlations(returns), np.corrcoef(returns), atol=1e-9)


def test_a_series_that_does_not_move_correlates_with_nothing() -> None:
    matrix = risk.correlations(np.array([[0.1, -0.1, 0.2], [0.0, 0.0, 0.0]]))

    assert matrix[0, 0] == pytest.approx(1)
    assert np.isnan(matrix[0, 1])


def test_tracking_error_and_jensen_s_alpha() -> None:
    benchmark = SAMPLE * 0.5

    assert risk.tracking_error(SAMPLE, benchmark) == risk.volatility(SAMPLE * 0.5)
    assert near(risk.beta(SAMPLE, benchmark), 2.0)
    assert near(risk.jensen_alpha(SAMPLE, benchmark), 0.0)
    assert risk.correlation(SAMPLE, benchmark) == 1
    assert risk.correlation(SAMPLE, -benchmark) == -1
    assert risk.correlation(SAMPLE, np.zeros(8)) is None
    assert risk.series([Decimal("0.5")]).tolist() == [0.5]
