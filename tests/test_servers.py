import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import psutil  # type: ignore[import-untyped]  # ships no types
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests import servers
from tests.programs import ServerUnavailable, becomes_true, is_gone
from tests.servers import PostgresServer, ValkeyServer

ROOT = Path(__file__).parents[1]
FROZEN_FOR_S = 0.3

ORPHAN = """
import time
from tests.servers import PostgresServer, ValkeyServer

started = [PostgresServer().start(), ValkeyServer().start()]
started[0].freeze()
for server in started:
    print(server.child.pid, server.directory, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), timeout=5)
    try:
        yield connection
    finally:
        connection.terminate()


@contextmanager
def valkey_client(server: ValkeyServer) -> Iterator[redis.Redis]:
    never_again = Retry(NoBackoff(), 0)
    client = redis.Redis.from_url(server.url, socket_timeout=FROZEN_FOR_S, retry=never_again)
    with client:
        yield client


def run_python(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=-1, text=True)


async def test_a_database_is_created_from_within_a_running_loop(postgres: PostgresServer) -> None:
    url = postgres.create_database("created")

    async with connected(url) as connection:
        assert await connection.fetchval("SELECT current_database()") == "created"


async def test_a_clone_has_the_rows_of_its_template(postgres: PostgresServer) -> None:
    async with connected(postgres.create_database("migrated")) as connection:
        await connection.execute("CREATE TABLE lots AS SELECT 7 AS quantity")
        await connection.close()

    async with connected(postgres.create_database("cloned", template="migrated")) as connection:
        assert await connection.fetchval("SELECT quantity FROM lots") == 7


async def test_a_database_is_dropped_under_its_open_connections(postgres: PostgresServer) -> None:
    url = postgres.create_database("in_use")

    async with connected(url):
        postgres.drop_database("in_use")

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url.replace("+asyncpg", ""))


def test_dropping_an_absent_database_is_fine(postgres: PostgresServer) -> None:
    postgres.drop_database("never_created")


@pytest.mark.parametrize("name", ["", 'a"; DROP DATABASE b; --', "Upper", "n" * 64])
def test_a_name_that_needs_quoting_is_refused(postgres: PostgresServer, name: str) -> None:
    with pytest.raises(ValueError, match="not the name of a database"):
        postgres.create_database(name)


async def test_a_restart_keeps_the_port_and_the_rows(postgres: PostgresServer) -> None:
    async with connected(postgres.url) as connection:
        await connection.execute("CREATE TABLE lots AS SELECT 7 AS quantity")

    postgres.restart()

    async with connected(postgres.url) as connection:
        assert await connection.fetchval("SELECT quantity FROM lots") == 7


async def test_a_durable_postgres_keeps_through_a_kill_what_it_acknowledged() -> None:
    with PostgresServer(durable=True) as server:
        async with connected(server.url) as connection:
            await connection.execute("CREATE TABLE lots AS SELECT 7 AS quantity")
            assert await connection.fetchval("SHOW fsync") == "on"

        server.kill()
        with pytest.raises(ConnectionRefusedError):
            await asyncpg.connect(server.url.replace("+asyncpg", ""))
        server.start()

        async with connected(server.url) as connection:
            assert await connection.fetchval("SELECT quantity FROM lots") == 7


async def test_a_frozen_postgres_lets_queries_wait_and_greets_nobody_until_it_is_thawed(
    postgres: PostgresServer,
) -> None:
    async with connected(postgres.url) as connection:
        postgres.freeze()
        query = asyncio.create_task(connection.fetchval("SELECT 7"))
        with pytest.raises(TimeoutError):
            await asyncpg.connect(postgres.url.replace("+asyncpg", ""), timeout=FROZEN_FOR_S)
        assert not query.done()

        postgres.thaw()
        assert await query == 7


def test_closing_leaves_neither_processes_nor_files() -> None:
    with PostgresServer() as server, ValkeyServer() as valkey:
        pids = [server.child.pid, valkey.child.pid]
        pids += [child.pid for child in psutil.Process(server.child.pid).children()]
        server.freeze()
        valkey.freeze()

    assert all(is_gone(pid) for pid in pids)
    assert not server.directory.exists()
    assert not valkey.directory.exists()


def test_servers_end_even_frozen_ones_when_the_tests_are_killed() -> None:
    with run_python(ORPHAN) as owner:
        assert owner.stdout is not None
        lines = [owner.stdout.readline().split() for _ in range(2)]
        owner.kill()

    assert len(lines[0]) == 2
    assert becomes_true(lambda: all(is_gone(int(pid)) for pid, _ in lines))
    assert becomes_true(lambda: not any(Path(directory).exists() for _, directory in lines))


def test_a_server_that_cannot_start_says_why(postgres: PostgresServer) -> None:
    with ValkeyServer() as valkey:
        postgres.stop()
        port, postgres.port = postgres.port, valkey.port

        with pytest.raises(ServerUnavailable, match="Address already in use"):
            postgres.start()

        postgres.port = port
        postgres.start()


def test_a_durable_valkey_keeps_through_a_kill_what_it_acknowledged() -> None:
    with ValkeyServer(durable=True) as server, valkey_client(server) as client:
        client.set("session", "revoked")

        server.kill()
        server.start()

        assert client.get("session") == b"revoked"


def test_a_valkey_that_is_not_durable_forgets_at_a_restart() -> None:
    with ValkeyServer() as server, valkey_client(server) as client:
        client.set("session", "revoked")

        server.restart()

        assert client.get("session") is None


def test_a_frozen_valkey_answers_nothing_until_it_is_thawed() -> None:
    with ValkeyServer() as server, valkey_client(server) as client:
        server.freeze()
        with pytest.raises(redis.TimeoutError):
            client.ping()

        server.thaw()
        assert client.ping()


def test_without_servers_the_refusal_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_wheel", lambda _: None)
    monkeypatch.setenv("PATH", "")

    with pytest.raises(ServerUnavailable, match="TEST_DATABASE_URL"):
        servers.postgres_binaries()
    with pytest.raises(ServerUnavailable, match="TEST_REDIS_URL"):
        servers.valkey_binary()


def test_without_wheels_the_servers_on_the_path_are_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("postgres", "redis-server"):
        (tmp_path / name).touch(mode=0o755)
    monkeypatch.setattr(servers, "_wheel", lambda _: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert servers.postgres_binaries() == tmp_path.resolve()
    assert servers.valkey_binary() == tmp_path / "redis-server"


def test_given_addresses_are_taken_before_anything_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://tester:pass@db.test:5432/main")
    monkeypatch.setenv("TEST_REDIS_URL", "redis://cache.test:6379")
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw17")

    database, cache = servers.postgres_url.__wrapped__(), servers.valkey_url.__wrapped__()

    assert database == "postgresql+asyncpg://tester:pass@db.test:5432/main"
    assert cache == "redis://cache.test:6379/1"


@pytest.mark.parametrize(
    ("config", "is_shared"),
    [
        (SimpleNamespace(option=SimpleNamespace(numprocesses=2)), True),
        (SimpleNamespace(option=SimpleNamespace(numprocesses=2), workerinput={}), False),
        (SimpleNamespace(option=SimpleNamespace(numprocesses=None)), False),
        (SimpleNamespace(option=SimpleNamespace()), False),
    ],
    ids=["parent of workers", "worker", "alone", "without xdist"],
)
def test_workers_share_the_postgres_of_their_parent_and_have_a_valkey_each(
    monkeypatch: pytest.MonkeyPatch, config: pytest.Config, *, is_shared: bool
) -> None:
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL"):
        monkeypatch.setenv(name, "to be put back")
        monkeypatch.delenv(name)
    monkeypatch.setattr(servers, "postgres_url", lambda: "of the parent")

    servers.share_servers(config)

    assert os.environ.get("TEST_DATABASE_URL") == ("of the parent" if is_shared else None)
    assert "TEST_REDIS_URL" not in os.environ


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="there is no parent")
def test_a_worker_is_told_the_address_by_its_parent() -> None:
    assert "TEST_DATABASE_URL" in os.environ
