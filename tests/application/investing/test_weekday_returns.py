"""Returns of weekdays: what a weekend brought is part of the next one."""

from datetime import date, timedelta

import numpy as np
import pytest

from coffers.application.investing.risk import weekdays
from coffers.domain.investing.valuations import Days, Valuation

FRIDAY = date(2026, 3, 6)


def valuation(*values: float) -> Valuation:
    """From a Friday on, without flows."""
    nothing = np.zeros(len(values))
    days = Days(FRIDAY, FRIDAY + timedelta(days=len(values) - 1))
    return Valuation(days, np.array(values), *[nothing] * 6)


def test_what_a_weekend_brought_is_part_of_monday() -> None:
    returns, starts, places = weekdays(valuation(100, 90, 81, 81, 162))

    assert returns.tolist() == pytest.approx([-0.19, 1.0])
    assert (starts, places) == ([0, 3], [3, 4])


def test_what_was_lost_whole_on_a_weekend_is_lost_on_monday() -> None:
    returns, starts, places = weekdays(valuation(100, 100, 0, 0, 0))

    assert returns.tolist() == [-1.0]
    assert (starts, places) == ([0], [3])
