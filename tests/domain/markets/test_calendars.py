from datetime import date, timedelta
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.calendars import (
    EVERY_DAY,
    MARKETS,
    MAX_COUNTED,
    WEEKDAYS,
    EveryDay,
    ExchangeDays,
    RuledCalendars,
    Weekdays,
    missed,
)
from coffers.domain.markets.holidays import FIRST_YEAR, holidays, is_known

TOLD: Final = (Path(__file__).parent / "exchange_holidays.txt").read_text().splitlines()[1:]


@pytest.mark.parametrize("market", sorted({line.split()[0] for line in TOLD}))
def test_holidays_are_those_that_others_know(market: str) -> None:
    for line in TOLD:
        name, year, *days = line.split()
        if name == market:
            mine = {day.strftime("%m-%d") for day in holidays(market, int(year))}
            assert mine == set(days), line


@pytest.mark.parametrize(
    ("exchange", "asset_type", "name"),
    [
        ("NASDAQ", AssetType.EQUITY, "XNYS"),
        ("xetra", AssetType.ETF, "XETR"),
        ("XLON", AssetType.EQUITY, "XLON"),
        ("", AssetType.EQUITY, WEEKDAYS),
        ("XTKS", AssetType.EQUITY, WEEKDAYS),
        ("NASDAQ", AssetType.CRYPTOCURRENCY, EVERY_DAY),
    ],
)
def test_an_exchange_keeps_the_days_of_its_market(
    exchange: str, asset_type: AssetType, name: str
) -> None:
    assert RuledCalendars().of(exchange, asset_type).name == name


def test_every_name_stands_for_a_market_with_rules() -> None:
    assert all(is_known(market) for market in MARKETS.values())


def test_a_holiday_is_no_missed_trading_day() -> None:
    # Thanksgiving 2025 was the 27th.
    wednesday, friday = date(2025, 11, 26), date(2025, 11, 28)

    assert missed(ExchangeDays("XNYS"), wednesday, friday) == 0
    assert missed(ExchangeDays("XLON"), wednesday, friday) == 1
    # Friday's close is what is known on Monday.
    assert missed(ExchangeDays("XNYS"), friday, date(2025, 12, 1)) == 0


def test_before_the_rules_begin_holidays_count_as_weekdays() -> None:
    assert ExchangeDays("XNYS").is_open(date(FIRST_YEAR - 1, 12, 24))
    assert not ExchangeDays("XNYS").is_open(date(FIRST_YEAR, 12, 25))


@given(st.dates(date(1998, 1, 1), date(2027, 12, 31)), st.integers(-3, 800))
@settings(max_examples=60)
def test_days_are_counted_as_one_after_the_other(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    days = [first + timedelta(days=place) for place in range(length + 1)]

    for calendar in (ExchangeDays("XNYS"), Weekdays(), EveryDay()):
        assert calendar.count(first, last) == sum(calendar.is_open(day) for day in days)


def test_days_are_counted_for_ten_years_at_most() -> None:
    calendar = RuledCalendars().of("", AssetType.CRYPTOCURRENCY)
    today = date(2026, 3, 2)

    assert missed(calendar, date.fromordinal(today.toordinal() - MAX_COUNTED - 5), today) == (
        MAX_COUNTED
    )
