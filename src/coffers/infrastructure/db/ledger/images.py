"""Rows of the ledger as they are, and put back as they were."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, exists, insert, select

from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.images import Image, Images, Kept
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.snapshots import balance_snapshots
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.transaction import Transaction

TABLES: Final = {
    Kept.ACCOUNTS: accounts,
    Kept.HOLDINGS: holdings,
    Kept.TRANSACTIONS: transactions,
}


class SqlImages(Images):
    """Images of SQL rows: every column by its name."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def of_rows(self, kept: Kept, user_id: UserId, ids: Sequence[UUID]) -> dict[UUID, Image]:
        """As the port says."""
        table, found = TABLES[kept], dict[UUID, Image]()
        for part in stretches(ids):
            chosen = _owned(table, user_id) & table.c.id.in_(part)
            found |= await self._images(table, chosen)
        return found

    async def of_holdings(self, account: Account) -> dict[UUID, Image]:
        """As the port says."""
        mine = _owned(holdings, account.user_id) & (holdings.c.account_id == account.id)
        return await self._images(holdings, mine)

    async def put_back(self, kept: Kept, user_id: UserId, images: Sequence[Image]) -> None:
        """As the port says."""
        table = TABLES[kept]
        for part in stretches(images):
            same = table.c.id.in_([image["id"] for image in part])
            await self._transaction.execute(delete(table).where(_owned(table, user_id), same))
        for part in stretches(images):
            await self._transaction.execute(insert(table), [dict(image) for image in part])

    async def take_out(self, kept: Kept, user_id: UserId, ids: Sequence[UUID]) -> None:
        """As the port says."""
        table = TABLES[kept]
        for part in stretches(ids):
            gone = _owned(table, user_id) & table.c.id.in_(part)
            await self._transaction.execute(delete(table).where(gone))

    async def take_out_import(
        self, user_id: UserId, import_id: UUID, snapshot_ids: Sequence[UUID]
    ) -> None:
        """As the port says."""
        added = _owned(transactions, user_id) & (transactions.c.import_id == import_id)
        await self._transaction.execute(delete(transactions).where(added))
        for part in stretches(snapshot_ids):
            told = _owned(balance_snapshots, user_id) & balance_snapshots.c.id.in_(part)
            await self._transaction.execute(delete(balance_snapshots).where(told))

    async def is_bare(self, account: Account) -> bool:
        """As the port says."""
        inside = [
            exists().where(_owned(table, account.user_id), table.c.account_id == account.id)
            for table in (transactions, holdings, balance_snapshots)
        ]
        rows = await self._transaction.rows(select(*inside))
        return not any(rows[0])

    async def _images(self, table: Table, chosen: ColumnElement[bool]) -> dict[UUID, Image]:
        rows = await self._transaction.rows(select(table).where(chosen).with_for_update())
        return {row.id: row._asdict() for row in rows}


def _owned(table: Table, user_id: UserId) -> ColumnElement[bool]:
    return table.c.user_id == user_id
