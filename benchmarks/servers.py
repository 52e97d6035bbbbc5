"""The programs that a benchmark talks to: each a uvicorn of its own, all started alike."""

import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from fastapi import FastAPI
from tests.programs import HOST, ServiceProcess, free_port

from coffers import main
from coffers.presentation.access import PUBLIC
from coffers.presentation.calls import Caller
from coffers.presentation.routes import ROUTES, Route
from coffers.settings import Settings

MANY: Final = 100
LAG_EVERY_S: Final = 0.001


@contextmanager
def serving(factory: str, path: str, env: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve the application that this factory makes; answers the address of this path of it."""
    port = free_port()
    argv = [sys.executable, "-m", "uvicorn", factory, "--factory", "--no-access-log"]
    argv += ["--host", HOST, "--port", str(port), "--log-level", "warning", "--no-server-header"]
    argv += ["--loop", "uvloop", "--http", "httptools"]
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), **(env or {})}
    with ServiceProcess(argv, environment) as program:
        address = f"http://{HOST}:{port}{path}"
        program.wait_until_ready(address)
        yield address


def coffers() -> FastAPI:
    """The service as its settings have it."""
    return main.create_app(Settings())


def coffers_with_many_routes() -> FastAPI:
    """The service with a hundred more routes, all of one length and under one first segment."""
    probes = tuple(
        Route("GET", f"/probes/{number:03}/{{probe_id}}", probe, PUBLIC, None, [])
        for number in range(MANY)
    )
    vars(main)["ROUTES"] = (*probes, *ROUTES)
    return main.create_app(Settings())


async def probe(call: Caller, probe_id: str) -> dict[str, str]:
    """As little as an endpoint can do."""
    return {"id": probe_id, "trace_id": call.origin.trace_id or ""}


def coffers_watched() -> Any:  # Any: an ASGI application
    """The service, and at `/lag` how long its event loop kept somebody waiting at most, in ms."""
    app, watch = coffers(), _Watch()

    async def watched(scope: Any, receive: Any, send: Any) -> None:  # Any: as ASGI has them
        if scope.get("path") != "/lag":
            await app(scope, receive, send)
            return
        body = f"{watch.longest_ms():.3f}".encode()
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return watched


class _Watch:
    """Asks to be woken every millisecond, from the first question on, and notes how late it was."""

    def __init__(self) -> None:
        self._longest_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def longest_ms(self) -> float:
        if self._task is None:
            self._task = asyncio.ensure_future(self._watch())
        longest, self._longest_s = self._longest_s, 0.0
        return longest * 1000

    async def _watch(self) -> None:
        while True:
            asleep = time.perf_counter()
            await asyncio.sleep(LAG_EVERY_S)
            late_s = time.perf_counter() - asleep - LAG_EVERY_S
            self._longest_s = max(self._longest_s, late_s)
