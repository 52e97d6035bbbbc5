"""Wake-ups across processes, by Redis pub/sub: hints only, so that losing one does no harm."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Final
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from coffers.application.live.event_streams import EventStream, WakeUps
from coffers.domain.ids import UserId
from coffers.infrastructure.in_process.event_stream import InProcessEventStream

CHANNEL: Final = "coffers:events"
PUBLISH_TIMEOUT_S: Final = 0.5
RETRY_S: Final = 1.0
#: Users named in one message, and users waiting to be named; the poll of the log finds the rest.
MAX_NAMED: Final = 500
MAX_WAITING: Final = 10_000
_ID: Final = 16

log = structlog.get_logger("coffers.redis")


class RedisEventStream(EventStream):
    """Rings the bells of this process at once, and those of the others through one channel."""

    def __init__(self, publisher: Redis, subscriber: Redis) -> None:
        self._local = InProcessEventStream()
        self._publisher = publisher
        self._subscriber = subscriber
        self._waiting: set[UserId] = set()
        self._has_waiting = asyncio.Event()

    async def announce(self, user_ids: Sequence[UserId]) -> None:
        """As the port says: what leaves the process leaves in the background."""
        self._local.wake(user_ids)
        if user_ids and len(self._waiting) < MAX_WAITING:
            self._waiting.update(user_ids)
            self._has_waiting.set()

    def listen(self, user_id: UserId) -> AbstractContextManager[WakeUps]:
        """As the port says."""
        return self._local.listen(user_id)

    def listened(self) -> list[UserId]:
        """As the port says."""
        return self._local.listened()

    def wake(self, user_ids: Sequence[UserId]) -> None:
        """As the port says."""
        self._local.wake(user_ids)

    async def publish(self) -> None:
        """Send on what waits, once there is something."""
        await self._has_waiting.wait()
        self._has_waiting.clear()
        while self._waiting:
            named = [self._waiting.pop() for _ in range(min(MAX_NAMED, len(self._waiting)))]
            await self._publisher.publish(CHANNEL, b"".join(user_id.bytes for user_id in named))

    async def subscribe(self) -> None:
        """Ring for what other processes announce, as long as the connection holds."""
        async with self._subscriber.pubsub() as pubsub:
            await pubsub.subscribe(CHANNEL)
            # What was announced while nobody subscribed is unknown: everybody looks.
            self._local.wake(self._local.listened())
            async for message in pubsub.listen():
                if message["type"] == "message":
                    self._local.wake(_named(message["data"]))


@asynccontextmanager
async def open_redis_event_stream(url: str) -> AsyncIterator[RedisEventStream]:
    """A stream with its one subscriber connection, opened again whenever it breaks."""
    async with _connection(url, PUBLISH_TIMEOUT_S) as publisher, _connection(url, None) as listener:
        stream = RedisEventStream(publisher, listener)
        tasks = [asyncio.create_task(_forever(act)) for act in (stream.publish, stream.subscribe)]
        try:
            yield stream
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _connection(url: str, timeout_s: float | None) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=timeout_s,
        socket_connect_timeout=PUBLISH_TIMEOUT_S,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )


async def _forever(act: Callable[[], Awaitable[None]]) -> None:
    is_well = True
    while True:
        try:
            await act()
        except (RedisError, OSError) as error:
            if is_well:
                log.warning("hints are lost", error=type(error).__name__)
            is_well = False
            await asyncio.sleep(RETRY_S)
        else:
            is_well = True


def _named(message: bytes) -> list[UserId]:
    cuts = range(0, len(message) - len(message) % _ID, _ID)
    return [UserId(UUID(bytes=message[cut : cut + _ID])) for cut in cuts]
