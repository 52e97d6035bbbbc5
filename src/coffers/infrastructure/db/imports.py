"""The imports table, its repository, and the imports of a user to read."""

import json
import zlib
from collections.abc import Sequence
from datetime import datetime, timedelta
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
    delete,
    insert,
    select,
    update,
)

from coffers.domain.accounts import Account
from coffers.domain.ids import UserId
from coffers.domain.imports import (
    Image,
    Import,
    ImportNotFound,
    Imports,
    ImportStatus,
    Known,
    KnownMovement,
)
from coffers.domain.statements import ReportedTransaction
from coffers.domain.transactions import TransactionStatus
from coffers.infrastructure.db.accounts import accounts
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.holdings import holdings
from coffers.infrastructure.db.images import image_of, row_of
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.snapshots import balance_snapshots
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.transaction_records import search_text
from coffers.infrastructure.db.transaction_rows import transaction_tombstones, transactions
from coffers.infrastructure.db.types import Id, Json, UTCDateTime

#: A pending movement may be posted up to eight days later: known rows are looked for around a file.
AROUND: Final = timedelta(days=9)

imports: Final = Table(
    "imports",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("status", String(12), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("format", String(60), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("options", Json, nullable=False),
    Column("plan_hash", String(64), nullable=False),
    Column("summary", Json, nullable=False),
    #: JSON under zlib: a verdict for each of up to 50,000 rows.
    Column("rows", LargeBinary, nullable=False),
    Column("account_ids", Json, nullable=False),
    Column("undo", LargeBinary, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("applied_at", UTCDateTime),
    Column("reverted_at", UTCDateTime),
    Column("version", Integer, nullable=False),
    Index("ix_imports_id", "id"),
    Index("ix_imports_user_id_created_at", "user_id", "created_at"),
)

_TABLES: Final = {
    "accounts": accounts,
    "holdings": holdings,
    "transactions": transactions,
    "snapshots": balance_snapshots,
}


class SqlImports(Imports):
    """Imports in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, made: Import) -> None:
        """As the port says."""
        await self._transaction.execute(insert(imports).values(_row(made)))

    async def get(self, user_id: UserId, import_id: UUID) -> Import:
        """As the port says."""
        owned = (imports.c.user_id == user_id) & (imports.c.id == import_id)
        rows = await self._transaction.rows(select(imports).where(owned).with_for_update())
        if not rows:
            refusal = ImportNotFound("Import not found")
            raise await missing(self._transaction, imports, import_id, refusal)
        return import_of(rows[0])

    async def update(self, changed: Import) -> Import:
        """As the port says."""
        row = _row(changed) | {"version": changed.version + 1}
        owned = (imports.c.user_id == changed.user_id) & (imports.c.id == changed.id)
        await self._transaction.execute(update(imports).where(owned).values(row))
        return changed

    async def known(self, account: Account, rows: Sequence[ReportedTransaction]) -> Known:
        """As the port says."""
        found: dict[UUID, KnownMovement] = {}
        for wanted in _wanted(rows):
            owned = (transactions.c.user_id == account.user_id) & (
                transactions.c.account_id == account.id
            )
            for row in await self._transaction.rows(select(*_SLIM).where(owned, wanted)):
                found[row.id] = _known(row)
        graves = await self._transaction.rows(
            select(
                transaction_tombstones.c.kind,
                transaction_tombstones.c.key,
                transaction_tombstones.c["count"].label("deleted"),
            ).where(
                transaction_tombstones.c.user_id == account.user_id,
                transaction_tombstones.c.account_id == account.id,
            )
        )
        ordered = sorted(found.values(), key=lambda one: (one.transaction_date, one.id))
        return Known(
            ordered,
            frozenset(grave.key for grave in graves if grave.kind == "id"),
            {grave.key: grave.deleted for grave in graves if grave.kind == "fingerprint"},
        )

    async def applied_after(
        self, user_id: UserId, applied_at: datetime, account_ids: Sequence[str]
    ) -> bool:
        """As the port says."""
        later = (imports.c.user_id == user_id) & (imports.c.applied_at > applied_at)
        later &= imports.c.status == ImportStatus.APPLIED.value
        rows = await self._transaction.rows(select(imports.c.account_ids).where(later))
        return any(set(row.account_ids) & set(account_ids) for row in rows)

    async def settle(
        self, account: Account, row: ReportedTransaction, transaction_id: UUID, now: datetime
    ) -> None:
        """As the port says."""
        values: dict[str, Any] = {  # Any: what the columns take
            "transaction_type": row.transaction_type.value,
            "subtype": row.subtype.value,
            "status": row.status.value,
            "description": row.description,
            "search_text": search_text(row.description, row.security_name),
            "transaction_date": row.transaction_date,
            "settlement_date": row.settlement_date,
            "updated_at": now,
            "version": transactions.c.version + 1,
        }
        if row.provider_transaction_id is not None:
            values["provider_transaction_id"] = row.provider_transaction_id
        owned = (transactions.c.user_id == account.user_id) & (transactions.c.id == transaction_id)
        await self._transaction.execute(update(transactions).where(owned).values(values))

    async def images(self, table: str, user_id: UserId, ids: Sequence[UUID]) -> list[Image]:
        """As the port says."""
        found = []
        for part in stretches(list(ids)):
            chosen = _chosen(table, user_id, part)
            rows = await self._transaction.rows(select(_TABLES[table]).where(chosen))
            found += [image_of(_TABLES[table], row) for row in rows]
        return found

    async def put_back(self, table: str, user_id: UserId, images: Sequence[Image]) -> None:
        """As the port says."""
        rows = [row_of(image) for image in images]
        if not rows:
            return
        target = _TABLES[table]
        for part in stretches(rows):
            same = target.c.id.in_([row["id"] for row in part])
            await self._transaction.execute(delete(target).where(target.c.user_id == user_id, same))
        await self._transaction.execute(insert(target), rows)

    async def take_out(self, table: str, user_id: UserId, ids: Sequence[UUID]) -> None:
        """As the port says."""
        for part in stretches(list(ids)):
            chosen = _chosen(table, user_id, part, to_remove=True)
            await self._transaction.execute(delete(_TABLES[table]).where(chosen))


def _row(made: Import) -> dict[str, object]:
    row = {name: getattr(made, name) for name in Import.__dataclass_fields__}
    return row | {
        "status": made.status.value,
        "options": dict(made.options),
        "account_ids": list(made.account_ids),
        "summary": dict(made.summary),
        "rows": packed(list(made.rows)),
        "undo": packed(made.undo),
    }


def import_of(row: Row[Any]) -> Import:  # Any: a row of the whole table
    """The import as it was stored."""
    fields = {name: getattr(row, name) for name in Import.__dataclass_fields__}
    return Import(
        **fields
        | {
            "status": ImportStatus(row.status),
            "rows": unpacked(row.rows),
            "undo": unpacked(row.undo),
        }
    )


def packed(value: object) -> bytes:
    """JSON, compressed."""
    return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), level=1)


def unpacked(kept: bytes) -> Any:  # Any: whatever was packed
    """The value again."""
    return json.loads(zlib.decompress(kept))


_SLIM: Final = (
    transactions.c.id,
    transactions.c.provider_transaction_id,
    transactions.c.fingerprint,
    transactions.c.amount,
    transactions.c.currency,
    transactions.c.transaction_date,
    transactions.c.status,
    transactions.c.import_id,
)


def _known(row: Row[Any]) -> KnownMovement:  # Any: a row of _SLIM
    return KnownMovement(
        id=row.id,
        provider_transaction_id=row.provider_transaction_id,
        fingerprint=row.fingerprint,
        amount=row.amount,
        currency=row.currency,
        transaction_date=row.transaction_date,
        status=TransactionStatus(row.status),
        is_foreign=row.import_id is None,
    )


def _wanted(rows: Sequence[ReportedTransaction]) -> list[ColumnElement[bool]]:
    """Known rows that these could be: those around their days, and those with one of their ids."""
    if not rows:
        return []
    days = [row.transaction_date for row in rows]
    around = transactions.c.transaction_date.between(min(days) - AROUND, max(days) + AROUND)
    ids = [row.provider_transaction_id for row in rows if row.provider_transaction_id]
    by_id = [transactions.c.provider_transaction_id.in_(part) for part in stretches(ids)]
    return [around, *by_id]


def _chosen(
    table: str, user_id: UserId, ids: Sequence[UUID], *, to_remove: bool = False
) -> ColumnElement[bool]:
    target = _TABLES[table]
    column = target.c.id
    if table == "holdings":
        column = target.c.account_id
    elif table == "transactions" and to_remove:
        column = target.c.import_id
    return (target.c.user_id == user_id) & column.in_(ids)
