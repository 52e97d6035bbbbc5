from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from coffers.domain.ledger.net_worth import Sighting, end_of_day, worth_by_day, worth_of
from tests.rates import book_of, own_rate

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 4)
LONDON = ZoneInfo("UTC")
NO_RATES = book_of()


def seen(day: int, balance: str | None, *, account: str = "a", hour: int = 12) -> Sighting:
    at = datetime(2026, 3, day, hour, tzinfo=UTC)
    return Sighting(at, account, "USD", None if balance is None else Decimal(balance))


def net(*sightings: Sighting) -> list[tuple[int, str]]:
    found = worth_by_day(sightings, FIRST, LAST, LONDON)
    return [(day.day, str(worth.net.get("USD"))) for day, worth in found]


def test_balances_above_zero_are_assets_and_those_below_liabilities() -> None:
    worth = worth_of([("USD", Decimal(100)), ("USD", Decimal(-30)), ("EUR", Decimal(-5))])

    assert worth.assets == {"EUR": Decimal(0), "USD": Decimal(100)}
    assert worth.liabilities == {"EUR": Decimal(5), "USD": Decimal(30)}
    assert worth.net == {"EUR": Decimal(-5), "USD": Decimal(70)}


def test_without_a_rate_there_is_no_total_over_currencies() -> None:
    worth = worth_of([("USD", Decimal(100)), ("XAU", Decimal(5))])

    assert worth.total("USD", NO_RATES, FIRST) is None
    assert worth.missing("USD", NO_RATES, FIRST) == ["XAU"]


def test_nothing_in_another_currency_needs_no_rate() -> None:
    worth = worth_of([("USD", Decimal(100)), ("XAU", Decimal(0))])

    assert worth.total("USD", NO_RATES, FIRST) == 100


def test_nothing_at_all_is_worth_zero() -> None:
    assert worth_of([]).total("USD", NO_RATES, FIRST) == 0


def test_foreign_amounts_count_at_the_rate_of_the_day_and_are_rounded_once() -> None:
    rates = book_of(own_rate("EUR", "USD", FIRST, "1.0005"), own_rate("GBP", "USD", FIRST, "1.3"))

    worth = worth_of([("USD", Decimal("0.001")), ("EUR", Decimal(11)), ("GBP", Decimal(-10))])

    # 11.0055 − 13 = −1.9945, to the cent −1.99; what is in the base currency keeps its digits.
    assert worth.total("USD", rates, FIRST) == Decimal("-1.989")


def test_a_balance_is_kept_until_the_account_is_seen_again() -> None:
    assert net(seen(2, "10"), seen(4, "20")) == [(2, "10"), (3, "10"), (4, "20")]


def test_the_last_balance_of_a_day_is_the_day_s() -> None:
    assert net(seen(1, "10", hour=8), seen(1, "20", hour=20))[0] == (1, "20")


def test_accounts_add_up() -> None:
    assert net(seen(1, "10"), seen(3, "-4", account="b"))[-1] == (4, "6")


def test_an_account_that_is_no_longer_reported_is_not_counted_from_then_on() -> None:
    sightings = [seen(1, "10"), seen(2, "5", account="b"), seen(3, None, account="b")]

    assert net(*sightings) == [(1, "10"), (2, "15"), (3, "10"), (4, "10")]


def test_what_was_known_before_the_first_day_counts_on_it() -> None:
    earlier = Sighting(datetime(2025, 1, 1, tzinfo=UTC), "a", "USD", Decimal(7))

    assert net(earlier)[0] == (1, "7")


@pytest.mark.parametrize(
    ("zone", "end"),
    [
        ("Pacific/Pago_Pago", "2026-03-02T11:00:00+00:00"),
        ("UTC", "2026-03-02T00:00:00+00:00"),
        ("Pacific/Kiritimati", "2026-03-01T10:00:00+00:00"),
    ],
)
def test_a_day_ends_at_midnight_where_the_user_lives(zone: str, end: str) -> None:
    assert end_of_day(date(2026, 3, 1), ZoneInfo(zone)).isoformat() == end


def test_a_day_on_which_the_clocks_change_has_23_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")

    length = end_of_day(date(2026, 3, 29), berlin) - end_of_day(date(2026, 3, 28), berlin)

    assert length.total_seconds() == 23 * 3600


def test_what_changes_takes_the_place_of_what_was_seen_of_it_before() -> None:
    euros = replace(seen(2, "-7.00"), currency="EUR")
    unvalued = replace(seen(3, None, account="b"), is_unvalued=True)
    steps = [seen(1, "100.00"), seen(1, "-30.00", account="b"), euros, unvalued]

    first, second, third, last = (worth for _, worth in worth_by_day(steps, FIRST, LAST, LONDON))

    assert (first.assets, first.liabilities) == ({"USD": Decimal(100)}, {"USD": Decimal(30)})
    assert second.assets == {"EUR": 0, "USD": 0}
    assert second.liabilities == {"EUR": Decimal(7), "USD": Decimal(30)}
    assert (set(third.unvalued), third.liabilities["USD"]) == ({"USD"}, Decimal(0))
    assert third.total("EUR", NO_RATES, LAST) is None
    assert last == third
