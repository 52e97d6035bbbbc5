"""Connections that are synced by themselves: whose turn it is, how many at once, after failures."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from coffers.application.linking.connections import seal
from coffers.application.linking.credentials import ProviderAccess
from coffers.application.linking.schedules import TURN, look_whose_turn, take_turn
from coffers.background import KINDS
from coffers.domain.errors import DomainError
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import JobState
from coffers.domain.linking.connections import Connection, ConnectionStatus, SealedCredentials
from coffers.domain.linking.providers import (
    Credentials,
    ProviderFailed,
    ProviderRateLimited,
    ProviderRefusedCredentials,
)
from coffers.domain.linking.schedules import INTERVAL, MAX_AT_ONCE, next_after_failure, next_regular
from coffers.domain.live.events import Origin
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.jobs import jobs
from coffers.infrastructure.db.ledger.snapshots import balance_snapshots
from coffers.infrastructure.db.linking.connections import connections
from coffers.infrastructure.db.linking.syncs import syncs
from coffers.services import Services
from tests.conftest import settings_for
from tests.ledgers import reported_account
from tests.scripted import Script, ScriptedBank, offering
from tests.stores import NOON, FakeClock, user
from tests.working import until, working

HOUR = timedelta(hours=1)


@dataclass
class Installation:
    """Services whose scripted bank and clock the test holds in its hands."""

    services: Services
    clock: FakeClock
    url: str

    @property
    def access(self) -> ProviderAccess:
        return replace(self.services.provider_access, clock=self.clock)

    async def add_user(self, name: str = "ada") -> UserId:
        user_id = UserId(new_id())
        async with self.services.unit_of_work(Origin(), None) as uow:
            await uow.users.add(user(user_id, name))
            await uow.commit()
        return user_id

    async def add(self, user_id: UserId, slug: str = "scripted", **more: Any) -> UUID:
        """A connection that was due an hour ago."""
        now = self.clock.now()
        fields: dict[str, Any] = {
            "id": new_id(),
            "user_id": user_id,
            "provider_slug": slug,
            "alias": None,
            "status": ConnectionStatus.ACTIVE,
            "connected_at": now - HOUR,
            "last_sync_at": None,
            "next_sync_at": now - HOUR,
            "created_at": now,
            "updated_at": now,
        }
        connection = Connection(**fields | more)
        secret = seal(self.access.vault, connection.id, Credentials({"key": "secret"}))
        sealed = SealedCredentials(user_id, connection.id, secret, None, now)
        async with self.services.unit_of_work(Origin(), None) as uow:
            await uow.connections.add(connection)
            await uow.connections.keep_credentials(sealed)
            await uow.commit()
        return connection.id

    async def look(self) -> None:
        uow = self.services.unit_of_work(Origin(), None)
        await look_whose_turn(uow, self.clock, self.access.catalogue)

    async def take(self) -> int:
        """Take every turn in the queue, as a worker would; how many there were."""
        now = self.clock.now()
        queue, until = self.services.job_queue, now + HOUR
        leases = await queue.claim(TURN, worker="w", limit=100, now=now, until=until)
        for lease in leases:
            await take_turn(self.services.unit_of_work(Origin(), None), self.access, lease.job)
            await queue.finish(lease, now)
        return len(leases)

    async def sql(self, statement: Any) -> list[Any]:
        async with open_engines(self.url) as engines, engines.write.begin() as connection:
            result = await connection.execute(statement)
            return list(result.all()) if result.returns_rows else []

    async def queued(self) -> int:
        waiting = jobs.c.state == JobState.READY.value
        return len(await self.sql(select(jobs.c.id).where(jobs.c.kind == TURN, waiting)))

    async def next_in(self, connection_id: UUID) -> timedelta:
        statement = select(connections.c.next_sync_at).where(connections.c.id == connection_id)
        (row,) = await self.sql(statement)
        when: datetime = row.next_sync_at
        return when - self.clock.now()


@dataclass
class Crowd:
    """How many were there at once."""

    there: int = 0
    most: int = 0
    gone: int = 0

    async def come_and_go(self) -> None:
        self.there += 1
        self.most = max(self.most, self.there)
        await asyncio.sleep(0.1)
        self.there -= 1
        self.gone += 1


@pytest.fixture
def script() -> Script:
    return Script(accounts=[reported_account("a1")])


@pytest.fixture
async def here(script: Script, database_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    opened = offering(ScriptedBank(script), ScriptedBank(script, "other"))
    async with opened(settings_for(database_url, tmp_path)) as services:
        yield Installation(services, FakeClock(services.clock.now()), database_url)


async def test_a_turn_is_a_sync_of_everything_and_its_snapshots_say_so(
    here: Installation,
) -> None:
    connection = await here.add(await here.add_user(), last_sync_at=NOON)

    await here.look()
    await here.take()

    (sync,) = await here.sql(select(syncs))
    (snapshot,) = await here.sql(select(balance_snapshots))
    assert (sync.scope, sync.trigger, sync.status) == ("everything", "schedule", "succeeded")
    assert snapshot.source == "scheduled_sync"
    assert 0.9 * INTERVAL <= await here.next_in(connection) <= 1.1 * INTERVAL


async def test_the_first_turn_of_a_connection_writes_its_initial_snapshots(
    here: Installation,
) -> None:
    await here.add(await here.add_user())

    await here.look()
    await here.take()

    (snapshot,) = await here.sql(select(balance_snapshots))
    assert snapshot.source == "initial_connection"


async def test_however_many_look_a_connection_has_one_turn(here: Installation) -> None:
    await here.add(await here.add_user())

    await asyncio.gather(*(here.look() for _ in range(5)))
    await here.look()

    assert await here.queued() == 1
    assert await here.take() == 1
    await here.look()
    assert await here.queued() == 0


async def test_of_each_provider_only_so_many_run_or_wait_at_once(here: Installation) -> None:
    user_id = await here.add_user()
    for _ in range(MAX_AT_ONCE + 3):
        await here.add(user_id)
    busy = {"sync_id": new_id(), "sync_leased_until": here.clock.now() + HOUR}
    for place in range(MAX_AT_ONCE + 2):
        await here.add(user_id, "other", **(busy if place < 3 else {}))

    for _ in range(3):
        await here.look()

    rows = await here.sql(select(jobs.c.payload).where(jobs.c.kind == TURN))
    queued = {row.payload["connection_id"] for row in rows}
    others = await here.sql(select(connections.c.id).where(connections.c.provider_slug == "other"))
    of_other = {str(row.id) for row in others} & queued
    assert (len(queued - of_other), len(of_other)) == (MAX_AT_ONCE, MAX_AT_ONCE - 3)
    assert await here.take() == len(queued)
    await here.look()
    assert await here.queued() == 4


async def test_the_longest_due_have_their_turn_first(here: Installation) -> None:
    user_id, now = await here.add_user(), here.clock.now()
    ids = [
        await here.add(user_id, next_sync_at=now - timedelta(minutes=minutes))
        for minutes in (1, 3, 2, 5, 4, 6)
    ]

    await here.look()

    rows = await here.sql(select(jobs.c.payload).where(jobs.c.kind == TURN))
    queued = {row.payload["connection_id"] for row in rows}
    assert queued == {str(ids[place]) for place in (1, 3, 4, 5)}


@pytest.mark.parametrize(
    "state",
    [
        {"status": ConnectionStatus.EXPIRED},
        {"status": ConnectionStatus.DISCONNECTED},
        {"next_sync_at": None},
        {"next_sync_at": datetime(2090, 1, 1, tzinfo=NOON.tzinfo)},
        {"provider_slug": "gone"},
    ],
)
async def test_who_is_not_due_has_no_turn(here: Installation, state: dict[str, Any]) -> None:
    await here.add(await here.add_user(), **state)

    await here.look()

    assert await here.queued() == 0


async def test_an_inactive_user_s_connections_rest(here: Installation) -> None:
    await here.add(await here.add_user())
    await here.sql(update(users).values(is_active=False))

    await here.look()

    assert await here.queued() == 0


@pytest.mark.parametrize(
    ("refusal", "least"),
    [
        (ProviderFailed("Down."), timedelta(minutes=5)),
        (ProviderRateLimited("Slow.", retry_after_s=3_000), timedelta(seconds=3_000)),
    ],
)
async def test_a_turn_that_failed_is_not_tried_again_before_its_time(
    here: Installation, script: Script, refusal: DomainError, least: timedelta
) -> None:
    connection = await here.add(await here.add_user())
    script.meets["accounts"] = _raising(refusal)

    await here.look()
    await here.take()
    await here.look()

    assert await here.queued() == 0
    assert least <= await here.next_in(connection) <= 1.1 * least
    assert script.calls["accounts"] == 1


async def test_failures_in_a_row_are_tried_ever_more_seldom_until_one_goes_well(
    here: Installation, script: Script
) -> None:
    connection = await here.add(await here.add_user())
    script.meets["accounts"] = _raising(ProviderFailed("Down."))
    waits = []
    for _ in range(9):
        await here.look()
        await here.take()
        waits.append(await here.next_in(connection))
        here.clock.pass_time(hours=7)
    del script.meets["accounts"]

    await here.look()
    await here.take()

    assert waits == sorted(waits[:7]) + waits[7:]
    assert timedelta(minutes=10) <= waits[1] <= timedelta(minutes=11)
    assert max(waits) <= 1.1 * INTERVAL
    (row,) = await here.sql(select(connections))
    assert row.failures == 0


async def test_a_refused_sign_in_ends_the_turns(here: Installation, script: Script) -> None:
    await here.add(await here.add_user())
    script.meets["accounts"] = _raising(ProviderRefusedCredentials("Over."))

    await here.look()
    await here.take()
    here.clock.pass_time(days=30)
    await here.look()

    (row,) = await here.sql(select(connections))
    assert (row.status, row.next_sync_at, await here.queued()) == ("expired", None, 0)


async def test_a_turn_that_somebody_else_took_meanwhile_is_no_turn(
    here: Installation, script: Script
) -> None:
    connection = await here.add(await here.add_user())
    await here.look()
    later = here.clock.now() + HOUR
    await here.sql(update(connections).values(next_sync_at=later))

    assert await here.take() == 1
    assert script.calls["accounts"] == 0
    assert await here.next_in(connection) == HOUR


async def test_a_turn_of_a_connection_that_is_gone_is_done(here: Installation) -> None:
    await here.add(await here.add_user())
    await here.look()
    await here.sql(connections.delete())

    assert await here.take() == 1


async def test_a_sync_whose_process_died_is_told_and_has_its_turn_again(
    here: Installation, script: Script
) -> None:
    connection = await here.add(await here.add_user())
    script.meets["accounts"] = lambda: asyncio.sleep(60)
    await here.look()
    dying = asyncio.create_task(here.take())
    await until(lambda: script.calls["accounts"] == 1)
    here.clock.pass_time(minutes=5)
    del script.meets["accounts"]

    await here.look()

    (sync,) = await here.sql(select(syncs))
    assert (sync.status, sync.problem) == ("abandoned", "sync_abandoned")
    assert await here.next_in(connection) <= timedelta(0)
    dying.cancel()
    await asyncio.wait([dying])
    (row,) = await here.sql(select(connections))
    assert (row.sync_id, row.failures) == (None, 1)


async def test_a_connection_whose_sync_kills_every_process_is_left_alone_for_longer(
    here: Installation,
) -> None:
    user_id, dead = await here.add_user(), here.clock.now() - timedelta(seconds=1)
    connection = await here.add(user_id, failures=2, sync_id=new_id(), sync_leased_until=dead)

    await here.look()

    assert timedelta(minutes=10) <= await here.next_in(connection) <= timedelta(minutes=11)


async def test_two_workers_do_all_of_this_by_themselves_and_keep_to_the_cap(
    here: Installation, script: Script, tmp_path: Path
) -> None:
    user_id, crowd = await here.add_user(), Crowd()
    for _ in range(3 * MAX_AT_ONCE):
        await here.add(user_id)
    script.meets["accounts"] = crowd.come_and_go

    opened = offering(ScriptedBank(script))
    async with (
        opened(settings_for(here.url, tmp_path)) as others,
        working(here.services, KINDS),
        working(others, KINDS),
    ):
        # The look itself is due within seconds; no test waits for that.
        await asyncio.sleep(0.3)
        await here.sql(update(jobs).where(jobs.c.kind == "sync_turns").values(run_at=NOON))
        await until(lambda: crowd.gone == 3 * MAX_AT_ONCE, within_s=30)

    done = await here.sql(select(syncs).where(syncs.c.status == "succeeded"))
    assert len(done) == 3 * MAX_AT_ONCE
    assert 1 < crowd.most <= MAX_AT_ONCE


def test_turns_are_spread_by_a_tenth() -> None:
    assert next_regular(NOON, 0) == NOON + 0.9 * INTERVAL
    assert next_regular(NOON, 1) == NOON + 1.1 * INTERVAL
    delays = [next_after_failure(NOON, n, ProviderFailed(""), 0) - NOON for n in (0, 1, 2, 3, 99)]
    assert delays == [timedelta(minutes=minutes) for minutes in (0, 5, 10, 20, 360)]


def _raising(refusal: DomainError) -> Callable[[], None]:
    def refuse() -> None:
        raise refusal

    return refuse
