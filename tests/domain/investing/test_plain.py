"""Plain histories amount to what a replay of their entries finds, digit for digit."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from coffers.domain.investing.columns import Columns, Moves, moves_of
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.plain import plainly
from coffers.domain.investing.positions import Position, derive
from coffers.domain.ledger.transactions import TransactionSubtype

FIRST = date(2026, 1, 1)
BUY, SELL, DIVIDEND = (
    TransactionSubtype.BUY,
    TransactionSubtype.SELL,
    TransactionSubtype.DIVIDEND,
)
AMOUNT = st.decimals(-10_000, 10_000, places=4, allow_nan=False)
#: Quantities with fractions, and whole ones, of which a sale often takes exactly what is left.
QUANTITY = st.one_of(st.integers(0, 6).map(Decimal), st.decimals(0, 6, places=3))
ROW = st.tuples(
    st.sampled_from([BUY, BUY, SELL, DIVIDEND]),
    st.integers(0, 3),
    QUANTITY,
    st.none() | AMOUNT,
    st.none() | st.decimals(0, 300, places=2),
)


def history(
    rows: list[tuple[TransactionSubtype, int, Decimal, Decimal | None, Decimal | None]],
) -> list[Movement]:
    made = [Movement(UUID(int=10**6), FIRST, BUY, Decimal("20.5"), Decimal(-100))]
    day = FIRST
    for number, (subtype, later, quantity, amount, price) in enumerate(rows):
        day += timedelta(days=later)
        row_id = UUID(int=10**7 + number)
        made.append(Movement(row_id, day, subtype, quantity, amount, price))
    return made


def replayed(movements: list[Movement]) -> Position:
    """By a split into one, which does nothing, it is not a plain history."""
    never = SplitAction(UUID(int=1), FIRST, Decimal(1))
    return derive(movements, [never])


@settings(max_examples=120, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=25).map(history))
def test_a_plain_history_amounts_to_what_its_replay_finds(movements: list[Movement]) -> None:
    found = plainly(movements, LotMethod.FIFO)
    if found is None:
        return
    event(f"{len(found[0].disposals)} disposals")

    wanted = replayed(movements)

    book, unknown, steps = found
    assert repr(tuple(book.lots)) == repr(wanted.book.lots)
    assert repr(list(book.disposals)) == repr(list(wanted.book.disposals))
    assert unknown == wanted.unknown
    assert repr(list(steps)) == repr([step for step in wanted.steps if step.day >= FIRST])


def moved(number: int, subtype: TransactionSubtype, quantity: str, day: int = 1) -> Movement:
    on = FIRST + timedelta(days=day)
    return Movement(UUID(int=10**7 + number), on, subtype, Decimal(quantity), Decimal(10))


def test_most_histories_are_plain() -> None:
    movements = [moved(1, BUY, "5"), moved(2, DIVIDEND, "0"), moved(3, SELL, "5", 2)]

    found = plainly(movements, LotMethod.FIFO)

    assert found is not None
    assert [gone.gain for gone in found[0].disposals] == [0]
    assert (found[0].lots, len(found[2])) == ((), 2)


@pytest.mark.parametrize(
    "movements",
    [
        [moved(1, BUY, "5"), moved(2, SELL, "6")],
        [moved(1, BUY, "5", 2), moved(2, BUY, "5")],
        [moved(2, BUY, "5"), moved(1, SELL, "5")],
        [moved(1, BUY, "-5")],
        [moved(1, BUY, "5"), moved(2, TransactionSubtype.SPLIT, "5")],
        [moved(1, TransactionSubtype.TRANSFER_IN, "5")],
        [moved(1, BUY, "5")._replace(acquired=FIRST)],
        [moved(1, BUY, "5"), moved(2, SELL, "5")._replace(picks={UUID(int=1): Decimal(5)})],
        [moved(1, BUY, "5")._replace(amount=None, unit_price=Decimal(-1))],
        [moved(1, BUY, "5")._replace(amount=None, unit_price=None)],
    ],
)
def test_what_is_not_plain_is_left_to_the_replay(movements: list[Movement]) -> None:
    assert plainly(movements, LotMethod.FIFO) is None


@pytest.mark.parametrize("method", [LotMethod.LIFO, LotMethod.HIFO, LotMethod.AVERAGE])
def test_so_is_another_method(method: LotMethod) -> None:
    assert plainly([moved(1, BUY, "5")], method) is None


def test_nothing_amounts_to_nothing() -> None:
    found = plainly([], LotMethod.FIFO)

    assert found is not None
    assert (found[0].lots, list(found[0].disposals), list(found[2])) == ((), [], [])


def test_columns_are_the_movements_they_are_of() -> None:
    movements = [moved(1, BUY, "5"), moved(2, SELL, "6")]

    columns = moves_of(movements)

    assert columns == movements
    assert columns == moves_of(movements)
    assert columns != moves_of(movements[:1])
    assert moves_of([]) == Moves(Columns())
    assert columns.converted([Decimal(2), Decimal(3)])[1].amount == 30
