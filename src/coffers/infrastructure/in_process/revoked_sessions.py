"""Which sessions are over, as far as this process has heard."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final

from coffers.domain.identity.sessions import ACCESS_TOKEN_LIFE
from coffers.domain.ids import SessionId

#: As long as an access token of theirs may live, and a minute for clocks that differ.
KEPT_S: Final = ACCESS_TOKEN_LIFE.total_seconds() + 60
#: What was heard is current for so long.
CURRENT_S: Final = 2.0


class RevokedSessions:
    """Fed by announcements and by the watch over the sessions table; forgets what has expired."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._until: OrderedDict[SessionId, float] = OrderedDict()
        self._current_until = 0.0

    def add(self, session_ids: Iterable[SessionId]) -> None:
        """These sessions are over."""
        now = self._seconds()
        for session_id in session_ids:
            self._until[session_id] = now + KEPT_S
            self._until.move_to_end(session_id)
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)

    def __contains__(self, session_id: SessionId) -> bool:
        return session_id in self._until

    def is_all(self) -> None:
        """Up to this moment, what was added is everything that there is to know."""
        self._current_until = self._seconds() + CURRENT_S

    @property
    def is_current(self) -> bool:
        """Whether a session that is not among them was live a moment ago."""
        return self._seconds() < self._current_until


def began_at(session_id: SessionId) -> float:
    """When the session began, in epoch seconds, by its UUIDv7; 0 for an id of another kind."""
    return (session_id.int >> 80) / 1000 if session_id.version == 7 else 0.0  # noqa: PLR2004 - RFC 9562
