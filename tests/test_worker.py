"""The worker on a real queue, with work that a test can watch, hold up and break."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from coffers import worker
from coffers.application.ports import MailUndeliverable
from coffers.domain.errors import Unavailable
from coffers.domain.jobs import Job, JobHopeless, JobState
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.jobs import jobs
from coffers.services import Services
from coffers.wiring import open_services
from tests.conftest import settings_for
from tests.servers import ValkeyServer
from tests.working import LONG, Work, enqueue, kind, until, working

SHORT = timedelta(seconds=0.6)


@pytest.fixture
async def services(database_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    async with open_services(settings_for(database_url, tmp_path)) as services:
        yield services


@pytest.fixture
def rows(database_url: str) -> Callable[[], Awaitable[list[Any]]]:
    async def read() -> list[Any]:
        async with open_engines(database_url) as engines, engines.read.connect() as connection:
            return list((await connection.execute(select(jobs).order_by(jobs.c.id))).all())

    return read


async def test_a_job_enqueued_beside_the_worker_is_done_without_waiting_for_a_look(
    services: Services,
    rows: Callable[[], Awaitable[list[Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "POLL_S", 60.0)
    work = Work()
    async with working(services, kind(work)):
        await asyncio.sleep(0.2)
        await enqueue(services)
        await until(lambda: bool(work.runs))

    assert [row.state for row in await rows()] == [JobState.DONE]


async def test_a_job_that_nobody_announced_is_found_at_the_next_look(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    work = Work()
    async with (
        working(services, kind(work)),
        open_services(settings_for(database_url, tmp_path)) as elsewhere,
    ):
        await enqueue(elsewhere)
        await until(lambda: bool(work.runs))


async def test_a_hint_from_another_process_wakes_the_worker(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "POLL_S", 60.0)
    work = Work()
    with ValkeyServer() as server:
        settings = settings_for(database_url, tmp_path, redis_url=server.url)
        async with (
            open_services(settings) as here,
            open_services(settings) as elsewhere,
            working(here, kind(work)),
        ):
            await asyncio.sleep(0.5)
            for done in range(4):
                await enqueue(elsewhere)
                await until(partial(work.has_run, done + 1))


async def test_no_more_jobs_of_a_kind_run_at_once_than_it_allows(services: Services) -> None:
    work = Work(lambda _: asyncio.sleep(0.02))
    await enqueue(services, 12)
    async with working(services, kind(work, at_once=3)):
        await until(lambda: len(work.runs) == 12)

    assert work.most_at_once == 3


async def test_a_failed_attempt_comes_again_later_with_its_reason(
    services: Services, rows: Callable[[], Awaitable[list[Any]]]
) -> None:
    async def fail(_: Job) -> None:
        raise MailUndeliverable("The mail server refused: 451.")

    work = Work(fail)
    await enqueue(services)
    async with working(services, kind(work)):
        await until(lambda: bool(work.runs))

    (row,) = await rows()
    assert (row.state, row.attempts) == (JobState.READY, 1)
    assert row.last_error == "MailUndeliverable: The mail server refused: 451."
    wait = row.run_at - services.clock.now()
    assert timedelta(0) < wait <= timedelta(seconds=5)


async def test_a_refusal_that_says_how_long_to_wait_is_believed(
    services: Services, rows: Callable[[], Awaitable[list[Any]]]
) -> None:
    async def fail(_: Job) -> None:
        raise Unavailable("Come back.", retry_after_s=600)

    work = Work(fail)
    await enqueue(services)
    async with working(services, kind(work)):
        await until(lambda: bool(work.runs))

    (row,) = await rows()
    assert row.run_at - services.clock.now() > timedelta(seconds=590)


async def test_a_mistake_in_a_handler_fails_the_attempt_and_nothing_else(
    services: Services, rows: Callable[[], Awaitable[list[Any]]]
) -> None:
    async def stumble(job: Job) -> None:
        if job.id == first:
            raise KeyError("secret")

    work = Work(stumble)
    await enqueue(services)
    first = (await rows())[0].id
    async with working(services, kind(work)):
        await until(lambda: bool(work.runs))
        await enqueue(services)
        await until(lambda: len(work.runs) == 2)

    states = {row.id: (row.state, row.last_error) for row in await rows()}
    assert states[first] == (JobState.READY, "KeyError")
    assert JobState.DONE in {state for state, _ in states.values()}


async def test_a_hopeless_job_and_one_out_of_attempts_are_dead(
    services: Services, rows: Callable[[], Awaitable[list[Any]]]
) -> None:
    async def fail(job: Job) -> None:
        if job.max_attempts == 8:
            raise JobHopeless("Nobody lives there.")
        raise ValueError

    work = Work(fail)
    await enqueue(services)
    await enqueue(services, max_attempts=1)
    async with working(services, kind(work)):
        await until(lambda: len(work.runs) == 2)

    assert {(row.state, row.last_error) for row in await rows()} == {
        (JobState.DEAD, "JobHopeless: Nobody lives there."),
        (JobState.DEAD, "ValueError"),
    }


async def test_an_attempt_that_takes_too_long_is_cut_off_and_has_failed(
    services: Services, rows: Callable[[], Awaitable[list[Any]]]
) -> None:
    work = Work(lambda _: asyncio.sleep(60))
    await enqueue(services)
    async with working(services, kind(work, limit_s=0.1)):
        await until(lambda: bool(work.runs) and work.at_once == 0)

    (row,) = await rows()
    assert (row.state, row.last_error) == (JobState.READY, "TimeoutError")


async def test_a_long_job_keeps_its_lease_for_as_long_as_it_takes(
    services: Services, database_url: str, tmp_path: Path
) -> None:
    work = Work(lambda _: asyncio.sleep(2))
    await enqueue(services)
    async with (
        open_services(settings_for(database_url, tmp_path)) as elsewhere,
        working(services, kind(work), SHORT),
        working(elsewhere, kind(work), SHORT),
    ):
        await until(lambda: bool(work.runs))
        await until(lambda: work.at_once == 0)

    assert len(work.runs) == 1


async def test_whoever_lost_the_lease_is_stopped_and_changes_nothing(
    services: Services, database_url: str, rows: Callable[[], Awaitable[list[Any]]]
) -> None:
    work = Work(lambda _: asyncio.sleep(60))
    await enqueue(services)
    async with working(services, kind(work), SHORT):
        await until(lambda: bool(work.runs))
        async with open_engines(database_url) as engines, engines.write.begin() as connection:
            until_later = services.clock.now() + LONG
            another = update(jobs).values(leased_by="another", attempts=2, leased_until=until_later)
            await connection.execute(another)
        await until(lambda: work.at_once == 0)

    (row,) = await rows()
    assert (row.leased_by, row.attempts, row.state) == ("another", 2, JobState.READY)


async def test_told_to_stop_the_worker_lets_jobs_under_way_end(
    services: Services, rows: Callable[[], Awaitable[list[Any]]]
) -> None:
    work = Work(lambda _: asyncio.sleep(0.5))
    await enqueue(services, 6)
    async with working(services, kind(work, at_once=2)) as stop:
        await until(lambda: work.at_once == 2)
        stop.set()

    states = [row.state for row in await rows()]
    assert states.count(JobState.DONE) == 2
    assert len(work.runs) == 2


async def test_told_to_stop_the_worker_gives_back_what_takes_too_long(
    services: Services,
    rows: Callable[[], Awaitable[list[Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "GRACE_S", 0.2)
    work = Work(lambda _: asyncio.sleep(60))
    await enqueue(services)
    async with working(services, kind(work)):
        await until(lambda: bool(work.runs))

    (row,) = await rows()
    assert (row.leased_by, row.attempts, row.state) == (None, 0, JobState.READY)
    assert row.run_at <= services.clock.now()
