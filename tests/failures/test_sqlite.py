"""SQLite that is locked by somebody else, or whose disk is full: 503, and service resumes."""

import resource
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from coffers.infrastructure.db import engines
from tests.conftest import running, settings_for
from tests.people import PASSWORD, Person


@pytest.fixture
async def client(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setattr(engines, "BUSY_TIMEOUT_S", 0.2)
    async with running(settings_for(sqlite_url, tmp_path)) as opened:
        yield opened


async def test_a_write_that_is_locked_out_is_503_and_reads_go_on(
    client: httpx.AsyncClient, ada: Person, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "coffers.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        refused = await ada.patch("/users/me", {"display_name": "Ada"})
        read = await ada.get("/users/me")
        other.rollback()

    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert read.status_code == 200
    assert (await ada.patch("/users/me", {"display_name": "Ada"})).status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="a limit on files is how the disk is filled")
async def test_a_full_disk_is_503_and_nothing_is_half_written(
    client: httpx.AsyncClient, ada: Person, tmp_path: Path
) -> None:
    database = tmp_path / "coffers.sqlite3"
    newcomers = [
        {"email": f"user{number}@example.com", "password": PASSWORD} for number in range(20)
    ]
    wal = database.with_name("coffers.sqlite3-wal")
    with full_at(wal.stat().st_size):
        answers = [await client.post("/users", json=each) for each in newcomers]
        read = await ada.get("/users/me")
    again = [await client.post("/users", json=each) for each in newcomers]

    assert {answer.status_code for answer in answers} <= {201, 503}
    assert answers[-1].status_code == 503
    assert read.status_code == 200
    for first, second in zip(answers, again, strict=True):
        assert second.status_code == (409 if first.status_code == 201 else 201)
    with closing(sqlite3.connect(database)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process grows beyond this size."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
