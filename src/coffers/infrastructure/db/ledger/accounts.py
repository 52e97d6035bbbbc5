"""The accounts table and its repository."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from coffers.application.ledger.accounts import AccountFilter, AccountLookups
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import (
    MAX_ACCOUNTS,
    Account,
    AccountNotFound,
    AccountOrigin,
    Accounts,
    AccountType,
    Seal,
    TooManyAccounts,
)
from coffers.domain.ledger.statements import ReportedAccount
from coffers.domain.linking.syncs import Counts
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader, Reads
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

accounts: Final = Table(
    "accounts",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("connection_id", Id),
    Column("source", String(60), nullable=False),
    Column("provider_account_id", Text),
    Column("account_number", LargeBinary),
    Column("account_number_masked", String(20)),
    Column("name", Text, nullable=False),
    Column("account_type", String(20), nullable=False),
    Column("currency", String(12), nullable=False),
    Column("balance", ExactDecimal),
    Column("available_balance", ExactDecimal),
    Column("cash_balance", ExactDecimal),
    Column("opening_balance", ExactDecimal),
    Column("deactivated_at", UTCDateTime),
    Column("last_synced_at", UTCDateTime),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "connection_id", "provider_account_id"),
    Index("ix_accounts_id", "id"),
)
# Accounts from files have no connection: one per source and id. Those kept by hand have no id.
Index(
    "uq_accounts_user_id_source_provider_account_id",
    accounts.c.user_id,
    accounts.c.source,
    accounts.c.provider_account_id,
    unique=True,
    sqlite_where=accounts.c.connection_id.is_(None),
    postgresql_where=accounts.c.connection_id.is_(None),
)


class SqlAccounts(Accounts):
    """Accounts in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, account: Account) -> None:
        """As the port says."""
        await self._make_room(account.user_id, 1)
        await self._transaction.execute(insert(accounts), _row(account))

    async def get(self, user_id: UserId, account_id: UUID) -> Account:
        """As the port says."""
        owned = (accounts.c.user_id == user_id) & (accounts.c.id == account_id)
        found = await self._locked(owned)
        if not found:
            refusal = AccountNotFound("Account not found")
            raise await missing(self._transaction, accounts, account_id, refusal)
        return found[0]

    async def of_origin(self, origin: AccountOrigin) -> list[Account]:
        """As the port says."""
        return await self._locked(_from(origin))

    async def update(self, account: Account, *, expected_version: int | None = None) -> Account:
        """As the port says."""
        wanted = account.version if expected_version is None else expected_version
        stored = replace(account, version=wanted + 1)
        owned = (accounts.c.user_id == account.user_id) & (accounts.c.id == account.id)
        statement = update(accounts).where(owned, accounts.c.version == wanted)
        if (await self._transaction.execute(statement.values(_row(stored)))).rowcount != 1:
            raise PreconditionFailed("The account was changed in the meantime: read it again.")
        return stored

    async def merge_reported(
        self,
        origin: AccountOrigin,
        rows: Sequence[ReportedAccount],
        *,
        now: datetime,
        seal: Seal,
    ) -> tuple[list[Account], Counts]:
        """As the port says."""
        known = await self.of_origin(origin)
        return await self._merge(origin, known, rows, now, seal)

    async def replace_reported(
        self,
        origin: AccountOrigin,
        rows: Sequence[ReportedAccount],
        *,
        now: datetime,
        seal: Seal,
    ) -> tuple[list[Account], Counts]:
        """As the port says."""
        known = await self.of_origin(origin)
        merged, counts = await self._merge(origin, known, rows, now, seal)
        kept = {account.id for account in merged}
        gone = [account for account in known if account.is_active and account.id not in kept]
        for account in gone:
            await self.update(replace(account, deactivated_at=now, updated_at=now))
        return merged, counts + Counts(deactivated=len(gone))

    async def delete(self, account: Account) -> None:
        """As the port says."""
        for table in METADATA.sorted_tables:
            if "account_id" in table.c and "user_id" in table.c:
                mine = (table.c.user_id == account.user_id) & (table.c.account_id == account.id)
                await self._transaction.execute(delete(table).where(mine))
        owned = (accounts.c.user_id == account.user_id) & (accounts.c.id == account.id)
        await self._transaction.execute(delete(accounts).where(owned))

    async def _merge(
        self,
        origin: AccountOrigin,
        known: Sequence[Account],
        rows: Sequence[ReportedAccount],
        now: datetime,
        seal: Seal,
    ) -> tuple[list[Account], Counts]:
        by_id = {account.provider_account_id: account for account in known}
        told = {row.provider_account_id: row for row in rows}
        merged = {
            key: by_id.get(key, _blank(origin, row, now)).as_reported(row, now, seal)
            for key, row in told.items()
        }
        created = [merged[key] for key in merged if key not in by_id]
        if created:
            await self._make_room(origin.user_id, len(created))
            await self._transaction.execute(insert(accounts), [_row(each) for each in created])
        known_again = merged.keys() & by_id.keys()
        updated = sum(_differs(merged[key], by_id[key]) for key in known_again)
        for key in known_again:
            merged[key] = await self.update(merged[key])
        counts = Counts(len(created), updated, len(merged) - len(created) - updated)
        return list(merged.values()), counts

    async def _make_room(self, user_id: UserId, wanted: int) -> None:
        count = select(func.count()).where(accounts.c.user_id == user_id)
        if (await self._transaction.execute(count)).scalar_one() + wanted > MAX_ACCOUNTS:
            raise TooManyAccounts(f"At most {MAX_ACCOUNTS} accounts.")

    async def _locked(self, which: ColumnElement[bool]) -> list[Account]:
        statement = select(accounts).where(which).order_by(accounts.c.id).with_for_update()
        return [account_of(row) for row in await self._transaction.rows(statement)]


