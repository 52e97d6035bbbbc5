"""The programs that a benchmark talks to, each a process of its own.

Coffers is served as `coffers serve` does it; the floors by uvicorn with the same loop and parser.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import psutil  # type: ignore[import-untyped]  # ships no types
from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route as PlainRoute
from tests.programs import HOST, ServiceProcess, free_port

from benchmarks.load import cores
from coffers import main, server
from coffers.infrastructure import logs
from coffers.presentation.access import PUBLIC
from coffers.presentation.calls import Caller
from coffers.presentation.route import Route
from coffers.presentation.routes import ROUTES
from coffers.settings import Settings

MANY: Final = 100
LAG_EVERY_S: Final = 0.001


class Served(str):
    """The address where something is served, and the process that does it."""

    __slots__ = ("process",)

    process: psutil.Process


@contextmanager
def serving_floor(
    factory: str, path: str, env: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Serve the application that this factory makes; answers where this path of it is."""
    port = free_port()
    argv = ["uvicorn", factory, "--factory", "--no-access-log", "--no-server-header"]
    argv += ["--host", HOST, "--port", str(port), "--log-level", "warning"]
    argv += ["--loop", "uvloop", "--http", "httptools"]
    with _serving(argv, env or {}, f"http://{HOST}:{port}{path}") as served:
        yield served


@contextmanager
def serving(kind: str, path: str, env: Mapping[str, str]) -> Iterator[Served]:
    """Serve one of KINDS; answers where this path of it is."""
    port = free_port()
    own = {"COFFERS_HOST": HOST, "COFFERS_PORT": str(port), **env}
    argv = ["benchmarks.servers", kind]
    with _serving(argv, own, f"http://{HOST}:{port}{path}") as served:
        yield served


@contextmanager
def _serving(argv: Sequence[str], env: Mapping[str, str], address: str) -> Iterator[Served]:
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), **env}
    with ServiceProcess([sys.executable, "-m", *argv], environment) as program:
        program.wait_until_ready(address)
        served = Served(address)
        served.process = psutil.Process(program.child.pid)
        _, others = cores()
        if others:
            served.process.cpu_affinity(sorted(others))
        yield served


def with_many_routes(settings: Settings) -> FastAPI:
    """The service with a hundred more routes, all of one length and under one first segment."""
    probes = tuple(
        Route("GET", f"/probes/{number:03}/{{probe_id}}", probe, PUBLIC, None, [])
        for number in range(MANY)
    )
    vars(main)["ROUTES"] = (*probes, *ROUTES)
    return main.create_app(settings)


async def probe(call: Caller, probe_id: str) -> dict[str, str]:
    """As little as an endpoint can do."""
    return {"id": probe_id, "trace_id": call.origin.trace_id or ""}


def watched(settings: Settings) -> FastAPI:
    """The service, and at `/lag` how long its event loop kept somebody waiting at most, in ms.

    Then how much of such a wait was its own work: the rest is the machine's, busy with others.
    """
    app, watch = main.create_app(settings), _Watch()

    async def lag(_: Request) -> PlainTextResponse:
        return PlainTextResponse("{:.3f} {:.3f}".format(*watch.longest_ms()))

    app.router.routes.insert(0, PlainRoute("/lag", lag))
    return app


class _Watch:
    """Asks to be woken every millisecond, from the first question on, and notes how late it was."""

    def __init__(self) -> None:
        self._late_s = 0.0
        self._worked_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def longest_ms(self) -> tuple[float, float]:
        if self._task is None:
            self._task = asyncio.ensure_future(self._watch())
        longest = self._late_s * 1000, self._worked_s * 1000
        self._late_s = self._worked_s = 0.0
        return longest

    async def _watch(self) -> None:
        while True:
            asleep, worked_s = time.perf_counter(), time.thread_time()
            await asyncio.sleep(LAG_EVERY_S)
            late_s = time.perf_counter() - asleep - LAG_EVERY_S
            self._late_s = max(self._late_s, late_s)
            self._worked_s = max(self._worked_s, time.thread_time() - worked_s)


KINDS: Final[Mapping[str, Callable[[Settings], FastAPI]]] = {
    "coffers": main.create_app,
    "many": with_many_routes,
    "watched": watched,
}

if __name__ == "__main__":
    logs.configure(is_console=False)
    kept = Settings()
    server.serve(KINDS[sys.argv[1]](kept), kept)
