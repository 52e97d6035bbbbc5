"""Workers killed at random points of their work: every letter arrives, no job is lost or stuck."""

import asyncio
import os
import random
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import func, select

from coffers.application.letters import mail_job
from coffers.application.live.audit_log import verify_audit_log
from coffers.application.ports import Mail
from coffers.domain.ids import UserId
from coffers.domain.jobs import JobState
from coffers.domain.live.events import Event
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.db.jobs import jobs
from coffers.infrastructure.db.live.audit_log import SqlAuditLogs
from coffers.infrastructure.vault import AesGcmVault, VaultKey
from coffers.local_secrets import key_id, new_encryption_key
from tests.conftest import ENGINES
from tests.infrastructure.smtp_server import FakeSmtp, smtp_server
from tests.nursery import Forked
from tests.programs import ServiceProcess
from tests.stores import Store, open_store

TORTURE: Final = bool(os.environ.get("TORTURE"))
KILLS: Final = 25 if TORTURE else 2
LETTERS_EACH: Final = 12
SEED: Final = int(os.environ.get("WORKER_KILLS_SEED") or random.SystemRandom().randrange(1 << 32))
KEY: Final = new_encryption_key()
VAULT_KEY: Final = VaultKey.from_text(key_id(KEY), KEY)
#: What a worker has in hand at once: each kill may deliver so many letters twice, by SMTP.
IN_HAND: Final = 4
WORKER: Final = """
import asyncio
from coffers import worker
from coffers.settings import Settings
asyncio.run(worker.serve(Settings()))
"""


class WorkerProcess(Forked, ServiceProcess):
    """`coffers worker`, killed by the test."""

    def __init__(self, database_url: str, home: Path, more: dict[str, str]) -> None:
        env = {"COFFERS_DATABASE_URL": database_url, "COFFERS_HOME": str(home)}
        env |= {"COFFERS_WORKER_LEASE_S": "1", "COFFERS_ENCRYPTION_KEY": KEY} | more
        super().__init__([sys.executable, "-c", WORKER], env)

    async def run_until_ready(self) -> None:
        await asyncio.to_thread(self._run_until_ready)

    def _run_until_ready(self) -> None:
        starts = self.log_text.count("worker started") if self.log.exists() else 0
        self.start()
        self.wait_until(lambda: self.log_text.count("worker started") > starts)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        store.clock.time = SystemClock().now()
        yield store


@asynccontextmanager
async def a_worker(url: str, home: Path, **more: str) -> AsyncIterator[WorkerProcess]:
    process = WorkerProcess(url, home, more)
    try:
        yield process
    finally:
        await asyncio.to_thread(process.close)


async def write_letters(store: Store, user_id: UserId) -> set[str]:
    uow, vault, now = store.uow(), AesGcmVault([VAULT_KEY]), SystemClock().now()
    mail = Mail("ada@example.com", "Hello", "How are you?\n")
    letters = [mail_job(vault, mail, user_id=user_id, now=now) for _ in range(LETTERS_EACH)]
    async with uow:
        for letter in letters:
            await uow.jobs.enqueue(replace(letter, max_attempts=100))
            uow.record(Event("LetterRequested", user_id, letter.id))
        await uow.commit()
    return {str(letter.id) for letter in letters}


async def torment(store: Store, worker: WorkerProcess) -> set[str]:
    """Letters all the time, a kill every now and then; in the end everything is done."""
    print(f"WORKER_KILLS_SEED={SEED}")  # noqa: T201 - pytest shows it when the campaign fails
    chance = random.Random(SEED)
    user_id, wanted = await store.add_user(), set[str]()
    for _ in range(KILLS):
        await worker.run_until_ready()
        wanted |= await write_letters(store, user_id)
        await asyncio.sleep(chance.uniform(0, 0.6))
        await asyncio.to_thread(worker.kill)
    await worker.run_until_ready()
    await until_done(store)
    stopped = await asyncio.to_thread(worker.stop)
    assert stopped.exit_code == 0, worker.log_text[-2000:]
    return wanted


async def until_done(store: Store) -> None:
    waiting = select(func.count()).where(jobs.c.kind == "mail", jobs.c.state == JobState.READY)
    deadline = time.monotonic() + 30
    while (await store.reader.rows(waiting))[0][0]:
        assert time.monotonic() < deadline, "jobs are stuck"
        await asyncio.sleep(0.1)


async def all_is_well(store: Store, wanted: set[str]) -> None:
    rows = await store.reader.rows(select(jobs.c.id, jobs.c.state).where(jobs.c.kind == "mail"))
    assert {str(row.id) for row in rows} == wanted
    assert {row.state for row in rows} == {JobState.DONE}
    assert (await verify_audit_log(SqlAuditLogs(store.reader), SystemClock())).is_intact


@pytest.mark.torture
@pytest.mark.parametrize("database_url", ENGINES if TORTURE else ["sqlite"], indirect=True)
async def test_letters_to_files_arrive_once_however_often_the_worker_is_killed(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    async with a_worker(database_url, tmp_path) as worker:
        wanted = await torment(store, worker)

    assert letters_in(tmp_path / "mail") == dict.fromkeys(wanted, "How are you?\n")
    await all_is_well(store, wanted)


@pytest.mark.torture
@pytest.mark.parametrize("database_url", ENGINES if TORTURE else ["postgresql"], indirect=True)
async def test_letters_by_smtp_all_arrive_and_a_repeated_one_shows_as_such(
    store: Store, database_url: str, tmp_path: Path
) -> None:
    async with (
        smtp_server() as fake,
        a_worker(database_url, tmp_path, COFFERS_SMTP_URL=fake.url) as worker,
    ):
        wanted = await torment(store, worker)

    arrived = received(fake)
    assert set(arrived) == wanted
    assert arrived.total() - len(wanted) <= KILLS * IN_HAND
    await all_is_well(store, wanted)


def letters_in(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text().partition("\n\n")[2] for path in folder.glob("*.txt")}


def received(fake: FakeSmtp) -> Counter[str]:
    return Counter(letter["Message-ID"].strip("<>").partition("@")[0] for letter in fake.letters)
