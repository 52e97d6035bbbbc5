"""`coffers serve` as a process: it ends in good order, and commands work beside it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.nursery import Finished, ForkedCommand, ForkedService
from tests.people import PASSWORD, Person, sign_up
from tests.programs import NO_TLS
from tests.service_processes import Service

STOPS_WITHIN_S = 15
GRACE_S = 3


@pytest.fixture(params=[Service])
async def service(
    sqlite_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Service]:
    """As an operator starts it, or in the same way from the nursery."""
    started = request.param(tmp_path, graceful_timeout_s=str(GRACE_S))
    await asyncio.to_thread(started.start)
    yield started
    started.close()


@pytest.fixture
async def ada(service: Service, sqlite_url: str) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=service.api, timeout=20, verify=NO_TLS) as client:
        yield await sign_up(client, "ada", database_url=sqlite_url)


async def command(service: Service, *arguments: str) -> Finished:
    """A command beside the service."""
    return await asyncio.to_thread(ForkedCommand(*arguments, env=service.env).finish)


async def test_told_to_stop_it_ends_streams_finishes_requests_and_exits_with_0(
    service: Service, ada: Person
) -> None:
    reader, slow = await asyncio.open_connection("127.0.0.1", service.port)
    slow.write(
        b"PATCH /api/v1/users/me HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer " + ada.access_token.encode() + b"\r\nContent-Length: 23\r\n\r\n"
        b'{"display_name":'
    )
    _, endless = await asyncio.open_connection("127.0.0.1", service.port)
    endless.write(b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    async with ada.client.stream("GET", "/events", headers=ada.headers) as stream:
        chunks = stream.aiter_bytes()
        await anext(chunks)
        stopping = asyncio.create_task(asyncio.to_thread(service.stop))
        async for _ in chunks:
            pass  # until the end of the stream, which is orderly
        assert not stopping.done()
        slow.write(b' "Ada"}')
        head = await reader.readuntil(b"\r\n\r\n")
        stopped = await stopping
    slow.close()
    endless.close()

    assert head.startswith(b"HTTP/1.1 200")
    assert stopped.exit_code == 0
    assert GRACE_S <= stopped.seconds < STOPS_WITHIN_S
    lines = [json.loads(line) for line in service.log_text.splitlines()]
    assert any(line["event"] == "worker stopped" for line in lines)
    (edit,) = [line for line in lines if line.get("method") == "PATCH"]
    assert edit["status"] == 200
    assert edit["route"] == "/api/v1/users/me"
    assert edit["user_id"] == ada.id
    assert {"trace_id", "ms", "ip", "timestamp", "level"} <= edit.keys()


@pytest.mark.parametrize("service", [ForkedService], indirect=True)
async def test_commands_work_beside_the_service_but_no_second_one(
    service: Service, ada: Person, tmp_path: Path
) -> None:
    async def write() -> set[int]:
        edits = [await ada.patch("/users/me", {"display_name": f"Ada {n}"}) for n in range(100)]
        return {edit.status_code for edit in edits}

    writing = asyncio.create_task(write())
    second, copied = await asyncio.gather(
        command(service, "serve"), command(service, "backup", str(tmp_path / "copy"))
    )
    statuses = await writing
    closed = await command(service, "user", "deactivate", ada.email)
    await asyncio.sleep(1)
    shut_out = await ada.get("/users/me")

    assert second.exit_code == 1
    assert f"Another Coffers service (process {service.child.pid})" in second.said
    assert "Traceback" not in second.said
    assert copied.exit_code == 0, copied.said
    assert statuses == {200}
    assert closed.exit_code == 0, closed.said
    assert shut_out.status_code == 401
    assert PASSWORD not in service.log_text
