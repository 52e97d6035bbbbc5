"""What storing transactions costs without Coffers: the bare driver and records that are ready."""

import time
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import text

from coffers.infrastructure.db.bulk import Record
from coffers.infrastructure.db.ledger.transaction_rows import RECORDED
from coffers.infrastructure.db.unit_of_work import SqlUnitOfWork

_COLUMNS: Final = [column.name for column in RECORDED]
_INSERT: Final = (
    f"INSERT INTO transactions ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' for _ in _COLUMNS)})"  # noqa: S608 - names of columns
)


async def stored(uow: SqlUnitOfWork, records: Sequence[Record]) -> float:
    """How many seconds it takes: COPY on PostgreSQL, `executemany` on SQLite, and the commit."""
    await uow.transaction.execute(text("SELECT 1"))
    raw = await uow.transaction.connection.get_raw_connection()
    driver: Any = raw.driver_connection  # Any: asyncpg's or aiosqlite's
    started = time.perf_counter()
    if uow.transaction.is_sqlite:
        await driver.executemany(_INSERT, records)
    else:
        await driver.copy_records_to_table("transactions", records=records, columns=_COLUMNS)
    await uow.commit()
    return time.perf_counter() - started
