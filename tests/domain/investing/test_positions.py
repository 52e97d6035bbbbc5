from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import derive, merged
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype

START = date(2024, 1, 1)
NUMBERS = count(2_000_000)


def moved(
    subtype: Subtype, quantity: str, amount: str | None = None, day: int = 0, price: str = ""
) -> Movement:
    return Movement(
        UUID(int=next(NUMBERS)),
        START + timedelta(days=day),
        subtype,
        Decimal(quantity),
        None if amount is None else Decimal(amount),
        Decimal(price) if price else None,
    )


def market_split(factor: str, day: int) -> SplitAction:
    return SplitAction(UUID(int=next(NUMBERS)), START + timedelta(days=day), Decimal(factor))


def test_purchases_and_sales_make_lots_whatever_order_they_come_in() -> None:
    told = [moved(Subtype.SELL, "4", "80", 9), moved(Subtype.BUY, "10", "-150", 1)]

    position = derive(told)

    assert position.quantity == 6
    assert position.cost == 90
    assert position.realised == 20
    assert position.first_acquired == START + timedelta(days=1)


def test_what_is_sold_without_having_been_bought_was_there_before_at_unknown_cost() -> None:
    told = [moved(Subtype.BUY, "2", "-20", 1), moved(Subtype.SELL, "5", "100", 2)]

    position = derive(told)

    assert position.quantity == 0
    assert position.realised is None
    assert position.cost == 0


def test_an_opening_lot_that_is_left_makes_the_cost_unknown() -> None:
    told = [
        moved(Subtype.SELL, "5", "100", 1),
        moved(Subtype.BUY, "2", "-20", 2),
        moved(Subtype.SELL, "1", "20", 3),
    ]

    position = derive(told, method=LotMethod.LIFO)

    assert position.quantity == 1
    assert position.cost == 10
    assert position.realised is None


def test_a_split_of_the_market_is_applied_once() -> None:
    bought = moved(Subtype.BUY, "10", "-2160")

    position = derive([bought], [market_split("5", 10), market_split("3", 20)])

    assert position.quantity == 150
    assert position.cost == 2160


def test_a_position_begins_with_its_first_movement_not_with_a_split_before() -> None:
    bought = moved(Subtype.BUY, "10", "-100", 20)

    (step,) = derive([bought], [market_split("5", 10)]).steps

    assert (step.day, step.quantity) == (bought.day, Decimal(10))


def test_what_was_there_before_the_history_is_not_older_than_the_day_before_it() -> None:
    sold = moved(Subtype.SELL, "10", "100", 20)

    opening, _ = derive([sold], [market_split("5", 10)]).steps

    before = sold.day - timedelta(days=1)
    assert (opening.day, opening.quantity) == (before, Decimal(10))


def test_a_split_that_the_account_tells_itself_is_not_applied_again() -> None:
    told = [moved(Subtype.BUY, "10", "-2160"), moved(Subtype.SPLIT, "40", day=12)]

    position = derive(told, [market_split("5", 10)])

    assert position.quantity == 50
    assert position.cost == 2160


def test_a_split_of_odd_numbers_leaves_whole_units() -> None:
    told = [
        moved(Subtype.BUY, "3", "-30"),
        moved(Subtype.SPLIT, "7", day=1),
        moved(Subtype.SELL, "10", "50", 2),
    ]

    position = derive(told)

    assert position.quantity == 0
    assert position.realised == 20


def test_a_reverse_split_takes_units_away_and_no_cost() -> None:
    told = [moved(Subtype.BUY, "100", "-300"), moved(Subtype.SPLIT, "-90", day=1)]

    position = derive(told)

    assert [position.quantity, position.cost] == [10, 300]


def test_a_third_of_the_market_three_times_over_is_whole() -> None:
    bought = moved(Subtype.BUY, "30", "-30")

    position = derive([bought], [market_split("0.333333333333333333", 1)])

    assert position.quantity == 10


def test_what_is_delivered_elsewhere_goes_at_its_cost() -> None:
    told = [moved(Subtype.BUY, "10", "-100"), moved(Subtype.TRANSFER_OUT, "4", day=1)]

    position = derive(told)

    assert [position.quantity, position.cost, position.realised] == [6, 60, 0]


