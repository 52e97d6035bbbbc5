"""Reports over 100,000 movements, against the bare SQL that computes the same sums.

The floor is written by hand for each engine and run by the raw driver in the benchmark itself:
no HTTP, no views, no base currency, no counts of what was left out. On SQLite it adds integers,
which is exact only because every amount here has two digits behind the point.
"""

import asyncio
import http.client
import json
import random
import sqlite3
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from sqlalchemy import insert
from tests.ledgers import ledger_at

from benchmarks.foundation import SetUp, embedded, production, signed_in
from benchmarks.servers import serving
from coffers.domain.ids import UserId, new_id
from coffers.domain.spending.categories import SYSTEM_CATEGORIES, CategoryKind
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.ledger.transaction_rows import transactions

ROWS: Final = 100_000
ROUNDS: Final = 15
DAYS: Final = 3_650
#: A page of the list, and how many pages lie before the one far behind.
PAGE: Final = 50
FAR: Final = 1_000
REPORTS: Final = {
    "month report": ("/api/v1/reports/over-time?interval=month&end_date=2026-10-30", "month"),
    "category report": ("/api/v1/reports/by-category", "category_id"),
}
_FIRST: Final = date(2016, 11, 1)
_CHUNK: Final = 10_000
_NOW: Final = datetime(2026, 10, 30, tzinfo=UTC)

Run = Callable[[str], Awaitable[int]]


def measure() -> dict[str, float]:
    """The floor's time in parts of the report's, and page 1,000 of a list in parts of page 1."""
    ratios: dict[str, float] = {}
    for open_set_up in (embedded, production):
        with open_set_up() as set_up, _stand(set_up) as stand:
            found = asyncio.run(_compare(set_up, stand))
            ratios |= {f"{set_up.name}: {name}": ratio for name, ratio in found.items()}
    return ratios


@dataclass(frozen=True)
class Stand:
    """A service with a user who has all these movements."""

    client: http.client.HTTPConnection
    headers: Mapping[str, str]
    user_id: UserId

    def get(self, path: str) -> Any:  # Any: JSON
        """The answer, which must be a success."""
        self.client.request("GET", path, headers=dict(self.headers))
        answer = self.client.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise AssertionError(body)
        return json.loads(body)

    def seconds(self, path: str) -> float:
        """How long an answer takes."""
        started = time.perf_counter()
        self.get(path)
        return time.perf_counter() - started


@contextmanager
def _stand(set_up: SetUp) -> Iterator[Stand]:
    with serving("coffers", "/health/live", set_up.env) as served:
        base = served.removesuffix("/health/live")
        user_id, token = asyncio.run(signed_in(base, set_up.database_url))
        asyncio.run(_fill(set_up.database_url, UserId(UUID(user_id))))
        client = http.client.HTTPConnection(urlsplit(base).netloc)
        yield Stand(client, {"Authorization": f"Bearer {token}"}, UserId(UUID(user_id)))


async def _compare(set_up: SetUp, stand: Stand) -> dict[str, float]:
    ratios = {}
    async with _floor(set_up, stand.user_id) as run:
        for name, (path, key) in REPORTS.items():
            times = [await _round(stand, path, run, key) for _ in range(ROUNDS)]
            ratio = statistics.median(floor / ours for ours, floor in times)
            ratios[f"{name} over {ROWS} movements, bare SQL / ours (at least 0.70)"] = ratio
    first, far = _pages(stand)
    pairs = [(stand.seconds(first), stand.seconds(far)) for _ in range(ROUNDS)]
    near_s, far_s = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratios[f"filtered list, page {FAR} / page 1 (at most 1.2)"] = far_s / near_s
    return ratios


async def _round(stand: Stand, path: str, run: Run, key: str) -> tuple[float, float]:
    ours = stand.seconds(path)
    started = time.perf_counter()
    if await run(key) == 0:
        raise AssertionError("The floor found nothing.")
    return ours, time.perf_counter() - started


def _pages(stand: Stand) -> tuple[str, str]:
    """The list's first page, and the one that begins behind 999 others."""
    path = "/api/v1/transactions?transaction_type=expense&start_date=2016-11-01"
    cursor, left = "", (FAR - 1) * PAGE
    while left:
        limit = min(left, 100)
        behind = f"&cursor={cursor}" if cursor else ""
        cursor = stand.get(f"{path}&limit={limit}{behind}")["next_cursor"]
        left -= limit
    return f"{path}&limit={PAGE}", f"{path}&limit={PAGE}&cursor={cursor}"


async def _fill(database_url: str, user_id: UserId) -> None:
    """Ten years of movements: a tenth of them income, one in a hundred pending, some split."""
    async with ledger_at(database_url, user_id) as ledger:
        account = await ledger.account()
    chance = random.Random(1)
    rows = [_row(chance, user_id, account.id) for _ in range(ROWS)]
    async with open_engines(database_url, is_patient=True) as engines:
        async with engines.write.begin() as connection:
            for start in range(0, ROWS, _CHUNK):
                await connection.execute(insert(transactions), rows[start : start + _CHUNK])
        async with engines.read.connect() as connection:
            # As the server does by itself within a minute.
            await connection.exec_driver_sql("ANALYZE" if engines.is_sqlite else "VACUUM ANALYZE")


