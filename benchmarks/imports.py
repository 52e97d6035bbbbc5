"""Importing 20,000 OFX rows: applying the plan, against the same rows by the bare driver.

The floor puts ready records into the same table with the same indexes: COPY on PostgreSQL,
`executemany` in one transaction on SQLite. Coffers judges each row anew, and keeps the balance,
the snapshot, the log and what a reversal needs in the same commit.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Sequence
from typing import Final

from tests.importing import Importer, importer_at

from benchmarks import ofx_parsing
from benchmarks.foundation import embedded, production
from benchmarks.write_floor import stored
from coffers.application.ledger.imports import ImportFile, apply_import, plan_import
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import new_id
from coffers.domain.ledger.accounts import Account, AccountType
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.infrastructure.db.ledger.transaction_records import Records
from coffers.infrastructure.statements.parse import parse_statements

ROUNDS: Final = 5


def measure() -> dict[str, float]:
    """The median of the rounds' ratios: storing, and the same file again."""
    ratios = dict(ofx_parsing.measure())
    for open_set_up in (embedded, production):
        with open_set_up() as set_up:
            first, again = asyncio.run(_compare(set_up.database_url))
        rows = ofx_parsing.ROWS
        ratios[f"{set_up.name}: storing an import of {rows} / floor (at most 2.5)"] = first
        ratios[f"{set_up.name}: the same file again / floor"] = again
    return ratios


async def _compare(database_url: str) -> tuple[float, float]:
    content = ofx_parsing.statement(ofx_parsing.ROWS, line="<{0}>{1}")
    (told,) = parse_statements(content, file_name="statement.ofx")
    firsts, agains = [], []
    async with importer_at(database_url) as importer:
        for number in range(ROUNDS):
            ours, theirs = await importer.somebody(), await importer.somebody()
            # Which of them comes first must not matter.
            first_is_floor = random.Random(number).random() < 0.5
            floor = await _bare(importer, theirs, told.transactions) if first_is_floor else 0.0
            first = await _applied(importer, ours, content)
            floor = floor or await _bare(importer, theirs, told.transactions)
            firsts.append(first / floor)
            agains.append(await _applied(importer, ours, content) / floor)
    return statistics.median(firsts), statistics.median(agains)


async def _applied(importer: Importer, person: Principal, content: bytes) -> float:
    """How many seconds applying a plan takes, commit included."""
    file = ImportFile("statement.ofx", content)
    plan = (await plan_import(importer.store.uow(), importer.desk, person, file)).view
    uow = importer.store.uow()
    started = time.perf_counter()
    await apply_import(uow, importer.desk, person, plan.id, plan.plan_hash)
    return time.perf_counter() - started


async def _bare(
    importer: Importer, person: Principal, rows: Sequence[ReportedTransaction]
) -> float:
    """How many seconds storing alone takes; the records are ready before the clock starts."""
    now = importer.store.clock.now()
    account = Account(
        new_id(), person.user_id, "floor", "Floor", AccountType.CHECKING, "USD", now, now
    )
    async with importer.store.uow() as uow:
        made = Records(account, now, is_sqlite=uow.transaction.is_sqlite, import_id=new_id())
        records = [made.of(row) for row in rows]
        return await stored(uow, records)


if __name__ == "__main__":
    for name, ratio in measure().items():
        print(f"{name}: {ratio:.2f}")
