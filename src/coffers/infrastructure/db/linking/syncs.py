"""The syncs table, its repository, and the syncs of a connection to read."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    Index,
    Row,
    String,
    Table,
    Text,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from coffers.application.linking.sync_reports import (
    SHOWN,
    SyncList,
    SyncLookups,
    SyncView,
    of_connection,
)
from coffers.domain.ids import UserId
from coffers.domain.linking.connections import ConnectionNotFound
from coffers.domain.linking.syncs import (
    Counts,
    Sync,
    SyncReport,
    Syncs,
    SyncScope,
    SyncStatus,
    SyncTrigger,
)
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.linking.connections import connections
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

syncs: Final = Table(
    "syncs",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("connection_id", Id, nullable=False),
    Column("scope", String(20), nullable=False),
    Column("trigger", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("account_id", Id),
    Column("start_date", Date),
    Column("end_date", Date),
    Column("finished_at", UTCDateTime),
    Column("step", String(100), nullable=False),
    Column("report", Text, nullable=False),
    Column("problem", String(60)),
    Column("detail", Text),
    Index("ix_syncs_user_id_connection_id_started_at", "user_id", "connection_id", "started_at"),
)

#: Up to when an account's movements are known without a gap.
transaction_readings: Final = Table(
    "transaction_readings",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("account_id", Id, primary_key=True),
    Column("read_until", UTCDateTime, nullable=False),
)


class SqlSyncs(Syncs):
    """Syncs in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, sync: Sync) -> None:
        """As the port says."""
        await self._transaction.execute(insert(syncs), _row(sync))

    async def update(self, sync: Sync) -> None:
        """As the port says."""
        owned = (syncs.c.user_id == sync.user_id) & (syncs.c.id == sync.id)
        await self._transaction.execute(update(syncs).where(owned).values(_row(sync)))

    async def running(self, user_id: UserId, connection_id: UUID) -> list[Sync]:
        """As the port says."""
        owned = {"user_id": user_id, "connection_id": connection_id}
        return [sync_of(row) for row in await self._transaction.rows(_RUNNING, owned)]

    async def last_success(
        self,
        user_id: UserId,
        connection_id: UUID,
        scopes: Sequence[SyncScope],
        account_id: UUID | None,
    ) -> datetime | None:
        """As the port says."""
        wanted = (syncs.c.user_id == user_id) & (syncs.c.connection_id == connection_id)
        wanted &= syncs.c.status == SyncStatus.SUCCEEDED.value
        wanted &= syncs.c.scope.in_([scope.value for scope in scopes])
        is_whole = syncs.c.account_id.is_(None)
        covers = is_whole if account_id is None else is_whole | (syncs.c.account_id == account_id)
        statement = select(syncs.c.started_at).where(wanted, covers)
        newest = statement.order_by(syncs.c.started_at.desc()).limit(1)
        rows = await self._transaction.rows(newest)
        return rows[0].started_at if rows else None

    async def read_until(self, user_id: UserId, connection_id: UUID) -> dict[str, datetime]:
        """As the port says."""
        owned = {"user_id": user_id, "connection_id": connection_id}
        rows = await self._transaction.rows(_READ_UNTIL, owned)
        return {row.provider_account_id: row.read_until for row in rows}

    async def note_read(self, user_id: UserId, account_ids: Sequence[UUID], at: datetime) -> None:
        """As the port says."""
        if not account_ids:
            return
        dialect = sqlite if self._transaction.is_sqlite else postgresql
        rows = [
            {"user_id": user_id, "account_id": account_id, "read_until": at}
            for account_id in account_ids
        ]
        statement = dialect.insert(transaction_readings).values(rows)
        await self._transaction.execute(
            statement.on_conflict_do_update(
                index_elements=["user_id", "account_id"],
                set_={"read_until": statement.excluded.read_until},
            )
        )


def _row(sync: Sync) -> dict[str, object]:
    row = {name: getattr(sync, name) for name in Sync.__dataclass_fields__}
    kinds = SyncReport.__dataclass_fields__
    report = {kind: _numbers(getattr(sync.report, kind)) for kind in kinds}
    return row | {"report": json.dumps(report)}


def _numbers(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in Counts.__dataclass_fields__}


def report_of(row: Row[Any]) -> SyncReport:  # Any: a row with a `report`
    """The report as it was stored."""
    return SyncReport(**{kind: Counts(**counts) for kind, counts in json.loads(row.report).items()})


def sync_of(row: Row[Any]) -> Sync:  # Any: a row of the whole table
    """The sync as it was stored."""
    fields = {name: getattr(row, name) for name in Sync.__dataclass_fields__}
    return Sync(
        **fields
        | {
            "scope": SyncScope(row.scope),
            "trigger": SyncTrigger(row.trigger),
            "status": SyncStatus(row.status),
            "report": report_of(row),
        }
    )


class SqlSyncLookups(SyncLookups):
    """Past syncs to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of_connection(self, user_id: UserId, connection_id: UUID) -> SyncList:
        """As the port says."""
        owned = {"user_id": user_id, "connection_id": connection_id}
        async with self._reader.snapshot() as snapshot:
            if not await snapshot.rows(_CONNECTION, owned):
                refusal = ConnectionNotFound("Connection not found")
                raise await missing(snapshot, connections, connection_id, refusal)
            rows = await snapshot.rows(_LAST, owned)
            total = (await snapshot.rows(_COUNT, owned))[0].total
        return SyncList([_view(sync_of(row)) for row in rows], total)


def _view(sync: Sync) -> SyncView:
    return SyncView(
        id=sync.id,
        connection_id=sync.connection_id,
        account_id=sync.account_id,
        scope=sync.scope,
        trigger=sync.trigger,
        status=sync.status,
        started_at=sync.started_at,
        start_date=sync.start_date,
        end_date=sync.end_date,
        finished_at=sync.finished_at,
        step=sync.step,
        problem=sync.problem,
        detail=sync.detail,
        report=(
            of_connection(sync.report, sync.scope) if sync.status is SyncStatus.SUCCEEDED else None
        ),
    )


_CONNECTION: Final = select(connections.c.id).where(
    connections.c.user_id == bindparam("user_id"), connections.c.id == bindparam("connection_id")
)
_OWNED: Final = (syncs.c.user_id == bindparam("user_id")) & (
    syncs.c.connection_id == bindparam("connection_id")
)
_LAST: Final = (
    select(syncs).where(_OWNED).order_by(syncs.c.started_at.desc(), syncs.c.id.desc()).limit(SHOWN)
)
_COUNT: Final = select(func.count().label("total")).where(_OWNED)
_RUNNING: Final = (
    select(syncs)
    .where(_OWNED, syncs.c.status == SyncStatus.RUNNING.value)
    .order_by(syncs.c.started_at, syncs.c.id)
)
_READ_UNTIL: Final = (
    select(accounts.c.provider_account_id, transaction_readings.c.read_until)
    .join(
        accounts,
        (accounts.c.user_id == transaction_readings.c.user_id)
        & (accounts.c.id == transaction_readings.c.account_id),
    )
    .where(
        accounts.c.user_id == bindparam("user_id"),
        accounts.c.connection_id == bindparam("connection_id"),
    )
)
