"""Background work: the queue as workers see it, what becomes of an attempt, and the first jobs."""

from datetime import datetime, timedelta
from typing import Final, Protocol

from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import DomainError, TooManyRequests, Unavailable
from coffers.domain.ids import new_id
from coffers.domain.jobs import Job, JobHopeless, Lease, next_tick, retry_delay
from coffers.domain.leftovers import KEPT_FOR
from coffers.domain.live.events import Event

#: Rows removed in one transaction, and transactions in one cleaning; the next one goes on.
BATCH: Final = 500
MAX_BATCHES: Final = 400
_MAX_ERROR: Final = 500


class JobQueue(Protocol):
    """The queue, as workers see it. Every answer of False means: the lease is not held any more."""

    async def due(self, now: datetime) -> list[str]:
        """The kinds of which some job waits for a worker at this instant."""
        ...

    async def claim(
        self, kind: str, *, worker: str, limit: int, now: datetime, until: datetime
    ) -> list[Lease]:
        """Take due jobs of this kind, the longest due first. No two workers get the same one.

        A job whose worker fell silent in its last attempt is buried instead.
        """
        ...

    async def renew(self, lease: Lease, until: datetime) -> bool:
        """Keep the job for longer."""
        ...

    async def finish(self, lease: Lease, at: datetime) -> bool:
        """Done: its payload and its dedupe key are gone."""
        ...

    async def put_back(
        self, lease: Lease, *, run_at: datetime, attempts: int, error: str | None
    ) -> bool:
        """Let it wait again, with so many attempts counted."""
        ...

    async def bury(self, lease: Lease, at: datetime, error: str) -> bool:
        """Dead: it waits for a person, its dedupe key is free, and the log says `JobFailed`."""
        ...


async def ensure_recurring(
    uow: UnitOfWork, kind: str, every: timedelta, *, now: datetime, chance: float
) -> None:
    """Make sure that recurring work has its one row, however many workers ask for it.

    The row never ends: each attempt's end moves it to the next tick, so that no tick runs twice and
    those missed melt into one.
    """
    async with uow:
        job = Job(new_id(), kind, {}, run_at=now + every * chance / 5)
        await uow.jobs.enqueue(job, dedupe_key=f"every:{kind}")
        await uow.commit()


async def settle_success(
    queue: JobQueue, lease: Lease, every: timedelta | None, *, now: datetime, chance: float
) -> bool:
    """The attempt went well."""
    if every is None:
        return await queue.finish(lease, now)
    run_at = next_tick(now, every, chance)
    return await queue.put_back(lease, run_at=run_at, attempts=0, error=None)


async def settle_failure(
    queue: JobQueue,
    lease: Lease,
    error: Exception,
    every: timedelta | None,
    *,
    now: datetime,
    chance: float,
) -> bool:
    """The attempt failed: again later, at the next tick, or never."""
    text = describe(error)
    attempts = lease.job.attempts
    if not lease.is_last and not isinstance(error, JobHopeless):
        run_at = now + max(retry_delay(attempts, chance), _wanted_delay(error))
        return await queue.put_back(lease, run_at=run_at, attempts=attempts, error=text)
    if every is not None:
        run_at = next_tick(now, every, chance)
        return await queue.put_back(lease, run_at=run_at, attempts=0, error=text)
    return await queue.bury(lease, now, text)


def describe(error: Exception) -> str:
    """What the queue keeps of a failure: a refusal's own words, of anything else only its kind."""
    words = f": {error}" if isinstance(error, DomainError | JobHopeless) else ""
    return f"{type(error).__name__}{words}".replace("\0", "")[:_MAX_ERROR]


def _wanted_delay(error: Exception) -> timedelta:
    if isinstance(error, TooManyRequests | Unavailable):
        return timedelta(seconds=error.retry_after_s)
    return timedelta(0)


async def clean_up(uow: UnitOfWork, clock: Clock) -> None:
    """Remove what expired: each batch and the event that tells of it in one commit."""
    for leftover, kept_for in KEPT_FOR.items():
        for _ in range(MAX_BATCHES):
            async with uow:
                before = clock.now() - kept_for
                count = await uow.leftovers.remove(leftover, before=before, limit=BATCH)
                if count:
                    details = {"table": leftover.value, "count": count}
                    uow.record(Event("ExpiredRowsRemoved", details=details))
                await uow.commit()
            if count < BATCH:
                break
