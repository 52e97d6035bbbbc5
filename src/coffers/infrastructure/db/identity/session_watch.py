"""Revocations that nobody announced to this process.

They came from a command beside it, from a process that died, or while Redis was away.
"""

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, select

from coffers.application.ports import Clock
from coffers.domain.errors import Unavailable
from coffers.domain.ids import SessionId
from coffers.infrastructure.db.identity.sessions import sessions
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.in_process.revoked_sessions import RevokedSessions

EVERY_S: Final = 0.5
#: A session may be marked this long before the mark is committed and can be seen.
OVERLAP: Final = timedelta(seconds=60)
#: When more sessions ended at once, each one's row decides.
MAX_ROWS: Final = 10_000

_ENDED: Final = (
    select(sessions.c.id)
    .prefix_with("/* session watch */")
    .where(sessions.c.revoked_at >= bindparam("since"))
    .limit(MAX_ROWS + 1)
)


class SessionWatch:
    """Looks twice a second for sessions that ended a moment ago."""

    def __init__(self, reader: Reader, clock: Clock, revoked: RevokedSessions) -> None:
        self._reader = reader
        self._clock = clock
        self._revoked = revoked

    async def run(self) -> None:
        """Watch, for ever."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Learn what there is to learn now; nothing while the database is away."""
        since = self._clock.now() - OVERLAP
        try:
            rows = await self._reader.rows(_ENDED, {"since": since})
        except Unavailable:
            return
        self._revoked.add(SessionId(row.id) for row in rows)
        if len(rows) <= MAX_ROWS:
            self._revoked.is_all()
