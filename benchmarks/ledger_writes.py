"""Storing 10,000 transactions as a sync does, against the same rows by the bare driver.

The floor puts ready records into the same table with the same indexes: COPY on PostgreSQL,
`executemany` in one transaction on SQLite. Coffers begins with what a provider reported.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from tests.ledgers import Ledger, ledger_at, movement

from benchmarks.foundation import embedded, production
from benchmarks.write_floor import stored
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.infrastructure.db.ledger.transaction_records import Records

ROWS: Final = 10_000
ROUNDS: Final = 5
_FIRST: Final = date(2021, 1, 1)


def measure() -> dict[str, float]:
    """The median of the rounds' ratios to their floors: a first sync, and the same again."""
    ratios: dict[str, float] = {}
    for open_set_up in (embedded, production):
        with open_set_up() as set_up:
            first, again = asyncio.run(_compare(set_up.database_url))
        ratios[f"{set_up.name}: first sync of {ROWS} / floor (at most 2.5)"] = first
        ratios[f"{set_up.name}: the same again / floor (at most 1.5)"] = again
    return ratios


async def _compare(database_url: str) -> tuple[float, float]:
    firsts, agains = [], []
    async with ledger_at(database_url) as ledger:
        for number in range(ROUNDS):
            ours = await ledger.account(f"ours-{number}")
            theirs = await ledger.account(f"floor-{number}")
            rows = some_rows(number)
            floor = await bare(ledger, theirs, rows)
            firsts.append(await _synced(ledger, ours, rows) / floor)
            agains.append(await _synced(ledger, ours, rows) / floor)
    return statistics.median(firsts), statistics.median(agains)


async def _synced(ledger: Ledger, account: Account, rows: Sequence[ReportedTransaction]) -> float:
    """How many seconds it takes to store what was reported, commit included."""
    started = time.perf_counter()
    await ledger.move(account, *rows)
    return time.perf_counter() - started


async def bare(ledger: Ledger, account: Account, rows: Sequence[ReportedTransaction]) -> float:
    """How many seconds storing alone takes; the records are ready before the clock starts."""
    async with ledger.uow() as uow:
        made = Records(account, ledger.now, is_sqlite=uow.transaction.is_sqlite)
        records = [made.of(row) for row in rows]
        return await stored(uow, records)


def some_rows(seed: int) -> list[ReportedTransaction]:
    """Ten thousand movements of five years, a third of them trades, different for each seed."""
    chance = random.Random(seed)
    return [_row(chance, seed, number) for number in range(ROWS)]


def _row(chance: random.Random, seed: int, number: int) -> ReportedTransaction:
    amount = Decimal(chance.randint(-99_999, 99_999)).scaleb(-2)
    day = _FIRST + timedelta(days=number // 6)
    shown = f"Card purchase at shop number {chance.randint(1, 500)}"
    row = movement(f"t-{seed}-{number:08}", amount=amount, description=shown, transaction_date=day)
    return row if number % 3 else _trade(row, chance)


def _trade(row: ReportedTransaction, chance: random.Random) -> ReportedTransaction:
    return movement(
        row.provider_transaction_id,
        transaction_type=TransactionType.TRADE,
        subtype=TransactionSubtype.BUY,
        amount=row.amount,
        transaction_date=row.transaction_date,
        asset_type=AssetType.EQUITY,
        symbol="AAPL",
        security_name="Apple Inc.",
        quantity=Decimal(chance.randint(1, 999)),
        unit_price=Decimal("171.23"),
        commission=Decimal("1.00"),
    )


if __name__ == "__main__":
    for name, ratio in measure().items():
        print(f"{name}: {ratio:.2f}")
