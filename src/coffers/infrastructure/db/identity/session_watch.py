"""Revocations and erasures that nobody announced to this process.

They came from a command beside it, from a process that died, or while Redis was away.
"""

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, select

from coffers.application.ports import Clock
from coffers.domain.errors import Unavailable
from coffers.domain.ids import SYSTEM, SessionId, UserId
from coffers.domain.live.events import USER_ERASED
from coffers.infrastructure.db.identity.sessions import sessions
from coffers.infrastructure.db.live.events import chains, events
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.in_process.remembered import Remembered
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


#: Its log of the system is read so many events at a time; more come with the next look.
MAX_EVENTS: Final = 1_000
_HEAD: Final = (
    select(chains.c.sequence)
    .prefix_with("/* session watch */")
    .where(chains.c.user_id == bindparam("system"))
)
#: An erased user's sessions are gone with everything else; the system's chain knows their name.
_NEWS: Final = (
    select(events.c.sequence, events.c.name, events.c.subject_id)
    .prefix_with("/* session watch */")
    .where(events.c.user_id == bindparam("system"), events.c.sequence > bindparam("seen"))
    .order_by(events.c.sequence)
    .limit(MAX_EVENTS)
)


class SessionWatch:
    """Looks twice a second for sessions that ended a moment ago, and for people who left."""

    def __init__(
        self, reader: Reader, clock: Clock, revoked: RevokedSessions, erased: Remembered[UserId]
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._revoked = revoked
        self._erased = erased
        self._seen: int | None = None

    async def run(self) -> None:
        """Watch, for ever, from a first look on."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Learn what there is to learn now; nothing while the database is away."""
        since = self._clock.now() - OVERLAP
        try:
            await self._read_log()
            rows = await self._reader.rows(_ENDED, {"since": since})
        except Unavailable:
            return
        self._revoked.add(SessionId(row.id) for row in rows)
        if len(rows) <= MAX_ROWS:
            self._revoked.is_all()

    async def _read_log(self) -> None:
        """From where it stood at the first look: nobody who left before was let in here."""
        if self._seen is None:
            rows = await self._reader.rows(_HEAD, {"system": SYSTEM})
            self._seen = rows[0].sequence if rows else 0
            return
        rows = await self._reader.rows(_NEWS, {"system": SYSTEM, "seen": self._seen})
        self._erased.add(UserId(row.subject_id) for row in rows if row.name == USER_ERASED)
        self._seen = rows[-1].sequence if rows else self._seen
