from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.markets import rates
from coffers.domain.markets.rates import Rate, ReferenceRates, rounded, rounded_parts
from tests.rates import book_of, own_rate

FRIDAY = date(2026, 3, 6)
CENTS = st.decimals("-1000000", "1000000", places=7)


class Bank(ReferenceRates):
    """Published on Friday."""

    def per_euro(self, currency: str, day: date) -> Rate | None:
        known = {"USD": "1.25", "GBP": "0.80"}
        if currency not in known or not FRIDAY <= day <= FRIDAY + timedelta(days=7):
            return None
        return Rate("EUR", currency, Decimal(known[currency]), FRIDAY, "ECB")


def test_a_rate_is_the_last_one_known_until_the_day() -> None:
    book = book_of(own_rate("EUR", "USD", FRIDAY, "1.25"))

    found = book.rate("EUR", "USD", FRIDAY + timedelta(days=2))

    assert found == Rate("EUR", "USD", Decimal("1.25"), FRIDAY, "own")


def test_a_rate_is_good_for_seven_days_and_not_for_eight() -> None:
    book = book_of(own_rate("EUR", "USD", FRIDAY, "1.25"))

    assert book.rate("EUR", "USD", FRIDAY + timedelta(days=7)) is not None
    assert book.rate("EUR", "USD", FRIDAY + timedelta(days=8)) is None


def test_a_rate_of_a_later_day_is_not_known_yet() -> None:
    book = book_of(own_rate("EUR", "USD", FRIDAY, "1.25"))

    assert book.rate("EUR", "USD", FRIDAY - timedelta(days=1)) is None


def test_an_unknown_rate_is_none_and_never_one() -> None:
    assert book_of().rate("EUR", "XAU", FRIDAY) is None
    assert book_of(published=Bank()).rate("XAU", "USD", FRIDAY) is None


def test_a_currency_is_worth_one_of_itself() -> None:
    found = book_of().rate("XAU", "XAU", FRIDAY)

    assert found is not None
    assert found.rate == 1


def test_the_other_direction_is_the_inverse() -> None:
    found = book_of(own_rate("EUR", "USD", FRIDAY, "1.25")).rate("USD", "EUR", FRIDAY)

    assert found == Rate("USD", "EUR", Decimal("0.8"), FRIDAY, "own")


def test_two_currencies_meet_over_the_euro() -> None:
    found = book_of(published=Bank()).rate("GBP", "USD", FRIDAY)

    assert found == Rate("GBP", "USD", Decimal("1.5625"), FRIDAY, "ECB")


def test_what_is_calculated_has_eighteen_digits() -> None:
    found = book_of(own_rate("EUR", "USD", FRIDAY, "3")).rate("USD", "EUR", FRIDAY)

    assert found is not None
    assert str(found.rate) == "0.333333333333333333"


def test_one_s_own_rate_comes_before_a_published_one_of_the_same_day() -> None:
    book = book_of(own_rate("USD", "EUR", FRIDAY, "0.5"), published=Bank())

    own, published = book.rate("EUR", "USD", FRIDAY), book.rate("EUR", "GBP", FRIDAY)

    assert own == Rate("EUR", "USD", Decimal(2), FRIDAY, "own")
    assert published is not None
    assert published.source == "ECB"


def test_a_newer_published_rate_comes_before_an_older_one_of_one_s_own() -> None:
    book = book_of(own_rate("EUR", "USD", FRIDAY - timedelta(days=1), "9"), published=Bank())

    found = book.rate("EUR", "USD", FRIDAY)

    assert found is not None
    assert found.source == "ECB"


def test_a_cross_rate_is_as_old_as_its_older_part_and_names_both_sources() -> None:
    book = book_of(own_rate("EUR", "XAU", FRIDAY + timedelta(days=1), "0.0005"), published=Bank())

    found = book.rate("XAU", "USD", FRIDAY + timedelta(days=2))

    assert found == Rate("XAU", "USD", Decimal(2500), FRIDAY, "ECB, own")


def test_conversion_is_exact() -> None:
    # VECTORS, Currencies: 100 @150 USD at 0.965 EUR/USD → 100 @151 USD at 0.941: −265.90 EUR.
    bought, now = own_rate("USD", "EUR", FRIDAY, "0.965"), FRIDAY + timedelta(days=1)
    book = book_of(bought, own_rate("USD", "EUR", now, "0.941"))
    first, second = book.rate("USD", "EUR", FRIDAY), book.rate("USD", "EUR", now)

    assert first is not None
    assert second is not None
    result = second.convert(Decimal(15_100)) - first.convert(Decimal(15_000))

    assert result == Decimal("-265.90")


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("1.005", "USD", "1.01"), ("-1.005", "USD", "-1.01"), ("2.5", "JPY", "3"), ("0", "USD", "0")],
)
def test_amounts_are_rounded_to_the_minor_unit_and_halves_away_from_zero(
    amount: str, currency: str, shown: str
) -> None:
    assert rounded(Decimal(amount), currency) == Decimal(shown)


def test_parts_are_rounded_so_that_they_add_up() -> None:
    parts = rounded_parts([Decimal(10) / 3] * 3, "EUR")

    assert parts == [Decimal("3.34"), Decimal("3.33"), Decimal("3.33")]


@given(st.lists(CENTS, max_size=30))
def test_rounded_parts_add_up_to_the_rounded_whole_and_none_is_a_unit_off(
    parts: list[Decimal],
) -> None:
    found = rounded_parts(parts, "USD")

    assert sum(found) == rounded(sum(parts, Decimal(0)), "USD")
    assert all(abs(one - other) < Decimal("0.01") for one, other in zip(found, parts, strict=True))


def test_a_book_that_is_asked_for_much_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_ASKED", 1)
    days = [date(2026, 3, 2), date(2026, 3, 3)]
    book = book_of(*(own_rate("EUR", "USD", day, str(day.day)) for day in days))

    found = [book.rate("EUR", "USD", day) for day in (*days, *days)]

    assert [each and each.rate for each in found] == [2, 3, 2, 3]


def test_another_pair_is_asked_for_while_rates_are_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "MOST_ASKED", 1)
    book = book_of(published=Bank())
    asked = iter(["GBP", "CHF"])

    class Watched(rates._Pair):
        def clear(self) -> None:
            book._of("EUR", next(asked))

    monkeypatch.setattr(rates, "_Pair", Watched)

    found = [book.rate("EUR", code, FRIDAY) for code in ("USD", "NOK")]

    assert [each and each.rate for each in found] == [Decimal("1.25"), None]


def test_rates_of_many_days_are_those_of_each() -> None:
    days = [date(2026, 3, 2), date(2026, 3, 20), date(2026, 3, 4)]
    book = book_of(own_rate("EUR", "USD", days[0], "1.1"))

    found = book.rates("EUR", "USD", days)

    assert found == [book.rate("EUR", "USD", day) for day in days]
    assert [each and each.rate for each in found] == [Decimal("1.1"), None, Decimal("1.1")]
    assert [each and each.rate for each in book.rates("USD", "USD", days)] == [1, 1, 1]