async def check_account(reads: Reads, user_id: UserId, account_id: UUID) -> None:
    """Raises AccountNotFound, or NotYours, unless the account is this user's."""
    if not await reads.rows(_OWNED, {"user_id": user_id, "account_id": account_id}):
        raise await missing(reads, accounts, account_id, AccountNotFound("Account not found"))


_OWNED: Final = select(accounts.c.id).where(
    accounts.c.user_id == bindparam("user_id"), accounts.c.id == bindparam("account_id")
)


def _from(origin: AccountOrigin) -> ColumnElement[bool]:
    mine = accounts.c.user_id == origin.user_id
    if origin.connection_id is not None:
        return mine & (accounts.c.connection_id == origin.connection_id)
    return mine & accounts.c.connection_id.is_(None) & (accounts.c.source == origin.source)


def _differs(told: Account, known: Account) -> bool:
    """Whether more changed than when it was last heard of."""
    return known != replace(told, updated_at=known.updated_at, last_synced_at=known.last_synced_at)


def _blank(origin: AccountOrigin, row: ReportedAccount, now: datetime) -> Account:
    return Account(
        id=new_id(),
        user_id=origin.user_id,
        source=origin.source,
        connection_id=origin.connection_id,
        provider_account_id=row.provider_account_id,
        name=row.name,
        account_type=row.account_type,
        currency=row.currency,
        created_at=now,
        updated_at=now,
    )


def _row(account: Account) -> dict[str, object]:
    return {name: getattr(account, name) for name in Account.__dataclass_fields__}


def account_of(row: Row[Any]) -> Account:  # Any: a row with the columns of the whole table
    """The account in this row."""
    fields = {name: getattr(row, name) for name in Account.__dataclass_fields__}
    return Account(**fields | {"account_type": AccountType(fields["account_type"])})


class SqlAccountLookups(AccountLookups):
    """Accounts to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def matching(self, user_id: UserId, wanted: AccountFilter) -> list[Account]:
        """As the port says."""
        which = accounts.c.user_id == user_id
        if wanted.active_only:
            which &= accounts.c.deactivated_at.is_(None)
        if wanted.account_type is not None:
            which &= accounts.c.account_type == wanted.account_type.value
        if wanted.connection_id is not None:
            which &= accounts.c.connection_id == wanted.connection_id
        rows = await self._reader.rows(select(accounts).where(which).order_by(accounts.c.id))
        return [account_of(row) for row in rows]

    async def get(self, user_id: UserId, account_id: UUID) -> Account:
        """As the port says."""
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "account_id": account_id})
        if not rows:
            refusal = AccountNotFound("Account not found")
            raise await missing(self._reader, accounts, account_id, refusal)
        return account_of(rows[0])


_ONE: Final = select(accounts).where(
    accounts.c.user_id == bindparam("user_id"), accounts.c.id == bindparam("account_id")
)