def test_an_opening_lot_grows_with_the_splits_that_come_after_it() -> None:
    told = [moved(Subtype.SPLIT, "0", day=1), moved(Subtype.SELL, "10", "100", 20)]

    assert derive(told, [market_split("2", 12)]).quantity == 0


def test_an_own_split_on_an_opening_lot_settles() -> None:
    told = [
        moved(Subtype.BUY, "10", "-100", 1),
        moved(Subtype.SPLIT, "30", day=5),
        moved(Subtype.SELL, "60", "600", 9),
    ]

    position = derive(told)

    assert position.quantity >= 0
    assert position.realised is None


def test_what_came_without_a_price_has_an_unknown_cost_and_a_known_day() -> None:
    position = derive([moved(Subtype.TRANSFER_IN, "3", day=4)])

    assert position.cost is None
    assert position.first_acquired == START + timedelta(days=4)


def test_a_unit_price_stands_in_for_the_money_that_moved() -> None:
    assert derive([moved(Subtype.TRANSFER_IN, "3", price="7.50")]).cost == Decimal("22.50")


def test_options_end_for_nothing_on_either_side() -> None:
    held = derive([moved(Subtype.BUY, "1", "-50"), moved(Subtype.EXPIRATION, "1", day=5)])
    owed = derive([moved(Subtype.SHORT_SELL, "1", "50"), moved(Subtype.EXPIRATION, "1", day=5)])

    assert (held.quantity, held.realised) == (Decimal(0), Decimal(-50))
    assert (owed.quantity, owed.realised) == (Decimal(0), Decimal(50))


@pytest.mark.parametrize("subtype", [Subtype.DIVIDEND, Subtype.INTEREST, Subtype.COMMISSION])
def test_income_and_fees_leave_the_lots_alone(subtype: Subtype) -> None:
    position = derive([moved(Subtype.BUY, "1", "-10"), moved(subtype, "0", "5", 3)])

    assert (position.quantity, position.cost) == (Decimal(1), Decimal(10))


def test_accounts_are_merged_without_touching_their_lots() -> None:
    one = derive([moved(Subtype.BUY, "1", "-10"), moved(Subtype.SELL, "3", "30", 5)])
    two = derive([moved(Subtype.SELL, "3", "30", 5)])
    three = derive([moved(Subtype.BUY, "2", "-30", 2)])

    position = merged([one, two, three])

    assert position.quantity == 2
    assert position.cost == 30
    assert position.realised is None
    assert len({gone.lot_id for gone in position.book.disposals}) == 3


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Subtype.BUY, Subtype.SELL]),
            st.integers(1, 100),
            st.integers(0, 300),
        ),
        max_size=20,
    ),
    st.sampled_from(list(LotMethod)),
)
def test_no_history_is_refused_and_nothing_held_is_below_zero(
    told: list[tuple[Subtype, int, int]], method: LotMethod
) -> None:
    movements = [moved(subtype, str(quantity), "10", day) for subtype, quantity, day in told]

    position = derive(movements, [market_split("2", 100)], method)

    assert position.quantity >= 0
    assert all(lot.quantity > 0 for lot in position.book.lots)


@pytest.mark.parametrize(
    ("method", "euros", "dollars"),
    [(LotMethod.FIFO, "830", "1000"), (LotMethod.AVERAGE, "730", "833.333333")],
)
def test_in_another_currency_each_movement_counts_at_the_rate_of_its_own_day(
    method: LotMethod, euros: str, dollars: str
) -> None:
    # Portfolio Performance: bought and sold for dollars, kept in euros.
    told = [
        (moved(Subtype.BUY, "100", "-5000", 0), "0.9"),
        (moved(Subtype.BUY, "50", "-3000", 1), "0.85"),
        (moved(Subtype.SELL, "50", "3500", 2), "0.88"),
    ]

    local = derive([each for each, _ in told], method=method)
    base = derive([each.converted(Decimal(rate)) for each, rate in told], method=method)

    assert local.realised is not None
    assert base.realised is not None
    assert round(local.realised, 6) == Decimal(dollars)
    assert round(base.realised, 6) == Decimal(euros)
    if method is LotMethod.AVERAGE:
        # What the exchange rate made of it.
        currency_part = base.realised - local.realised * Decimal("0.88")
        assert round(currency_part, 2) == Decimal("-3.33")
