"""Files that are made while they are taken: never whole in memory, and never cut off unnoticed."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

#: A client that takes nothing for so long is gone; and nobody takes longer than this in all.
SEND_TIMEOUT_S: Final = 20.0
TOTAL_TIMEOUT_S: Final = 600.0
#: Bytes that go out together. What fails before the first of them is refused in the ordinary way.
PIECE: Final = 64 * 1024

Chunks = AsyncGenerator[bytes, None]


class FileStreamBroken(RuntimeError):
    """A file could not be finished: the connection ends, so that nobody takes it for whole."""


class FileStreamResponse(Response):
    """A file to keep, in pieces as it is made. Its end is the end of a whole file."""

    def __init__(self, chunks: Chunks, *, name: str, media_type: str) -> None:
        super().__init__(media_type=media_type)
        del self.headers["content-length"]
        self.headers["content-disposition"] = f'attachment; filename="{name}"'
        self.headers["cache-control"] = "no-store"
        self._chunks = chunks

    async def __call__(
        self,
        scope: Scope,  # noqa: ARG002 - ASGI's signature, here and below
        receive: Receive,  # noqa: ARG002 - likewise
        send: Send,
    ) -> None:
        """Send it; raises what the first piece raises, later FileStreamBroken."""
        async with aclosing(_pieces(self._chunks)) as pieces:
            first = await anext(pieces)
            head = {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
            try:
                async with asyncio.timeout(TOTAL_TIMEOUT_S):
                    await send(head)
                    await _send(send, first)
                    async for piece in pieces:
                        await _send(send, piece)
                    await _send(send, b"", is_last=True)
            except Exception as error:
                raise FileStreamBroken(type(error).__name__) from error


async def _send(send: Send, piece: bytes, *, is_last: bool = False) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await send({"type": "http.response.body", "body": piece, "more_body": not is_last})


async def _pieces(chunks: Chunks) -> Chunks:
    """The same bytes in pieces that are worth sending; at least one."""
    held: list[bytes] = []
    size = 0
    async with aclosing(chunks):
        async for chunk in chunks:
            held.append(chunk)
            size += len(chunk)
            if size >= PIECE:
                yield b"".join(held)
                held, size = [], 0
    yield b"".join(held)
