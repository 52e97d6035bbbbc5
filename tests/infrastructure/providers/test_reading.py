from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.linking.providers import ProviderAnsweredNonsense
from coffers.infrastructure.providers.reading import (
    MAX_IDENTIFIER_CHARS,
    MAX_PROSE_CHARS,
    MAX_SECRET_CHARS,
    MAX_SYMBOL_CHARS,
    Fields,
    bounded,
    product,
    signed_like,
    unique,
    us_trading_day,
)


def holding(value: Any) -> Fields:
    return Fields({"x": value}, "bank row")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("0", "0"),
        ("-0.00", "0.00"),
        ("007", "7"),
        ("-33293.43", "-33293.43"),
        ("9" * 18 + "." + "9" * 18, "9" * 18 + "." + "9" * 18),
        (5, "5"),
        (-5, "-5"),
        (Decimal("1.10"), "1.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-9.094947017729282E-13"), "-0.000000000000909495"),
        (Decimal("1E-999999"), "0"),
        (Decimal("-0.0"), "0.0"),
    ],
)
def test_a_number_is_read_exactly(value: object, number: str) -> None:
    assert holding(value).number("x") == Decimal(number)
    assert not holding(value).number("x").is_zero() or not holding(value).number("x").is_signed()


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", " 1", "1 ", "1\n", "+1", "1,000.00", "1_000", "١٢", "１２", "1E3", "0x1", ".5"),
        *("5.", "NaN", "Infinity", "--1", "1" * 19, "0." + "0" * 18 + "1", 10**18, -(10**18)),
        *(Decimal("1E+18"), Decimal("1E+999999999"), Decimal("NaN"), Decimal("sNaN")),
        *(Decimal("-Infinity"), True, False, [], {}, "1" * 100_000),
    ],
)
def test_what_is_no_number_in_bounds_is_nonsense(value: object) -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        holding(value).number("x")


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_a_bounded_number_fits_the_ledger_or_is_refused(number: Decimal) -> None:
    try:
        kept = bounded(number)
    except ProviderAnsweredNonsense:
        return

    exponent = kept.as_tuple().exponent
    assert isinstance(exponent, int)
    assert exponent >= -18
    assert kept.copy_abs() < Decimal(10) ** 18
    assert (kept - number).copy_abs() <= Decimal("5E-19")


def test_a_product_keeps_more_digits_than_a_default_context_would() -> None:
    quantity, price = Decimal("123456789012.123456789"), Decimal("1.000000001")

    assert product(quantity, price) == Decimal("123456789135.580245801123456789")


def test_a_sign_is_given_without_losing_digits() -> None:
    amount = Decimal("123456789012345678.123456789012345678")

    assert signed_like(amount, Decimal(-1)) == amount.copy_negate()
    assert signed_like(amount.copy_negate(), Decimal(1)) == amount
    assert not signed_like(Decimal(0), Decimal(-1)).is_signed()


@pytest.mark.parametrize(("value", "text"), [("a", "a"), (12, "12"), ("é …", "é …")])
def test_an_id_stands_exactly_as_it_is_told(value: object, text: str) -> None:
    assert holding(value).identifier("x") == text


@pytest.mark.parametrize(
    "value", [None, "", "a\0b", "a\nb", "\ud800", "\u2028", True, 1.5, [], {}, "\x7f"]
)
def test_an_id_that_cannot_be_kept_is_nonsense(value: object) -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        holding(value).identifier("x")


@pytest.mark.parametrize(
    ("read", "most"),
    [
        (Fields.identifier, MAX_IDENTIFIER_CHARS),
        (Fields.symbol, MAX_SYMBOL_CHARS),
        (Fields.secret, MAX_SECRET_CHARS),
    ],
)
def test_codes_have_a_limit(read: Any, most: int) -> None:
    assert read(holding("x" * most), "x") == "x" * most

    with pytest.raises(ProviderAnsweredNonsense):
        read(holding("x" * (most + 1)), "x")


