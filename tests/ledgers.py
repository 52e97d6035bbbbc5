"""Ledgers for tests: accounts, positions, movements and snapshots, stored as a sync stores them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from coffers.application.unit_of_work import HeldUnitOfWork
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import MANUAL, Account, AccountOrigin, AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.snapshots import Snapshot, SnapshotSource
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.linking.syncs import Counts
from coffers.domain.live.events import Origin
from coffers.domain.money import money_digits
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.db.engines import Engines, open_engines
from coffers.infrastructure.db.unit_of_work import SqlUnitOfWork
from tests.people import Person

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)

Uow = HeldUnitOfWork


def reported_account(number: str = "a1", **changes: Any) -> ReportedAccount:
    account = ReportedAccount(
        provider_account_id=number,
        name="Brokerage",
        account_type=AccountType.BROKERAGE,
        currency="USD",
        balance=Decimal("25000.00"),
    )
    return replace(account, **changes)


def position(number: str = "AAPL", **changes: Any) -> ReportedHolding:
    holding = ReportedHolding(
        provider_holding_id=f"schwab_037833100_{number}",
        symbol=number,
        security_name="Apple Inc.",
        asset_type=AssetType.EQUITY,
        quantity=Decimal(100),
        cost_basis=Decimal("15000.00"),
        market_value=Decimal("17500.00"),
        currency="USD",
        average_price=Decimal("150.00"),
        current_price=Decimal("175.00"),
    )
    return replace(holding, **changes)


def movement(number: str | None = "t1", **changes: Any) -> ReportedTransaction:
    row = ReportedTransaction(
        provider_transaction_id=number,
        transaction_type=TransactionType.EXPENSE,
        subtype=TransactionSubtype.PURCHASE,
        status=TransactionStatus.SETTLED,
        amount=Decimal("-3.50"),
        currency="USD",
        description="Coffee",
        transaction_date=date(2026, 3, 1),
    )
    return replace(row, **changes)


class Ledger:
    """One person's ledger, behind the API's back. Each call is one committed transaction."""

    def __init__(self, engines: Engines, user_id: UserId, now: datetime = NOON) -> None:
        self.user_id = user_id
        self.now = now
        self._engines = engines
        self._connection_id = new_id()

    def uow(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self._engines, SystemClock(), Origin(), _nobody_waits)

    async def accounts(self, *rows: ReportedAccount) -> list[Account]:
        async with self.uow() as uow:
            stored, _ = await uow.accounts.merge_reported(
                self.origin, rows, now=self.now, seal=lambda number, _: number.encode()
            )
            await uow.commit()
        return stored

    async def account(self, number: str = "a1", **changes: Any) -> Account:
        return (await self.accounts(reported_account(number, **changes)))[0]

    async def purse(self, **changes: Any) -> Account:
        """An account kept by hand."""
        kept = Account(
            id=new_id(),
            user_id=self.user_id,
            source=MANUAL,
            name="Purse",
            account_type=AccountType.CASH,
            currency="USD",
            created_at=self.now,
            updated_at=self.now,
        )
        async with self.uow() as uow:
            await uow.accounts.add(replace(kept, **changes))
            await uow.commit()
        return replace(kept, **changes)

    async def known(self, account_id: UUID) -> Account:
        async with self.uow() as uow:
            return await uow.accounts.get(self.user_id, account_id)

    @property
    def origin(self) -> AccountOrigin:
        return AccountOrigin(self.user_id, "sandbox", self._connection_id)

    async def hold(self, account: Account, *rows: ReportedHolding) -> Counts:
        async with self.uow() as uow:
            counts = await uow.holdings.replace_reported(account, rows, now=self.now)
            await uow.commit()
        return counts

    async def move(self, account: Account, *rows: ReportedTransaction) -> Counts:
        async with self.uow() as uow:
            await uow.accounts.get(account.user_id, account.id)
            counts = await uow.transactions.merge_reported(account, rows, now=self.now)
            await uow.commit()
        return counts

    async def snapshot(self, account: Account, at: datetime, balance: str, **more: Any) -> UUID:
        return (await self.snapshots(account, [(at, balance)], **more))[0]

    async def snapshots(
        self, account: Account, balances: Sequence[tuple[datetime, str]], **more: Any
    ) -> list[UUID]:
        made = [
            Snapshot(
                id=new_id(),
                user_id=account.user_id,
                account_id=account.id,
                balance=money_digits(Decimal(balance), account.currency),
                currency=account.currency,
                source=more.get("source", SnapshotSource.HOLDINGS_SYNC),
                captured_at=at,
                created_at=at,
                available_balance=more.get("available"),
                holdings_value=more.get("holdings"),
                cash_value=more.get("cash"),
            )
            for at, balance in balances
        ]
        async with self.uow() as uow:
            await uow.snapshots.add(*made)
            await uow.commit()
        return [snapshot.id for snapshot in made]


async def _nobody_waits(*_: object) -> None:
    """What a unit of work tells after its commit."""


@asynccontextmanager
async def ledger_at(database_url: str, user_id: UserId | None = None) -> AsyncIterator[Ledger]:
    """A ledger in this database, of somebody or nobody in particular."""
    async with open_engines(database_url) as engines:
        yield Ledger(engines, user_id or UserId(new_id()))


@asynccontextmanager
async def ledger_of(person: Person) -> AsyncIterator[Ledger]:
    """The ledger of somebody who signed up."""
    url = person.client.app.state.settings.database  # type: ignore[attr-defined]  # set by `running`
    async with ledger_at(url, UserId(UUID(person.id))) as ledger:
        yield ledger
