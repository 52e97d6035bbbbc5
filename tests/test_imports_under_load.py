"""A real service goes on answering while large and hostile files are planned and applied."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from benchmarks.ofx_parsing import statement
from sqlalchemy import update

from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.identity.users import users
from tests.api.ledger.test_hostile_imports import HOSTILE
from tests.nursery import ForkedService
from tests.programs import NO_TLS
from tests.service_processes import Service

ROWS: Final = 20_000
#: Of the time that `/health/live` takes, the 99th percentile.
P99_S: Final = 0.1
PAUSE_S: Final = 0.01
ROUNDS: Final = 5
CREDENTIALS: Final = {"email": "ada@example.com", "password": "correct horse battery"}


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    with ForkedService(tmp_path, database_url=database_url) as service:
        yield service


@asynccontextmanager
async def somebody(service: Service, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=service.api, timeout=120, verify=NO_TLS) as client:
        await client.post("/users", json=CREDENTIALS)
        async with open_engines(database_url) as engines, engines.write.begin() as connection:
            await connection.execute(update(users).values(is_verified=True))
        token = (await client.post("/sessions", json=CREDENTIALS)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


async def watch(service: Service, stop: asyncio.Event) -> list[float]:
    """How long each of many looks at `/health/live` took."""
    took = []
    async with httpx.AsyncClient(base_url=service.origin, timeout=30, verify=NO_TLS) as client:
        while not stop.is_set():
            begun = time.perf_counter()
            assert (await client.get("/health/live")).status_code == 200
            took.append(time.perf_counter() - begun)
            await asyncio.sleep(PAUSE_S)
    return took


def p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]


async def test_others_are_not_slowed_by_large_and_hostile_files(
    service: Service, database_url: str
) -> None:
    async with somebody(service, database_url) as client:
        # A service that holds others up does so every time; a busy machine does not.
        rounds = [await _round(service, client)]
        while rounds[-1] >= P99_S and len(rounds) < ROUNDS:
            rounds.append(await _round(service, client))

    assert rounds[-1] < P99_S, rounds


async def _round(service: Service, client: httpx.AsyncClient) -> float:
    """Large and hostile files; the 99th percentile of looks at `/health/live` meanwhile."""
    stop = asyncio.Event()
    watching = asyncio.create_task(watch(service, stop))
    plan = await upload(client, statement(ROWS, line="<{0}>{1}"))
    applied = await apply(client, plan.json())
    again = await upload(client, statement(ROWS, line="<{0}>{1}</{0}>"))
    hostile = [await upload(client, content) for content, _ in HOSTILE.values()]
    reverted = await client.post(f"/imports/{plan.json()['id']}/reversal")
    stop.set()
    took = await watching

    assert [plan.status_code, applied.status_code, reverted.status_code] == [201, 201, 201]
    assert again.json()["counts"]["duplicate"] == ROWS
    assert {answer.status_code for answer in hostile} == {422}
    return p99(took)


async def upload(client: httpx.AsyncClient, content: bytes) -> httpx.Response:
    return await client.post("/imports", files={"file": ("statement.ofx", content)})


async def apply(client: httpx.AsyncClient, plan: dict[str, Any]) -> httpx.Response:
    body = {"plan_hash": plan["plan_hash"]}
    return await client.post(f"/imports/{plan['id']}/application", json=body)
