from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.percentages import percent_of

AMOUNTS = st.decimals(
    min_value=-(10**15), max_value=10**15, allow_nan=False, allow_infinity=False, places=6
)


def percent(part: str, basis: str) -> str | None:
    answer = percent_of(Decimal(part), Decimal(basis))
    return None if answer is None else str(answer)


def test_a_percentage_has_two_decimals() -> None:
    assert percent("2500.00", "15000.00") == "16.67"
    assert percent("500", "24500") == "2.04"
    assert percent("2500", "20000") == "12.50"


def test_it_is_over_the_absolute_basis() -> None:
    assert percent("49.50", "-500") == "9.90"
    assert percent("-49.50", "-500") == "-9.90"


def test_halves_are_rounded_away_from_zero() -> None:
    assert percent("0.125", "100") == "0.13"
    assert percent("-0.125", "100") == "-0.13"


def test_what_is_only_almost_a_half_is_rounded_down() -> None:
    assert percent("0.12499999999999999999999999999999999999", "100") == "0.12"


def test_there_is_no_percentage_of_nothing() -> None:
    assert percent("5", "0.00") is None


def test_no_change_is_a_plain_zero() -> None:
    assert percent("0.00", "-7") == "0.00"
    assert percent("-0.0000001", "100") == "0.00"


@given(AMOUNTS, AMOUNTS.filter(bool))
def test_it_is_never_further_off_than_half_a_hundredth(part: Decimal, basis: Decimal) -> None:
    answer = percent_of(part, basis)

    assert answer is not None
    assert abs(answer * abs(basis) - part * 100) <= abs(basis) * Decimal("0.005")
