from datetime import date, timedelta
from decimal import Decimal

import pytest

from coffers.domain.investing.lots import Step
from coffers.domain.investing.reconciling import parted_on

START = date(2024, 1, 1)


def on(day: int) -> date:
    return START + timedelta(days=day)


def derived(*told: tuple[int, int]) -> list[Step]:
    return [Step(on(day), Decimal(quantity), Decimal(0)) for day, quantity in told]


@pytest.mark.parametrize(
    ("ours", "theirs", "since"),
    [
        # They agree, from the first word of the source on.
        ([(0, 10)], [(5, 10)], None),
        # Of what was before that nothing is known.
        ([(0, 10), (2, 4)], [(5, 4)], None),
        ([(0, 10)], [(5, 16)], 5),
        # A movement that the source never counted; a count that no movement explains.
        ([(0, 10), (9, 6)], [(5, 10)], 9),
        ([(0, 10)], [(5, 10), (7, 12)], 7),
        # A trade on its way passes.
        ([(0, 10), (7, 6)], [(5, 10), (8, 6)], None),
        # The last time counts, not the first.
        ([(0, 10), (7, 6)], [(5, 10), (8, 6), (20, 5), (30, 4)], 20),
        # It is gone, and nobody sold it.
        ([(0, 10)], [(5, 10), (9, 0)], 9),
        # Movements of what was never reported.
        ([(3, 10)], [(1, 0)], 3),
        ([(3, 10)], [], None),
    ],
)
def test_the_first_day_is_the_one_since_which_they_never_agreed_again(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]], since: int | None
) -> None:
    told = [(on(day), Decimal(quantity)) for day, quantity in theirs]

    assert parted_on(derived(*ours), told) == (None if since is None else on(since))
