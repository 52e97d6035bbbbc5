import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from coffers.domain.ids import SYSTEM, UserId, new_id
from coffers.domain.jobs import Job, JobState, Lease
from coffers.infrastructure.db.jobs import SqlJobQueue, jobs
from coffers.infrastructure.db.live.events import events
from tests.stores import Store, open_store

LEASE = timedelta(seconds=60)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


@pytest.fixture
def queue(store: Store) -> SqlJobQueue:
    return SqlJobQueue(store.engines, store.reader)


async def enqueue(
    store: Store,
    kind: str = "mail",
    *,
    dedupe_key: str | None = None,
    after: timedelta = timedelta(0),
    max_attempts: int = 8,
    user_id: UserId = SYSTEM,
) -> bool:
    uow = store.uow()
    async with uow:
        run_at = store.clock.now() + after
        job = Job(new_id(), kind, {"to": "ada"}, run_at, user_id, max_attempts=max_attempts)
        is_kept = await uow.jobs.enqueue(job, dedupe_key=dedupe_key)
        await uow.commit()
    return is_kept


async def claim(
    store: Store, queue: SqlJobQueue, worker: str = "a", *, kind: str = "mail", limit: int = 10
) -> list[Lease]:
    now = store.clock.now()
    return await queue.claim(kind, worker=worker, limit=limit, now=now, until=now + LEASE)


async def row(store: Store) -> Any:  # Any: a row of the whole table
    (only,) = await store.reader.rows(select(jobs))
    return only


async def test_a_job_is_due_from_its_instant_on(store: Store, queue: SqlJobQueue) -> None:
    await enqueue(store, after=timedelta(seconds=10))

    early = await queue.due(store.clock.now())
    store.clock.pass_time(seconds=10)

    assert early == []
    assert await queue.due(store.clock.now()) == ["mail"]


async def test_what_is_not_committed_is_not_in_the_queue(store: Store, queue: SqlJobQueue) -> None:
    uow = store.uow()
    async with uow:
        await uow.jobs.enqueue(Job(new_id(), "mail", {}, store.clock.now()))

    assert await queue.due(store.clock.now()) == []
    assert store.announced == []


async def test_a_commit_with_jobs_wakes_the_workers(store: Store) -> None:
    await enqueue(store)

    assert store.announced == [([SYSTEM], [])]


async def test_a_claimed_job_comes_with_its_payload_and_counts_the_attempt(
    store: Store, queue: SqlJobQueue
) -> None:
    await enqueue(store)

    (lease,) = await claim(store, queue)

    assert lease.job.payload == {"to": "ada"}
    assert lease.job.attempts == 1
    assert await queue.due(store.clock.now()) == []


async def test_the_longest_due_jobs_of_the_kind_come_first_and_no_more_than_asked_for(
    store: Store, queue: SqlJobQueue
) -> None:
    for seconds in (3, 1, 2):
        await enqueue(store, after=timedelta(seconds=seconds))
    await enqueue(store, "clean_up")
    store.clock.pass_time(seconds=10)

    leases = await claim(store, queue, limit=2)

    waited = [(store.clock.now() - lease.job.run_at).seconds for lease in leases]
    assert waited == [9, 8]
    assert {lease.job.kind for lease in leases} == {"mail"}


async def test_twenty_workers_at_once_never_get_the_same_job(
    store: Store, queue: SqlJobQueue
) -> None:
    for _ in range(30):
        await enqueue(store)

    async def work(worker: str) -> list[UUID]:
        mine: list[UUID] = []
        while leases := await claim(store, queue, worker, limit=2):
            mine += [lease.job.id for lease in leases]
        return mine

    taken = await asyncio.gather(*(work(f"worker {number}") for number in range(20)))

    ids = [job_id for mine in taken for job_id in mine]
    assert len(ids) == len(set(ids)) == 30


async def test_a_leased_job_is_nobody_elses_until_the_lease_ends(
    store: Store, queue: SqlJobQueue
) -> None:
    await enqueue(store)
    await claim(store, queue, "a")

    store.clock.pass_time(seconds=59)
    during = await claim(store, queue, "b")
    store.clock.pass_time(seconds=1)
    (after,) = await claim(store, queue, "b")

    assert during == []
    assert after.job.attempts == 2


