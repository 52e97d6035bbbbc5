"""Server-sent events on the wire (WHATWG HTML, "Server-sent events")."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing, suppress
from typing import Final

import msgspec
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from coffers.application.live.event_streams import WakeUps
from coffers.application.live.events import Change

EVENT_STREAM_TYPE: Final = "text/event-stream"
#: How soon a client comes back after a break.
RECONNECT_MS: Final = 2_000
#: A client that takes nothing for so long is gone.
SEND_TIMEOUT_S: Final = 30.0
HEARTBEAT: Final = b":\n\n"
_END: Final = {"type": "http.response.body", "body": b"", "more_body": False}

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
                reader = _Reader(send)
                # A reader that takes nothing has left for all that we can tell.
                with suppress(TimeoutError):
                    await super().__call__(scope, receive, reader.send)
                    await reader.bid_farewell()


class _Reader:
    """Whoever reads, given a limited time for each piece."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_waiting = False

    async def send(self, message: Message) -> None:
        """Raises TimeoutError."""
        async with asyncio.timeout(SEND_TIMEOUT_S):
            await self._send(message)
        self._is_waiting = message.get("more_body", True)

    async def bid_farewell(self) -> None:
        """End the response properly when the service, not the stream, came to its end."""
        if self._is_waiting:
            await self.send(_END)


def opening(position: int) -> bytes:
    """An id without an event: who breaks off before the first event goes on from here."""
    return b"id: %d\nretry: %d\n\n" % (position, RECONNECT_MS)


def event(change: Change) -> bytes:
    """One event. JSON has no line breaks of its own, so the data is one line."""
    data = msgspec.json.encode(change)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (change.sequence, change.name.encode(), data)
