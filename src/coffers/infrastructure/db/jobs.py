"""The jobs table and the queue as business transactions see it."""

from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table, Text, insert, select
from sqlalchemy.exc import IntegrityError

from coffers.domain.jobs import Job, Jobs, JobState
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, Json, UTCDateTime

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
    """The queue in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def enqueue(self, job: Job, *, dedupe_key: str | None = None) -> bool:
        """As the port says."""
        if dedupe_key is not None and await self._is_waiting(dedupe_key):
            return False
        row = {name: getattr(job, name) for name in Job.__dataclass_fields__}
        row |= {"state": JobState.READY.value, "dedupe_key": dedupe_key, "created_at": job.run_at}
        try:
            async with self._transaction.connection.begin_nested():
                await self._transaction.connection.execute(insert(jobs).values(row))
        except IntegrityError:
            return False
        return True

    async def _is_waiting(self, dedupe_key: str) -> bool:
        statement = select(jobs.c.id).where(jobs.c.dedupe_key == dedupe_key)
        return (await self._transaction.execute(statement)).first() is not None
