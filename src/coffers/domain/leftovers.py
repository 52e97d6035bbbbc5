"""Rows that have served their time: how long each kind is kept beyond its end."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol


class Leftover(StrEnum):
    """What is cleaned up."""

    REFRESH_TOKENS = "refresh_tokens"
    ONE_TIME_TOKENS = "one_time_tokens"
    SESSIONS = "sessions"
    IDEMPOTENCY_KEYS = "idempotency_keys"
    LINK_ATTEMPTS = "link_attempts"
    FINISHED_JOBS = "finished_jobs"
    DEAD_JOBS = "dead_jobs"
    PLANNED_IMPORTS = "planned_imports"
    #: Each after its rows.
    PLANNED_EDIT_ROWS = "planned_edit_rows"
    PLANNED_EDITS = "planned_edits"
    DONE_EDIT_ROWS = "done_edit_rows"
    DONE_EDITS = "done_edits"


#: Sessions outlive every token of theirs: a token whose session is gone could not be told apart.
KEPT_FOR: Final = {
    Leftover.REFRESH_TOKENS: timedelta(0),
    Leftover.ONE_TIME_TOKENS: timedelta(0),
    Leftover.SESSIONS: timedelta(days=31),
    Leftover.IDEMPOTENCY_KEYS: timedelta(days=1),
    Leftover.LINK_ATTEMPTS: timedelta(0),
    Leftover.FINISHED_JOBS: timedelta(days=7),
    Leftover.DEAD_JOBS: timedelta(days=30),
    #: The plan and what the file says; a plan can be made again from its file.
    Leftover.PLANNED_IMPORTS: timedelta(days=7),
    Leftover.PLANNED_EDIT_ROWS: timedelta(days=7),
    Leftover.PLANNED_EDITS: timedelta(days=7),
    #: For as long they can be reverted.
    Leftover.DONE_EDIT_ROWS: timedelta(days=365),
    Leftover.DONE_EDITS: timedelta(days=365),
}


class Leftovers(Protocol):
    """Where they lie."""

    async def remove(self, leftover: Leftover, *, before: datetime, limit: int) -> int:
        """Delete at most so many that ended before then; how many there were."""
        ...
