"""Imports killed at random points: afterwards the ledger is that of an undisturbed run."""

import asyncio
import os
import random
import sys
import time
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import select

from coffers.application.live.audit_log import verify_audit_log
from coffers.domain.ids import UserId
from coffers.domain.ledger.imports import ImportStatus
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.db.ledger.imports import imports
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.live.audit_log import SqlAuditLogs
from coffers.infrastructure.db.tables import METADATA
from tests.nursery import Forked
from tests.programs import START_LIMIT_S, ServiceProcess, becomes_true
from tests.statements import DAY, Line, ofx
from tests.stores import Store, open_store

TORTURE: Final = bool(os.environ.get("TORTURE"))
KILLS: Final = 100 if TORTURE else 1
SEED: Final = int(os.environ.get("IMPORT_KILLS_SEED") or random.SystemRandom().randrange(1 << 32))
FILES: Final = 3
LINES_A_FILE: Final = 600 if TORTURE else 200
#: Imports every file in turn, then takes the last one back and imports it again.
IMPORTER: Final = """
import asyncio, pathlib, sys
from uuid import UUID
from coffers.application.ledger.imports import ImportFile, apply_import, plan_import, revert_import
from coffers.domain.live.events import Origin
from coffers.domain.ids import UserId
from coffers.domain.identity.principals import Principal
from coffers.settings import Settings
from coffers.wiring import open_services

async def main():
    folder, who = pathlib.Path(sys.argv[1]), Principal(UserId(UUID(sys.argv[2])), frozenset())
    async with open_services(Settings()) as services:
        uow, desk = lambda: services.unit_of_work(Origin(), None), services.import_desk
        async def take(file):
            sent = ImportFile(file.name, file.read_bytes())
            plan = (await plan_import(uow(), desk, who, sent)).view
            await apply_import(uow(), desk, who, plan.id, plan.plan_hash)
            return plan.id
        print("begin", flush=True)
        files = sorted(folder.iterdir())
        for file in files:
            last = await take(file)
        await revert_import(uow(), desk, who, last)
        await take(files[-1])
        print("done", flush=True)

asyncio.run(main())
"""


class Importing(Forked, ServiceProcess):
    """The importer as a process of its own."""

    def __init__(self, database_url: str, home: Path, folder: Path, user_id: UserId) -> None:
        env = {"COFFERS_DATABASE_URL": database_url, "COFFERS_HOME": str(home)}
        super().__init__([sys.executable, "-c", IMPORTER, str(folder), str(user_id)], env)

    def run(self) -> float:
        """To its end; how long the work itself took."""
        begun = self._begin()
        self.child.wait()
        assert self._said("done"), self.log_text
        return time.monotonic() - begun

    def run_until_killed(self, after_s: float) -> None:
        self._begin()
        time.sleep(after_s)
        self.kill()

    def _begin(self) -> float:
        self.log.unlink(missing_ok=True)
        self.start()
        assert becomes_true(lambda: self._said("begin"), START_LIMIT_S), self.log_text
        return time.monotonic()

    def _said(self, word: str) -> bool:
        return self.log.exists() and word in self.log_text.split()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        store.clock.time = SystemClock().now()
        yield store


@pytest.fixture
def statements(tmp_path: Path) -> Path:
    """Overlapping statements of one account; the first ones know some lines as pending only."""
    folder = tmp_path / "statements"
    folder.mkdir()
    lines = [
        Line(f"-{n}.25", "Shop", DAY + timedelta(days=n // 60), id=f"id{n}")
        for n in range(FILES * LINES_A_FILE)
    ]
    for number in range(FILES):
        start = number * LINES_A_FILE
        told = lines[start : start + LINES_A_FILE * 3 // 2]
        waiting = [
            Line(one.amount, one.name, one.day, f"p{one.id}", is_pending=True) for one in told[-9:]
        ]
        balance_day = told[-1].day
        content = ofx(*told[:-9], *waiting, balance=f"{number}.00", balance_day=balance_day)
        (folder / f"{number}.ofx").write_bytes(content)
    return folder


@pytest.mark.torture
async def test_killed_imports_leave_the_ledger_of_an_undisturbed_run(
    store: Store, database_url: str, statements: Path, tmp_path: Path
) -> None:
    print(f"IMPORT_KILLS_SEED={SEED}")  # noqa: T201 - pytest shows it when the campaign fails
    chance = random.Random(SEED)
    undisturbed, killed = await store.add_user("calm"), await store.add_user("killed")
    calm = Importing(database_url, tmp_path, statements, undisturbed)
    took_s = await asyncio.to_thread(calm.run)
    process = Importing(database_url, tmp_path, statements, killed)

    for _ in range(KILLS):
        await asyncio.to_thread(process.run_until_killed, chance.uniform(0, took_s))
        await assert_whole(store, killed)
    await asyncio.to_thread(process.run)

    await assert_whole(store, killed)
    assert await state(store, killed) == await state(store, undisturbed)
    report = await verify_audit_log(SqlAuditLogs(store.reader), SystemClock())
    assert report.is_intact


async def assert_whole(store: Store, user_id: UserId) -> None:
    """Every import that is applied has all of its movements, every other one none."""
    mine = transactions.c.user_id == user_id
    brought = await rows(store, select(transactions.c.import_id).where(mine))
    told = await rows(
        store,
        select(imports.c.id, imports.c.status, imports.c.summary).where(
            imports.c.user_id == user_id
        ),
    )
    for one in told:
        is_applied = one.status == ImportStatus.APPLIED.value
        new = one.summary["counts"]["new"] if is_applied else 0
        assert sum(row.import_id == one.id for row in brought) == new


async def state(store: Store, user_id: UserId) -> dict[str, Any]:
    """The ledger without ids and the instants of its making."""
    shown = {
        "transactions": (
            *("provider_transaction_id", "amount", "description", "status"),
            *("transaction_date", "version"),
        ),
        "accounts": ("provider_account_id", "balance", "last_synced_at"),
        "balance_snapshots": ("balance", "captured_at"),
        "transaction_tombstones": ("kind", "key"),
    }
    return {
        name: sorted(map(repr, await rows(store, _of(name, columns, user_id))))
        for name, columns in shown.items()
    }


def _of(name: str, columns: Sequence[str], user_id: UserId) -> Any:  # Any: a statement
    table = METADATA.tables[name]
    return select(*(table.c[column] for column in columns)).where(table.c.user_id == user_id)


async def rows(store: Store, statement: Any) -> Sequence[Any]:  # Any: rows of any shape
    return await store.reader.rows(statement)
