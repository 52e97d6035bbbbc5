from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pytest

from coffers.domain.investing import risk, rolling
from coffers.domain.investing.rolling import rolled

WINDOW: Final = 20
CHANCE: Final = np.random.default_rng(7)
MINE: Final = CHANCE.normal(0.0005, 0.01, 70)
THEIRS: Final = MINE * 0.7 + CHANCE.normal(0.0, 0.004, 70)
ALONE: Final[dict[str, Callable[[Any], Decimal | None]]] = {
    "volatility": risk.volatility,
    "annual_return": risk.annual_return,
    "sharpe": risk.sharpe,
    "sortino": risk.sortino,
    "max_drawdown": lambda returns: risk.max_drawdown(returns).depth,  # type: ignore[union-attr]  # there are returns
}


@pytest.mark.parametrize("name", ALONE)
def test_each_stretch_has_the_number_that_it_has_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "AT_ONCE", 8)

    found = getattr(rolled(MINE, WINDOW, THEIRS), name)

    alone = [ALONE[name](MINE[end - WINDOW : end]) for end in range(WINDOW, MINE.size + 1)]
    assert found == pytest.approx([float(each or 0) for each in alone], abs=1e-9)


def test_beta_and_correlation_are_of_each_stretch() -> None:
    found = rolled(MINE, WINDOW, THEIRS)

    alone = MINE[-WINDOW:], THEIRS[-WINDOW:]
    assert found.beta[-1] == pytest.approx(float(risk.beta(*alone) or 0), abs=1e-9)
    assert found.correlation[-1] == pytest.approx(float(risk.correlation(*alone) or 0), abs=1e-9)
    assert found.beta.size == MINE.size - WINDOW + 1


def test_what_does_not_vary_has_no_ratio() -> None:
    found = rolled(np.full(WINDOW, 0.001), WINDOW)

    assert found.volatility[0] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan([found.sharpe[0], found.sortino[0], found.beta[0]]).all()


def test_fewer_returns_than_the_window_have_no_stretch() -> None:
    assert rolled(MINE[: WINDOW - 1], WINDOW).sharpe.size == 0