def test_a_token_that_could_not_stand_in_a_header_is_nonsense() -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        holding("é").secret("x")


def test_prose_is_cleaned_and_cut_rather_than_refused() -> None:
    assert holding("  A\tB\r\n\0C\ud800 \u2028D ").prose("x") == "A B C D"
    assert holding("x" * (MAX_PROSE_CHARS + 1)).prose("x") == "x" * MAX_PROSE_CHARS
    assert holding(None).prose("x") == ""


@pytest.mark.parametrize("value", [1, [], {}, True])
def test_prose_that_is_no_text_is_nonsense(value: object) -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        holding(value).prose("x")


@pytest.mark.parametrize("value", ["usd", "US", "QQQ", "US$", "", None, 840])
def test_a_currency_is_a_code_of_iso_4217(value: object) -> None:
    assert holding("JPY").currency("x") == "JPY"

    with pytest.raises(ProviderAnsweredNonsense):
        holding(value).currency("x")


def test_a_day_lies_between_1900_and_2100() -> None:
    assert holding("1900-01-01").day("x") == date(1900, 1, 1)
    assert holding("2100-12-31").day("x") == date(2100, 12, 31)


@pytest.mark.parametrize(
    "value",
    ["1899-12-31", "2101-01-01", "9999-12-31", "2026-02-30", "20260101", "2026-W01-1", "", 1, None],
)
def test_another_day_is_nonsense(value: object) -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        holding(value).day("x")


def test_an_instant_carries_its_offset() -> None:
    moment = datetime(2026, 4, 24, 16, 20, 40, tzinfo=UTC)

    assert holding("2026-04-24T16:20:40+0000").instant("x") == moment
    assert holding("2026-04-24T12:20:40-04:00").instant("x") == moment
    assert holding("2026-04-24T16:20:40.123456789Z").instant("x").microsecond == 123456


@pytest.mark.parametrize(
    "value",
    ["2026-04-24T16:20:40", "0001-01-01T00:00:00+14:00", "2101-01-01T00:00:00Z", "now", "１", 5],
)
def test_another_instant_is_nonsense(value: object) -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        holding(value).instant("x")


def test_seconds_since_1970_name_a_day_in_utc() -> None:
    assert holding(793090572).epoch_day("x") == date(1995, 2, 18)
    assert holding("1782820800").epoch_day("x") == date(2026, 6, 30)


@pytest.mark.parametrize("value", [2**62, -(2**40), "4133980800", "x", None])
def test_seconds_that_name_no_day_of_ours_are_nonsense(value: object) -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        holding(value).epoch_day("x")


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-04-24T16:20:40+00:00", date(2026, 4, 24)),
        ("2026-04-25T03:59:59+00:00", date(2026, 4, 24)),
        ("2026-04-25T04:00:00+00:00", date(2026, 4, 25)),
        ("2026-01-25T04:00:00+00:00", date(2026, 1, 24)),
        ("2026-04-24T00:00:00+00:00", date(2026, 4, 24)),
    ],
)
def test_a_trading_day_is_new_york_s_unless_it_was_written_as_a_date(
    moment: str, day: date
) -> None:
    assert us_trading_day(datetime.fromisoformat(moment)) == day


def test_a_list_that_is_absent_is_not_an_empty_one() -> None:
    assert holding([]).children("x") == []
    assert holding(None).children_or_none("x") is None

    with pytest.raises(ProviderAnsweredNonsense):
        holding(None).children("x")


def test_two_rows_of_one_id_are_nonsense() -> None:
    assert unique([1, 2], int, "bank row") == [1, 2]

    with pytest.raises(ProviderAnsweredNonsense):
        unique([1, 2, 1], int, "bank row")


def test_a_refusal_names_the_field_and_keeps_the_value_to_itself() -> None:
    with pytest.raises(ProviderAnsweredNonsense) as refusal:
        holding("a very private memo").number("x")

    assert refusal.value.detail == "bank row: 'x' cannot be believed."
