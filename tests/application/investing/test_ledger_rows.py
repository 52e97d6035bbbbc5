"""Movements in columns are the same movements."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from coffers.application.investing.ledger_rows import (
    LedgerColumns,
    LedgerRow,
    LedgerRows,
    parted,
    reparted,
    rows_of,
)
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType

ACCOUNT = UUID(int=1)


def row(number: int, symbol: str | None = "ONE", amount: int = -10) -> LedgerRow:
    return LedgerRow(
        UUID(int=number),
        ACCOUNT,
        date(2026, 1, number),
        TransactionType.TRADE,
        TransactionSubtype.BUY,
        Decimal(amount),
        "USD",
        symbol,
        Decimal(number),
        None,
    )


ROWS = [row(1), row(2), row(3)]


def told(rows: list[LedgerRow]) -> LedgerRows:
    """As they are read: nothing but columns."""
    return LedgerRows(LedgerColumns(*map(list, zip(*rows, strict=True))))


def test_columns_are_the_rows_that_they_are_of() -> None:
    assert told(ROWS) == ROWS
    assert told(ROWS) == rows_of(ROWS)
    assert told(ROWS) != rows_of(ROWS[:2])
    assert told(ROWS).part == ROWS[0].part
    assert (len(rows_of([])), rows_of([])) == (0, LedgerRows(LedgerColumns()))


def test_some_of_them_are_chosen_or_lie_between() -> None:
    rows = told(ROWS)

    assert rows.where([True, False, True]) == [ROWS[0], ROWS[2]]
    assert rows.where([True, True, True]) is rows
    assert rows.between(1, 2) == [ROWS[1]]
    assert rows.between(0, 3) is rows


def test_what_comes_and_goes_changes_only_its_own_part() -> None:
    known = parted([*ROWS, row(4, "TWO")])

    found = reparted(known, parted([ROWS[1]]), parted([row(2, amount=-11), row(5, None)]))

    assert found == parted([ROWS[0], row(2, amount=-11), ROWS[2], row(4, "TWO"), row(5, None)])
    assert found[ACCOUNT, "TWO", "USD"] is known[ACCOUNT, "TWO", "USD"]


def test_a_part_of_which_nothing_is_left_is_gone() -> None:
    assert reparted(parted(ROWS), parted(ROWS), {}) == {}
