"""Recurring work: one row for all workers, which comes back after each run."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from coffers.application.jobs import ensure_recurring
from coffers.domain.errors import Unavailable
from coffers.domain.jobs import Job, JobHopeless, JobState, Lease, next_tick
from coffers.domain.live.events import Origin
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.jobs import SqlJobQueue, jobs
from coffers.services import Services
from coffers.wiring import open_services
from tests.conftest import settings_for
from tests.stores import NOON
from tests.working import LONG, Work, enqueue, kind, until, working

HOUR = timedelta(hours=1)


@pytest.fixture
async def services(database_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    async with open_services(settings_for(database_url, tmp_path)) as services:
        yield services


@pytest.fixture
def sql(database_url: str) -> Callable[[Any], Awaitable[list[Any]]]:
    async def run(statement: Any) -> list[Any]:
        async with open_engines(database_url) as engines, engines.write.begin() as connection:
            result = await connection.execute(statement)
            return list(result.all()) if result.returns_rows else []

    return run


Sql = Callable[[Any], Awaitable[list[Any]]]


def make_due(when: datetime) -> Any:
    return update(jobs).values(run_at=when)


def test_the_next_tick_comes_after_the_interval_give_or_take_a_tenth() -> None:
    assert next_tick(NOON, HOUR, 0) == NOON + timedelta(minutes=54)
    assert next_tick(NOON, HOUR, 1) == NOON + timedelta(minutes=66)


async def test_however_many_ask_recurring_work_has_one_row(services: Services, sql: Sql) -> None:
    now = services.clock.now()

    async def ask() -> None:
        uow = services.unit_of_work(Origin(), None)
        await ensure_recurring(uow, "work", HOUR, now=now, chance=0.5)

    await asyncio.gather(*(ask() for _ in range(10)))

    (row,) = await sql(select(jobs))
    assert now <= row.run_at <= now + HOUR / 5


async def test_five_workers_run_each_tick_once(
    services: Services, database_url: str, tmp_path: Path, sql: Sql
) -> None:
    work = Work()
    async with AsyncExitStack() as stack:
        for _ in range(5):
            other = open_services(settings_for(database_url, tmp_path))
            kinds = kind(work, every=HOUR)
            await stack.enter_async_context(working(await stack.enter_async_context(other), kinds))
        await asyncio.sleep(0.5)
        for tick in range(1, 4):
            await sql(make_due(services.clock.now()))
            await until(partial(work.has_run, tick))
            await asyncio.sleep(0.3)

    (row,) = await sql(select(jobs))
    assert len(work.runs) == 3
    assert (row.state, row.attempts) == (JobState.READY, 0)
    assert timedelta(minutes=53) < row.run_at - services.clock.now() < timedelta(minutes=66)


async def test_ticks_that_were_missed_melt_into_one(services: Services, sql: Sql) -> None:
    work = Work()
    uow = services.unit_of_work(Origin(), None)
    await ensure_recurring(uow, "work", HOUR, now=services.clock.now(), chance=0)
    await sql(make_due(services.clock.now() - 10 * HOUR))

    async with working(services, kind(work, every=HOUR)):
        await until(lambda: bool(work.runs))
        await asyncio.sleep(0.3)

    assert len(work.runs) == 1


async def test_recurring_work_that_fails_for_good_still_comes_back_at_the_next_tick(
    services: Services, sql: Sql
) -> None:
    async def fail(_: Job) -> None:
        raise JobHopeless("Not this time.")

    work = Work(fail)
    async with working(services, kind(work, every=HOUR)):
        await asyncio.sleep(0.3)
        await sql(make_due(services.clock.now()))
        await until(lambda: bool(work.runs))

    (row,) = await sql(select(jobs))
    assert (row.state, row.last_error) == (JobState.READY, "JobHopeless: Not this time.")
    assert row.run_at > services.clock.now() + timedelta(minutes=53)


async def test_recurring_work_whose_row_was_lost_is_made_sure_of_again(
    services: Services, sql: Sql
) -> None:
    for _ in range(2):
        async with working(services, kind(Work(), every=HOUR)):
            await asyncio.sleep(0.3)
        (row,) = await sql(select(jobs))
        await sql(delete(jobs).where(jobs.c.id == row.id))


async def test_work_of_a_kind_that_this_version_does_not_know_waits_for_one_that_does(
    services: Services, sql: Sql
) -> None:
    await enqueue(services)

    async with working(services, {}):
        await asyncio.sleep(0.3)

    (row,) = await sql(select(jobs))
    assert (row.state, row.attempts) == (JobState.READY, 0)


class _Faltering(SqlJobQueue):
    """Away at the moments when something is finished, a few times."""

    faults = 3

    async def finish(self, lease: Lease, at: datetime) -> bool:
        if self.faults:
            self.faults -= 1
            raise Unavailable("The database does not answer.")
        return await super().finish(lease, at)


async def test_a_job_that_was_done_while_the_database_was_away_is_not_done_again(
    services: Services, database_url: str, sql: Sql
) -> None:
    work = Work()
    async with open_engines(database_url) as engines:
        queue = _Faltering(engines, services.job_queue._reader)  # type: ignore[attr-defined]  # the adapter behind the port
        await enqueue(services)
        async with working(replace(services, job_queue=queue), kind(work), LONG):
            await until(lambda: queue.faults == 0 and work.at_once == 0)
            await asyncio.sleep(0.8)

    (row,) = await sql(select(jobs))
    assert (row.state, len(work.runs)) == (JobState.DONE, 1)
