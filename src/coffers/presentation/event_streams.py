"""Server-sent events on the wire (WHATWG HTML, "Server-sent events")."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from typing import Final

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from coffers.application.events import Change
from coffers.application.ports import WakeUps

EVENT_STREAM_TYPE: Final = "text/event-stream"
#: How soon a client comes back after a break.
RECONNECT_MS: Final = 2_000
#: A client that takes nothing for so long is gone.
SEND_TIMEOUT_S: Final = 30.0
HEARTBEAT: Final = b":\n\n"

Chunks = AsyncGenerator[bytes, None]


class EventStreamResponse(StreamingResponse):
    """Events as they happen: `id` is the sequence, `event` the name, `data` the change as JSON.

    Send the last `id` as `Last-Event-ID` to go on without a gap. A comment every 15 seconds shows
    that the stream lives. It ends with the session or the access token that opened it.
    """

    media_type = EVENT_STREAM_TYPE

    def __init__(
        self,
        subscription: AbstractContextManager[WakeUps],
        chunks: Callable[[WakeUps], Chunks],
    ) -> None:
        super().__init__((), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._subscription = subscription
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Listen only while there is somebody to tell; raises TooManyListeners before a byte."""
        with self._subscription as bell:
            async with aclosing(self._chunks(bell)) as chunks:
                self.body_iterator = chunks
                await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send piece by piece, and give up on a reader that takes none."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send(message)

        await super().stream_response(send_in_time)


def opening(position: int) -> bytes:
    """An id without an event: who breaks off before the first event goes on from here."""
    return b"id: %d\nretry: %d\n\n" % (position, RECONNECT_MS)


def event(change: Change) -> bytes:
    """One event. JSON has no line breaks of its own, so the data is one line."""
    data = msgspec.json.encode(change)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (change.sequence, change.name.encode(), data)
