"""Work for a worker that a test can watch, hold up and break."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from coffers.background import Kind
from coffers.domain.ids import new_id
from coffers.domain.jobs import Job
from coffers.domain.live.events import Origin
from coffers.services import Services
from coffers.worker import run_worker

LONG: Final = timedelta(seconds=60)


class Work:
    """Notes each run, and does to it what the test wants."""

    def __init__(self, then: Callable[[Job], Awaitable[None]] | None = None) -> None:
        self.runs: list[Job] = []
        self.at_once = 0
        self.most_at_once = 0
        self._then = then

    async def __call__(self, _services: Services, job: Job) -> None:
        self.runs.append(job)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self._then is not None:
                await self._then(job)
        finally:
            self.at_once -= 1

    def has_run(self, times: int) -> bool:
        return len(self.runs) == times


async def enqueue(services: Services, count: int = 1, **more: Any) -> None:
    uow = services.unit_of_work(Origin(), None)
    async with uow:
        for _ in range(count):
            await uow.jobs.enqueue(Job(new_id(), "work", {}, services.clock.now(), **more))
        await uow.commit()


@asynccontextmanager
async def working(
    services: Services, kinds: Mapping[str, Kind], lease: timedelta = LONG
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    task = asyncio.create_task(run_worker(services, stop, kinds=kinds, lease=lease))
    try:
        yield stop
    finally:
        stop.set()
        await task


def kind(work: Work, **more: Any) -> dict[str, Kind]:
    fields: dict[str, Any] = {"at_once": 4, "limit_s": 30}
    return {"work": Kind(work, **fields | more)}


async def until(condition: Callable[[], bool], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.01)
