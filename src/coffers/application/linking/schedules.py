"""Schedules: connections whose turn it is go into the queue; a turn is a sync like any other."""

from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from coffers.application.linking.claims import SyncRequest, chance
from coffers.application.linking.credentials import ProviderAccess
from coffers.application.linking.providers import Catalogue
from coffers.application.linking.sync_events import abandon_running
from coffers.application.linking.syncs import sync
from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import DomainError, Unavailable
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import Job
from coffers.domain.linking.connections import Connection, ConnectionNotFound
from coffers.domain.linking.providers import Provider
from coffers.domain.linking.schedules import MAX_AT_ONCE, MAX_ORPHANS, next_after_failure
from coffers.domain.linking.syncs import SyncAbandoned, SyncScope, SyncTrigger

#: The kind of the jobs that are turns.
TURN: Final = "sync"


async def look_whose_turn(uow: UnitOfWork, clock: Clock, catalogue: Catalogue) -> None:
    """End syncs whose process died, and put the turns that are due into the queue.

    However often and by how many it is looked: a connection has one turn in the queue.
    """
    await _end_orphans(uow, clock)
    async with uow:
        now = clock.now()
        for turn in await uow.schedules.turns(now, MAX_AT_ONCE):
            if isinstance(catalogue.get(turn.provider_slug), Provider):
                payload = {"connection_id": str(turn.connection_id)}
                job = Job(new_id(), TURN, payload, run_at=now, user_id=turn.user_id)
                await uow.jobs.enqueue(job, dedupe_key=f"sync:{turn.connection_id}")
        await uow.commit()


async def take_turn(uow: UnitOfWork, access: ProviderAccess, job: Job) -> None:
    """Sync everything of the connection, unless somebody did so meanwhile.

    What goes wrong is remembered beside the sync, with the next turn; only when the database is
    away is it for the queue to try again.
    """
    connection_id = UUID(str(job.payload["connection_id"]))
    if not await _is_due(uow, access.clock, job.user_id, connection_id):
        return
    request = SyncRequest(job.user_id, connection_id, SyncScope.EVERYTHING, SyncTrigger.SCHEDULE)
    try:
        await sync(uow, access, request)
    except Unavailable:
        raise
    except DomainError:
        return


async def _is_due(uow: UnitOfWork, clock: Clock, user_id: UserId, connection_id: UUID) -> bool:
    try:
        async with uow:
            connection = await uow.connections.get(user_id, connection_id)
    except ConnectionNotFound:
        return False
    return connection.next_sync_at is not None and connection.next_sync_at <= clock.now()


async def _end_orphans(uow: UnitOfWork, clock: Clock) -> None:
    """What died once is tried again at once; what dies every time is left alone for longer."""
    async with uow:
        now = clock.now()
        for orphan in await uow.schedules.orphans(now, MAX_ORPHANS):
            await abandon_running(uow, orphan, now)
            await uow.connections.update(_freed(orphan, now))
        await uow.commit()


def _freed(orphan: Connection, now: datetime) -> Connection:
    again = next_after_failure(now, orphan.failures, SyncAbandoned("It died."), chance())
    return replace(
        orphan,
        sync_id=None,
        sync_leased_until=None,
        failures=orphan.failures + 1,
        next_sync_at=orphan.next_sync_at and max(again, orphan.next_sync_at),
    )
