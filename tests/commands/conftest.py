"""A home folder that the environment names, and commands that run in it."""

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest
from typer.testing import CliRunner, Result

from coffers import cli
from coffers.infrastructure import logs
from tests.conftest import running, settings_for
from tests.programs import free_port


class Cli(Protocol):
    """`run("user", "list")` is `coffers user list`."""

    def __call__(self, *arguments: str, **more: Any) -> Result: ...


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A migrated home folder that the environment names."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    shutil.copy(sqlite_template, folder / "coffers.sqlite3")
    for name in [name for name in os.environ if name.startswith("COFFERS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COFFERS_HOME", str(folder))
    monkeypatch.setenv("COFFERS_PORT", str(free_port()))
    monkeypatch.setenv("COFFERS_ARGON2_TIME_COST", "1")
    monkeypatch.setenv("COFFERS_ARGON2_MEMORY_KIB", "8")
    return folder


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Runs a command; the log stays as the tests have it."""
    monkeypatch.setattr(logs, "configure", lambda **_: None)
    mask = os.umask(0o022)
    runner = CliRunner()
    with ThreadPoolExecutor(1) as thread:  # commands run loops of their own

        def invoke(*arguments: str, **more: Any) -> Result:
            return thread.submit(lambda: runner.invoke(cli.app, arguments, **more)).result()

        yield invoke
    os.umask(mask)


def served(home: Path) -> AbstractAsyncContextManager[httpx.AsyncClient]:
    """The API on the database of this home folder."""
    return running(settings_for(f"sqlite+aiosqlite:///{home / 'coffers.sqlite3'}", home))
