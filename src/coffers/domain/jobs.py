"""Work to be done later: a queue in the business database, filled in the business transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.ids import SYSTEM, UserId

MAX_ATTEMPTS: Final = 8
#: How long a worker may be silent before its jobs are given to others.
LEASE: Final = timedelta(seconds=60)
_FIRST_DELAY: Final = timedelta(seconds=5)
_LONGEST_DELAY: Final = timedelta(hours=1)


class JobState(StrEnum):
    """Where a job stands. A dead one used up its attempts and waits for a person."""

    READY = "ready"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Job:
    """A piece of work of some kind.

    While its lease lasts, it is being worked on; jobs run at least once.
    """

    id: UUID
    kind: str
    payload: Mapping[str, object]
    run_at: datetime
    user_id: UserId = SYSTEM
    attempts: int = 0
    max_attempts: int = MAX_ATTEMPTS


class Jobs(Protocol):
    """The queue, as business transactions see it."""

    async def enqueue(self, job: Job, *, dedupe_key: str | None = None) -> bool:
        """Keep it; False, and nothing kept, when an unfinished job has the same dedupe key."""
        ...


@dataclass(frozen=True, slots=True)
class Lease:
    """A job in the hands of one worker; `job.attempts` counts this attempt.

    Worker and attempt together are the fence: once another worker took the job over, nothing that
    this lease says of it counts any more.
    """

    job: Job
    worker: str

    @property
    def is_last(self) -> bool:
        """Whether no attempt is left after this one."""
        return self.job.attempts >= self.job.max_attempts


class JobHopeless(Exception):
    """No further attempt can end better than this one did."""


def retry_delay(attempts: int, chance: float) -> timedelta:
    """How long to wait after this many failures: 5 s, doubling, at most an hour.

    `chance`, from 0 to 1, takes up to half of it away, so that what failed together does not come
    back together.
    """
    delay = min(_FIRST_DELAY * float(2 ** max(0, min(attempts, 20) - 1)), _LONGEST_DELAY)
    return delay * (1 - chance / 2)


def next_tick(now: datetime, every: timedelta, chance: float) -> datetime:
    """When recurring work runs next: after its interval, give or take a tenth by `chance`."""
    return now + every * (0.9 + 0.2 * chance)
