"""Entries in SQL: single movements, whole."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Delete, Row, Update, bindparam, delete, insert, select, update

from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.entries import VOID, Entries, Entry, NamedLot
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import (
    TransactionNotFound,
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.infrastructure.db.ledger.annotations import annotation_of, annotation_values
from coffers.infrastructure.db.ledger.transaction_records import search_text
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import exact_sum


class SqlEntries(Entries):
    """Single movements in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def account_of(self, user_id: UserId, transaction_id: UUID) -> UUID:
        """As the port says."""
        rows = await self._transaction.rows(_WHERE, {"user_id": user_id, "row_id": transaction_id})
        if not rows:
            refusal = TransactionNotFound("Transaction not found")
            raise await missing(self._transaction, transactions, transaction_id, refusal)
        found: UUID = rows[0].account_id
        return found

    async def get(self, user_id: UserId, transaction_id: UUID) -> Entry:
        """As the port says."""
        rows = await self._transaction.rows(_ONE, {"user_id": user_id, "row_id": transaction_id})
        if not rows:
            raise TransactionNotFound("Transaction not found")
        return entry_of(rows[0])

    async def add(self, entry: Entry) -> None:
        """As the port says."""
        await self._transaction.execute(insert(transactions), row_of(entry))

    async def put(self, entry: Entry) -> Entry:
        """As the port says."""
        stored = replace(entry, version=entry.version + 1)
        await self._change(update(transactions).where(_same(entry)).values(row_of(stored)))
        return stored

    async def delete(self, entry: Entry) -> None:
        """As the port says."""
        await self._change(delete(transactions).where(_same(entry)))

    async def total(self, account: Account) -> Decimal:
        """As the port says."""
        mine = {"user_id": account.user_id, "account_id": account.id}
        rows = await self._transaction.rows(_TOTAL, mine | {"currency": account.currency})
        return rows[0].total or Decimal(0)

    async def settled_until(self, account: Account, day: date) -> Decimal:
        """As the port says."""
        mine = {"user_id": account.user_id, "account_id": account.id}
        wanted = mine | {"currency": account.currency, "day": day}
        rows = await self._transaction.rows(_SETTLED, wanted)
        return rows[0].total or Decimal(0)

    async def _change(self, statement: Update | Delete) -> None:
        if (await self._transaction.execute(statement)).rowcount != 1:
            raise PreconditionFailed("The transaction was changed in the meantime: read it again.")


_C: Final = transactions.c
_OURS: Final = frozenset({"annotation"})
_FIELDS: Final = [name for name in Entry.__dataclass_fields__ if name not in _OURS]
_SAID: Final = (
    *("category_id", "merchant", "notes", "tags", "splits", "is_ignored", "is_transfer"),
    "annotated_by",
)
_MINE: Final = (_C.user_id == bindparam("user_id")) & (_C.id == bindparam("row_id"))
_WHERE: Final = select(_C.account_id).where(_MINE)
#: What `entry_of` takes of a row.
ENTRY: Final = [_C[name] for name in (*_FIELDS, *_SAID)]
_ONE: Final = select(*ENTRY).where(_MINE).with_for_update()
_SUM: Final = select(exact_sum(_C.amount).label("total")).where(
    _C.user_id == bindparam("user_id"),
    _C.account_id == bindparam("account_id"),
    _C.currency == bindparam("currency"),
)
_TOTAL: Final = _SUM.where(_C.status.not_in([status.value for status in VOID]))
_SETTLED: Final = _SUM.where(
    _C.status == TransactionStatus.SETTLED.value, _C.transaction_date <= bindparam("day")
)


def _same(entry: Entry) -> ColumnElement[bool]:
    mine = (_C.user_id == entry.user_id) & (_C.id == entry.id)
    return mine & (_C.version == entry.version)


def row_of(entry: Entry) -> dict[str, object]:
    """Every column of the entry."""
    facts = {name: getattr(entry, name) for name in _FIELDS}
    words = {"search_text": search_text(entry.description, entry.security_name)}
    lots = {"lots": stored_lots(entry.lots)}
    return facts | words | lots | annotation_values(entry.annotation)


def stored_lots(lots: Sequence[NamedLot]) -> list[dict[str, str]] | None:
    """The column of these lots, NULL for none."""
    return [
        {"transaction_id": str(each.transaction_id), "quantity": f"{each.quantity:f}"}
        for each in lots
    ] or None


def told_lots(stored: Sequence[Mapping[str, str]] | None) -> tuple[NamedLot, ...]:
    """The lots in this column."""
    return tuple(
        NamedLot(UUID(each["transaction_id"]), Decimal(each["quantity"])) for each in stored or ()
    )


def entry_of(row: Row[Any]) -> Entry:  # Any: the columns above
    """The entry in this row."""
    fields = {name: getattr(row, name) for name in _FIELDS}
    told = {
        "transaction_type": TransactionType(row.transaction_type),
        "subtype": TransactionSubtype(row.subtype),
        "status": TransactionStatus(row.status),
        "asset_type": None if row.asset_type is None else AssetType(row.asset_type),
        "lots": told_lots(row.lots),
    }
    return Entry(**fields | told, annotation=annotation_of(row))
