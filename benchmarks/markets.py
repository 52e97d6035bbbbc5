"""Correlation of 500 assets over ten years: against numpy and pandas, reading stated apart."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd  # type: ignore[import-untyped]  # ships no types
from tests import servers

from coffers import migrations
from coffers.domain.ids import new_id
from coffers.domain.markets.close_series import correlation_matrix
from coffers.infrastructure.db.bulk import copy_rows, run_many
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.markets.price_series import SqlPriceLookups
from coffers.infrastructure.db.markets.prices import P, prices
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction

ASSETS: Final = 500
DAYS: Final = 2_520
ROUNDS: Final = 5
FIRST: Final = date(2016, 1, 4)
LAST: Final = date(2026, 12, 31)
NOW: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
_COLUMNS: Final = (P.asset_id, P.day, P.close, P.source, P.created_at, P.updated_at)
_INSERT: Final = (
    "INSERT INTO prices (asset_id, day, close, source, created_at, updated_at) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)

Matrix = npt.NDArray[np.float64]


def measure() -> dict[str, float]:
    """Times as ratios: below 3 and above 25 are the aims of the first two."""
    closes = _closes()
    days = _days()
    series = [(days, row) for row in closes]
    returns = closes[:, 1:] / closes[:, :-1] - 1
    frame = pd.DataFrame(returns.T)
    ours, numpys, pandas = _interleaved(
        lambda: correlation_matrix(series), lambda: np.corrcoef(returns), frame.corr
    )
    difference = np.abs(correlation_matrix(series)[1] - np.corrcoef(returns)).max()
    ratios = {
        "500 assets x 10 years, from closes: time to numpy.corrcoef of ready returns": ours
        / numpys,
        "500 assets x 10 years: time of pandas .corr() to ours": pandas / ours,
        "largest difference to numpy, in units of 1e-12": difference / 1e-12,
    }
    for name, open_database in (("sqlite", _sqlite), ("postgresql", _postgresql)):
        with open_database() as url:
            read = asyncio.run(_reading(url, closes))
        ratios[f"{name}: reading the closes, in times of the matrix"] = read / ours
    return ratios


def _closes() -> Matrix:
    steps = np.random.default_rng(7).normal(0.0003, 0.012, (ASSETS, DAYS))
    closes: Matrix = np.round(100 * np.cumprod(1 + steps, axis=1), 4)
    return closes


def _days() -> npt.NDArray[np.datetime64]:
    days: npt.NDArray[np.datetime64] = np.busday_offset(np.datetime64(FIRST), np.arange(DAYS))
    return days


def _interleaved(*works: Callable[[], object]) -> list[float]:
    """The quickest of each, in rounds: what disturbs one disturbs the others."""
    best = [float("inf")] * len(works)
    for _, (place, work) in itertools.product(range(ROUNDS), enumerate(works)):
        start = time.perf_counter()
        work()
        best[place] = min(best[place], time.perf_counter() - start)
    return best


async def _reading(url: str, closes: Matrix) -> float:
    ids = [new_id() for _ in range(ASSETS)]
    async with open_engines(url, is_patient=True) as engines:
        await _fill(engines, ids, closes)
        lookups = SqlPriceLookups(Reader(engines))
        best = float("inf")
        for _ in range(2):
            start = time.perf_counter()
            read = await lookups.close_arrays(ids, FIRST, LAST)
            best = min(best, time.perf_counter() - start)
    if sum(each.closes.size for each in read.values()) != ASSETS * DAYS:
        raise RuntimeError("Not all that was written was read.")
    return best


async def _fill(engines: Any, ids: list[UUID], closes: Matrix) -> None:  # Any: Engines
    days = [day.item() for day in _days()]
    async with engines.write.connect() as connection, connection.begin():
        transaction = Transaction(connection, None)
        for asset_id, row in zip(ids, closes, strict=True):
            rows = list(zip(itertools.repeat(asset_id), days, row.tolist(), strict=False))
            if transaction.is_sqlite:
                await run_many(transaction, _INSERT, rows, _text_record)
            else:
                await copy_rows(transaction, prices, _COLUMNS, rows, _record)


Told = tuple[UUID, date, float]


def _record(row: Told) -> tuple[object, ...]:
    return row[0], row[1], Decimal(repr(row[2])), "benchmark", NOW, NOW


def _text_record(row: Told) -> tuple[object, ...]:
    now = "2026-11-20T12:00:00.000000Z"
    return row[0].hex, row[1].isoformat(), repr(row[2]), "benchmark", now, now


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'coffers.sqlite3'}"
        asyncio.run(migrations.upgrade(url))
        yield url


@contextmanager
def _postgresql() -> Iterator[str]:
    server = servers.postgres_url()
    name = f"bench_{time.time_ns()}"
    url = servers.create_database(server, name)
    try:
        asyncio.run(migrations.upgrade(url))
        yield url
    finally:
        servers.drop_database(server, name)
