"""Health and metrics, as whoever runs this asks for them."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from coffers.infrastructure.db import vitals
from coffers.infrastructure.db.vitals import SqlVitals
from coffers.presentation import metrics
from tests import servers
from tests.conftest import running, settings_for
from tests.people import Person, settle
from tests.programs import free_port

READY = "http://test/health/ready"


@pytest.fixture
async def client(sqlite_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An application of its own for each test: what it counts begins at nothing."""
    async with running(settings_for(sqlite_url, tmp_path)) as client:
        yield client


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await settle(client, "ada")


async def test_a_service_with_its_database_is_ready(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        answer = await client.get(READY)

    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "degraded": []}


async def test_without_redis_the_service_is_ready_but_degraded(
    sqlite_url: str, tmp_path: Path
) -> None:
    there = settings_for(sqlite_url, tmp_path, redis_url=servers.valkey_url())
    away = settings_for(sqlite_url, tmp_path, redis_url=f"redis://127.0.0.1:{free_port()}/0")

    async with running(there) as client:
        with_redis = await client.get(READY)
    async with running(away) as client:
        without = await client.get(READY)

    assert with_redis.json() == {"status": "ready", "degraded": []}
    assert without.status_code == 200
    assert without.json() == {"status": "ready", "degraded": ["redis"]}


@pytest.mark.parametrize("revision", ["0001", None])
async def test_a_database_that_lacks_migrations_is_not_ready(
    sqlite_url: str, tmp_path: Path, revision: str | None
) -> None:
    with sqlite3.connect(tmp_path / "coffers.sqlite3") as database:
        if revision is None:
            database.execute("DROP TABLE alembic_version")
        else:
            database.execute("UPDATE alembic_version SET version_num = ?", [revision])
    async with running(settings_for(sqlite_url, tmp_path)) as client:
        answer = await client.get(READY)

    assert answer.status_code == 503
    assert answer.json()["type"].endswith("/errors/migrations_missing")
    assert "coffers migrate" in answer.json()["detail"]


async def test_a_database_that_is_newer_than_the_service_is_ready_while_an_upgrade_is_under_way(
    sqlite_url: str, tmp_path: Path
) -> None:
    with sqlite3.connect(tmp_path / "coffers.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    async with running(settings_for(sqlite_url, tmp_path)) as client:
        assert (await client.get(READY)).status_code == 200


async def test_everybody_who_asks_at_once_shares_one_look(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    really_look = SqlVitals._check_revision

    async def counted(self: SqlVitals) -> None:
        looks.append(time.monotonic())
        await really_look(self)

    monkeypatch.setattr(SqlVitals, "_check_revision", counted)
    await asyncio.gather(*(client.get(READY) for _ in range(20)))
    at_once = len(looks)
    monkeypatch.setattr(vitals, "KEPT_S", 0.0)
    await asyncio.sleep(1)
    await client.get(READY)

    assert at_once == 1
    assert len(looks) == 2


async def test_health_and_metrics_cost_no_tokens(sqlite_url: str, tmp_path: Path) -> None:
    poor = settings_for(sqlite_url, tmp_path, limits={"ADDRESS": "1/1"})
    async with running(poor) as client:
        for path in ("live", "ready", "live", "ready"):
            assert (await client.get(f"http://test/health/{path}")).status_code == 200
        assert (await client.get("http://test/metrics")).status_code == 200
        unlimited = await client.get("/nowhere")
        limited = await client.get("/nowhere")

    assert (unlimited.status_code, limited.status_code) == (404, 429)


async def test_requests_are_counted_by_route_and_status(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await ada.get("/users/me")
    await client.get("/users/me")
    for number in range(3):
        await client.get(f"/made-up-{number}")
    await client.request("BREW", "/users/me")

    told = (await client.get("http://test/metrics")).text

    me = 'coffers_http_requests_total{method="%s",route="%s",status="%s"} %s'
    assert me % ("GET", "/api/v1/users/me", 401, 1.0) in told
    assert me % ("GET", "unmatched", 404, 3.0) in told
    assert me % ("OTHER", "unmatched", 405, 1.0) in told
    assert "made-up" not in told
    assert 'coffers_http_request_seconds_count{route="/api/v1/users/me"}' in told
    for pool in ("read", "write"):
        assert f'coffers_database_connections_in_use{{pool="{pool}"}} 0.0' in told


async def test_a_busy_event_loop_shows_until_it_is_scraped(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "LAG_EVERY_S", 0.02)
    await asyncio.sleep(0.5)
    await client.get("http://test/metrics")

    time.sleep(0.2)  # noqa: ASYNC251 - the stall is what is measured
    await asyncio.sleep(0.1)

    assert lag_of((await client.get("http://test/metrics")).text) > 0.1


def lag_of(told: str) -> float:
    (line,) = [line for line in told.splitlines() if line.startswith("coffers_event_loop_lag")]
    return float(line.split()[1])
