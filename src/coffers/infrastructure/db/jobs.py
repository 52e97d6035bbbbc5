"""The jobs table: the queue as business transactions see it, and as workers do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    bindparam,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from coffers.application.jobs import JobQueue
from coffers.domain.ids import UserId
from coffers.domain.jobs import Job, Jobs, JobState, Lease
from coffers.domain.live.events import Event, Origin
from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.live.events import log_events
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.refusals import translated
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, Json, UTCDateTime

_SILENT: Final = "Its worker fell silent in the last attempt."

jobs: Final = Table(
    "jobs",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("kind", String(60), nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", String(10), nullable=False),
    Column("dedupe_key", String(200)),
    Column("run_at", UTCDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("leased_until", UTCDateTime),
    Column("leased_by", String(60)),
    Column("last_error", Text),
    Column("created_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime),
    Index("ix_jobs_state_run_at", "state", "run_at"),
    # A finished job gives its key back (it is set to null), so that the same work can be asked for
    # again.
    Index("uq_jobs_dedupe_key", "dedupe_key", unique=True),
)


class SqlJobs(Jobs):
    """The queue in SQL, inside a business transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def enqueue(self, job: Job, *, dedupe_key: str | None = None) -> bool:
        """As the port says; an unfinished job that another transaction adds is waited for."""
        row = {name: getattr(job, name) for name in Job.__dataclass_fields__}
        row |= {"state": JobState.READY.value, "dedupe_key": dedupe_key, "created_at": job.run_at}
        dialect = sqlite if self._transaction.is_sqlite else postgresql
        statement = dialect.insert(jobs).values(row)
        statement = statement.on_conflict_do_nothing(index_elements=[jobs.c.dedupe_key])
        is_kept = (await self._transaction.execute(statement)).rowcount == 1
        self._transaction.has_jobs |= is_kept
        return is_kept


class SqlJobQueue(JobQueue):
    """The queue in SQL, as workers see it: each act is a transaction of its own."""

    def __init__(self, engines: Engines, reader: Reader) -> None:
        self._engines = engines
        self._reader = reader

    async def due(self, now: datetime) -> list[str]:
        """As the port says."""
        return [row.kind for row in await self._reader.rows(_DUE_KINDS, {"now": now})]

    async def claim(
        self, kind: str, *, worker: str, limit: int, now: datetime, until: datetime
    ) -> list[Lease]:
        """As the port says: rows that another worker holds at this moment are skipped."""
        leases = []
        async with self._transaction() as transaction:
            parameters = {"kind": kind, "now": now, "limit": limit}
            for row in await transaction.rows(_CLAIMABLE, parameters):
                if row.attempts >= row.max_attempts:
                    await _bury(transaction, Lease(_job(row), row.leased_by), now, _SILENT)
                    continue
                job = replace(_job(row), attempts=row.attempts + 1)
                lease = Lease(job, worker)
                values = {"leased_by": worker, "leased_until": until, "attempts": job.attempts}
                await transaction.execute(update(jobs).where(_is(job)).values(values))
                leases.append(lease)
        return leases

    async def renew(self, lease: Lease, until: datetime) -> bool:
        """As the port says."""
        return await self._change(lease, {"leased_until": until})

    async def finish(self, lease: Lease, at: datetime) -> bool:
        """As the port says."""
        return await self._change(lease, {**_ended(JobState.DONE, at), "payload": {}})

    async def put_back(
        self, lease: Lease, *, run_at: datetime, attempts: int, error: str | None
    ) -> bool:
        """As the port says."""
        values = {"run_at": run_at, "attempts": attempts, "last_error": error}
        return await self._change(lease, values | _FREE)

    async def bury(self, lease: Lease, at: datetime, error: str) -> bool:
        """As the port says."""
        async with self._transaction() as transaction:
            return await _bury(transaction, lease, at, error)

    async def _change(self, lease: Lease, values: dict[str, object]) -> bool:
        async with self._transaction() as transaction:
            return await _change(transaction, lease, values)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Transaction]:
        with translated():
            async with self._engines.write.begin() as connection:
                yield Transaction(connection, self._engines.patience_s)


async def _bury(transaction: Transaction, lease: Lease, at: datetime, error: str) -> bool:
    values = {**_ended(JobState.DEAD, at), "last_error": error}
    if not await _change(transaction, lease, values):
        return False
    job = lease.job
    details = {"kind": job.kind, "attempts": job.attempts, "error": error}
    event = Event("JobFailed", job.user_id, job.id, details)
    await log_events(transaction, [event], Origin(trace_id=str(job.id)), at)
    return True


async def _change(transaction: Transaction, lease: Lease, values: dict[str, object]) -> bool:
    statement = update(jobs).where(_is(lease.job), _is_held(lease)).values(values)
    return (await transaction.execute(statement)).rowcount == 1


def _is(job: Job) -> ColumnElement[bool]:
    return (jobs.c.user_id == job.user_id) & (jobs.c.id == job.id)


def _is_held(lease: Lease) -> ColumnElement[bool]:
    fence = (jobs.c.leased_by == lease.worker) & (jobs.c.attempts == lease.job.attempts)
    return fence & (jobs.c.state == JobState.READY.value)


def _ended(state: JobState, at: datetime) -> dict[str, object]:
    return {"state": state.value, "finished_at": at, "dedupe_key": None, **_FREE}


def _job(row: Row[Any]) -> Job:  # Any: a row of the whole table
    fields = {name: getattr(row, name) for name in Job.__dataclass_fields__}
    return Job(**fields | {"user_id": UserId(row.user_id)})


_FREE: Final[dict[str, object]] = {"leased_by": None, "leased_until": None}
_WAITS: Final = (
    (jobs.c.state == JobState.READY.value)
    & (jobs.c.run_at <= bindparam("now"))
    & or_(jobs.c.leased_until.is_(None), jobs.c.leased_until <= bindparam("now"))
)
_DUE_KINDS: Final = select(jobs.c.kind).where(_WAITS).distinct()
_CLAIMABLE: Final = (
    select(jobs)
    .where(_WAITS, jobs.c.kind == bindparam("kind"))
    .order_by(jobs.c.run_at, jobs.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
