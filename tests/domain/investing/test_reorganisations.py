from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any, Final
from uuid import UUID

import pytest

from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import Position, derive
from coffers.domain.investing.reorganisations import (
    Reorganisation,
    is_told,
    numbers,
    passed,
    until,
)
from coffers.domain.ledger.transactions import TransactionSubtype

NUMBERS: Final = count(10_000_000)
DAY: Final = date(2024, 6, 3)
NEW: Final = ("NEW", "USD")


def moved(subtype: str, day: int, quantity: str, amount: str | None = None) -> Movement:
    money = None if amount is None else Decimal(amount)
    kind = TransactionSubtype(subtype)
    return Movement(UUID(int=next(NUMBERS)), date(2024, 1, day), kind, Decimal(quantity), money)


BOUGHT: Final = [moved("buy", 2, "10", "-1000"), moved("buy", 9, "30", "-6000")]


def those(*numbers_told: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, numbers_told))


def lots(position: Position) -> list[tuple[date, tuple[Decimal, ...]]]:
    return [(lot.acquired, (lot.quantity, lot.cost)) for lot in position.book.lots]


def became(**changes: Any) -> Reorganisation:
    return Reorganisation(UUID(int=next(NUMBERS)), DAY, NEW, **changes)


def both(each: Reorganisation, old: Sequence[Movement] = BOUGHT) -> tuple[Position, Position]:
    """The old position and the new one after it."""
    effect = passed(derive(until(old, DAY)), each, numbers())
    return derive([*old, *effect.left]), derive(effect.arrived)


def test_a_change_of_symbol_takes_every_lot_along() -> None:
    old, new = both(became())

    assert (old.quantity, old.realised) == those("0", "0")
    assert lots(new) == [
        (date(2024, 1, 2), those("10", "1000")),
        (date(2024, 1, 9), those("30", "6000")),
    ]


def test_a_merger_gives_so_many_new_ones_for_an_old_one() -> None:
    old, new = both(became(factor=Decimal("0.5")))

    assert (old.quantity, old.realised) == those("0", "0")
    assert (new.quantity, new.cost) == those("20", "7000")


def test_cash_beside_new_units_lessens_their_cost_and_is_a_gain_beyond_it() -> None:
    """The first ten cost 100 each, of which 120 come back: 20 each are gained."""
    old, new = both(became(cash=Decimal(120)))

    assert (old.quantity, old.realised) == those("0", "200")
    assert [lot.cost for lot in new.book.lots] == [0, 2400]
    assert new.cost == 2400


def test_cash_alone_is_a_sale() -> None:
    each = Reorganisation(UUID(int=1), DAY, None, cash=Decimal(250))

    effect = passed(derive(BOUGHT), each, numbers())

    old = derive([*BOUGHT, *effect.left])
    assert (old.quantity, old.realised) == those("0", "3000")
    assert not effect.arrived


def test_a_spin_off_takes_its_part_of_every_lot_s_cost() -> None:
    old, new = both(became(factor=Decimal("0.25"), part=Decimal("0.1"), stays=True))

    assert lots(old) == [
        (date(2024, 1, 2), those("10", "900")),
        (date(2024, 1, 9), those("30", "5400")),
    ]
    assert lots(new) == [
        (date(2024, 1, 2), those("2.5", "100")),
        (date(2024, 1, 9), those("7.5", "600")),
    ]
    assert old.realised == 0


def test_of_a_spin_off_of_unknown_worth_no_cost_is_known() -> None:
    old, new = both(became(part=None, stays=True))

    assert (old.quantity, new.quantity) == those("40", "40")
    assert old.cost is None
    assert new.cost is None


def test_a_lot_of_unknown_cost_stays_one() -> None:
    _, new = both(became(), [*BOUGHT, moved("transfer_in", 20, "5")])

    assert (new.quantity, new.cost) == (Decimal(45), None)


def test_a_lot_that_cost_nothing_goes_on_costing_nothing() -> None:
    given = Movement(UUID(int=77_000_000), DAY, TransactionSubtype.TRANSFER_IN, Decimal(1))
    free = given._replace(day=date(2024, 1, 3), unit_price=Decimal(0))

    assert both(became(), [free])[1].cost == 0


def test_what_was_sold_before_does_not_come_along() -> None:
    _, new = both(became(), [*BOUGHT, moved("sell", 20, "15", "3500")])

    assert lots(new) == [(date(2024, 1, 9), those("25", "5000"))]


def test_nothing_comes_of_nothing_and_nothing_of_what_is_owed() -> None:
    short = derive([moved("short_sell", 2, "5", "500")])

    assert not passed(derive([]), became(), numbers()).left
    assert not passed(short, became(), numbers()).arrived


def test_a_split_of_the_same_day_comes_first() -> None:
    split = [SplitAction(UUID(int=3), DAY, Decimal(2))]

    effect = passed(derive(until(BOUGHT, DAY), split), became(), numbers())

    assert derive([*BOUGHT, *effect.left], split).quantity == 0
    assert derive(effect.arrived).quantity == 80


@pytest.mark.parametrize(("day", "told"), [(27, True), (26, False)])
def test_what_the_account_itself_tells_is_not_applied_again(day: int, *, told: bool) -> None:
    own = [moved("transfer_in", 1, "40")._replace(day=date(2024, 5, day))]

    assert is_told(became(), BOUGHT, own) is told


def test_of_a_spin_off_only_what_arrived_tells() -> None:
    left = [moved("transfer_out", 1, "4")._replace(day=DAY)]

    assert not is_told(became(stays=True), left, [])
    assert is_told(became(), left, [])
