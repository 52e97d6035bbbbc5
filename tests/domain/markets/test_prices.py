from datetime import date, timedelta
from decimal import Decimal

import pytest

from coffers.domain.markets.calendars import EveryDay, Weekdays, missed
from coffers.domain.markets.prices import HIGHEST, Bar, PriceInvalid, check_bar, is_absurd
from coffers.domain.money import AmountInvalid

DAY = date(2026, 3, 2)


def bar(close: str = "10", **told: str) -> Bar:
    return Bar(DAY, Decimal(close), **{name: Decimal(text) for name, text in told.items()})


def test_a_whole_bar_is_kept_as_it_is() -> None:
    whole = bar("10", open="9", high="11", low="8", volume="0")

    assert check_bar(whole, latest=DAY) == whole


@pytest.mark.parametrize(
    "wrong",
    [
        bar("0"),
        bar("-1"),
        bar("NaN"),
        bar("Infinity"),
        bar(str(HIGHEST + 1)),
        bar(open="0"),
        bar(volume="-1"),
        bar(volume="NaN"),
        bar(high="9"),
        bar(low="11"),
        bar(open="12", high="11"),
        bar(open="7", low="8"),
    ],
)
def test_what_no_day_can_have_been_is_refused(wrong: Bar) -> None:
    with pytest.raises(PriceInvalid):
        check_bar(wrong, latest=DAY)


def test_more_digits_than_can_be_kept_are_refused() -> None:
    with pytest.raises(AmountInvalid):
        check_bar(bar("1." + "1" * 19), latest=DAY)


def test_a_price_of_the_future_is_refused() -> None:
    with pytest.raises(PriceInvalid):
        check_bar(bar(), latest=DAY - timedelta(days=1))


def test_a_move_to_a_hundred_times_is_believed_and_beyond_it_is_not() -> None:
    assert not is_absurd(Decimal(1), Decimal(100))
    assert is_absurd(Decimal(1), Decimal("100.01"))
    assert not is_absurd(Decimal(100), Decimal(1))
    assert is_absurd(Decimal(100), Decimal("0.99"))


def test_a_price_of_friday_is_fresh_until_monday_has_passed() -> None:
    friday = date(2026, 11, 20)

    days = [missed(Weekdays(), friday, friday + timedelta(days=count)) for count in range(6)]

    assert days == [0, 0, 0, 0, 1, 2]


def test_what_trades_every_day_is_stale_on_the_second_day() -> None:
    friday = date(2026, 11, 20)

    assert missed(EveryDay(), friday, friday + timedelta(days=1)) == 0
    assert missed(EveryDay(), friday, friday + timedelta(days=2)) == 1