async def test_a_renewed_lease_lasts_longer(store: Store, queue: SqlJobQueue) -> None:
    await enqueue(store)
    (lease,) = await claim(store, queue)
    store.clock.pass_time(seconds=50)

    is_held = await queue.renew(lease, store.clock.now() + LEASE)
    store.clock.pass_time(seconds=50)

    assert is_held
    assert await claim(store, queue, "b") == []


async def test_a_worker_whose_job_was_taken_over_cannot_touch_it_any_more(
    store: Store, queue: SqlJobQueue
) -> None:
    await enqueue(store)
    (old,) = await claim(store, queue, "a")
    store.clock.pass_time(seconds=60)
    (new,) = await claim(store, queue, "b")
    now = store.clock.now()

    said = [
        await queue.renew(old, now + LEASE),
        await queue.finish(old, now),
        await queue.put_back(old, run_at=now, attempts=0, error=None),
        await queue.bury(old, now, "nonsense"),
    ]

    assert said == [False] * 4
    assert (await row(store)).leased_by == "b"
    assert await queue.finish(new, now)


async def test_even_the_same_worker_cannot_finish_an_earlier_attempt(
    store: Store, queue: SqlJobQueue
) -> None:
    await enqueue(store)
    (old,) = await claim(store, queue, "a")
    store.clock.pass_time(seconds=60)
    await claim(store, queue, "a")

    assert not await queue.finish(old, store.clock.now())


async def test_a_finished_job_keeps_neither_its_payload_nor_its_dedupe_key(
    store: Store, queue: SqlJobQueue
) -> None:
    await enqueue(store, dedupe_key="welcome ada")
    (lease,) = await claim(store, queue)

    await queue.finish(lease, store.clock.now())

    done = await row(store)
    assert (done.state, done.payload, done.dedupe_key) == (JobState.DONE, {}, None)
    assert done.finished_at == store.clock.now()
    assert await enqueue(store, dedupe_key="welcome ada")


async def test_the_same_dedupe_key_is_kept_once_while_the_job_waits_or_runs(
    store: Store, queue: SqlJobQueue
) -> None:
    first = await enqueue(store, dedupe_key="k")
    waiting = await enqueue(store, dedupe_key="k")
    await claim(store, queue)
    running = await enqueue(store, dedupe_key="k")

    assert (first, waiting, running) == (True, False, False)


async def test_twenty_askers_at_once_enqueue_a_dedupe_key_once(store: Store) -> None:
    kept = await asyncio.gather(*(enqueue(store, dedupe_key="k") for _ in range(20)))

    assert kept.count(True) == 1


async def test_a_job_without_a_dedupe_key_is_always_kept(store: Store) -> None:
    assert [await enqueue(store) for _ in range(3)] == [True] * 3


async def test_a_job_put_back_waits_for_its_new_instant_and_remembers_why(
    store: Store, queue: SqlJobQueue
) -> None:
    await enqueue(store)
    (lease,) = await claim(store, queue)

    later = store.clock.now() + timedelta(seconds=5)
    await queue.put_back(lease, run_at=later, attempts=1, error="MailUndeliverable: 451")

    assert await queue.due(store.clock.now()) == []
    assert await queue.due(later) == ["mail"]
    assert (await row(store)).last_error == "MailUndeliverable: 451"


async def test_a_buried_job_is_dead_frees_its_key_and_the_log_tells_of_it(
    store: Store, queue: SqlJobQueue
) -> None:
    user_id = await store.add_user()
    await enqueue(store, dedupe_key="k", user_id=user_id)
    (lease,) = await claim(store, queue)

    await queue.bury(lease, store.clock.now(), "no such mailbox")

    dead = await row(store)
    assert (dead.state, dead.dedupe_key, dead.payload) == (JobState.DEAD, None, {"to": "ada"})
    (event,) = await store.reader.rows(select(events).where(events.c.name == "JobFailed"))
    assert (event.user_id, event.subject_id) == (user_id, lease.job.id)
    assert "no such mailbox" in event.details


async def test_a_job_that_kills_its_worker_each_time_is_buried_in_the_end(
    store: Store, queue: SqlJobQueue
) -> None:
    await enqueue(store, max_attempts=3)

    attempts = 0
    while leases := await claim(store, queue, f"worker {attempts}"):
        attempts += len(leases)
        store.clock.pass_time(seconds=60)

    assert attempts == 3
    assert (await row(store)).state == JobState.DEAD
