"""Two API processes and a worker on one PostgreSQL and one Valkey behave as one service."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import redis.asyncio

from coffers import migrations
from coffers.infrastructure.in_process.remembered import KEPT_S
from tests.nursery import ForkedService, ForkedWorker
from tests.people import PASSWORD, Person, sign_up
from tests.programs import NO_TLS, free_port
from tests.servers import PostgresServer, ValkeyServer
from tests.service_processes import Service, WorkerProcess

#: What every request may take while Redis is away, on a busy machine.
BOUNDED_S = 1.0
WRITES = 30


@dataclass
class Installation:
    postgres: PostgresServer
    valkey: ValkeyServer
    one: Service
    other: Service
    worker: WorkerProcess
    client: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    async def person(self, name: str) -> Person:
        return await sign_up(self.client, name, database_url=self.postgres.url)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("home")
    with PostgresServer(durable=True) as postgres, ValkeyServer() as valkey:
        asyncio.run(migrations.upgrade(postgres.url))
        env = {"database_url": postgres.url, "redis_url": valkey.url}
        limits = {"limits__api_write": f"{WRITES}/1"}
        one, other = (ForkedService(home, **env, **limits) for _ in range(2))
        worker = ForkedWorker(home, **env)
        with ThreadPoolExecutor() as threads:
            for started in [threads.submit(program.start) for program in (one, other, worker)]:
                started.result()
        yield Installation(postgres, valkey, one, other, worker)
        for program in (one, other, worker):
            program.close()


@pytest.fixture
async def installation(installed: Installation) -> AsyncIterator[Installation]:
    async with httpx.AsyncClient(base_url=installed.one.api, timeout=20, verify=NO_TLS) as client:
        installed.client = client
        yield installed


def at(person: Person, service: Service) -> httpx.AsyncClient:
    """The same person, asking that process."""
    return httpx.AsyncClient(
        base_url=service.api, headers=person.headers, timeout=20, verify=NO_TLS
    )


async def test_a_session_that_ends_in_one_process_is_over_in_the_other_within_a_second(
    installation: Installation,
) -> None:
    ada = await installation.person("ada")
    async with at(ada, installation.one) as one, at(ada, installation.other) as other:
        assert (await other.get("/users/me")).status_code == 200
        assert (await one.delete("/sessions/current")).status_code == 204

        deadline = time.monotonic() + 1
        while (status := (await other.get("/users/me")).status_code) == 200:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

        assert status == 401
        assert (await one.get("/users/me")).status_code == 401


async def test_both_processes_take_from_one_bucket(installation: Installation) -> None:
    grace = await installation.person("grace")
    async with at(grace, installation.one) as one, at(grace, installation.other) as other:
        answers = await asyncio.gather(
            *(
                client.patch("/users/me", json={"display_name": "Grace"})
                for _ in range(WRITES)
                for client in (one, other)
            )
        )

    statuses = Counter(answer.status_code for answer in answers)
    # Not one bucket each; a few more when a busy machine lets Redis seem away for a moment.
    assert WRITES <= statuses[200] < WRITES * 3 / 2
    assert statuses.keys() == {200, 429}


async def test_one_key_over_two_processes_has_one_effect(installation: Installation) -> None:
    newcomer = {"email": "joan@example.com", "password": PASSWORD}
    key = {"Idempotency-Key": "one-effect"}
    async with (
        httpx.AsyncClient(base_url=installation.one.api, timeout=20, verify=NO_TLS) as one,
        httpx.AsyncClient(base_url=installation.other.api, timeout=20, verify=NO_TLS) as other,
    ):
        answers = await asyncio.gather(
            *(
                client.post("/users", json=newcomer, headers=key)
                for _ in range(10)
                for client in (one, other)
            )
        )
        settled = await other.post("/users", json=newcomer, headers=key)

    # A machine that is too busy for all of them may say so.
    assert {answer.status_code for answer in answers} <= {201, 409, 503}
    made = {answer.text for answer in answers if answer.status_code == 201}
    assert made == {settled.text}
    assert settled.headers["idempotency-replayed"] == "true"


async def test_the_worker_does_what_the_api_left_to_be_done(installation: Installation) -> None:
    await installation.person("hedy")

    deadline = time.monotonic() + 15
    while '"kind":"mail"' not in installation.worker.log_text:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)

    assert '"kind":"mail"' not in installation.one.log_text


@pytest.mark.parametrize("failure", ["freeze", "stop", "kill"])
async def test_without_redis_requests_go_on_and_what_was_revoked_stays_revoked(
    installation: Installation, failure: str
) -> None:
    live = await installation.person(f"live-{failure}")
    before = await installation.person(f"before-{failure}")
    during = await installation.person(f"during-{failure}")
    await before.delete("/sessions/current")
    getattr(installation.valkey, failure)()

    ended, end_s = await _timed(during.delete("/sessions/current"))
    async with at(live, installation.other) as other:
        timed = [
            await _timed(client.get("/users/me", headers=live.headers))
            for _ in range(20)
            for client in (installation.client, other)
        ]
    away = [await _statuses(installation, person) for person in (before, during)]
    ready = await installation.client.get(f"{installation.one.origin}/health/ready")
    if failure == "freeze":
        installation.valkey.thaw()
    else:
        installation.valkey.start()
    await asyncio.sleep(1.5)
    back = [await _statuses(installation, person) for person in (before, during)]

    assert ended.status_code == 204
    assert {answer.status_code for answer, _ in timed} == {200}
    assert max(seconds for _, seconds in [*timed, (ended, end_s)]) < BOUNDED_S
    assert ready.json() == {"status": "ready", "degraded": ["redis"]}
    assert away == [[401, 401], [401, 401]]
    assert back == [[401, 401], [401, 401]]


async def test_whoever_is_erased_by_a_process_without_redis_is_out_of_the_other_within_a_second(
    installation: Installation,
) -> None:
    home = installation.one.env["COFFERS_HOME"]
    nowhere = f"redis://127.0.0.1:{free_port()}"
    cut_off = ForkedService(Path(home), database_url=installation.postgres.url, redis_url=nowhere)
    try:
        await asyncio.to_thread(cut_off.start)
        async with redis.asyncio.from_url(installation.valkey.url) as client:
            await client.set("coffers:born", int(time.time() - 2 * KEPT_S))
        mary = await installation.person("mary")
        async with at(mary, cut_off) as there, at(mary, installation.other) as other:
            assert (await other.get("/accounts")).status_code == 200
            erased = await there.post("/users/me/erasures", json={"password": PASSWORD})
            assert erased.status_code == 204, erased.text
            await asyncio.to_thread(cut_off.kill)

            deadline = time.monotonic() + 1
            while (status := (await other.get("/accounts")).status_code) != 401:
                assert time.monotonic() < deadline, status
                await asyncio.sleep(0.02)
    finally:
        cut_off.close()


async def _statuses(installation: Installation, person: Person) -> list[int]:
    """What both processes answer to this person."""
    statuses = []
    for service in (installation.one, installation.other):
        async with at(person, service) as client:
            statuses.append((await client.get("/users/me")).status_code)
    return statuses


async def _timed(request: Awaitable[httpx.Response]) -> tuple[httpx.Response, float]:
    begun = time.monotonic()
    answer = await request
    return answer, time.monotonic() - begun
