"""The reconciliations table, its repository and what is read from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    Row,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from coffers.application.ledger.reconciliations import ReconciliationLookups
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.reconciliations import (
    MAX_RECONCILIATIONS,
    Reconciliation,
    ReconciliationNotFound,
    Reconciliations,
    TooManyReconciliations,
)
from coffers.domain.ledger.transactions import TransactionStatus
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.accounts import check_account
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader, Reads
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

reconciliations: Final = Table(
    "reconciliations",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    Column("statement_date", Date, nullable=False),
    Column("stated_balance", ExactDecimal, nullable=False),
    Column("ledger_balance", ExactDecimal, nullable=False),
    Column("difference", ExactDecimal, nullable=False),
    Column("is_reconciled", Boolean, nullable=False),
    Column("adjustment_transaction_id", Id),
    Column("reconciled_count", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Index("ix_reconciliations_id", "id"),
    Index("ix_reconciliations_account", "user_id", "account_id", "statement_date"),
)


class SqlReconciliations(Reconciliations):
    """Reconciliations in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, made: Reconciliation) -> None:
        """As the port says."""
        mine = (_R.user_id == made.user_id) & (_R.account_id == made.account_id)
        count = select(func.count()).where(mine)
        if (await self._transaction.execute(count)).scalar_one() >= MAX_RECONCILIATIONS:
            detail = f"At most {MAX_RECONCILIATIONS} reconciliations of an account."
            raise TooManyReconciliations(detail)
        await self._transaction.execute(insert(reconciliations), _row(made))

    async def get(self, user_id: UserId, reconciliation_id: UUID) -> Reconciliation:
        """As the port says."""
        return await _get(self._transaction, user_id, reconciliation_id)

    async def delete(self, standing: Reconciliation) -> None:
        """As the port says."""
        same = (_R.user_id == standing.user_id) & (_R.id == standing.id)
        gone = await self._transaction.execute(delete(reconciliations).where(same))
        if gone.rowcount != 1:
            raise ReconciliationNotFound("Reconciliation not found")

    async def mark(self, made: Reconciliation, now: datetime) -> int:
        """As the port says."""
        free = (
            (_T.user_id == made.user_id)
            & (_T.account_id == made.account_id)
            & (_T.transaction_date <= made.statement_date)
            & (_T.status == TransactionStatus.SETTLED.value)
            & _T.reconciliation_id.is_(None)
        )
        values = {"reconciliation_id": made.id, "updated_at": now, "version": _T.version + 1}
        marked = await self._transaction.execute(update(transactions).where(free).values(values))
        return marked.rowcount

    async def release(self, standing: Reconciliation, now: datetime) -> None:
        """As the port says."""
        held = (_T.user_id == standing.user_id) & (_T.reconciliation_id == standing.id)
        values = {"reconciliation_id": None, "updated_at": now, "version": _T.version + 1}
        await self._transaction.execute(update(transactions).where(held).values(values))

    async def stands_on(self, account: Account) -> bool:
        """As the port says."""
        mine = (_R.user_id == account.user_id) & (_R.account_id == account.id)
        standing = select(_R.id).where(mine, _R.is_reconciled.is_(True)).limit(1)
        return bool(await self._transaction.rows(standing))

    async def stands_on_import(
        self, user_id: UserId, import_id: UUID, settled: Sequence[UUID]
    ) -> bool:
        """As the port says."""
        for part in list(stretches(settled)) or [[]]:
            its = or_(_T.import_id == import_id, _T.id.in_(part))
            held = exists().where(_T.user_id == user_id, _T.reconciliation_id.is_not(None), its)
            if (await self._transaction.rows(select(held)))[0][0]:
                return True
        return False


class SqlReconciliationLookups(ReconciliationLookups):
    """Reconciliations to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of_account(self, user_id: UserId, account_id: UUID) -> list[Reconciliation]:
        """As the port says."""
        rows = await self._reader.rows(_OF, {"user_id": user_id, "account_id": account_id})
        if not rows:
            await check_account(self._reader, user_id, account_id)
        return [_reconciliation(row) for row in rows]

    async def get(self, user_id: UserId, reconciliation_id: UUID) -> Reconciliation:
        """As the port says."""
        return await _get(self._reader, user_id, reconciliation_id)


_R: Final = reconciliations.c
_T: Final = transactions.c
_ONE: Final = select(reconciliations).where(
    _R.user_id == bindparam("user_id"), _R.id == bindparam("row_id")
)
_OF: Final = (
    select(reconciliations)
    .where(_R.user_id == bindparam("user_id"), _R.account_id == bindparam("account_id"))
    .order_by(_R.statement_date.desc(), _R.id.desc())
)


async def _get(reads: Reads, user_id: UserId, reconciliation_id: UUID) -> Reconciliation:
    rows = await reads.rows(_ONE, {"user_id": user_id, "row_id": reconciliation_id})
    if not rows:
        refusal = ReconciliationNotFound("Reconciliation not found")
        raise await missing(reads, reconciliations, reconciliation_id, refusal)
    return _reconciliation(rows[0])


def _row(made: Reconciliation) -> dict[str, object]:
    return {name: getattr(made, name) for name in Reconciliation.__dataclass_fields__}


def _reconciliation(row: Row[Any]) -> Reconciliation:  # Any: a row of the whole table
    return Reconciliation(
        **{name: getattr(row, name) for name in Reconciliation.__dataclass_fields__}
    )
