"""Whole tables as they are, to compare what was with what is."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import select

from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.tables import METADATA

#: What an import may touch.
LEDGER: Final = (
    "accounts",
    "transactions",
    "holdings",
    "balance_snapshots",
    "transaction_tombstones",
)


async def dump(
    database_url: str, tables: Iterable[str] = LEDGER
) -> dict[str, list[dict[str, Any]]]:
    """Every row of these tables, every column of it."""
    async with open_engines(database_url) as engines, engines.read.connect() as connection:
        return {
            name: sorted(
                (row._asdict() for row in await connection.execute(select(METADATA.tables[name]))),
                key=repr,
            )
            for name in tables
        }
