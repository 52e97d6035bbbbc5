"""The event stream that fits the installation, with the watch that finds what hints do not tell."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from coffers.application.live.event_streams import EventStream
from coffers.application.live.events import ChangeFeeds, watch_heads
from coffers.infrastructure.in_process.event_stream import InProcessEventStream
from coffers.infrastructure.redis.event_stream import open_redis_event_stream


@asynccontextmanager
async def open_event_stream(url: str | None, feeds: ChangeFeeds) -> AsyncIterator[EventStream]:
    """Across processes where there is a Redis at this URL, else within this one."""
    opened = open_redis_event_stream(url) if url else nullcontext(InProcessEventStream())
    async with opened as stream:
        watching = asyncio.create_task(watch_heads(feeds, stream))
        try:
            yield stream
        finally:
            watching.cancel()
            await asyncio.wait([watching])
