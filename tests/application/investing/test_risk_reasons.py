"""Why numbers of risk are not there."""

import numpy as np
import pytest

from coffers.application.investing.risk_reasons import lacking


@pytest.mark.parametrize(
    ("returns", "ratio", "reason"),
    [
        ([], None, "too_few_returns"),
        ([0.1, -1.0], "1.0", "all_lost"),
        ([1e9, 1e9], "1.0", "too_large"),
        ([0.1, 0.1], None, "no_variation"),
        ([0.1, 0.2], "1.0", None),
    ],
)
def test_the_first_reason_that_holds_is_told(
    returns: list[float], ratio: str | None, reason: str | None
) -> None:
    assert lacking(np.array(returns), [ratio]) == reason
