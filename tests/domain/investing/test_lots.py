from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.investing.lots import (
    Entry,
    EntryInvalid,
    EntryKind,
    LotMethod,
    LotUnknown,
    Oversold,
    a_year_after,
)
from coffers.domain.investing.replays import replay, shares

START = date(2020, 1, 1)
NUMBERS = count(1)
ALL = list(LotMethod)


def entry(kind: EntryKind, quantity: str, amount: str = "0", day: int = 0) -> Entry:
    made = START + timedelta(days=day)
    return Entry(UUID(int=next(NUMBERS)), made, kind, Decimal(quantity), Decimal(amount))


def buy(quantity: str, amount: str, day: int = 0) -> Entry:
    return entry(EntryKind.ACQUIRE, quantity, amount, day)


def sell(quantity: str, amount: str, day: int = 0) -> Entry:
    return entry(EntryKind.DISPOSE, quantity, amount, day)


def cents(amount: Decimal) -> Decimal:
    return round(amount, 2)


@pytest.mark.parametrize(
    ("method", "left", "gain"),
    [(LotMethod.FIFO, "4400.74", "98.12"), (LotMethod.AVERAGE, "4383.74", "81.12")],
)
def test_a_sale_leaves_the_basis_that_the_method_says(
    method: LotMethod, left: str, gain: str
) -> None:
    # Portfolio Performance, issue on moving average.
    book = replay([buy("109", "3149.20"), buy("52", "1684.92", 1), sell("15", "531.50", 2)], method)

    assert cents(book.cost) == Decimal(left)
    assert cents(book.gain) == Decimal(gain)


def test_the_oldest_lots_go_first_whatever_order_they_were_entered_in() -> None:
    lots = [buy("5", "555.55", 1), buy("4", "400", 0), buy("6", "733.32", 2)]

    book = replay([*lots, sell("12", "0", 3)], LotMethod.FIFO)

    taken = [(gone.quantity, cents(gone.cost / gone.quantity)) for gone in book.disposals]
    assert taken == [
        (Decimal(4), Decimal(100)),
        (Decimal(5), Decimal("111.11")),
        (Decimal(3), Decimal("122.22")),
    ]
    assert [(lot.quantity, cents(lot.unit_cost)) for lot in book.lots] == [
        (Decimal(3), Decimal("122.22"))
    ]


def test_more_than_is_held_cannot_be_sold() -> None:
    with pytest.raises(Oversold):
        replay([buy("15", "1500"), sell("16", "0", 3)], LotMethod.FIFO)


@pytest.mark.parametrize(
    ("method", "cost"), [(LotMethod.LIFO, "20"), (LotMethod.HIFO, "30"), (LotMethod.FIFO, "10")]
)
def test_the_newest_or_the_dearest_lot_goes_first(method: LotMethod, cost: str) -> None:
    lots = [buy("1", "10", 0), buy("1", "30", 1), buy("1", "20", 2)]

    book = replay([*lots, sell("1", "50", 3)], method)

    assert [gone.cost for gone in book.disposals] == [Decimal(cost)]


def test_an_average_begins_anew_after_nothing_was_left() -> None:
    book = replay(
        [buy("10", "1000"), sell("10", "1000", 1), buy("10", "500", 2)], LotMethod.AVERAGE
    )

    assert [lot.unit_cost for lot in book.lots] == [50]


def test_splits_change_neither_the_basis_nor_the_day_of_acquisition() -> None:
    splits = [entry(EntryKind.SPLIT, "5", day=1), entry(EntryKind.SPLIT, "3", day=2)]

    book = replay([buy("10", "2160"), *splits], LotMethod.FIFO)

    (lot,) = book.lots
    assert (lot.quantity, lot.cost, lot.unit_cost, lot.acquired) == (
        Decimal(150),
        Decimal(2160),
        Decimal("14.4"),
        START,
    )


def test_on_its_day_a_split_comes_before_the_trades() -> None:
    book = replay(
        [buy("10", "100"), sell("20", "200", 1), entry(EntryKind.SPLIT, "2", day=1)], LotMethod.FIFO
    )

    assert book.quantity == 0


def test_named_lots_go() -> None:
    first, second = buy("5", "50"), buy("5", "100", 1)
    sale = Entry(
        UUID(int=next(NUMBERS)),
        START + timedelta(days=2),
        EntryKind.DISPOSE,
        Decimal(3),
        Decimal(90),
        picks={second.id: Decimal(2), first.id: Decimal(1)},
    )

    book = replay([first, second, sale], LotMethod.SPECIFIC)

    assert [(gone.lot_id, gone.cost, gone.proceeds) for gone in book.disposals] == [
        (second.id, Decimal(40), Decimal(60)),
        (first.id, Decimal(10), Decimal(30)),
    ]


