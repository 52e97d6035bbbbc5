from datetime import date, timedelta
from decimal import Decimal

from coffers.domain.markets.corporate_actions import ActionKind
from coffers.domain.markets.prices import Bar
from coffers.domain.markets.sources import MAX_OFFERED, Offer, OfferedAction, sift

MONDAY = date(2026, 3, 2)
LATEST = date(2026, 12, 31)


def bars(*closes: str) -> list[Bar]:
    days = (MONDAY + timedelta(days=count) for count in range(len(closes)))
    return [Bar(day, Decimal(close)) for day, close in zip(days, closes, strict=True)]


def kept(*closes: str, actions: tuple[OfferedAction, ...] = ()) -> list[str]:
    return [str(bar.close) for bar in sift(Offer(bars(*closes), actions), None, latest=LATEST).bars]


def test_zero_negative_and_no_numbers_are_rejected() -> None:
    sifted = sift(Offer(bars("10", "0", "-1", "NaN", "Infinity", "11")), None, latest=LATEST)

    assert [str(bar.close) for bar in sifted.bars] == ["10", "11"]
    assert len(sifted.rejected) == 4


def test_a_hundred_times_the_day_before_is_the_most_that_is_believed() -> None:
    assert kept("10", "1000", "10") == ["10", "1000", "10"]
    assert kept("10", "1000.01", "11") == ["10", "11"]
    assert kept("10", "0.0999", "11") == ["10", "11"]


def test_a_split_explains_what_would_be_absurd() -> None:
    split = OfferedAction(MONDAY + timedelta(days=1), ActionKind.SPLIT, ratio=Decimal("0.005"))

    assert kept("1", "200") == ["1"]
    assert kept("1", "200", actions=(split,)) == ["1", "200"]


def test_the_first_is_compared_with_what_is_known_already() -> None:
    before = Bar(MONDAY - timedelta(days=1), Decimal(1))

    assert sift(Offer(bars("101")), before, latest=LATEST).bars == []


def test_the_future_and_a_day_told_twice_are_rejected() -> None:
    twice = [*bars("10"), *bars("11")]

    assert len(sift(Offer(twice), None, latest=LATEST).rejected) == 1
    assert sift(Offer(bars("10")), None, latest=MONDAY - timedelta(days=1)).bars == []


def test_no_more_days_are_taken_than_forty_years_have() -> None:
    many = bars(*["1"] * (MAX_OFFERED + 1))

    assert len(sift(Offer(many), None, latest=date.max).bars) == MAX_OFFERED
