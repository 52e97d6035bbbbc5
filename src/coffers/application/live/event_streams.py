"""Wake-ups for whoever waits for a user's events."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from coffers.domain.errors import TooManyRequests
from coffers.domain.ids import UserId


class WakeUps(Protocol):
    """What a listener waits on."""

    async def wait(self, at_most_s: float) -> None:
        """Return soon after an announcement since the last return, or after this long."""
        ...


class EventStream(Protocol):
    """Wake-ups for whoever waits for a user's events. A hint: the log is the truth."""

    async def announce(self, user_ids: Sequence[UserId]) -> None:
        """Something was logged for these users, or, for SYSTEM, jobs wait.

        Never slow, never fails.
        """
        ...

    def listen(self, user_id: UserId) -> AbstractContextManager[WakeUps]:
        """Be woken by announcements from now on; raises TooManyListeners."""
        ...

    def listened(self) -> list[UserId]:
        """Whoever somebody in this process waits for."""
        ...

    def wake(self, user_ids: Sequence[UserId]) -> None:
        """Wake those who wait in this process only."""
        ...


class TooManyListeners(TooManyRequests):
    """As many streams are open already as may be."""

    slug = "too_many_streams"
