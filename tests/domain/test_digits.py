from decimal import Decimal

import pytest

from coffers.domain.digits import fixed, percent_text


@pytest.mark.parametrize(
    ("number", "told"),
    [("0.0000005", "0.000000"), ("-0.0000001", "0.000000"), ("1.0000015", "1.000002")],
)
def test_halves_go_to_the_even_digit_and_zero_has_no_sign(number: str, told: str) -> None:
    assert format(fixed(Decimal(number), 6), "f") == told


def test_a_percentage_may_be_as_large_as_a_float() -> None:
    assert percent_text(Decimal("1e300"), 6) == f"1{'0' * 302}.000000"
    assert percent_text(Decimal("0.123456785"), 6) == "12.345678"
