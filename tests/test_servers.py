import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

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
{then}
for server in started:
    print(server.child.pid, server.directory, flush=True)
time.sleep(60)
"""

SHARING_CONFTEST = """
from tests.servers import share_servers

def pytest_configure(config):
    share_servers(config)
"""

SHARING_TESTS = """
import os
import pytest
from tests.servers import create_database, postgres_url, valkey_url

@pytest.mark.parametrize("number", [0, 1])
def test_addresses(number):
    create_database(postgres_url(), f"of_test_{number}")
    print(f"ADDRESSES {os.environ['PYTEST_XDIST_WORKER']} {postgres_url()} {valkey_url()}")
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


async def test_a_restart_keeps_the_port_and_the_rows() -> None:
    with PostgresServer() as server:
        async with connected(server.url) as connection:
            await connection.execute("CREATE TABLE lots AS SELECT 7 AS quantity")

        server.restart()

        async with connected(server.url) as connection:
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


async def test_a_frozen_postgres_lets_a_query_wait_until_it_is_thawed() -> None:
    with PostgresServer() as server:
        async with connected(server.url) as connection:
            server.freeze()
            query = asyncio.create_task(connection.fetchval("SELECT 7"))
            _, waiting = await asyncio.wait([query], timeout=FROZEN_FOR_S)
            assert waiting

            server.thaw()
            assert await query == 7


async def test_a_frozen_postgres_accepts_a_connection_and_never_greets_it() -> None:
    with PostgresServer() as server:
        server.freeze()

        with pytest.raises(TimeoutError):
            await asyncpg.connect(server.url.replace("+asyncpg", ""), timeout=FROZEN_FOR_S)


def test_closing_leaves_neither_processes_nor_files() -> None:
    with PostgresServer() as server, ValkeyServer() as valkey:
        pids = [server.child.pid, valkey.child.pid]
        pids += [child.pid for child in psutil.Process(server.child.pid).children()]
        server.freeze()
        valkey.freeze()

    assert all(is_gone(pid) for pid in pids)
    assert not server.directory.exists()
    assert not valkey.directory.exists()


@pytest.mark.parametrize("then", ["", "[server.freeze() for server in started]"])
def test_servers_end_even_when_the_tests_are_killed(then: str) -> None:
    with run_python(ORPHAN.format(then=then)) as owner:
        assert owner.stdout is not None
        lines = [owner.stdout.readline().split() for _ in range(2)]
        owner.kill()

    assert len(lines[0]) == 2
    assert becomes_true(lambda: all(is_gone(int(pid)) for pid, _ in lines))
    assert becomes_true(lambda: not any(Path(directory).exists() for _, directory in lines))


def test_a_server_that_cannot_start_says_why() -> None:
    with PostgresServer() as first, PostgresServer() as second:
        second.stop()
        second.port = first.port

        with pytest.raises(ServerUnavailable, match="Address already in use"):
            second.start()


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


def test_workers_share_one_postgres_and_have_a_valkey_each(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(SHARING_CONFTEST)
    (tmp_path / "test_sharing.py").write_text(SHARING_TESTS)
    options = ["-p", "xdist.plugin", "-p", "no:cacheprovider", "-n", "2", "-rP", "-c", os.devnull]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for name in ("TEST_DATABASE_URL", "TEST_REDIS_URL", "PYTEST_XDIST_WORKER"):
        environment.pop(name, None)

    run = subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"--rootdir={tmp_path}", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    printed = [line.split()[1:] for line in run.stdout.splitlines() if line.startswith("ADDRESSES")]
    assert run.returncode == 0, run.stdout
    assert len({worker for worker, _, _ in printed}) == 2
    assert len({database for _, database, _ in printed}) == 1
    assert len({cache for _, _, cache in printed}) == 2
