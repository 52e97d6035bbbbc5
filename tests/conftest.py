"""Databases cloned from a migrated template, the application behind an in-memory client, people."""

import asyncio
import gc
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import httpx
import hypothesis
import pytest
import pytest_asyncio
import structlog
import uvloop
from fastapi import FastAPI
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from coffers import migrations
from coffers.garbage import collect_rarely
from coffers.main import create_app
from coffers.presentation.limits import POLICIES
from coffers.settings import Settings
from tests import servers
from tests.brokers import Broker
from tests.compiled_statements import share_compiled_statements
from tests.kept_databases import KeptDatabase
from tests.people import Person, settle
from tests.promises import hold_to_the_promise
from tests.sandbox.running import running_sandbox
from tests.scratch import use_memory
from tests.shared_reader import share_reader

ENGINES: Final = ("sqlite", "postgresql")
#: Tokens in a bucket of the `tight` application.
FEW: Final = 2


def pytest_configure(config: pytest.Config) -> None:
    collect_rarely()
    use_memory()
    # Asking a server on this machine for TLS takes as long as all the rest of connecting to it.
    os.environ.setdefault("PGSSLMODE", "disable")
    servers.share_servers(config)
    share_compiled_statements()
    share_reader()
    # How long an example takes says more of the machine than of what it shows.
    hypothesis.settings.register_profile("untimed", deadline=None)
    hypothesis.settings.load_profile("untimed")
    # By itself, structlog shows every local variable of a traceback, which takes it seconds.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


def pytest_collection_finish() -> None:
    """As the service does, when all is imported."""
    collect_rarely()


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The service's own kind of loop, but for tests that measure steps, which only Python's has."""
    marker = item.get_closest_marker("asyncio")
    if marker is not None and "loop_factories" in marker.kwargs:
        return {"python": asyncio.new_event_loop}
    return {"uvloop": uvloop.new_event_loop}


def pytest_sessionfinish() -> None:
    """Now at once: pytest looks ten times more for what is left."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "coffers.sqlite3"
    asyncio.run(migrations.upgrade(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    name = f"template_{uuid.uuid4().hex}"
    url = servers.create_database(servers.postgres_url(), name)
    asyncio.run(migrations.upgrade(url))
    yield name
    servers.drop_database(servers.postgres_url(), name)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database."""
    shutil.copy(sqlite_template, tmp_path / "coffers.sqlite3")
    return f"sqlite+aiosqlite:///{tmp_path / 'coffers.sqlite3'}"


@pytest.fixture(scope="session")
def fresh_sqlite(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], str]:
    """Makes fresh, migrated SQLite databases."""

    def fresh() -> str:
        path = shutil.copy(sqlite_template, tmp_path_factory.mktemp("fresh"))
        return f"sqlite+aiosqlite:///{path}"

    return fresh


@pytest.fixture(scope="session")
def fresh_postgres(postgres_template: str) -> Iterator[Callable[[], str]]:
    """Makes fresh, migrated PostgreSQL databases."""
    made: list[str] = []

    def fresh() -> str:
        made.append(f"fresh_{uuid.uuid4().hex}")
        return servers.create_database(servers.postgres_url(), made[-1], postgres_template)

    yield fresh
    for name in made:
        servers.drop_database(servers.postgres_url(), name)


@pytest.fixture(scope="module", params=ENGINES)
def module_database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database on each engine in turn, for a whole file."""
    name = "fresh_sqlite" if request.param == "sqlite" else "fresh_postgres"
    fresh: Callable[[], str] = request.getfixturevalue(name)
    return fresh()


@pytest.fixture(scope="session")
def kept_database(postgres_template: str) -> Iterator[KeptDatabase]:
    kept = KeptDatabase(postgres_template)
    yield kept
    kept.close()


@pytest.fixture
def postgres_database(kept_database: KeptDatabase) -> Iterator[str]:
    """A migrated PostgreSQL database with nothing in it."""
    yield kept_database.lend()
    kept_database.take_back()


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database on each engine in turn."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_database"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> Settings:
    """Settings for API tests: SQLite, cheap passwords, limits out of the way."""
    return settings_for(sqlite_url, tmp_path)


def settings_for(database_url: str, home: Path, **changes: object) -> Settings:
    defaults: dict[str, object] = {
        "home": home,
        "database_url": database_url,
        "limits": dict.fromkeys(POLICIES, "100000/100000"),
        "argon2_time_cost": 1,
        "argon2_memory_kib": 8,
        "embedded_worker": False,
    }
    return Given.model_validate(defaults | changes)


class Given(Settings):
    """Settings as they are given: looking through the environment takes longer than a request."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature, here and below
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Those alone."""
        return (init_settings,)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application with these settings, its services open."""
    app = create_app(settings)
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


def client_of(app: FastAPI, address: str = "127.0.0.1") -> httpx.AsyncClient:
    """Somebody at this address. An answer that OpenAPI does not promise fails the test."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 40000))
    hooks = {"response": [hold_to_the_promise]}
    client = httpx.AsyncClient(
        transport=transport, base_url="http://test/api/v1", event_hooks=hooks
    )
    client.app = app  # type: ignore[attr-defined]  # for tests that look inside
    return client


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(settings) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(
    fresh_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, sandbox_url: str
) -> AsyncIterator[httpx.AsyncClient]:
    """One application for a whole file, whose tests bring people of their own."""
    home = tmp_path_factory.mktemp("home")
    async with running(settings_for(fresh_sqlite(), home, sandbox_url=sandbox_url)) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tight(
    fresh_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, sandbox_url: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Likewise, with few tokens in every bucket but the addresses'."""
    limits = dict.fromkeys(POLICIES, f"{FEW}/1") | {"ADDRESS": "100000/100000"}
    home = tmp_path_factory.mktemp("tight")
    settings = settings_for(fresh_sqlite(), home, limits=limits, sandbox_url=sandbox_url)
    async with running(settings) as client:
        yield client


@pytest.fixture
def enrol(client: httpx.AsyncClient) -> Callable[..., Awaitable[Person]]:
    """Signs in somebody new: `await enrol("ada")`."""

    async def enrolled(name: str = "ada", *roles: str) -> Person:
        return await settle(client, name, *roles)

    return enrolled


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await settle(client, "ada")


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    """One sandbox broker for the whole run, on the same day for ever."""
    with running_sandbox() as url:
        yield url


@pytest.fixture
async def broker(sandbox_url: str) -> Broker:
    """The sandbox without faults, its counters at zero."""
    broker = Broker(sandbox_url)
    await broker.relent()
    await broker.admin("DELETE", "/admin/calls")
    return broker


@pytest.fixture
async def linked_client(
    broker: Broker, sqlite_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The application with the sandbox in its catalogue."""
    settings = settings_for(sqlite_url, tmp_path, sandbox_url=broker.url)
    async with running(settings) as client:
        yield client


@pytest.fixture
async def saver(linked_client: httpx.AsyncClient) -> Person:
    """Somebody who may link the sandbox."""
    return await settle(linked_client, "saver")
