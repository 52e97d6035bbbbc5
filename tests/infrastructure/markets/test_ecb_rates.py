from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest

from coffers.domain.markets.rates import Rate
from coffers.infrastructure.markets.ecb_rates import (
    BundledRates,
    EcbRates,
    LaterRates,
    read_bundled,
)

bundled = cache(read_bundled)


def of(currency: str, day: str) -> tuple[str, str, str] | None:
    found = bundled().per_euro(currency, date.fromisoformat(day))
    return None if found is None else (str(found.rate), str(found.date), found.source)


@pytest.mark.parametrize(
    ("currency", "day", "rate"),
    [
        # ECB, euro foreign exchange reference rates: the first day, and one of a currency of then.
        ("USD", "1999-01-04", "1.1789"),
        ("JPY", "1999-01-04", "133.73"),
        ("TRL", "1999-01-04", "372274"),
        ("CYP", "1999-01-04", "0.58231"),
        ("USD", "2015-02-12", "1.1328"),
        ("HRK", "2015-02-12", "7.723"),
    ],
)
def test_the_digits_are_the_bank_s_own(currency: str, day: str, rate: str) -> None:
    assert of(currency, day) == (rate, day, "ECB")


def test_on_a_weekend_the_friday_before_counts() -> None:
    assert of("USD", "2015-02-15") == ("1.1381", "2015-02-13", "ECB")


def test_a_currency_that_is_not_quoted_any_more_has_no_rate_after_seven_days() -> None:
    assert of("RUB", "2022-03-08") == ("117.201", "2022-03-01", "ECB")
    assert of("RUB", "2022-03-09") is None


def test_before_the_euro_there_are_no_rates() -> None:
    assert of("USD", "1999-01-03") is None
    assert of("DEM", "1998-12-31") is None


@pytest.mark.parametrize(
    ("currency", "day", "rate"),
    [
        ("DEM", "1999-01-01", "1.95583"),
        ("HRK", "2023-01-01", "7.53450"),
        ("BGN", "2026-06-01", "1.95583"),
    ],
)
def test_a_currency_that_became_the_euro_keeps_its_rate_for_ever(
    currency: str, day: str, rate: str
) -> None:
    assert of(currency, day) == (rate, day, "EU")


def test_until_then_it_has_the_rate_of_the_market() -> None:
    assert of("HRK", "2022-12-30") == ("7.5365", "2022-12-30", "ECB")


def test_what_the_bank_never_quoted_is_unknown() -> None:
    assert of("XAU", "2020-01-02") is None


def test_the_file_of_a_day_is_read_whatever_comes_after_its_last_comma() -> None:
    rates = EcbRates(b"Date,USD,JPY,\n2026-03-03,1.2,N/A,\n2026-03-02,1.1,150,\n")

    assert rates.last_day == date(2026, 3, 3)
    assert rates.per_euro("JPY", date(2026, 3, 3)) == Rate(
        "EUR", "JPY", Decimal(150), date(2026, 3, 2), "ECB"
    )


def test_newer_days_stand_beside_the_bundled_ones() -> None:
    newest = bundled().last_day
    newer = Rate("EUR", "USD", Decimal("1.5"), newest + timedelta(days=1), "ECB")
    rates = LaterRates(bundled(), [newer])

    assert rates.per_euro("USD", newest + timedelta(days=8)) == newer
    assert rates.per_euro("USD", newest + timedelta(days=9)) is None
    assert rates.per_euro("USD", newest) == bundled().per_euro("USD", newest)


async def test_the_file_is_read_once() -> None:
    rates = BundledRates()

    assert await rates.rates() is await rates.rates()
