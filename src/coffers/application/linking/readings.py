"""What a provider reported, and its storing.

Accounts, holdings, transactions and their snapshots.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from coffers.application.ports import Vault
from coffers.application.spending.new_movements import apply_rules
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import new_id
from coffers.domain.ledger.accounts import Account, AccountOrigin
from coffers.domain.ledger.snapshots import Snapshot, SnapshotSource
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.linking.connections import Connection
from coffers.domain.linking.providers import ProviderAnsweredNonsense
from coffers.domain.linking.syncs import MAX_ROWS, Counts, SyncReport
from coffers.domain.live.events import Event
from coffers.domain.money import EXACT, check_bounds, money_digits

#: Where a snapshot of an account comes from, given whether its positions were read along.
SourceOf = Callable[[bool], SnapshotSource]


@dataclass(slots=True)
class Reading:
    """What the provider reported, before any of it is stored; by the provider's own account ids.

    `is_whole`: these are all the accounts that there are. `known` are ledger accounts whose
    transactions were read without asking for the accounts again. `read` are the ids, once stored,
    of those whose transactions were read.
    """

    is_whole: bool = False
    accounts: list[ReportedAccount] = field(default_factory=list)
    known: list[Account] = field(default_factory=list)
    holdings: dict[str, list[ReportedHolding]] = field(default_factory=dict)
    transactions: dict[str, list[ReportedTransaction]] = field(default_factory=dict)
    rows: int = 0
    read: list[UUID] = field(default_factory=list)

    def add(self, account_id: str, page: Sequence[ReportedTransaction]) -> None:
        """One page more; raises ProviderAnsweredNonsense beyond what anybody's history can be."""
        self._count(page)
        self.transactions.setdefault(account_id, []).extend(page)

    def add_holdings(self, account_id: str, rows: list[ReportedHolding]) -> None:
        """An account's positions; raises likewise."""
        self._count(rows)
        self.holdings[account_id] = rows

    def _count(self, rows: Sequence[object]) -> None:
        self.rows += len(rows)
        if self.rows > MAX_ROWS:
            raise ProviderAnsweredNonsense(f"The provider reports more than {MAX_ROWS} rows.")

    @property
    def asks_accounts(self) -> bool:
        """Whether the provider was asked for accounts at all."""
        return self.is_whole or bool(self.accounts)


async def store_reading(
    uow: UnitOfWork,
    vault: Vault,
    connection: Connection,
    reading: Reading,
    source: SourceOf,
    now: datetime,
) -> SyncReport:
    """Within the open transaction.

    The rows, and a snapshot of every account whose balance was read. Raises AmountInvalid.
    """
    _check_amounts(reading)
    if reading.asks_accounts:
        accounts, account_counts = await _store_accounts(uow, vault, connection, reading, now)
        await uow.snapshots.add(*_snapshots(accounts, reading, source, now))
    else:
        accounts, account_counts = await _still_ours(uow, connection, reading), Counts()
    holdings = transactions = Counts()
    for account in accounts:
        key = account.provider_account_id or ""
        if key in reading.holdings:
            rows = reading.holdings[key]
            holdings += await uow.holdings.replace_reported(account, rows, now=now)
        if key in reading.transactions:
            movements = reading.transactions[key]
            merged = await uow.transactions.merge_reported(account, movements, now=now)
            if merged.created:
                await apply_rules(uow, account, movements, now=now)
            transactions += merged
            reading.read.append(account.id)
    return SyncReport(account_counts, holdings, transactions)


def _check_amounts(reading: Reading) -> None:
    """Raises AmountInvalid for what the ledger cannot keep; movements are checked as they go in."""
    for account in reading.accounts:
        _check(account.balance, account.available_balance, account.cash_balance)
    for held in (row for rows in reading.holdings.values() for row in rows):
        _check(held.quantity, held.cost_basis, held.market_value)
        _check(held.average_price, held.current_price)


def _check(*amounts: Decimal | None) -> None:
    for amount in amounts:
        if amount is not None:
            check_bounds(amount)


async def _store_accounts(
    uow: UnitOfWork, vault: Vault, connection: Connection, reading: Reading, now: datetime
) -> tuple[list[Account], Counts]:
    rows = await _own_rows(uow, connection, reading.accounts, now)
    origin = AccountOrigin(connection.user_id, connection.provider_slug, connection.id)
    store = uow.accounts.replace_reported if reading.is_whole else uow.accounts.merge_reported

    def seal(number: str, account_id: UUID) -> bytes:
        return vault.seal(number.encode(), bound_to=account_id)

    reported = [row.provider_account_id for row in rows]
    await uow.dormancy.wake(connection.user_id, connection.id, reported)
    stored, counts = await store(origin, rows, now=now, seal=seal)
    if counts.deactivated:
        await uow.dormancy.sleep(connection.user_id, connection.id, now)
    return stored, counts


async def _own_rows(
    uow: UnitOfWork, connection: Connection, rows: Sequence[ReportedAccount], now: datetime
) -> list[ReportedAccount]:
    """Without the accounts that a newer link to the same provider reports."""
    adoption = await uow.adoptions.adopt(connection, rows, now)
    for account_id in adoption.taken:
        details = {"connection_id": str(connection.id)}
        uow.record(Event("AccountAdopted", connection.user_id, account_id, details))
    return [row for row in rows if row.provider_account_id not in adoption.left]


async def _still_ours(uow: UnitOfWork, connection: Connection, reading: Reading) -> list[Account]:
    """The accounts that were asked about, locked, but for those that changed hands meanwhile."""
    origin = AccountOrigin(connection.user_id, connection.provider_slug, connection.id)
    asked = {account.id for account in reading.known}
    return [account for account in await uow.accounts.of_origin(origin) if account.id in asked]


def _snapshots(
    accounts: Sequence[Account], reading: Reading, source: SourceOf, now: datetime
) -> list[Snapshot]:
    return [
        _snapshot(account, account.balance, reading, source, now)
        for account in accounts
        if account.balance is not None
    ]


def _snapshot(
    account: Account, balance: Decimal, reading: Reading, source: SourceOf, now: datetime
) -> Snapshot:
    held = reading.holdings.get(account.provider_account_id or "")
    value = None if held is None else value_of(held, account.currency)
    cash = _cash(account, balance, value)
    _check(value, cash)
    return Snapshot(
        id=new_id(),
        user_id=account.user_id,
        account_id=account.id,
        balance=balance,
        currency=account.currency,
        source=source(held is not None),
        captured_at=now,
        created_at=now,
        available_balance=account.available_balance,
        holdings_value=value,
        cash_value=cash,
    )


def value_of(holdings: Sequence[ReportedHolding], currency: str) -> Decimal | None:
    """What the positions are worth together.

    None when some are in another currency: no rate, no sum.
    """
    if any(holding.currency != currency for holding in holdings):
        return None
    total = Decimal(0)
    for holding in holdings:
        total = EXACT.add(total, holding.market_value)
    return money_digits(total, currency)


def _cash(account: Account, balance: Decimal, value: Decimal | None) -> Decimal | None:
    """As the provider reports it; else what the positions leave of the balance."""
    if account.cash_balance is not None:
        return account.cash_balance
    return None if value is None else money_digits(EXACT.subtract(balance, value), account.currency)
