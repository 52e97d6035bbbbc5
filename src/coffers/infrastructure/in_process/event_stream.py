"""Wake-ups within one process."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from coffers.application.live.event_streams import EventStream, TooManyListeners, WakeUps
from coffers.domain.ids import UserId

MAX_PER_USER: Final = 20
MAX_LISTENERS: Final = 1_000
_RETRY_AFTER_S: Final = 30


class Bell(WakeUps):
    """Rings once for any number of pulls until somebody has heard it."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Let the one who waits, or the next to wait, go on."""
        self._rung.set()

    async def wait(self, at_most_s: float) -> None:
        """As the port says."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._rung.wait()
        self._rung.clear()


class InProcessEventStream(EventStream):
    """Bells of those who listen, by user. Nothing is kept for anybody else."""

    def __init__(self) -> None:
        self._bells: dict[UserId, set[Bell]] = {}
        self._count = 0

    async def announce(self, user_ids: Sequence[UserId]) -> None:
        """As the port says."""
        self.wake(user_ids)

    @contextmanager
    def listen(self, user_id: UserId) -> Iterator[WakeUps]:
        """As the port says."""
        bells = self._bells.setdefault(user_id, set())
        if len(bells) >= MAX_PER_USER or self._count >= MAX_LISTENERS:
            self._forget(user_id)
            detail = "Too many streams are open: close some, or try again later."
            raise TooManyListeners(detail, retry_after_s=_RETRY_AFTER_S)
        bell = Bell()
        bells.add(bell)
        self._count += 1
        try:
            yield bell
        finally:
            bells.discard(bell)
            self._count -= 1
            self._forget(user_id)

    def listened(self) -> list[UserId]:
        """As the port says."""
        return list(self._bells)

    def wake(self, user_ids: Sequence[UserId]) -> None:
        """As the port says."""
        for user_id in user_ids:
            for bell in self._bells.get(user_id, ()):
                bell.ring()

    def _forget(self, user_id: UserId) -> None:
        if not self._bells.get(user_id):
            self._bells.pop(user_id, None)
