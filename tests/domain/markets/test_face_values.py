"""Whether a bond is counted by its face value, told from what its source says it came to."""

from decimal import Decimal

import pytest

from coffers.domain.markets.face_values import ToldWorth, face_value_multiplier


@pytest.mark.parametrize(
    ("quantity", "price", "worth", "expected"),
    [
        ("15000", "100.71", "15106.50", "0.01"),
        ("-15000", "99.50", "15210.00", "0.01"),
        ("10", "995.00", "-9952.50", None),
        ("15", "1007.10", "15106.50", None),
        ("15000", "100.71", "0", None),
    ],
)
def test_face_value_is_told_by_what_a_quantity_at_a_price_came_to(
    quantity: str, price: str, worth: str, expected: str | None
) -> None:
    told = ToldWorth("GRNB40", "USD", Decimal(quantity), Decimal(price), Decimal(worth))

    found = face_value_multiplier([told])

    assert found == (None if expected is None else Decimal(expected))
