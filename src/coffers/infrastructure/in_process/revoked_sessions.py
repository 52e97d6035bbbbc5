"""Which sessions are over, as far as this process has heard."""

import time
from collections.abc import Callable
from typing import Final

from coffers.domain.ids import SessionId
from coffers.infrastructure.in_process.remembered import Remembered

#: What was heard is current for so long.
CURRENT_S: Final = 2.0


class RevokedSessions(Remembered[SessionId]):
    """Fed by announcements and by the watch over the sessions table; forgets what has expired."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__(seconds)
        self._current_until = 0.0

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
