"""The background process: takes jobs from the queue, a few at once, until it is told to stop."""

import asyncio
import os
import random
import signal
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

import structlog

from coffers.application.jobs import describe, ensure_recurring, settle_failure, settle_success
from coffers.background import KINDS, Kind
from coffers.domain.errors import DomainError, Unavailable
from coffers.domain.ids import SYSTEM
from coffers.domain.jobs import LEASE, JobHopeless, Lease
from coffers.domain.live.events import Origin
from coffers.garbage import collect_rarely
from coffers.services import Services
from coffers.settings import Settings
from coffers.wiring import open_services

POLL_S: Final = 1.0
#: How long jobs under way may go on after the order to stop, and their leases take to give back.
GRACE_S: Final = 7.0
RELEASE_S: Final = 2.0
#: How often recurring work is made sure of.
ENSURE_S: Final = 60.0
#: What was done is said again until it is heard: an unheard success would be done twice.
SETTLE_ATTEMPTS: Final = 20
SETTLE_PAUSE_S: Final = 0.5

log = structlog.get_logger("coffers.worker")


async def serve(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_services(settings) as services:
        collect_rarely()
        await run_worker(services, stop, lease=settings.worker_lease)


@asynccontextmanager
async def beside(
    services: Services, settings: Settings, stop: asyncio.Event
) -> AsyncIterator[None]:
    """A worker beside the service, if the settings want one; it has stopped when this is left.

    `stop` ends it before: while the service waits for its last requests, jobs end too.
    """
    if not settings.runs_worker:
        yield
        return
    working = asyncio.create_task(run_worker(services, stop, lease=settings.worker_lease))
    try:
        yield
    finally:
        stop.set()
        await working


async def run_worker(
    services: Services,
    stop: asyncio.Event,
    *,
    kinds: Mapping[str, Kind] = KINDS,
    lease: timedelta = LEASE,
) -> None:
    """Work until `stop` is set; then jobs under way end, or go back to the queue, within 10 s."""
    with services.event_stream.listen(SYSTEM) as bell:
        worker = Worker(services, kinds, lease)
        stopping = asyncio.create_task(_ring_on(stop, services))
        log.info("worker started", worker=worker.name)
        try:
            while not stop.is_set():
                await worker.look()
                await bell.wait(POLL_S)
        finally:
            stopping.cancel()
            await worker.drain()
            log.info("worker stopped", worker=worker.name)


async def _ring_on(stop: asyncio.Event, services: Services) -> None:
    await stop.wait()
    services.event_stream.wake([SYSTEM])


class Worker:
    """Jobs in hand, each a task whose lease is kept alive meanwhile."""

    def __init__(self, services: Services, kinds: Mapping[str, Kind], lease: timedelta) -> None:
        self.name = f"{socket.gethostname()[:30]}:{os.getpid()}:{os.urandom(4).hex()}"
        self._services = services
        self._queue = services.job_queue
        self._kinds = kinds
        self._lease = lease
        self._in_hand: dict[asyncio.Task[None], Lease] = {}
        self._ensured_at = -ENSURE_S

    async def look(self) -> None:
        """Take what is due and there are hands for. Whatever goes wrong with it passes."""
        try:
            await self._ensure_recurring()
            for kind in await self._queue.due(self._services.clock.now()):
                if kind in self._kinds:
                    await self._take(kind)
        except Unavailable as error:
            log.warning("queue unavailable", reason=error.detail)
        except Exception:  # the loop outlives every mistake
            log.exception("looking for work failed")

    async def drain(self) -> None:
        """Wait for the jobs in hand; those that take too long go back to the queue."""
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=GRACE_S)
        for task in self._in_hand:
            task.cancel()
        if self._in_hand:
            await asyncio.wait(self._in_hand, timeout=RELEASE_S)

    async def _ensure_recurring(self) -> None:
        if time.monotonic() - self._ensured_at < ENSURE_S:
            return
        for name, kind in self._kinds.items():
            if kind.every is not None:
                uow = self._services.unit_of_work(Origin(), None)
                now = self._services.clock.now()
                await ensure_recurring(uow, name, kind.every, now=now, chance=_chance())
        self._ensured_at = time.monotonic()

    async def _take(self, kind: str) -> None:
        taken = sum(lease.job.kind == kind for lease in self._in_hand.values())
        if taken >= self._kinds[kind].at_once:
            return
        now = self._services.clock.now()
        limit = self._kinds[kind].at_once - taken
        leases = await self._queue.claim(
            kind, worker=self.name, limit=limit, now=now, until=now + self._lease
        )
        for lease in leases:
            task = asyncio.create_task(self._attend(lease))
            self._in_hand[task] = lease
            task.add_done_callback(self._put_down)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        lease = self._in_hand.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("job left unsettled", job_id=str(lease.job.id), exc_info=error)
        self._services.event_stream.wake([SYSTEM])

    async def _attend(self, lease: Lease) -> None:
        outcome: Exception | None = None
        try:
            async with self._kept(lease), asyncio.timeout(self._kinds[lease.job.kind].limit_s):
                await self._kinds[lease.job.kind].run(self._services, lease.job)
        except asyncio.CancelledError:
            await self._give_back(lease)
            raise
        except Exception as error:  # noqa: BLE001 - a handler's mistake fails the attempt only
            outcome = error
        _tell(lease, outcome)
        await self._settle(lease, outcome)

    @asynccontextmanager
    async def _kept(self, lease: Lease) -> AsyncIterator[None]:
        """Inside, the lease is renewed; if it is lost, the job in hand is cancelled."""
        keeping = asyncio.create_task(self._keep(lease, asyncio.current_task()))
        try:
            yield
        finally:
            keeping.cancel()

    async def _keep(self, lease: Lease, attending: asyncio.Task[None] | None) -> None:
        held_until = self._services.clock.now() + self._lease
        is_held = True
        while is_held:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            until = self._services.clock.now() + self._lease
            try:
                is_held = await self._queue.renew(lease, until)
                held_until = until
            except Unavailable:
                is_held = self._services.clock.now() < held_until
        log.warning("lease lost", job_id=str(lease.job.id))
        if attending is not None:
            attending.cancel()

    async def _settle(self, lease: Lease, outcome: Exception | None) -> None:
        for _ in range(SETTLE_ATTEMPTS):
            try:
                await self._say(lease, outcome)
            except Unavailable:
                await asyncio.sleep(SETTLE_PAUSE_S)
            else:
                return

    async def _say(self, lease: Lease, outcome: Exception | None) -> None:
        every = self._kinds[lease.job.kind].every
        now, chance = self._services.clock.now(), _chance()
        if outcome is None:
            await settle_success(self._queue, lease, every, now=now, chance=chance)
        else:
            await settle_failure(self._queue, lease, outcome, every, now=now, chance=chance)

    async def _give_back(self, lease: Lease) -> None:
        """The attempt does not count: nothing was wrong with the job."""
        now, attempts = self._services.clock.now(), lease.job.attempts - 1
        with suppress(Unavailable):
            await self._queue.put_back(lease, run_at=now, attempts=attempts, error=None)


def _tell(lease: Lease, outcome: Exception | None) -> None:
    about = log.bind(kind=lease.job.kind, job_id=str(lease.job.id), attempt=lease.job.attempts)
    if outcome is None:
        about.info("job done")
    elif isinstance(outcome, DomainError | JobHopeless):
        about.warning("job failed", reason=describe(outcome))
    else:
        about.error("job failed", exc_info=outcome)


def _chance() -> float:
    return random.random()  # noqa: S311 - it spreads work, nothing is guessed from it
