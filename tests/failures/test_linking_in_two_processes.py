"""Two API processes on one PostgreSQL link, renew and sync as one."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.brokers import Broker, consent
from tests.nursery import ForkedService
from tests.people import Person, sign_up
from tests.programs import NO_TLS
from tests.service_processes import Service

LIMITS = {f"limits__provider_{name}": "100000/100000" for name in ("sync", "connect")}
AT_ONCE = 10


@dataclass
class Pair:
    """Somebody signed in, and the way to either process."""

    person: Person
    one: httpx.AsyncClient
    other: httpx.AsyncClient


@pytest.fixture
def processes(postgres_database: str, tmp_path: Path, sandbox_url: str) -> Iterator[list[Service]]:
    env = {"database_url": postgres_database, "sandbox_url": sandbox_url, **LIMITS}
    started: list[Service] = [ForkedService(tmp_path, **env) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(Service.start, started))
    yield started
    for process in started:
        process.close()


@pytest.fixture
async def pair(processes: list[Service], postgres_database: str) -> AsyncIterator[Pair]:
    apis = [process.api for process in processes]
    async with httpx.AsyncClient(base_url=apis[0], timeout=30, verify=NO_TLS) as door:
        person = await sign_up(door, "ada", database_url=postgres_database)
    async with (
        httpx.AsyncClient(
            base_url=apis[0], headers=person.headers, timeout=30, verify=NO_TLS
        ) as one,
        httpx.AsyncClient(
            base_url=apis[1], headers=person.headers, timeout=30, verify=NO_TLS
        ) as other,
    ):
        yield Pair(person, one, other)


async def test_a_link_begun_in_one_is_ended_renewed_and_synced_by_both(
    pair: Pair, broker: Broker
) -> None:
    begun = (await pair.one.post("/connections", json={"provider_slug": "sandbox"})).json()
    back = await consent(begun["authorization_url"], "young-saver")
    callbacks = [
        client.post("/connections/callback", json=back) for client in (pair.other, pair.one)
    ]

    made = await asyncio.gather(*callbacks)

    assert sorted(answer.status_code for answer in made) == [201, 400]
    (connection,) = [answer.json() for answer in made if answer.status_code == 201]
    await _renewed_once(pair, broker, connection)
    await _synced_once(pair, connection)


async def _renewed_once(pair: Pair, broker: Broker, connection: dict[str, Any]) -> None:
    # So slow that all have asked before the first has its answer.
    await broker.strike("slow_drip:2", "/oauth/token", times=1)
    path = f"/connections/{connection['id']}/token-refreshes"
    answers = await asyncio.gather(
        *(
            client.post(path, json={"force": True})
            for client in (pair.one, pair.other)
            for _ in range(AT_ONCE)
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    assert (await broker.calls())["refresh_attempts"] == 1


async def _synced_once(pair: Pair, connection: dict[str, Any]) -> None:
    path = f"/connections/{connection['id']}/syncs"
    answers = await asyncio.gather(*(client.post(path) for client in (pair.one, pair.other)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    listed = (await pair.one.get(path)).json()
    assert [one["status"] for one in listed["syncs"]] == ["succeeded"]
    assert (await pair.other.get("/accounts")).json()["total_count"] == 4
