"""A closed-loop HTTP client, as small as it can be: it must cost less than what it measures."""

import asyncio
import gc
import math
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import cast
from urllib.parse import urlsplit

CONNECTIONS = 8


class LoadFailed(RuntimeError):
    """The service answered something else than success, or hung up."""


@dataclass(frozen=True)
class Load:
    """What a load measured. Times in milliseconds, in ascending order."""

    seconds: float
    times_ms: Sequence[float]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.times_ms) / self.seconds

    def percentile(self, percent: float) -> float:
        """The time that so many percent of the requests did not exceed."""
        rank = math.ceil(len(self.times_ms) * percent / 100)
        return self.times_ms[max(rank, 1) - 1]


def cores() -> tuple[set[int], set[int]]:
    """One for the client and the others for what it asks; the same where there is only one.

    On a core that both want, the client's wait for it would be measured as the service's.
    """
    if not hasattr(os, "sched_getaffinity"):
        return set(), set()
    first, *others = sorted(os.sched_getaffinity(os.getpid()))
    return {first}, set(others) or {first}


@contextmanager
def on_a_core_of_its_own() -> Iterator[None]:
    """This process, while it is the client: without pauses to look for garbage, too."""
    mine, _ = cores()
    before = os.sched_getaffinity(0) if mine else set()
    gc.disable()
    try:
        if mine:
            os.sched_setaffinity(0, mine)
        yield
    finally:
        gc.enable()
        if before:
            os.sched_setaffinity(0, before)


async def load(
    url: str,
    *,
    seconds: float,
    headers: Mapping[str, str] | None = None,
    connections: int = CONNECTIONS,
) -> Load:
    """GET the address over and over, each connection as soon as it has its answer."""
    parts = urlsplit(url)
    target = parts._replace(scheme="", netloc="").geturl()
    lines = [f"GET {target} HTTP/1.1", f"Host: {parts.netloc}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    request = "\r\n".join([*lines, "", ""]).encode()
    started = time.perf_counter()
    clients = [_Client(request, started + seconds) for _ in range(connections)]
    loop = asyncio.get_running_loop()
    for client in clients:
        await loop.create_connection(
            partial(_itself, client), parts.hostname or "", parts.port or 80
        )
    await asyncio.gather(*(client.finished for client in clients))
    taken = time.perf_counter() - started
    return Load(taken, sorted(ms for client in clients for ms in client.times_ms))


class _Client(asyncio.Protocol):
    """One connection: a request in flight, from its first to its last byte."""

    def __init__(self, request: bytes, until: float) -> None:
        self.times_ms: list[float] = []
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._until = until
        self._received = b""
        self._missing = -1
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # it is a TCP connection's
        self._send()

    def data_received(self, chunk: bytes) -> None:
        self._received += chunk
        if self._missing < 0:
            head, found, body = self._received.partition(b"\r\n\r\n")
            if not found:
                return
            self._missing = _length(head) - len(body)
        else:
            self._missing -= len(chunk)
        if self._missing == 0:
            self._answered()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(LoadFailed("The service hung up.", exc))

    def _send(self) -> None:
        self._received, self._missing = b"", -1
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def _answered(self) -> None:
        now = time.perf_counter()
        self.times_ms.append((now - self._sent) * 1000)
        if now < self._until:
            self._send()
            return
        self.finished.set_result(None)
        self._transport.close()


def _itself(client: _Client) -> _Client:
    return client


def _length(head: bytes) -> int:
    """The length of the body behind this head."""
    if not head.startswith(b"HTTP/1.1 200"):
        raise LoadFailed(head.decode("latin-1"))
    _, found, rest = head.lower().partition(b"content-length:")
    if not found:
        raise LoadFailed("An answer without Content-Length.")
    return int(rest.partition(b"\r\n")[0])
