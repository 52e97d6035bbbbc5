"""The transaction_tombstones table and its repository."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Column, Index, String, Table, Text, bindparam, delete, insert, select, update

from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.tombstones import Burial, Tombstone, Tombstones
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

#: `key` is the source's id, or the fingerprint, by which the movement was known.
transaction_tombstones: Final = Table(
    "transaction_tombstones",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("account_id", Id, primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("transaction_id", Id, primary_key=True),
    Column("import_id", Id),
    Column("created_at", UTCDateTime, nullable=False),
    Index("ix_transaction_tombstones_import", "user_id", "import_id"),
)


class SqlTombstones(Tombstones):
    """Tombstones in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, tombstones: Iterable[Tombstone]) -> None:
        """As the port says."""
        for part in stretches([_row(tombstone) for tombstone in tombstones]):
            await self._transaction.execute(insert(transaction_tombstones), list(part))

    async def of_account(self, account: Account) -> Mapping[tuple[Burial, str], int]:
        """As the port says."""
        mine = {"user_id": account.user_id, "account_id": account.id}
        rows = await self._transaction.rows(_OF_ACCOUNT, mine)
        return Counter((Burial(row.kind), row.key) for row in rows)

    async def rename(self, user_id: UserId, names: Mapping[UUID, tuple[Burial, str]]) -> None:
        """As the port says."""
        renamed = [
            {"owner": user_id, "row_id": row_id, "new_kind": burial.value, "new_key": key}
            for row_id, (burial, key) in names.items()
        ]
        for part in stretches(renamed):
            await self._transaction.execute(_RENAME, list(part))

    async def lift(self, user_id: UserId, transaction_ids: Sequence[UUID]) -> None:
        """As the port says."""
        c = transaction_tombstones.c
        for part in stretches(transaction_ids):
            gone = (c.user_id == user_id) & c.transaction_id.in_(part) & c.kind.in_(_DELETIONS)
            await self._transaction.execute(delete(transaction_tombstones).where(gone))

    async def forget(self, user_id: UserId, import_id: UUID) -> None:
        """As the port says."""
        c = transaction_tombstones.c
        undone = (c.user_id == user_id) & (c.import_id == import_id)
        await self._transaction.execute(delete(transaction_tombstones).where(undone))


def _row(tombstone: Tombstone) -> dict[str, object]:
    return {
        "user_id": tombstone.user_id,
        "account_id": tombstone.account_id,
        "kind": tombstone.burial.value,
        "key": tombstone.key,
        "transaction_id": tombstone.transaction_id,
        "import_id": tombstone.import_id,
        "created_at": tombstone.created_at,
    }


_OF_ACCOUNT: Final = select(transaction_tombstones.c.kind, transaction_tombstones.c.key).where(
    transaction_tombstones.c.user_id == bindparam("user_id"),
    transaction_tombstones.c.account_id == bindparam("account_id"),
)
_DELETIONS: Final = (Burial.DELETED_ID.value, Burial.DELETED_FINGERPRINT.value)
_RENAME: Final = (
    update(transaction_tombstones)
    .where(
        transaction_tombstones.c.user_id == bindparam("owner"),
        transaction_tombstones.c.transaction_id == bindparam("row_id"),
        transaction_tombstones.c.kind.in_(_DELETIONS),
    )
    .values(kind=bindparam("new_kind"), key=bindparam("new_key"))
)
