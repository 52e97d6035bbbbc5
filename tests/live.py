"""The application behind a real uvicorn on loopback, and readers of its event streams."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from coffers.main import create_app
from coffers.settings import Settings
from tests.programs import NO_TLS

PATIENCE_S = 10.0


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the served application; `client.app` looks inside."""
    app = create_app(settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app, log_config=None, access_log=False, timeout_graceful_shutdown=5, lifespan="on"
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server._serve([listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1"
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
                    await asyncio.sleep(0.01)
            limits = httpx.Limits(max_connections=None)
            async with httpx.AsyncClient(
                base_url=url, limits=limits, timeout=PATIENCE_S, verify=NO_TLS
            ) as client:
                client.app = app  # type: ignore[attr-defined]  # for tests that look inside
                yield client
        finally:
            app.state.stopping.set()
            server.should_exit = True
            await running


@dataclass(frozen=True)
class Received:
    """One event as a browser would dispatch it."""

    id: int
    name: str
    data: dict[str, Any]


class Reader:
    """Reads one stream, as the specification has it."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.last_id = -1
        self.heartbeats = 0
        self._lines = response.aiter_lines()

    async def next(self, within_s: float = PATIENCE_S) -> Received:
        """The next event; raises EOFError at the end of the stream, TimeoutError."""
        async with asyncio.timeout(within_s):
            while True:
                fields = await self._block()
                if fields.get("data"):
                    return Received(self.last_id, fields["event"], json.loads(fields["data"]))

    async def opened(self) -> int:
        """The id that the stream begins behind."""
        async with asyncio.timeout(PATIENCE_S):
            await self._block()
        return self.last_id

    async def ended(self, within_s: float = PATIENCE_S) -> list[Received]:
        """What still came until the stream ended."""
        rest = []
        async with asyncio.timeout(within_s):
            while True:
                try:
                    rest.append(await self.next())
                except EOFError:
                    return rest

    async def _block(self) -> dict[str, str]:
        fields: dict[str, str] = {}
        async for line in self._lines:
            if not line:
                return fields
            if line.startswith(":"):
                self.heartbeats += 1
                continue
            name, _, value = line.partition(": ")
            fields[name] = value
            if name == "id":
                self.last_id = int(value)
        raise EOFError


@asynccontextmanager
async def reading(
    client: httpx.AsyncClient, token: str, last_id: int | str | None = None
) -> AsyncIterator[Reader]:
    """A stream that was opened with this token."""
    headers = {"Authorization": f"Bearer {token}"}
    if last_id is not None:
        headers["Last-Event-ID"] = str(last_id)
    async with client.stream("GET", "/events", headers=headers) as response:
        if response.status_code != httpx.codes.OK:
            await response.aread()
        yield Reader(response)
