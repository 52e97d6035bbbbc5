"""The imports table and its repository."""

import asyncio
from collections.abc import Sequence
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
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.images import Undo
from coffers.domain.ledger.imports import (
    Import,
    ImportNotApplied,
    ImportNotFound,
    Imports,
    ImportStatus,
    Settlement,
)
from coffers.domain.ledger.snapshots import Snapshot
from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.domain.ledger.verdicts import Known
from coffers.infrastructure.db.engines import BULK_PATIENCE_S
from coffers.infrastructure.db.ledger.import_packing import (
    compressed,
    packed_statements,
    packed_undo,
    unpacked_statements,
    unpacked_undo,
)
from coffers.infrastructure.db.ledger.known_movements import known_movements
from coffers.infrastructure.db.ledger.settlements import settle
from coffers.infrastructure.db.ledger.snapshots import balance_snapshots
from coffers.infrastructure.db.ledger.tombstones import SqlTombstones
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, Json, UTCDateTime

imports: Final = Table(
    "imports",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("status", String(12), nullable=False),
    Column("file_name", Text, nullable=False),
    Column("format", String(60), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("account_id", Id),
    Column("plan_hash", String(64), nullable=False),
    Column("summary", Json, nullable=False),
    Column("account_ids", Json, nullable=False),
    #: While it is planned, what its file says.
    Column("statements", LargeBinary, nullable=False),
    #: A verdict for each of up to 50,000 rows.
    Column("rows", LargeBinary, nullable=False),
    #: While it is applied, what its reversal needs.
    Column("undo", LargeBinary, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("applied_at", UTCDateTime),
    Column("reverted_at", UTCDateTime),
    Column("version", Integer, nullable=False),
    Index("ix_imports_id", "id"),
    Index("ix_imports_user_id_status", "user_id", "status", "applied_at"),
)
#: Everything but what is large.
SLIM: Final = [imports.c[name] for name in Import.__dataclass_fields__]


class SqlImports(Imports):
    """Imports in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def lock(self, user_id: UserId) -> None:
        """As the port says; SQLite has one writer anyway."""
        if self._transaction.is_sqlite:
            return
        # Whoever waits here waits for another import, which may be long.
        self._transaction.patience_s = BULK_PATIENCE_S
        wait_ms = int(BULK_PATIENCE_S * 900)
        await self._transaction.execute(text(f"SET LOCAL lock_timeout = {wait_ms}"))
        await self._transaction.execute(_LOCK.bindparams(key=f"imports of {user_id}"))

    async def add(self, made: Import, statements: Sequence[ReportedStatement], rows: bytes) -> None:
        """As the port says."""
        large = {
            "statements": await asyncio.to_thread(packed_statements, statements),
            "rows": await asyncio.to_thread(compressed, rows),
            "undo": b"",
        }
        await self._transaction.execute(insert(imports), _row(made) | large)

    async def get(self, user_id: UserId, import_id: UUID) -> Import:
        """As the port says."""
        statement = select(*SLIM).where(_one(user_id, import_id)).with_for_update()
        rows = await self._transaction.rows(statement)
        if not rows:
            refusal = ImportNotFound("Import not found")
            raise await missing(self._transaction, imports, import_id, refusal)
        return import_of(rows[0])

    async def statements(self, planned: Import) -> list[ReportedStatement]:
        """As the port says."""
        kept = await self._large(planned, imports.c.statements)
        return await asyncio.to_thread(unpacked_statements, kept)

    async def undo(self, applied: Import) -> Undo:
        """As the port says."""
        kept = await self._large(applied, imports.c.undo)
        if not kept:
            # Exports do not hold images of rows.
            raise ImportNotApplied("It came back with an export, and cannot be reverted here.")
        return await asyncio.to_thread(unpacked_undo, kept)

    async def update(
        self, changed: Import, *, rows: bytes | None = None, undo: Undo | None = None
    ) -> Import:
        """As the port says."""
        stored = _next(changed)
        values: dict[str, object] = _row(stored)
        values["undo"] = await asyncio.to_thread(packed_undo, undo)
        if rows is not None:
            values["rows"] = await asyncio.to_thread(compressed, rows)
        if changed.status is not ImportStatus.PLANNED:
            values["statements"] = b""
        owned = _one(changed.user_id, changed.id)
        await self._transaction.execute(update(imports).where(owned).values(values))
        return stored

    async def discard(self, planned: Import, *, expected_version: int | None) -> None:
        """As the port says."""
        if expected_version not in {None, planned.version}:
            raise PreconditionFailed("The import was changed in the meantime: read it again.")
        owned = _one(planned.user_id, planned.id)
        await self._transaction.execute(delete(imports).where(owned))

    async def count_planned(self, user_id: UserId) -> int:
        """As the port says."""
        return int((await self._transaction.rows(_PLANNED, {"user_id": user_id}))[0][0])

    async def last_applied_at(self, user_id: UserId) -> datetime | None:
        """As the port says."""
        last: datetime | None = (await self._transaction.rows(_LAST, {"user_id": user_id}))[0][0]
        return last

    async def applied_after(
        self, user_id: UserId, applied_at: datetime, account_ids: Sequence[str]
    ) -> bool:
        """As the port says."""
        later = {"user_id": user_id, "applied_at": applied_at}
        rows = await self._transaction.rows(_LATER, later)
        return any(set(row.account_ids) & set(account_ids) for row in rows)

    async def known(self, account: Account, rows: Sequence[ReportedTransaction]) -> Known:
        """As the port says."""
        buried = await SqlTombstones(self._transaction).of_account(account)
        return Known(await known_movements(self._transaction, account, rows), buried)

    async def settle(
        self, account: Account, settled: Sequence[Settlement], *, import_id: UUID, now: datetime
    ) -> None:
        """As the port says."""
        await settle(self._transaction, account, settled, import_id=import_id, now=now)

    async def known_at(self, account: Account) -> datetime | None:
        """As the port says."""
        mine = {"user_id": account.user_id, "account_id": account.id}
        captured_at = (await self._transaction.rows(_CAPTURED_AT, mine))[0][0]
        instants = [at for at in (captured_at, account.last_synced_at) if at is not None]
        return max(instants, default=None)

    async def has_snapshot(self, like: Snapshot, *, since: datetime, until: datetime) -> bool:
        """As the port says."""
        c = balance_snapshots.c
        mine = (c.user_id == like.user_id) & (c.account_id == like.account_id)
        mine &= (c.source == like.source.value) & (c.captured_at >= since) & (c.captured_at < until)
        amounts = ("balance", "available_balance", "holdings_value", "cash_value")
        rows = await self._transaction.rows(select(*(c[name] for name in amounts)).where(mine))
        wanted = tuple(getattr(like, name) for name in amounts)
        return any(tuple(row) == wanted for row in rows)

    async def _large(self, kept: Import, column: ColumnElement[bytes]) -> bytes:
        owned = _one(kept.user_id, kept.id)
        content: bytes = (await self._transaction.rows(select(column).where(owned)))[0][0]
        return content


def _next(changed: Import) -> Import:
    fields = {name: getattr(changed, name) for name in Import.__dataclass_fields__}
    return Import(**fields | {"version": changed.version + 1})


def _row(made: Import) -> dict[str, object]:
    row = {name: getattr(made, name) for name in Import.__dataclass_fields__}
    return row | {
        "status": made.status.value,
        "account_ids": list(made.account_ids),
        "summary": dict(made.summary),
    }


def import_of(row: Row[Any]) -> Import:  # Any: a row of SLIM
    """The import as it was stored."""
    return Import(**row._asdict() | {"status": ImportStatus(row.status)})


def _one(user_id: UserId, import_id: UUID) -> ColumnElement[bool]:
    return (imports.c.user_id == user_id) & (imports.c.id == import_id)


_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_MINE: Final = imports.c.user_id == bindparam("user_id")
_APPLIED: Final = _MINE & (imports.c.status == ImportStatus.APPLIED.value)
_PLANNED: Final = select(func.count()).where(_MINE, imports.c.status == ImportStatus.PLANNED.value)
_LAST: Final = select(func.max(imports.c.applied_at)).where(_MINE)
_LATER: Final = select(imports.c.account_ids).where(
    _APPLIED, imports.c.applied_at > bindparam("applied_at", type_=UTCDateTime)
)
_CAPTURED_AT: Final = select(func.max(balance_snapshots.c.captured_at)).where(
    balance_snapshots.c.user_id == bindparam("user_id"),
    balance_snapshots.c.account_id == bindparam("account_id"),
)
