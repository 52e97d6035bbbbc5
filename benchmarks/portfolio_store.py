"""The household in a database, and its portfolio as the service reads it."""

import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import insert
from tests import servers
from tests.stores import FakeClock, Store, open_store

from benchmarks.portfolio_ledgers import ASSETS, NOW, Household, currency, household, symbol
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.application.investing.valuing import BookPorts
from coffers.domain.ids import UserId, new_id
from coffers.domain.investing.portfolios import Portfolio
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.assets import Asset, AssetLink
from coffers.infrastructure.db.bulk import copy_rows, run_many
from coffers.infrastructure.db.identity.users import SqlProfiles
from coffers.infrastructure.db.investing.ledgers import SqlPortfolioLedgers
from coffers.infrastructure.db.investing.portfolios import SqlPortfolioLookups
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.markets.asset_lists import SqlAssetLookups
from coffers.infrastructure.db.markets.price_marks import mark
from coffers.infrastructure.db.markets.price_series import SqlPriceLookups
from coffers.infrastructure.db.markets.prices import P, prices
from coffers.infrastructure.db.markets.rates import SqlExchangeRates
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.markets.ecb_rates import BundledRates

_COLUMNS: Final = (P.asset_id, P.day, P.close, P.source, P.created_at, P.updated_at)
_INSERT: Final = (
    "INSERT INTO prices (asset_id, day, close, source, created_at, updated_at) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_CHUNK: Final = 10_000
RATES: Final = BundledRates()


@dataclass(frozen=True)
class Stand:
    """A filled database."""

    store: Store
    household: Household
    portfolio_id: UUID

    @property
    def user_id(self) -> UserId:
        """Whose it is."""
        return self.household.user_id

    def ports(self) -> BookPorts:
        """As a process has them that has just begun."""
        reader = self.store.reader
        return BookPorts(
            SqlPortfolioLookups(reader),
            SqlPortfolioLedgers(reader),
            SqlAssetLookups(reader),
            SqlPriceLookups(reader),
            SqlExchangeRates(reader, RATES),
            SqlProfiles(reader),
            self.store.clock,
        )

    async def enter(self, row: LedgerRow) -> None:
        """One more movement."""
        async with self.store.engines.write.begin() as connection:
            await connection.execute(insert(transactions), [_record(self.user_id, row)])


@asynccontextmanager
async def stand(url: str) -> AsyncIterator[Stand]:
    """With everything in it."""
    async with open_store(url) as store:
        store.clock = FakeClock(NOW)
        user_id = await store.add_user()
        made = Stand(store, household(user_id), new_id())
        await _fill(made)
        yield made


async def _fill(made: Stand) -> None:
    home, store = made.household, made.store
    uow = store.uow()
    async with uow:
        for account in home.accounts:
            await uow.accounts.add(account)
        await uow.assets.add_missing([_asset(home, place) for place in range(ASSETS)])
        await uow.asset_links.add_missing(
            [
                AssetLink(made.user_id, symbol(place), currency(place), home.asset_ids[place])
                for place in range(ASSETS)
            ]
        )
        await uow.portfolios.add(
            Portfolio(
                made.portfolio_id,
                made.user_id,
                "All",
                "USD",
                NOW,
                NOW,
                account_ids=tuple(account.id for account in home.accounts),
            )
        )
        await uow.commit()
    async with store.engines.write.begin() as connection:
        records = [_record(made.user_id, row) for row in home.rows]
        for start in range(0, len(records), _CHUNK):
            await connection.execute(insert(transactions), records[start : start + _CHUNK])
        transaction = Transaction(connection, None)
        await _fill_prices(transaction, home)
        # As everything that writes prices does.
        await mark(transaction, dict.fromkeys(home.asset_ids))
    async with store.engines.read.connect() as connection:
        # As the server does by itself within a minute.
        await connection.exec_driver_sql("ANALYZE" if store.reader.is_sqlite else "VACUUM ANALYZE")


def _asset(home: Household, place: int) -> Asset:
    name = symbol(place)
    return Asset(
        home.asset_ids[place], None, name, name, AssetType.EQUITY, currency(place), NOW, NOW
    )


def _record(user_id: UserId, row: LedgerRow) -> dict[str, object]:
    return {
        "user_id": user_id,
        "id": row.id,
        "account_id": row.account_id,
        "transaction_type": row.transaction_type.value,
        "subtype": row.subtype.value,
        "status": "settled",
        "amount": row.amount,
        "currency": row.currency,
        "description": "Movement",
        "search_text": "movement",
        "symbol": row.symbol,
        "quantity": row.quantity,
        "unit_price": row.unit_price,
        "transaction_date": row.day,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }


async def _fill_prices(transaction: Transaction, home: Household) -> None:
    for asset_id, row in zip(home.asset_ids, home.closes, strict=True):
        rows = list(zip(itertools.repeat(asset_id), home.days, row.tolist(), strict=False))
        if transaction.is_sqlite:
            await run_many(transaction, _INSERT, rows, _text_price)
        else:
            await copy_rows(transaction, prices, _COLUMNS, rows, _price)


Told = tuple[UUID, date, float]


def _price(row: Told) -> tuple[object, ...]:
    return row[0], row[1], Decimal(repr(row[2])), "benchmark", NOW, NOW


def _text_price(row: Told) -> tuple[object, ...]:
    now = NOW.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return row[0].hex, row[1].isoformat(), repr(row[2]), "benchmark", now, now


@contextmanager
def databases(name: str) -> Iterator[str]:
    """A fresh one of this engine."""
    if name == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite+aiosqlite:///{Path(folder) / 'coffers.sqlite3'}"
        return
    server = servers.postgres_url()
    database = f"bench_{time.time_ns()}"
    try:
        yield servers.create_database(server, database)
    finally:
        servers.drop_database(server, database)
