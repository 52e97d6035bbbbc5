from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.ids import new_id
from coffers.domain.markets.corporate_actions import (
    LARGEST_RATIO,
    ActionInvalid,
    ActionKind,
    Adjustment,
    CorporateAction,
    adjusted,
    check_action,
    in_old_units,
)
from coffers.domain.markets.prices import Bar

ASSET = new_id()
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MONDAY = date(2026, 3, 2)


def bars(*closes: str) -> list[Bar]:
    return [
        Bar(MONDAY + timedelta(days=number), Decimal(close), volume=Decimal(100))
        for number, close in enumerate(closes)
    ]


def action(day: int, kind: ActionKind, **changes: Any) -> CorporateAction:
    made = CorporateAction(ASSET, new_id(), None, MONDAY + timedelta(days=day), kind, NOW, NOW)
    return replace(made, **changes)


def split(day: int, ratio: str) -> CorporateAction:
    return action(day, ActionKind.SPLIT, ratio=Decimal(ratio))


def dividend(day: int, amount: str) -> CorporateAction:
    return action(day, ActionKind.DIVIDEND, amount=Decimal(amount))


def closes(told: list[Bar]) -> list[Decimal]:
    return [bar.close for bar in told]


def test_prices_before_two_splits_are_divided_by_both() -> None:
    """VECTORS: 10 @216, then 5:1 and 3:1: 14.40 a share."""
    told = adjusted(bars("216", "43.2", "14.4"), [split(1, "5"), split(2, "3")], Adjustment.ALL)

    assert closes(told) == [Decimal("14.4")] * 3
    assert [bar.volume for bar in told] == [Decimal(1500), Decimal(300), Decimal(100)]


def test_the_order_in_which_actions_are_told_does_not_matter() -> None:
    prices = bars("216", "43.2", "14.4", "14")
    told = [split(1, "5"), dividend(3, "0.4"), split(2, "3")]

    assert adjusted(prices, told, Adjustment.ALL) == adjusted(prices, told[::-1], Adjustment.ALL)


def test_a_dividend_takes_its_part_of_the_close_before_off_all_earlier_prices() -> None:
    """100, then 2 are paid and the price falls to 98: the return is nothing, not -2 %."""
    told = adjusted(bars("100", "100", "98"), [dividend(2, "2")], Adjustment.ALL)

    assert closes(told) == [Decimal(98), Decimal(98), Decimal(98)]


def test_adjusting_for_splits_leaves_dividends_out() -> None:
    told = adjusted(bars("100", "98"), [dividend(1, "2")], Adjustment.SPLITS)

    assert closes(told) == [Decimal(100), Decimal(98)]


def test_a_dividend_on_the_day_of_a_split_is_paid_on_the_new_shares() -> None:
    """100 becomes two of 50, of which each pays 1 and is worth 49."""
    told = adjusted(bars("100", "49"), [dividend(1, "1"), split(1, "2")], Adjustment.ALL)

    assert closes(told) == [Decimal(49), Decimal(49)]


def test_an_action_after_the_last_price_is_not_yet_in_it() -> None:
    prices = bars("216", "215")

    assert adjusted(prices, [split(2, "5"), split(0, "3")], Adjustment.ALL) == prices


def test_a_dividend_of_more_than_the_price_changes_nothing() -> None:
    prices = bars("1", "0.5")

    assert adjusted(prices, [dividend(1, "2")], Adjustment.ALL) == prices


def test_raw_prices_are_as_they_were_quoted() -> None:
    prices = bars("216", "43.2")

    assert adjusted(prices, [split(1, "5")], Adjustment.NONE) == prices


def test_a_reverse_split_of_one_for_three_is_exact() -> None:
    reverse = action(1, ActionKind.SPLIT, ratio=Decimal(1), old_units=Decimal(3))

    told = adjusted(bars("7.77", "23.31"), [reverse], Adjustment.SPLITS)

    assert closes(told) == [Decimal("23.31"), Decimal("23.31")]
    assert told[0].volume == Decimal("33.33333333")


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("0.333333", (1, 3)),
        ("0.3333333333", (1, 3)),
        ("5", (5, 1)),
        ("1.5", (3, 2)),
        ("0.0666667", (1, 15)),
        ("0.00666667", (1, 150)),
        ("0.004", (1, 250)),
        ("1.0417", (Decimal("1.0417"), 1)),
        ("0.0012345", (Decimal("0.0012345"), 1)),
    ],
)
def test_what_a_source_cut_off_is_a_ratio_of_whole_numbers(told: str, meant: Any) -> None:
    assert in_old_units(Decimal(told)) == meant


@given(
    st.lists(st.integers(1, 10**6), min_size=2, max_size=20),
    st.lists(st.tuples(st.integers(1, 19), st.sampled_from(["2", "4", "5", "0.5", "10"]))),
)
def test_splits_that_the_prices_follow_leave_a_line_of_one_level(
    levels: list[int], told: list[tuple[int, str]]
) -> None:
    """Each split exactly once: prices that only splits move are all alike when adjusted."""
    by_day = dict(told)
    price, prices = Decimal(levels[0]), list[str]()
    for day in range(20):
        price /= Decimal(by_day.get(day, "1"))
        prices.append(format(price, "f"))

    level = adjusted(bars(*prices), [split(*each) for each in by_day.items()], Adjustment.SPLITS)

    assert all(abs(bar.close / price - 1) < Decimal("1e-6") or price < 1 for bar in level)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (ActionKind.SPLIT, {}),
        (ActionKind.SPLIT, {"ratio": Decimal(1)}),
        (ActionKind.SPLIT, {"ratio": Decimal(0)}),
        (ActionKind.SPLIT, {"ratio": LARGEST_RATIO + 1}),
        (ActionKind.SPLIT, {"ratio": Decimal(2), "amount": Decimal(1)}),
        (ActionKind.SPLIT, {"ratio": Decimal(3), "old_units": Decimal(3)}),
        (ActionKind.SPLIT, {"ratio": Decimal(1), "old_units": Decimal(0)}),
        (ActionKind.SPLIT, {"ratio": LARGEST_RATIO, "old_units": LARGEST_RATIO + 1}),
        (ActionKind.DIVIDEND, {"amount": Decimal(1), "old_units": Decimal(3)}),
        (ActionKind.DIVIDEND, {}),
        (ActionKind.DIVIDEND, {"amount": Decimal(0)}),
        (ActionKind.DIVIDEND, {"amount": Decimal(1), "currency": "USD"}),
        (ActionKind.SYMBOL_CHANGE, {}),
        (ActionKind.SYMBOL_CHANGE, {"new_asset_id": ASSET}),
        (ActionKind.MERGER, {}),
        (ActionKind.MERGER, {"new_asset_id": new_id()}),
        (ActionKind.SPIN_OFF, {"ratio": Decimal("0.5")}),
    ],
)
def test_an_action_that_cannot_be_is_refused(kind: ActionKind, changes: dict[str, Any]) -> None:
    with pytest.raises(ActionInvalid):
        check_action(action(1, kind, **changes), "EUR")


def test_an_amount_is_in_the_asset_s_currency() -> None:
    assert check_action(dividend(1, "2"), "EUR").currency == "EUR"
