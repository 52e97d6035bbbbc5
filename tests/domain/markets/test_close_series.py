from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.ids import new_id
from coffers.domain.markets.close_series import adjusted_closes, aligned, correlation_matrix
from coffers.domain.markets.corporate_actions import (
    ActionKind,
    Adjustment,
    CorporateAction,
    adjusted,
)
from coffers.domain.markets.prices import Bar
from tests import oracles

NOW = datetime(2026, 3, 2, tzinfo=UTC)
DAYS = np.arange("2026-01-01", "2026-03-01", dtype="datetime64[D]")


def action(day: date, kind: ActionKind, **told: Any) -> CorporateAction:
    return CorporateAction(new_id(), new_id(), None, day, kind, NOW, NOW, **told)


def closes(seed: int, count: int = DAYS.size) -> Any:
    return 100 * np.cumprod(1 + np.random.default_rng(seed).normal(0, 0.01, count))


def test_the_matrix_is_that_of_numpy_and_pandas() -> None:
    series = [(DAYS, closes(seed)) for seed in range(5)]
    prices = np.array([each for _, each in series])

    _, matrix = correlation_matrix(series)

    returns = prices[:, 1:] / prices[:, :-1] - 1
    assert np.abs(matrix - np.corrcoef(returns)).max() < 1e-12
    assert np.abs(matrix - oracles.pandas.DataFrame(returns.T).corr().to_numpy()).max() < 1e-12


def test_only_days_that_all_have_count() -> None:
    one, other = (DAYS, closes(1)), (DAYS[::2], closes(2, DAYS[::2].size))

    common = aligned([one, other])

    assert common.days.tolist() == DAYS[::2].tolist()
    assert np.array_equal(common.closes[0], one[1][::2])
    assert common.coverage.tolist() == [1.0, DAYS[::2].size / DAYS.size]


def test_nothing_has_no_days_in_common() -> None:
    nothing = (np.zeros(0, "datetime64[D]"), np.zeros(0))

    common, matrix = correlation_matrix([nothing, nothing])

    assert (common.days.size, matrix.shape) == (0, (2, 2))
    assert correlation_matrix([])[1].shape == (0, 0)


def test_two_that_never_meet_say_nothing() -> None:
    half = DAYS.size // 2
    first, second = DAYS[:half], DAYS[half : 2 * half]

    _, matrix = correlation_matrix([(first, closes(1, half)), (second, closes(2, half))])

    assert np.isnan(matrix).all()


def test_of_three_that_never_meet_none_is_kept() -> None:
    part = DAYS.size // 3
    thirds = [(DAYS[place * part : (place + 1) * part], closes(place, part)) for place in range(3)]

    common, matrix = correlation_matrix(thirds)

    assert (common.places, common.days.size) == ([], 0)
    assert np.isnan(matrix).all()


@given(
    st.lists(st.integers(100, 10_000), min_size=3, max_size=30),
    st.lists(
        st.tuples(st.integers(0, 30), st.sampled_from(["2", "0.5", "3"]), st.booleans()),
        max_size=5,
        unique_by=lambda each: (each[0], each[2]),
    ),
)
def test_arrays_are_adjusted_as_bars_are(
    levels: list[int], told: list[tuple[int, str, bool]]
) -> None:
    days = DAYS[: len(levels)].tolist()
    actions = [
        action(DAYS[place].item(), ActionKind.SPLIT, ratio=Decimal(number))
        if is_split
        else action(DAYS[place].item(), ActionKind.DIVIDEND, amount=Decimal(number))
        for place, number, is_split in told
    ]
    bars = [Bar(day, Decimal(level)) for day, level in zip(days, levels, strict=True)]

    exact = adjusted(bars, actions, Adjustment.ALL)
    quick = adjusted_closes(DAYS[: len(levels)], np.array(levels, dtype=float), actions)

    assert np.abs(quick - np.array([float(bar.close) for bar in exact])).max() < 1e-6