@pytest.mark.parametrize(
    ("picked", "refusal"), [("1", EntryInvalid), ("9", EntryInvalid), (None, None)]
)
def test_named_lots_add_up_or_the_oldest_go(
    picked: str | None, refusal: type[Exception] | None
) -> None:
    lot = buy("5", "50")
    picks = {} if picked is None else {lot.id: Decimal(picked)}
    day = START + timedelta(days=1)
    sale = Entry(
        UUID(int=next(NUMBERS)), day, EntryKind.DISPOSE, Decimal(3), Decimal(30), picks=picks
    )

    if refusal is None:
        assert replay([lot, sale], LotMethod.SPECIFIC).quantity == 2
    else:
        with pytest.raises(refusal):
            replay([lot, sale], LotMethod.SPECIFIC)


def test_a_lot_that_is_not_there_cannot_be_named() -> None:
    picks = {UUID(int=7): Decimal(1)}
    day = START + timedelta(days=1)
    sale = Entry(
        UUID(int=next(NUMBERS)), day, EntryKind.DISPOSE, Decimal(1), Decimal(30), picks=picks
    )

    with pytest.raises(LotUnknown):
        replay([buy("5", "50"), sale], LotMethod.SPECIFIC)


def test_a_short_position_gains_when_it_is_covered_for_less() -> None:
    short = entry(EntryKind.SHORT, "10", "1000")

    book = replay([short, entry(EntryKind.COVER, "4", "300", 1)], LotMethod.FIFO)

    assert book.quantity == -6
    assert book.cost == -600
    assert book.gain == 100


def test_long_and_short_do_not_mix() -> None:
    with pytest.raises(Oversold):
        replay([buy("1", "1"), entry(EntryKind.SHORT, "1", "1", 1)], LotMethod.FIFO)
    with pytest.raises(Oversold):
        replay([entry(EntryKind.SHORT, "1", "1"), buy("1", "1", 1)], LotMethod.FIFO)
    with pytest.raises(Oversold):
        replay([buy("1", "1"), entry(EntryKind.COVER, "1", "1", 1)], LotMethod.FIFO)


def test_returned_capital_lessens_the_basis_and_what_is_more_is_a_gain() -> None:
    returned = entry(EntryKind.RETURN_OF_CAPITAL, "0", "25", 1)

    book = replay([buy("1", "10"), buy("1", "30"), returned], LotMethod.FIFO)

    assert [lot.cost for lot in book.lots] == [0, Decimal("17.5")]
    assert book.gain == Decimal("2.5")


@pytest.mark.parametrize(
    ("acquired", "long_from"),
    [
        (date(2023, 1, 15), date(2024, 1, 16)),
        (date(2024, 2, 29), date(2025, 3, 1)),
    ],
)
def test_long_term_is_more_than_a_year_from_the_day_after(acquired: date, long_from: date) -> None:
    # IRS Publication 550, holding period.
    for day, is_long in ((long_from - timedelta(days=1), False), (long_from, True)):
        bought = Entry(UUID(int=1), acquired, EntryKind.ACQUIRE, Decimal(1), Decimal(1))
        sold = Entry(UUID(int=2), day, EntryKind.DISPOSE, Decimal(1), Decimal(2))
        (gone,) = replay([bought, sold], LotMethod.FIFO).disposals
        assert gone.is_long_term is is_long
    assert a_year_after(acquired) == long_from - timedelta(days=1)


QUANTITIES = st.decimals("0.00000001", "10000", places=8)
AMOUNTS = st.decimals("0", "1000000", places=2)


@given(
    st.lists(st.tuples(QUANTITIES, AMOUNTS), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(1, 99), AMOUNTS), max_size=8),
    st.sampled_from(ALL),
)
def test_what_was_paid_is_in_the_lots_or_went_with_what_was_sold(
    bought: list[tuple[Decimal, Decimal]], sold: list[tuple[int, Decimal]], method: LotMethod
) -> None:
    entries = [
        buy(str(quantity), str(amount), day) for day, (quantity, amount) in enumerate(bought)
    ]
    held, day = sum((quantity for quantity, _ in bought), Decimal(0)), len(bought)
    for percent, amount in sold:
        quantity = round(held * percent / 100, 8)
        if quantity:
            held, day = held - quantity, day + 1
            entries.append(sell(str(quantity), str(amount), day))

    book = replay(entries, method)

    paid = sum(amount for _, amount in bought)
    got = sum((each.amount for each in entries if each.kind is EntryKind.DISPOSE), Decimal(0))
    assert book.cost + sum(gone.cost for gone in book.disposals) == paid
    assert sum(gone.proceeds for gone in book.disposals) == got
    assert book.quantity == held
    assert book.gain == got - (paid - book.cost)


@given(AMOUNTS, st.lists(QUANTITIES, min_size=1, max_size=20))
def test_shares_add_up_to_the_whole(amount: Decimal, weights: list[Decimal]) -> None:
    assert sum(shares(amount, weights)) == amount
