"""Files on their way: over real HTTP on both engines, broken off, and too many at once."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from coffers.domain.errors import Unavailable
from coffers.infrastructure.db.portability import exports
from coffers.main import create_app
from coffers.presentation import file_streams, middleware
from coffers.presentation.file_streams import FileStreamResponse
from tests.conftest import settings_for
from tests.exporting import exported, made, restored, undated
from tests.people import Person, sign_up
from tests.programs import HOST, NO_TLS, free_port


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The application behind a real server, on each engine."""
    app, port = create_app(settings_for(database_url, tmp_path)), free_port()
    server = uvicorn.Server(uvicorn.Config(app, HOST, port, log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    url = f"http://{HOST}:{port}/api/v1"
    async with httpx.AsyncClient(base_url=url, verify=NO_TLS, timeout=30) as client:
        client.app = app  # type: ignore[attr-defined]  # for tests that look inside
        yield client
    server.should_exit = True
    await serving


async def test_out_and_back_over_http(served: httpx.AsyncClient) -> None:
    ada, bob = await sign_up(served, "ada"), await sign_up(served, "bob")
    draft = {"name": "Purse", "account_type": "cash", "currency": "EUR", "opening_balance": "10"}
    await made(ada.post("/accounts", draft))
    file = await exported(ada)

    answer = await restored(bob, file)

    assert answer.status_code == 201, answer.text
    assert undated(await exported(bob)) == undated(file)


async def broken(*_: object) -> AsyncGenerator[bytes, None]:
    yield b"x" * file_streams.PIECE
    raise Unavailable("The database is gone.")


async def test_a_file_that_cannot_be_finished_is_never_taken_for_whole(
    served: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await sign_up(served, "ada")
    monkeypatch.setattr(exports.SqlExports, "everything", broken)

    with pytest.raises(httpx.RemoteProtocolError):
        await ada.get("/exports/json")


async def refused(*_: object) -> AsyncGenerator[bytes, None]:
    yield b'{"format":'
    raise Unavailable("The database is gone.")


async def test_what_fails_at_once_is_refused_in_the_ordinary_way(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports.SqlExports, "everything", refused)

    answer = await ada.get("/exports/json")

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


async def test_only_so_many_files_are_made_at_once(ada: Person) -> None:
    app: FastAPI = ada.client.app  # type: ignore[attr-defined]  # set by `running`
    services: Any = app.state.services

    begun = [services.exports.snapshot() for _ in range(exports.MAX_AT_ONCE)]
    for each in begun:
        await each.__aenter__()
    busy = [await ada.get(f"/exports/{form}") for form in ("json", "csv", "beancount")]
    for each in begun:
        await each.__aexit__(None, None, None)
    free = await ada.get("/exports/json")

    assert [answer.status_code for answer in busy] == [503] * 3
    assert busy[0].json()["type"].endswith("/exports_busy")
    assert "retry-after" in busy[0].headers
    assert free.status_code == 200


async def test_only_so_many_files_are_read_at_once(ada: Person) -> None:
    app: FastAPI = ada.client.app  # type: ignore[attr-defined]  # set by `running`
    services: Any = app.state.services
    file = await exported(ada)

    async with services.export_reader._slots:
        busy = await restored(ada, file)
    free = await restored(ada, file)

    assert busy.status_code == 503
    assert busy.json()["type"].endswith("/restorations_busy")
    assert free.status_code == 201


async def test_who_only_asks_for_the_head_begins_nothing(ada: Person) -> None:
    answer = await ada.request("HEAD", "/exports/csv")

    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="transactions-')
    assert answer.content == b""


async def test_who_takes_nothing_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_streams, "SEND_TIMEOUT_S", 0.01)
    closed = False

    async def chunks() -> AsyncGenerator[bytes, None]:
        nonlocal closed
        try:
            while True:
                yield b"x" * file_streams.PIECE
        finally:
            closed = True

    async def receive() -> Any:
        await asyncio.sleep(3600)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(3600)

    response = FileStreamResponse(chunks(), name="x", media_type="text/plain")
    with pytest.raises(file_streams.FileStreamBroken):
        await response({}, receive, send)

    assert closed


async def test_a_restoration_may_be_larger_than_a_statement_but_not_without_end(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "MAX_UPLOAD", 1_000)
    monkeypatch.setattr(middleware, "MAX_RESTORATION", 20_000)
    file = json.loads(await exported(ada))

    taken = await restored(ada, json.dumps(file) + " " * 10_000)
    beyond = await restored(ada, json.dumps(file) + " " * 20_000)

    assert taken.status_code == 201, taken.text
    assert beyond.status_code == 413
