import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.markets import indicators
from coffers.domain.markets.indicators import Bars, Series
from tests import oracles


def walk(seed: int, length: int) -> Bars:
    """Prices that wander, with a day's range around each."""
    chance = np.random.default_rng(seed)
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.02, length))), 2)
    high = close + np.round(chance.uniform(0, 2, length), 2)
    low = close - np.round(chance.uniform(0, 2, length), 2)
    return Bars(high, low, close)


WALKS = st.builds(walk, st.integers(0, 10_000), st.integers(1, 300))


def same(found: Series, wanted: Series) -> bool:
    return np.allclose(found, wanted, equal_nan=True, rtol=1e-9, atol=1e-7)


@given(WALKS, st.sampled_from([2, 20, 50, 200]))
def test_averages_are_ta_lib_s(bars: Bars, window: int) -> None:
    assert same(indicators.sma(bars.close, window), oracles.talib.SMA(bars.close, window))
    assert same(indicators.ema(bars.close, window), oracles.talib.EMA(bars.close, window))


@given(WALKS, st.sampled_from([2, 14, 21]))
def test_relative_strength_is_ta_lib_s(bars: Bars, window: int) -> None:
    assert same(indicators.rsi(bars.close, window), oracles.talib.RSI(bars.close, window))


@given(WALKS)
def test_convergence_is_ta_lib_s(bars: Bars) -> None:
    found, wanted = indicators.macd(bars.close), oracles.talib.MACD(bars.close)

    assert same(found.line, wanted[0])
    assert same(found.signal, wanted[1])
    assert same(found.histogram, wanted[2])


@given(WALKS)
def test_bands_are_ta_lib_s(bars: Bars) -> None:
    found, wanted = indicators.bollinger(bars.close), oracles.talib.BBANDS(bars.close, 20, 2, 2)

    assert same(found.upper, wanted[0])
    assert same(found.middle, wanted[1])
    assert same(found.lower, wanted[2])


@given(WALKS)
def test_the_stochastic_is_ta_lib_s(bars: Bars) -> None:
    found = indicators.stochastic(bars)
    k, d = oracles.talib.STOCHF(bars.high, bars.low, bars.close, 14, 3)

    assert same(found.k[~np.isnan(k)], k[~np.isnan(k)])
    assert same(found.d, d)


@given(WALKS)
def test_williams_and_the_true_range_are_ta_lib_s(bars: Bars) -> None:
    wanted = oracles.talib.WILLR(bars.high, bars.low, bars.close, 14)

    assert same(indicators.williams_r(bars), wanted)
    assert same(indicators.atr(bars), oracles.talib.ATR(bars.high, bars.low, bars.close, 14))


def test_simple_strength_is_gains_over_all_moves() -> None:
    prices = np.array([10.0, 11, 10, 12])

    found = indicators.rsi_simple(prices, 3)

    assert np.isnan(found[:3]).all()
    assert found[3] == pytest.approx(75)


def test_prices_that_do_not_move_are_in_the_middle() -> None:
    flat = np.full(40, 5.0)
    bars = Bars(flat, flat, flat)

    assert indicators.rsi(flat)[-1] == 50
    assert indicators.rsi_simple(flat)[-1] == 50
    assert indicators.stochastic(bars).k[-1] == 50
    assert indicators.williams_r(bars)[-1] == -50


@pytest.mark.parametrize("length", [0, 1, 5])
def test_too_short_a_history_says_nothing(length: int) -> None:
    bars = walk(1, length)

    for found in (
        indicators.sma(bars.close, 20),
        indicators.ema(bars.close, 20),
        indicators.rsi(bars.close),
        indicators.macd(bars.close).signal,
        indicators.bollinger(bars.close).upper,
        indicators.stochastic(bars).d,
        indicators.atr(bars),
    ):
        assert found.size == length
        assert np.isnan(found).all()
