"""Work to be done later: a queue in the business database, filled in the business transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.ids import SYSTEM, UserId

MAX_ATTEMPTS: Final = 8
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


def retry_delay(attempts: int) -> timedelta:
    """How long to wait after this many failures: 5 s, doubling, at most an hour."""
    return min(_FIRST_DELAY * float(2 ** max(0, min(attempts, 20) - 1)), _LONGEST_DELAY)
