from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.infrastructure.statements.amounts import (
    COMMA,
    MAX_CHARACTERS,
    POINT,
    Marks,
    amount_of,
    marks_of,
)
from coffers.infrastructure.statements.dates import ofx_day
from coffers.infrastructure.statements.reading import Reading
from coffers.infrastructure.statements.refusals import FieldUnreadable
from tests.infrastructure.statements.ofx_files import bank, read, row
from tests.infrastructure.statements.refusals import codes_of

HOSTILE = [
    *("NaN", "sNaN", "Infinity", "-inf", "1E+999", "1e5", "0x1F", "1_000", "$120", "120 USD"),
    *("١٢", "１２", "--1", "+-1", "1-", "1.2.3", "1..2", ".", "-", "+", "1 000", "½", "1\n2"),
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_no_plain_number_refuses_the_row(text: str) -> None:
    assert codes_of(lambda: read(bank(row(), row(text, fitid="2")))) == [
        (2, "TRNAMT", "not_a_number")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-3.65", "-3.65"),
        ("+0000000000100.00000", "100.00000"),
        ("7", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-0.00", "0.00"),
        ("0000000000000000000000000000000001.50", "1.50"),
        ("999999999999999999.999999999999999999", "999999999999999999.999999999999999999"),
    ],
)
def test_a_plain_number_is_exactly_what_is_written(text: str, expected: str) -> None:
    assert read(bank(row(text)))[0].transactions[0].amount == Decimal(expected)


@pytest.mark.parametrize("text", ["1" + "0" * 18, "-1" + "0" * 18, "0." + "0" * 18 + "1"])
def test_nineteen_digits_on_a_side_are_out_of_range(text: str) -> None:
    assert codes_of(lambda: read(bank(row(text)))) == [(1, "TRNAMT", "out_of_range")]


def test_a_number_is_at_most_64_characters_long() -> None:
    assert amount_of("0" * (MAX_CHARACTERS - 1) + "1", POINT) == 1
    with pytest.raises(FieldUnreadable):
        amount_of("0" * MAX_CHARACTERS + "1", POINT)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,56", "1234.56"),
        ("1,000.00", "1000.00"),
        ("-3,65", "-3.65"),
        ("1,00,000.00", "100000.00"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
    ],
)
def test_a_comma_is_understood_where_it_can_mean_one_thing_only(text: str, expected: str) -> None:
    assert read(bank(row(text)))[0].transactions[0].amount == Decimal(expected)


@pytest.mark.parametrize(
    ("other", "text", "expected"),
    [
        ("12.34", "1,000", "1000"),
        ("12,34", "1,000", "1.000"),
        ("12,34", "1.000", "1000"),
    ],
)
def test_the_other_numbers_of_a_file_tell_what_its_marks_mean(
    other: str, text: str, expected: str
) -> None:
    (statement,) = read(bank(row(other), row(text, fitid="2"), balances=""))

    assert statement.transactions[1].amount == Decimal(expected)


@pytest.mark.parametrize("others", [[], ["1,5", "1.5"]])
def test_a_thousand_that_may_be_a_one_is_refused(others: list[str]) -> None:
    rows = [row(text, fitid=text) for text in [*others, "1,000"]]

    assert codes_of(lambda: read(bank(*rows, balances=""))) == [
        (len(rows), "TRNAMT", "ambiguous_number")
    ]


@pytest.mark.parametrize("text", ["1,00", "12,34,5", ",100", "1000,000", "1,000,00"])
def test_thousands_are_grouped_or_refused(text: str) -> None:
    with pytest.raises(FieldUnreadable):
        amount_of(text, POINT)


@given(st.decimals(places=2, min_value=-(10**15), max_value=10**15))
def test_a_number_written_in_either_way_is_read_back(number: Decimal) -> None:
    english = f"{number:,}"
    german = english.translate(str.maketrans(",.", ".,"))

    assert amount_of(english, POINT) == number
    assert amount_of(german, COMMA) == number
    assert amount_of(str(number), Marks(".", "")) == number


@given(st.text(max_size=70))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    for marks in (POINT, COMMA, None):
        with suppress(FieldUnreadable):
            assert amount_of(text, marks).is_finite()


@given(st.lists(st.text("0123456789+-.,", max_size=20), min_size=1, max_size=5))
def test_a_column_is_read_as_its_cells_are(texts: list[str]) -> None:
    def reading() -> Reading:
        return Reading(day=ofx_day)

    one_by_one = reading()
    alone = [one_by_one.amount(text, "x") for text in texts]

    assert reading().amounts(texts, "x") == alone


def test_marks_are_what_all_numbers_agree_on() -> None:
    assert marks_of(["1.000", "12.5"]) == POINT
    assert marks_of(["1.000", "12,5", "7"]) == COMMA
    assert marks_of(["1.000", "2,000"]) is None
    assert marks_of(["1.5", "1,5"]) is None
