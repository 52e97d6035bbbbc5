from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.infrastructure.statements.dates import (
    MAX_CHARACTERS,
    is_date_pattern,
    is_day_first,
    iso_day,
    ofx_day,
    patterned_day,
    qif_day,
)
from coffers.infrastructure.statements.refusals import FieldUnreadable
from tests.infrastructure.statements.ofx_files import bank, read, read_row, row
from tests.infrastructure.statements.refusals import codes_of


@pytest.mark.parametrize(
    "text",
    [
        "20210513",
        "20210513000000",
        "20210513000000[-3:GMT]",
        "20210513235959.999[+14:XXX]",
        "20210513120000.000[-:EST]",
        "20210513120000[-5:EST",
        "202105131200",
        "20210513 ",
    ],
)
def test_the_day_of_an_ofx_instant_is_the_day_as_written(text: str) -> None:
    assert read_row(row(day=text)).transaction_date == date(2021, 5, 13)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "missing"),
        ("20120231", "not_a_date"),
        ("201120000000", "not_a_date"),
        ("20210513garbage", "not_a_date"),
        ("2021-05-13", "not_a_date"),
        ("١٢٣٤٠١٠١", "not_a_date"),
        ("18991231", "out_of_range"),
        ("21010101", "out_of_range"),
        ("99991231", "out_of_range"),
        ("00000000", "out_of_range"),
    ],
)
def test_what_is_no_day_of_these_centuries_refuses_the_row(text: str, code: str) -> None:
    assert codes_of(lambda: read(bank(row(day=text)))) == [(1, "DTPOSTED", code)]


def test_a_row_without_a_date_is_refused() -> None:
    dateless = "<STMTTRN><TRNTYPE>DEBIT<TRNAMT>-1<FITID>1</STMTTRN>"

    assert codes_of(lambda: read(bank(dateless))) == [(1, "DTPOSTED", "missing")]


@pytest.mark.parametrize("year", [1900, 2100])
def test_the_first_and_the_last_year_are_read(year: int) -> None:
    assert ofx_day(f"{year}0101") == date(year, 1, 1)


def test_a_date_is_at_most_64_characters_long() -> None:
    zeros = "0" * (MAX_CHARACTERS - 9)

    assert ofx_day(f"20210513.{zeros}") == date(2021, 5, 13)
    with pytest.raises(FieldUnreadable):
        ofx_day(f"20210513.0{zeros}")


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("01/31/2024", "%m/%d/%Y", date(2024, 1, 31)),
        ("1/3/24", "%m/%d/%y", date(2024, 1, 3)),
        ("31.01.1999", "%d.%m.%Y", date(1999, 1, 31)),
        ("31 Jan 2024", "%d %b %Y", date(2024, 1, 31)),
        ("2024-01-31 23:59:59", "%Y-%m-%d", date(2024, 1, 31)),
        ("2024-01-31T00:00:00Z", "%Y-%m-%d", date(2024, 1, 31)),
        ("01/31/2024 as of 01/30/2024", "%m/%d/%Y", date(2024, 1, 31)),
        ("20240131", "%Y%m%d", date(2024, 1, 31)),
        ("1/1/69", "%m/%d/%y", date(1969, 1, 1)),
    ],
)
def test_a_date_is_read_by_its_pattern(text: str, pattern: str, expected: date) -> None:
    assert patterned_day(text, [pattern]) == expected


def test_of_several_patterns_the_first_that_fits_counts() -> None:
    patterns = ["%Y-%m-%d", "%m/%d/%Y"]

    assert patterned_day("2024-01-31", patterns) == patterned_day("01/31/2024", patterns)


@pytest.mark.parametrize(
    ("text", "code"),
    [("", "missing"), ("31/01/2024", "not_a_date"), ("2024-01-31", "not_a_date")],
)
def test_what_does_not_fit_the_pattern_is_no_date(text: str, code: str) -> None:
    with pytest.raises(FieldUnreadable) as refusal:
        patterned_day(text, ["%m/%d/%Y"])

    assert refusal.value.code == code


def test_months_have_english_names() -> None:
    with pytest.raises(FieldUnreadable):
        patterned_day("31 Foo 2024", ["%d %b %Y"])


@pytest.mark.parametrize(
    ("pattern", "is_one"),
    [
        ("%m/%d/%Y", True),
        ("%d %b %y", True),
        ("%m/%Y", False),
        ("%d.%m.%Y %H:%M", False),
        ("%d.%m.%Y.%d", False),
        ("", False),
        ("%", False),
    ],
)
def test_a_date_pattern_names_day_month_and_year_once(pattern: str, is_one: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    assert is_date_pattern(pattern) is is_one


@pytest.mark.parametrize(
    ("text", "day_first", "expected"),
    [
        ("1/31/2024", False, date(2024, 1, 31)),
        ("31/1/2024", True, date(2024, 1, 31)),
        ("1/31'24", False, date(2024, 1, 31)),
        ("1/ 5/99", False, date(1999, 1, 5)),
        ("2/1'70", False, date(2070, 2, 1)),
        ("31.01.2024", True, date(2024, 1, 31)),
        ("2024-01-31", False, date(2024, 1, 31)),
        ("2024-01-31", True, date(2024, 1, 31)),
    ],
)
def test_a_qif_date_is_read_in_its_order(text: str, day_first: bool, expected: date) -> None:  # noqa: FBT001 - a parameter of the cases
    assert qif_day(text, day_first=day_first) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1/2/2024", "13/2/2024"], True),
        (["1/2/2024", "2/13/2024"], False),
        (["1/2/2024", "3/4/2024"], None),
        (["1.2.2024"], True),
        (["2024-01-02"], False),
        (["2/2/2024"], False),
        ([], False),
    ],
)
def test_the_order_is_told_by_the_dates_or_not_at_all(
    texts: list[str],
    expected: bool | None,  # noqa: FBT001 - a parameter of the cases
) -> None:
    assert is_day_first(texts) is expected


def test_an_iso_instant_is_the_day_as_written() -> None:
    assert iso_day("2021-05-13T23:30:00-03:00") == date(2021, 5, 13)
    assert iso_day("2021-05-13") == iso_day("2021-05-13+02:00")


@given(st.text(max_size=70))
def test_any_other_text_is_refused_and_nothing_else_happens(text: str) -> None:
    readers = (
        ofx_day,
        iso_day,
        lambda text: patterned_day(text, ["%d.%m.%y", "%m/%d/%Y"]),
        lambda text: qif_day(text, day_first=True),
    )
    for read_day in readers:
        with suppress(FieldUnreadable):
            assert 1900 <= read_day(text).year <= 2100
