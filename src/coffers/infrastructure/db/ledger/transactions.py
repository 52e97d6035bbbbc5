"""The repository of transactions: merging what sources report into what is known."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Update, bindparam, select, update

from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import (
    KeptTransaction,
    PendingMovement,
    TransactionKnown,
    TransactionNotFound,
    Transactions,
    TransactionStatus,
    settle,
)
from coffers.domain.linking.syncs import Counts
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.mended_splits import mend_splits
from coffers.infrastructure.db.ledger.tombstones import transaction_tombstones
from coffers.infrastructure.db.ledger.transaction_records import Records
from coffers.infrastructure.db.ledger.transaction_rows import (
    insert_rows,
    merge_rows,
    transactions,
)
from coffers.infrastructure.db.linking.handovers import hand_over
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.transaction import Transaction

#: Rows that one statement merges: well within the time a statement may take.
BATCH: Final = 10_000


class SqlTransactions(Transactions):
    """Movements in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def merge_reported(
        self, account: Account, rows: Sequence[ReportedTransaction], *, now: datetime
    ) -> Counts:
        """As the port says."""
        told = _by_id(rows)
        buried = await self._buried(account)
        kept = [row for key, row in told.items() if key not in buried]
        await self._settle(account, told, kept)
        await hand_over(self._transaction, account, kept)
        created = updated = 0
        for batch in stretches(kept, BATCH):
            records = Records(account, now, is_sqlite=self._transaction.is_sqlite)
            inserted, changed = await merge_rows(self._transaction, account, batch, records)
            created, updated = created + inserted, updated + changed
        if updated:
            await mend_splits(self._transaction, account, now)
        return Counts(created, updated, len(told) - created - updated)

    async def add(
        self,
        account: Account,
        rows: Sequence[ReportedTransaction],
        *,
        now: datetime,
        import_id: UUID | None = None,
        fingerprints: Mapping[int, str] | None = None,
    ) -> list[UUID]:
        """As the port says."""
        added: list[UUID] = []
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            records = Records(
                account,
                now,
                is_sqlite=self._transaction.is_sqlite,
                import_id=import_id,
                fingerprints=_of_batch(fingerprints or {}, start, batch),
            )
            if not await insert_rows(self._transaction, batch, records):
                raise TransactionKnown("The account has one of these transactions already.")
            added += records.ids
        return added

    async def pending(self, user_id: UserId, account_id: UUID) -> list[PendingMovement]:
        """As the port says."""
        found = await self._transaction.rows(
            _PENDING, {"user_id": user_id, "account_id": account_id}
        )
        return [PendingMovement(**_fields(row)) for row in found]

    async def find(self, user_id: UserId, transaction_id: UUID) -> KeptTransaction:
        """As the port says."""
        rows = await self._transaction.rows(_ONE, {"user_id": user_id, "row_id": transaction_id})
        if not rows:
            refusal = TransactionNotFound("Transaction not found")
            raise await missing(self._transaction, transactions, transaction_id, refusal)
        return KeptTransaction(**_fields(rows[0]))

    async def _buried(self, account: Account) -> set[str]:
        rows = await self._transaction.rows(_BURIED, _key(account))
        return {row.key for row in rows}

    async def _settle(
        self,
        account: Account,
        told: Mapping[str, ReportedTransaction],
        kept: Sequence[ReportedTransaction],
    ) -> None:
        """Give pending movements the ids under which they were posted: the merge finds them so."""
        pending = [
            movement
            for movement in await self.pending(account.user_id, account.id)
            if movement.provider_transaction_id not in told
        ]
        if not pending:
            return
        fresh = await self._fresh(account, list(_candidates(pending, kept)))
        renamed = [
            {"row_id": row_id, "new_id": row.provider_transaction_id}
            for row_id, row in settle(pending, fresh).items()
        ]
        if renamed:
            await self._transaction.execute(_rename(account), renamed)

    async def _fresh(
        self, account: Account, rows: Sequence[ReportedTransaction]
    ) -> list[ReportedTransaction]:
        """Those of the rows that the ledger does not know by their id."""
        known: set[str | None] = set()
        for part in stretches(rows):
            ids = {"ids": [row.provider_transaction_id for row in part]}
            known |= {row[0] for row in await self._transaction.rows(_KNOWN, _key(account) | ids)}
        return [row for row in rows if row.provider_transaction_id not in known]


def _by_id(rows: Sequence[ReportedTransaction]) -> dict[str, ReportedTransaction]:
    """The rows by their source's id, without pending ones that another row says were posted."""
    told = {row.provider_transaction_id or "": row for row in rows}
    for row in rows:
        link = row.pending_transaction_id
        if link and link in told and told[link].status is TransactionStatus.PENDING:
            del told[link]
    return told


def _candidates(
    pending: Sequence[PendingMovement], rows: Sequence[ReportedTransaction]
) -> Iterator[ReportedTransaction]:
    amounts = {movement.amount for movement in pending}
    for row in rows:
        is_posted = row.status is TransactionStatus.SETTLED
        if is_posted and (row.pending_transaction_id or row.amount in amounts):
            yield row


def _of_batch(
    fingerprints: Mapping[int, str], start: int, batch: Sequence[ReportedTransaction]
) -> Sequence[str | None]:
    return [fingerprints.get(start + place) for place in range(len(batch))]


def _key(account: Account) -> dict[str, object]:
    return {"user_id": account.user_id, "account_id": account.id}


def _rename(account: Account) -> Update:
    one = (transactions.c.user_id == account.user_id) & (transactions.c.id == bindparam("row_id"))
    return update(transactions).where(one).values(provider_transaction_id=bindparam("new_id"))


def _fields(row: Row[Any]) -> dict[str, Any]:  # Any: a row of any shape
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a mapping


_MINE: Final = (transactions.c.user_id == bindparam("user_id")) & (
    transactions.c.account_id == bindparam("account_id")
)
_ONE: Final = select(
    *(transactions.c[name] for name in KeptTransaction.__dataclass_fields__)
).where(transactions.c.user_id == bindparam("user_id"), transactions.c.id == bindparam("row_id"))
_PENDING: Final = (
    select(*(transactions.c[name] for name in PendingMovement.__dataclass_fields__))
    .where(_MINE, transactions.c.status == TransactionStatus.PENDING.value)
    .order_by(transactions.c.transaction_date, transactions.c.id)
    .with_for_update()
)
_KNOWN: Final = select(transactions.c.provider_transaction_id).where(
    _MINE, transactions.c.provider_transaction_id.in_(bindparam("ids", expanding=True))
)
_BURIED: Final = select(transaction_tombstones.c.key).where(
    transaction_tombstones.c.user_id == bindparam("user_id"),
    transaction_tombstones.c.account_id == bindparam("account_id"),
    transaction_tombstones.c.kind == "id",
)
