"""Copies of the whole database in one file, taken while it is in use, and put back."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import asyncpg
from sqlalchemy import URL, make_url

#: Pages copied before others get their turn at the file.
PAGES = 1_000
_MARK = "SELECT version_num FROM alembic_version"


class BackupRefused(Exception):
    """The copy was not made, or not put back; the reason is for whoever asked."""


def back_up_sqlite(database: Path, target: Path) -> None:
    """Copy a database that may be in use; the copy is whole and of one moment.

    Raises BackupRefused.
    """
    if not database.exists():
        raise BackupRefused(f"There is no database at {database}.")
    draft = _draft_of(target)
    try:
        _copy(database, draft)
        _check(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def restore_sqlite(source: Path, database: Path) -> Path | None:
    """Put a copy in the place of the database.

    Answers where the former one is kept, if there was one. Raises BackupRefused.
    """
    _check(source)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = _draft_of(database)
    try:
        _copy(source, draft)
        former = _set_aside(database)
        draft.replace(database)
    finally:
        draft.unlink(missing_ok=True)
    return former


def back_up_postgres(url: str, target: Path) -> None:
    """Copy a PostgreSQL database with pg_dump; raises BackupRefused."""
    draft = _draft_of(target)
    try:
        _run(url, "pg_dump", "--format=custom", "--no-owner", f"--file={draft}")
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


async def restore_postgres(url: str, source: Path) -> None:
    """Put a copy in the place of what the database holds, with pg_restore.

    All of it or nothing. Raises BackupRefused, also when somebody else is connected.
    """
    if others := await _others(url):
        raise BackupRefused(f"{others} others are connected to the database: stop them first.")
    _run(
        url, "pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction",
        "--exit-on-error", f"--dbname={make_url(url).database}", str(source),
    )  # fmt: skip


def _copy(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as held,
            closing(sqlite3.connect(target)) as made,
        ):
            held.backup(made, pages=PAGES, sleep=0.001)
    except sqlite3.Error as error:
        raise BackupRefused(f"{source} cannot be copied: {error}.") from error


def _check(path: Path) -> None:
    """Raises BackupRefused unless it is a whole database of ours."""
    if not path.exists():
        raise BackupRefused(f"There is no file {path}.")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as opened:
            opened.execute(_MARK).fetchone()
            (verdict,) = opened.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise BackupRefused(f"{path} is no Coffers database: {error}.") from error
    if verdict != "ok":
        raise BackupRefused(f"{path} is damaged: {verdict}.")


def _set_aside(database: Path) -> Path | None:
    if not database.exists():
        return None
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    former = database.with_name(f"{database.name}.{time.strftime('%Y%m%dT%H%M%S')}")
    database.rename(former)
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    return former


def _draft_of(target: Path) -> Path:
    """An empty file beside the target that only its owner can read."""
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise BackupRefused(f"Cannot write to {target.parent}: {error.strerror}.") from error
    return draft


def _run(url: str, program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupRefused(f"{program} is not on PATH: install PostgreSQL's client programs.")
    ran = subprocess.run(  # noqa: S603 - the program's name is ours
        [found, *arguments],
        env={"PATH": os.environ.get("PATH", ""), **_access(make_url(url))},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise BackupRefused(f"{program} refused: {ran.stderr.strip()}")


def _access(url: URL) -> Mapping[str, str]:
    """As PostgreSQL's programs read it, so that no password stands in the list of processes."""
    known = {
        "PGHOST": url.host,
        "PGPORT": url.port,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    return {name: str(value) for name, value in known.items() if value is not None}


async def _others(url: str) -> int:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain, timeout=5)
    try:
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
    finally:
        await connection.close()
    return int(count)
