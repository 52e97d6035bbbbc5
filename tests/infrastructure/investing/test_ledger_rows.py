"""Movements of accounts as they are stored, read once, on both engines."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from coffers.application.investing.ledger_rows import LedgerRow, parted
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.infrastructure.db.investing.ledger_rows import RememberedRows
from coffers.infrastructure.db.investing.ledgers import SqlPortfolioLedgers
from tests.ledgers import Ledger, movement
from tests.stores import open_store

BUY = movement(
    "buy",
    transaction_type=TransactionType.TRADE,
    subtype=TransactionSubtype.BUY,
    symbol="É|\tx",
    quantity=Decimal("0.12345678"),
    unit_price=Decimal("123456789012345.67"),
    amount=Decimal("-15.25"),
    transaction_date=date(2026, 3, 2),
)
COFFEE = movement("coffee", transaction_date=date(2026, 3, 1))


async def test_rows_are_as_they_were_told_by_day(database_url: str) -> None:
    async with open_store(database_url) as store:
        ledger = Ledger(store.engines, await store.add_user())
        account = await ledger.account()
        await ledger.move(account, BUY, COFFEE, movement("later", status=TransactionStatus.PENDING))

        found = await SqlPortfolioLedgers(store.reader).of_accounts(ledger.user_id, [account.id])

    coffee, buy = found.rows
    assert (coffee.day, coffee.symbol, coffee.quantity) == (date(2026, 3, 1), None, None)
    assert (buy.symbol, buy.quantity, buy.unit_price) == (
        *("É|\tx", Decimal("0.12345678"), Decimal("123456789012345.67")),
    )
    assert (buy.transaction_type, buy.subtype) == (TransactionType.TRADE, TransactionSubtype.BUY)
    assert (buy.account_id, buy.amount, buy.currency) == (account.id, Decimal("-15.25"), "USD")
    assert (buy.lots, buy.acquired, buy.asset_type) == ((), None, None)


async def test_what_did_not_change_is_not_made_again(database_url: str) -> None:
    async with open_store(database_url) as store:
        ledger = Ledger(store.engines, await store.add_user())
        account = await ledger.account()
        ledgers = SqlPortfolioLedgers(store.reader)
        await ledger.move(account, BUY, COFFEE)
        before = (await ledgers.of_accounts(ledger.user_id, [account.id])).rows

        await ledger.move(account, replace(COFFEE, amount=Decimal("-4.00")), BUY)
        after = (await ledgers.of_accounts(ledger.user_id, [account.id])).rows

    assert after[1] is before[1]
    assert (before[0].amount, after[0].amount) == (Decimal("-3.50"), Decimal("-4.00"))


def text(told: list[tuple[int, int]]) -> str:
    """Movements by their ids and amounts, a line for each, as the database tells them."""
    lines = [
        [
            *(f"{row_id:032x}", "0" * 32, "2026-03-01", "trade", "buy", f"-{amount}", "USD"),
            *(str(amount % 3 or ""), *[""] * 5),
        ]
        for row_id, amount in told
    ]
    return "".join("\x1f".join(line) + "\x1e" for line in lines)


TOLD = st.dictionaries(st.integers(1, 12), st.integers(1, 12), max_size=8).map(
    lambda told: sorted(told.items())
)


@given(st.lists(TOLD, min_size=2, max_size=6))
def test_rows_are_those_of_the_text_whatever_was_told_before(
    news: list[list[tuple[int, int]]],
) -> None:
    known, before = RememberedRows(), dict[LedgerRow, LedgerRow]()

    for told in news:
        rows = known.of("one", text(told)).rows

        assert [(row.id.int, int(-row.amount)) for row in rows] == told
        assert all(before.get(row, row) is row for row in rows)
        assert known.of("one", text(told)).parts == parted(rows)
        before = {row: row for row in rows}


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    line, known = text([(1, 1)]), RememberedRows(most=1)

    first = known.of("one", line)
    again = known.of("one", line)
    known.of("other", line)

    assert again is first
    assert known.of("one", line) is not first
    assert known.of("nobody", "").rows == ()
