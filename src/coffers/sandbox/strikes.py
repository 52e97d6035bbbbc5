"""What each fault does to a request."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Final

from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coffers.sandbox.faults import Fault
from coffers.sandbox.hostile import leave_out, spoil
from coffers.sandbox.refusals import BEARER, refusal

MIB: Final = 1 << 20
BOMB_MIB: Final = 200
NOWHERE: Final = "http://127.0.0.1:1/"
_GZIP: Final = 31
_MAINTENANCE: Final = "<!doctype html><title>Back soon</title><p>We are tidying up.</p>"

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the application has answered, complete."""

    status: int
    headers: Headers
    body: bytes

    def response(self, body: bytes) -> Response:
        """Answer the same with another body."""
        response = Response(body, self.status)
        response.raw_headers = [*self._other_headers(), _length(body)]
        return response

    def dribble(self, pause_s: float) -> Response:
        """Answer the same, a byte at a time."""
        response = StreamingResponse(_drops(self.body, pause_s), self.status)
        response.raw_headers = self.headers
        return response

    def _other_headers(self) -> Headers:
        return [header for header in self.headers if header[0] != b"content-length"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a fault strikes, and the application that would have answered it."""

    app: ASGIApp
    scope: Scope
    receive: Receive
    send: Send

    async def answer(self) -> Answer:
        """Let the application answer, and keep what it says."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self.app(self.scope, self.receive, keep)
        start, *parts = messages
        body = b"".join(part.get("body", b"") for part in parts)
        return Answer(start["status"], list(start["headers"]), body)

    async def say(self, response: Response) -> None:
        """Send a response."""
        await response(self.scope, self.receive, self.send)


async def strike(fault: Fault, request: Request) -> None:
    """Answer the request as the fault wants it."""
    if fault.name in _REPLACED:
        await request.say(await _REPLACED[fault.name](fault.argument))
    elif fault.name in _STRUCK:
        await _STRUCK[fault.name](fault.argument, request)
    else:
        await request.app(request.scope, request.receive, request.send)


async def _expired(_argument: str) -> Response:
    return refusal(401, "token_expired", "The access token expired.", BEARER)


async def _unauthorized(_argument: str) -> Response:
    return refusal(401, "invalid_token", "The access token is not valid.", BEARER)


async def _limited(seconds: str) -> Response:
    return refusal(429, "rate_limited", "Too many requests.", {"Retry-After": seconds})


async def _gone(_argument: str) -> Response:
    return refusal(410, "gone", "This is no longer offered.")


async def _failed(status: str) -> Response:
    return refusal(int(status), "internal_error", "Something broke here.")


async def _tidying(_argument: str) -> Response:
    return HTMLResponse(_MAINTENANCE)


async def _elsewhere(_argument: str) -> Response:
    return RedirectResponse(NOWHERE, HTTPStatus.FOUND)


async def _bomb(_argument: str) -> Response:
    body = await asyncio.to_thread(_packed_bomb)
    headers = {"Content-Encoding": "gzip"}
    return Response(body, headers=headers, media_type="application/json")


async def _oversized(mebibytes: str) -> Response:
    return StreamingResponse(_spaces(int(mebibytes)), media_type="application/json")


async def _drip(milliseconds: str, request: Request) -> None:
    answer = await request.answer()
    await request.say(answer.dribble(int(milliseconds) / 1000))


async def _hang(seconds: str, request: Request) -> None:
    try:
        await asyncio.wait_for(_end_of(request.receive), int(seconds))
    except TimeoutError:
        await request.say(refusal(504, "internal_error", "It took too long."))


async def _truncate(how: str, request: Request) -> None:
    answer = await request.answer()
    half = answer.body[: len(answer.body) // 2]
    if how != "connection":
        await request.say(answer.response(half))
        return
    # The server closes the connection when less comes than Content-Length promised.
    start = {"status": answer.status, "headers": answer.headers}
    await request.send({"type": "http.response.start", **start})
    await request.send({"type": "http.response.body", "body": half, "more_body": True})


async def _leave_out(row_id: str, request: Request) -> None:
    await _rewrite(request, lambda body: leave_out(body, row_id))


async def _spoil(kind: str, request: Request) -> None:
    await _rewrite(request, lambda body: spoil(body, kind))


async def _rewrite(request: Request, write: Callable[[bytes], bytes]) -> None:
    """Change the JSON of a success; leave everything else alone."""
    answer = await request.answer()
    is_json = (b"content-type", b"application/json") in answer.headers
    is_document = is_json and answer.status == HTTPStatus.OK
    await request.say(answer.response(write(answer.body) if is_document else answer.body))


async def _end_of(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drops(body: bytes, pause_s: float) -> AsyncIterator[bytes]:
    for byte in body:
        yield bytes([byte])
        await asyncio.sleep(pause_s)


async def _spaces(mebibytes: int) -> AsyncIterator[bytes]:
    for chunk in _blank_document(mebibytes):
        yield chunk


def _blank_document(mebibytes: int) -> Iterable[bytes]:
    """Write an empty JSON object behind so many MiB of spaces."""
    for _ in range(mebibytes):
        yield b" " * MIB
    yield b"{}"


@cache
def _packed_bomb() -> bytes:
    packer = zlib.compressobj(wbits=_GZIP)
    chunks = [packer.compress(chunk) for chunk in _blank_document(BOMB_MIB)]
    return b"".join([*chunks, packer.flush()])


def _length(body: bytes) -> tuple[bytes, bytes]:
    return b"content-length", str(len(body)).encode()


_REPLACED: Final[dict[str, Callable[[str], Awaitable[Response]]]] = {
    "expired_token": _expired,
    "unauthorized": _unauthorized,
    "rate_limited": _limited,
    "gone": _gone,
    "error": _failed,
    "html": _tidying,
    "redirect": _elsewhere,
    "zip_bomb": _bomb,
    "oversized": _oversized,
}
_STRUCK: Final[dict[str, Callable[[str, Request], Awaitable[None]]]] = {
    "slow_drip": _drip,
    "hang": _hang,
    "truncated_json": _truncate,
    "without": _leave_out,
    "hostile_values": _spoil,
}