def _row(chance: random.Random, user_id: UserId, account_id: UUID) -> dict[str, object]:
    is_income = chance.random() < 0.1
    cents = chance.randint(100_000, 400_000) if is_income else -chance.randint(100, 20_000)
    kind = CategoryKind.INCOME if is_income else CategoryKind.EXPENSE
    known = [each.id for each in SYSTEM_CATEGORIES if each.kind is kind]
    half = Decimal(cents).scaleb(-2) - Decimal("0.50")
    parts = [{"amount": str(half), "category_id": str(known[0]), "notes": None}]
    parts += [{"amount": "0.50", "category_id": str(known[1]), "notes": None}]
    return {
        "user_id": user_id,
        "id": new_id(),
        "account_id": account_id,
        "transaction_type": "income" if is_income else "expense",
        "subtype": "unknown",
        "status": "pending" if chance.random() < 0.01 else "settled",
        "amount": Decimal(cents).scaleb(-2),
        "currency": "USD",
        "description": "Coffee",
        "search_text": "coffee",
        "transaction_date": _FIRST + timedelta(days=chance.randrange(DAYS)),
        "category_id": chance.choice([None, *known]),
        "merchant": f"Shop {chance.randrange(200)}",
        "splits": parts if chance.random() < 0.01 else None,
        "version": 1,
        "created_at": _NOW,
        "updated_at": _NOW,
    }


@asynccontextmanager
async def _floor(set_up: SetUp, user_id: UserId) -> AsyncIterator[Run]:
    """Runs the bare statement and answers how many sums there are."""
    if set_up.floor.endswith("on_sqlite"):
        with sqlite3.connect(set_up.floor_database) as driver:

            async def on_sqlite(key: str) -> int:
                text = _bare(_ON_SQLITE, _SQLITE_KEYS[key])
                return len(driver.execute(text, (user_id.hex, user_id.hex)).fetchall())

            yield on_sqlite
        return
    connection = await asyncpg.connect(set_up.floor_database)

    async def on_postgres(key: str) -> int:
        return len(await connection.fetch(_bare(_ON_POSTGRES, _POSTGRES_KEYS[key]), user_id))

    yield on_postgres
    await connection.close()


def _ids(kind: CategoryKind, form: Callable[[UUID], str]) -> str:
    return ", ".join(f"'{form(each.id)}'" for each in SYSTEM_CATEGORIES if each.kind is kind)


def _flow(category: str, form: Callable[[UUID], str]) -> str:
    return (
        f"CASE WHEN {category} IN ({_ids(CategoryKind.EXPENSE, form)}) THEN 'expense'"
        f" WHEN {category} IN ({_ids(CategoryKind.INCOME, form)}) THEN 'income'"
        " WHEN transaction_type = 'income' THEN 'income'"
        " WHEN transaction_type IN ('expense', 'fee') THEN 'expense' END"
    )


def _bare(arms: Mapping[str, str], keys: Mapping[str, str]) -> str:
    return " UNION ALL ".join(text.replace("<key>", keys[arm]) for arm, text in arms.items())


_SQLITE_CATEGORY: Final = "replace(json_extract(part.value, '$.category_id'), '-', '')"
_SQLITE_KEYS: Final = {
    "month": dict.fromkeys(("whole", "parts"), "substr(transaction_date, 1, 7)"),
    "category_id": {"whole": "category_id", "parts": _SQLITE_CATEGORY},
}
_SQLITE_WHERE: Final = (
    "user_id = ? AND status IN ('settled', 'pending') AND status = 'settled' AND is_ignored = 0"
    " AND is_transfer = 0 AND transfer_id IS NULL"
)
# All of these are made of names and of the ids above.
_ON_SQLITE: Final = {
    "whole": f"SELECT <key>, currency, {_flow('category_id', lambda each: each.hex)},"  # noqa: S608 - names of columns and constants only
    " sum(CAST(replace(amount, '.', '') AS INTEGER)), count(*) FROM transactions"
    f" WHERE {_SQLITE_WHERE} AND splits IS NULL GROUP BY 1, 2, 3",
    "parts": f"SELECT <key>, currency, {_flow(_SQLITE_CATEGORY, lambda each: each.hex)},"  # noqa: S608 - names of columns and constants only
    " sum(CAST(replace(json_extract(part.value, '$.amount'), '.', '') AS INTEGER)), count(*)"
    f" FROM transactions, json_each(splits) AS part WHERE {_SQLITE_WHERE} AND splits IS NOT NULL"
    " GROUP BY 1, 2, 3",
}
_POSTGRES_CATEGORY: Final = "(part ->> 'category_id')::uuid"
_POSTGRES_KEYS: Final = {
    "month": dict.fromkeys(("whole", "parts"), "date_trunc('month', transaction_date)"),
    "category_id": {"whole": "category_id", "parts": _POSTGRES_CATEGORY},
}
_POSTGRES_WHERE: Final = (
    "user_id = $1 AND status IN ('settled', 'pending') AND status = 'settled' AND NOT is_ignored"
    " AND NOT is_transfer AND transfer_id IS NULL"
)
_ON_POSTGRES: Final = {
    "whole": f"SELECT <key>, currency, {_flow('category_id', str)}, sum(amount), count(*)"  # noqa: S608 - names of columns and constants only
    f" FROM transactions WHERE {_POSTGRES_WHERE} AND splits IS NULL GROUP BY 1, 2, 3",
    "parts": f"SELECT <key>, currency, {_flow(_POSTGRES_CATEGORY, str)},"  # noqa: S608 - names of columns and constants only
    " sum((part ->> 'amount')::numeric), count(*)"
    " FROM transactions, jsonb_array_elements(splits) AS part"
    f" WHERE {_POSTGRES_WHERE} AND splits IS NOT NULL GROUP BY 1, 2, 3",
}


if __name__ == "__main__":
    for name, ratio in measure().items():
        print(f"{name}: {ratio:.2f}")
