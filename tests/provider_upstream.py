"""A provider's server on loopback: any ASGI application in a thread, with faults on demand."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, Final

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST: Final = "127.0.0.1"
START_LIMIT_S: Final = 10.0

#: What a struck request gets instead of the application's answer.
Fault = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]
# A decoded JSON document: any value may stand anywhere.
Json = Any


class Upstream:
    """The application behind faults. `requests` counts what came in since the last `calm`."""

    def __init__(self, application: ASGIApp) -> None:
        self.origin = ""
        self.requests = 0
        self._application = application
        self._fault: Fault | None = None
        self._after = 0

    def strike(self, fault: Fault, *, after: int = 0) -> None:
        """From now on every request meets the fault, once so many have passed unharmed."""
        self.calm()
        self._fault, self._after = fault, after

    def calm(self) -> None:
        """No more faults; counting starts anew."""
        self._fault, self._after, self.requests = None, 0, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        if self._fault is None or self.requests <= self._after:
            await self._application(scope, receive, send)
        else:
            await self._fault(self._application, scope, receive, send)


@contextmanager
def serve(application: ASGIApp) -> Iterator[Upstream]:
    """Serve on a free port of loopback until the block ends."""
    upstream = Upstream(application)
    config = uvicorn.Config(
        upstream,
        log_config=None,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server((HOST, 0)) as listener:
        upstream.origin = f"http://{HOST}:{listener.getsockname()[1]}"
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait_until_started(server, thread)
            yield upstream
        finally:
            server.should_exit = True
            thread.join()


def wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    limit = time.monotonic() + START_LIMIT_S
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < limit
        time.sleep(0.005)


def answering(
    content: bytes = b"{}", status: int = 200, media: str = "application/json", **headers: str
) -> Fault:
    """The same answer to everything."""

    async def fault(_: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        await Response(content, status, named, media)(scope, receive, send)

    return fault


def rewritten(change: Callable[[bytes], bytes]) -> Fault:
    """The true answer with its body changed, and its length told correctly."""

    async def fault(application: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        start, content = await overheard(application, scope, receive)
        media = dict(start["headers"]).get(b"content-type", b"").decode("ascii")
        await Response(change(content), start["status"], media_type=media)(scope, receive, send)

    return fault


def dripping(pause_s: float) -> Fault:
    """The true answer, byte by byte."""

    async def fault(application: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        start, content = await overheard(application, scope, receive)
        await send(start)
        for place in range(len(content)):
            await asyncio.sleep(pause_s)
            await send(body(content[place : place + 1], more=True))
        await send(body(b"", more=False))

    return fault


def torn() -> Fault:
    """Half of the true answer, then the end of the connection."""

    async def fault(application: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        start, content = await overheard(application, scope, receive)
        await send(start)
        await send(body(content[: len(content) // 2], more=True))
        # Returning without the end of the body makes the server hang up.

    return fault


def hanging() -> Fault:
    """No answer for longer than anybody waits."""

    async def fault(_: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    return fault


class Spoil:
    """One value of the true answer replaced: the `place`-th, looking at the first of each list.

    `total` tells afterwards how many there were.
    """

    def __init__(self, place: int, value: Json) -> None:
        self.total = 0
        self._place = place
        self._value = value

    async def __call__(
        self, application: ASGIApp, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await rewritten(self._spoilt)(application, scope, receive, send)

    def _spoilt(self, content: bytes) -> bytes:
        self.total = 0
        return json.dumps(self._visit(json.loads(content))).encode()

    def _visit(self, node: Json) -> Json:
        place, self.total = self.total, self.total + 1
        if isinstance(node, dict):
            seen: Json = {name: self._visit(value) for name, value in node.items()}
        elif isinstance(node, list) and node:
            seen = [self._visit(node[0]), *node[1:]]
        else:
            seen = node
        return self._value if place == self._place else seen


async def overheard(
    application: ASGIApp, scope: Scope, receive: Receive
) -> tuple[MutableMapping[str, Any], bytes]:
    """What the application answers: the start message, and the whole body."""
    messages: list[Message] = []

    async def keep(message: Message) -> None:
        messages.append(message)

    await application(scope, receive, keep)
    return messages[0], b"".join(message.get("body", b"") for message in messages[1:])


def body(content: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}
