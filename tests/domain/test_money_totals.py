from decimal import Decimal

import pytest

from coffers.domain.money import known_total, total_of


def test_totals_are_exact_and_nothing_adds_up_to_nothing() -> None:
    assert total_of([Decimal("0.1")] * 3 + [Decimal("1E+19")]) == Decimal("10000000000000000000.3")
    assert total_of([]) == 0


@pytest.mark.parametrize(
    ("amounts", "total"),
    [([None], None), ([Decimal(1), None], None), ([Decimal(1)] * 2, 2), ([], 0)],
)
def test_a_total_is_known_when_all_of_it_is(
    amounts: list[Decimal | None], total: int | None
) -> None:
    assert known_total(amounts) == total
