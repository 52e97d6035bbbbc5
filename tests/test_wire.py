"""HTTP on the wire: what a client can draw out or break, byte by byte."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from coffers.main import create_app
from coffers.presentation import middleware, protocol
from coffers.server import OrderlyServer, PortTaken, configuration, listening
from coffers.settings import Settings
from tests.programs import HOST, NO_TLS

SHORT_S = 0.3


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        assert problem["trace_id"] == self.headers["x-trace-id"]
        return problem


class Client:
    """A connection that sends what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answer:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 20)).decode()
        line, *fields = head.strip().split("\r\n")
        headers = dict(field.lower().split(": ", 1) for field in fields)
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Answer(int(line.split()[1]), headers, body)

    async def closed_within(self, seconds: float) -> bool:
        begun = time.monotonic()
        await asyncio.wait_for(self.reader.read(), 20)
        return time.monotonic() - begun < seconds


@asynccontextmanager
async def serving(settings: Settings) -> AsyncIterator[int]:
    app = create_app(settings)
    server = OrderlyServer(configuration(app, settings))
    with listening(HOST, 0) as listener:
        port = listener.getsockname()[1]
        running = asyncio.create_task(server._serve([listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield port
        server.should_exit = True
        await running


@pytest.fixture(autouse=True)
def no_forced_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coffers.server._end_in", lambda _seconds: None)


@pytest.fixture
async def port(settings: Settings) -> AsyncIterator[int]:
    async with serving(settings) as opened:
        yield opened


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def post(path: str, body: bytes, *headers: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


async def test_what_is_no_http_is_refused_in_the_one_language(port: int) -> None:
    async with connected(port) as client:
        await client.send(b"\x16\x03\x01 tls to a plain port\r\n\r\n")
        answer = await client.answer()

    assert answer.status == 400
    assert answer.problem["type"].endswith("/errors/malformed_request")


async def test_a_head_that_never_ends_is_closed_in_time(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", SHORT_S)
    async with connected(port) as client:
        await client.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n")
        dripping = asyncio.create_task(_drip(client, b"X-More: y\r\n"))

        assert await client.closed_within(2)
        dripping.cancel()


async def test_a_connection_that_says_nothing_is_closed_in_time(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", SHORT_S)
    async with connected(port) as client:
        assert await client.closed_within(2)


async def test_a_second_head_on_a_connection_has_its_own_time(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", SHORT_S)
    async with connected(port) as client:
        await client.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.answer()).status == 200
        dripping = asyncio.create_task(_drip(client, b"\r\n"))

        assert await client.closed_within(2)
        dripping.cancel()


@pytest.mark.parametrize(("size", "status"), [(-200, 200), (1, 431)])
async def test_a_head_has_a_limit(port: int, size: int, status: int) -> None:
    async with connected(port) as client:
        filler = b"a" * (protocol.MAX_HEAD + size)
        await client.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Filler: " + filler)
        if status == 200:
            await client.send(b"\r\n\r\n")
        answer = await client.answer()

    assert answer.status == status
    if status == 431:
        assert answer.problem["type"].endswith("/errors/head_too_large")


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431)])
async def test_a_head_that_comes_in_one_piece_has_the_same_limit(
    port: int, more: int, status: int
) -> None:
    head = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Filler: "
    filler = b"a" * (protocol.MAX_HEAD - len(head) - len(b"\r\n\r\n") + more)
    async with connected(port) as client:
        await client.send(head + filler + b"\r\n\r\n")
        answer = await client.answer()

    assert answer.status == status


async def test_a_body_that_drips_is_timed_out_and_the_connection_ends(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "PIECE_TIMEOUT_S", SHORT_S)
    monkeypatch.setattr(protocol, "HEAD_TIMEOUT_S", SHORT_S)
    async with connected(port) as client:
        await client.send(post("/api/v1/users", b'{"email"', "Content-Length: 100"))
        answer = await client.answer()
        dripping = asyncio.create_task(_drip(client, b"x"))

        assert answer.status == 408
        assert answer.problem["type"].endswith("/errors/request_timed_out")
        assert await client.closed_within(2)
        dripping.cancel()


async def test_a_whole_body_has_a_deadline_however_steadily_it_drips(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_TIMEOUT_S", SHORT_S)
    async with connected(port) as client:
        await client.send(post("/api/v1/users", b"{", "Content-Length: 100"))
        dripping = asyncio.create_task(_drip(client, b" "))

        assert (await client.answer()).status == 408
        dripping.cancel()


async def test_an_announced_body_that_is_too_long_is_refused_before_it_is_sent(port: int) -> None:
    async with connected(port) as client:
        await client.send(post("/api/v1/users", b"", f"Content-Length: {middleware.MAX_BODY + 1}"))
        answer = await client.answer()

    assert answer.status == 413
    assert answer.problem["type"].endswith("/errors/body_too_large")


async def test_a_chunked_body_that_grows_too_long_is_refused_on_the_way(port: int) -> None:
    async with connected(port) as client:
        await client.send(post("/api/v1/users", b"", "Transfer-Encoding: chunked"))
        chunk = b"%x\r\n%s\r\n" % (64 * 1024, b" " * 64 * 1024)
        for _ in range(middleware.MAX_BODY // (64 * 1024) + 1):
            await client.send(chunk)
        answer = await client.answer()

    assert answer.status == 413
    assert answer.problem["status"] == 413


async def test_a_body_of_just_the_limit_is_read(port: int) -> None:
    body = b'{"email": "a"}'.ljust(middleware.MAX_BODY)
    async with connected(port) as client:
        await client.send(post("/api/v1/users", body, f"Content-Length: {len(body)}"))

        assert (await client.answer()).status == 422


async def test_after_a_refusal_the_rest_of_the_body_may_still_arrive(port: int) -> None:
    """The client that sends on reads its answer, and the connection serves the next request."""
    body = b"x" * 1000
    async with connected(port) as client:
        await client.send(post("/api/v1/nowhere", body[:10], f"Content-Length: {len(body)}"))
        first = await client.answer()
        await client.send(body[10:] + b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        second = await client.answer()

    assert (first.status, second.status) == (404, 200)


async def test_expect_continue_is_answered(port: int) -> None:
    async with connected(port) as client:
        await client.send(post("/api/v1/users", b"", "Content-Length: 2", "Expect: 100-continue"))
        going_on = await client.reader.readuntil(b"\r\n\r\n")
        await client.send(b"{}")

        assert going_on.startswith(b"HTTP/1.1 100")
        assert (await client.answer()).status == 422


async def test_requests_in_one_breath_are_answered_in_their_order(port: int) -> None:
    async with connected(port) as client:
        await client.send(
            b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Trace-Id: one\r\n\r\n"
            b"GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Trace-Id: two\r\n\r\n"
        )
        answers = [await client.answer(), await client.answer()]

    assert [(each.status, each.headers["x-trace-id"]) for each in answers] == [
        (200, "one"),
        (404, "two"),
    ]


async def test_one_connection_too_many_is_told_so(settings: Settings) -> None:
    few = settings.model_copy(update={"max_connections": 2})
    async with serving(few) as port, connected(port), connected(port) as second:
        await second.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        await second.answer()
        async with connected(port) as third:
            refused = await third.answer()

    assert refused.status == 503
    assert refused.problem["type"].endswith("/errors/service_busy")
    assert refused.headers["connection"] == "close"


async def test_one_request_too_many_is_refused_but_the_watchers_are_served(
    settings: Settings,
) -> None:
    few = settings.model_copy(update={"max_requests": 1})
    async with serving(few) as port, connected(port) as slow:
        await slow.send(post("/api/v1/users", b"{", "Content-Length: 2"))
        await asyncio.sleep(0.1)
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{port}", verify=NO_TLS) as client:
            refused = await client.get("/api/v1/users/me")
            watched = [await client.get("/health/ready"), await client.get("/metrics")]
        await slow.send(b"}")
        finished = await slow.answer()

    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert [answer.status_code for answer in watched] == [200, 200]
    assert finished.status == 422


async def test_who_leaves_an_answer_unread_is_left(
    port: int, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "UNREAD_TIMEOUT_S", SHORT_S)
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    async with connected(port) as client:
        await client.send(ask)  # the description is made when it is first asked for
        await client.answer()
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a socket's
        client.writer.write(ask * 300)
        await asyncio.sleep(8 * SHORT_S)
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]  # likewise

        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await _read_all(client, 300)


async def test_a_port_that_is_taken_is_named(port: int) -> None:
    with pytest.raises(PortTaken, match=f"{HOST} port {port}"), listening(HOST, port):
        pass


async def _read_all(client: Client, count: int) -> None:
    for _ in range(count):
        await client.answer()


async def _drip(client: Client, drop: bytes) -> None:
    while True:
        await asyncio.sleep(SHORT_S / 6)
        await client.send(drop)
