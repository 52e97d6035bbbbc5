"""What a database says of itself to whoever looks after it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import func, select

from coffers.domain.jobs import JobState
from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.jobs import jobs
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.db.reader import Reader

_NEWEST: Final = select(func.max(events.c.occurred_at).label("newest"))
_DEAD: Final = (
    select(func.count().label("dead")).select_from(jobs).where(jobs.c.state == JobState.DEAD.value)
)
_CLOCK: Final = select(func.now().label("now"))


@dataclass(frozen=True, slots=True)
class Inspection:
    """Its clock (None for a file), its newest event, and jobs that wait for a person."""

    now: datetime | None
    newest_event: datetime | None
    dead_jobs: int


async def inspect(engines: Engines) -> Inspection:
    """Raises Unavailable, and the driver's error when tables are missing."""
    reader = Reader(engines)
    now = None if engines.is_sqlite else (await reader.rows(_CLOCK))[0].now.astimezone(UTC)
    newest = (await reader.rows(_NEWEST))[0].newest
    return Inspection(now, newest, (await reader.rows(_DEAD))[0].dead)
