"""Copies of the whole database, and its schema."""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from coffers import migrations
from coffers.infrastructure.db import backups
from coffers.service_lock import only_service
from coffers.settings import Settings
from tests import servers
from tests.commands.conftest import Cli


def test_migrate_makes_a_database_from_nothing(
    run: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFERS_HOME", str(tmp_path / "new"))

    assert run("migrate").exit_code == 0
    assert run("user", "list").exit_code == 0
    assert stat.S_IMODE((tmp_path / "new" / "coffers.sqlite3").stat().st_mode) == 0o600


async def test_a_copy_restores_what_was_there(run: Cli, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    run("user", "add", "before@example.com")
    made = run("backup", str(copy))
    run("user", "add", "after@example.com")

    restored = run("restore", str(copy))

    assert (made.exit_code, restored.exit_code) == (0, 0)
    listed = run("user", "list").stdout
    assert "before@example.com" in listed
    assert "after@example.com" not in listed
    assert run("audit", "verify").exit_code == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "secrets.json beside it" in made.stdout


def test_what_a_restore_replaces_is_kept(run: Cli, tmp_path: Path, home: Path) -> None:
    run("backup", str(tmp_path / "copy"))
    run("user", "add", "ada@example.com")

    run("restore", str(tmp_path / "copy"))

    (kept,) = home.glob("coffers.sqlite3.2*")
    with sqlite3.connect(kept) as database:
        assert database.execute("SELECT email FROM users").fetchall() == [("ada@example.com",)]


def test_a_copy_never_overwrites_a_file(run: Cli, tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("precious")

    assert run("backup", str(tmp_path / "copy")).exit_code == 1
    assert (tmp_path / "copy").read_text() == "precious"


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 4096])
def test_what_is_no_copy_is_not_restored(run: Cli, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "copy").write_bytes(content)
    run("user", "add", "ada@example.com")

    refused = run("restore", str(tmp_path / "copy"))

    assert refused.exit_code == 1
    assert "ada@example.com" in run("user", "list").stdout


def test_nothing_is_restored_under_a_running_service(run: Cli, tmp_path: Path, home: Path) -> None:
    run("backup", str(tmp_path / "copy"))

    with only_service(Settings()):
        refused = run("restore", str(tmp_path / "copy"))

    assert refused.exit_code == 1
    assert f"process {os.getpid()}" in refused.stderr


def test_a_postgresql_database_is_copied_and_put_back(
    run: Cli, fresh_postgres: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFERS_DATABASE_URL", fresh_postgres())
    monkeypatch.setenv("PATH", str(servers.postgres_binaries()), prepend=os.pathsep)
    run("user", "add", "before@example.com")

    made = run("backup", str(tmp_path / "copy"))
    run("user", "add", "after@example.com")
    restored = run("restore", str(tmp_path / "copy"))

    assert made.exit_code == 0, made.stderr
    assert restored.exit_code == 0, restored.stderr
    listed = run("user", "list").stdout
    assert "before@example.com" in listed
    assert "after@example.com" not in listed
    assert run("audit", "verify").exit_code == 0


def test_a_postgresql_in_use_is_not_restored(
    run: Cli, postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one() -> int:
        return 1

    monkeypatch.setenv("COFFERS_DATABASE_URL", postgres_database)
    monkeypatch.setattr(backups, "_others", lambda _url: one())

    refused = run("restore", str(tmp_path))

    assert refused.exit_code == 1
    assert "1 others are connected" in refused.stderr


def test_without_pg_dump_the_refusal_says_what_to_install(
    run: Cli, postgres_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFERS_DATABASE_URL", postgres_database)
    monkeypatch.setenv("PATH", str(tmp_path))

    refused = run("backup", str(tmp_path / "copy"))

    assert refused.exit_code == 1
    assert "install PostgreSQL's client programs" in refused.stderr


def test_the_schema_of_a_newer_version_is_fit(home: Path) -> None:
    with sqlite3.connect(home / "coffers.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    assert asyncio.run(migrations.is_current(Settings().database))
