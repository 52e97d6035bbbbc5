"""Kills in the middle of syncs: the ledger is that of an undisturbed run, and nothing is twice."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest

from coffers.domain.ids import UserId
from coffers.infrastructure.db.linking.syncs import syncs
from tests.brokers import Broker
from tests.conftest import ENGINES, settings_for
from tests.nursery import ForkedService, ForkedWorker
from tests.people import Person, sign_up
from tests.programs import NO_TLS
from tests.service_processes import Service
from tests.tormented import Bench, Customer, a_bench, a_broker, pass_days, tormented, until

TORTURE: Final = bool(os.environ.get("TORTURE"))
KILLS: Final = 100 if TORTURE else 1
SEED: Final = int(os.environ.get("SYNC_KILLS_SEED") or random.SystemRandom().randrange(1 << 32))
#: A kill comes so long after the syncs fell due, at most: that is about how long they take.
SPAN_S: Final = 1.2

pytestmark = pytest.mark.torture


@pytest.fixture
def chance() -> random.Random:
    print(f"SYNC_KILLS_SEED={SEED}")  # noqa: T201 - pytest shows it when the campaign fails
    return random.Random(SEED)


@pytest.fixture
def bank() -> Iterator[Broker]:
    with a_broker() as broker:
        yield broker


@pytest.fixture
async def bench(bank: Broker, database_url: str, tmp_path: Path) -> AsyncIterator[Bench]:
    settings = settings_for(database_url, tmp_path, sandbox_url=bank.url)
    async with a_bench(settings) as bench:
        yield bench


@pytest.mark.parametrize("database_url", ENGINES if TORTURE else ["postgresql"], indirect=True)
async def test_workers_killed_in_their_turns_leave_the_ledger_of_an_undisturbed_run(
    bench: Bench, bank: Broker, database_url: str, tmp_path: Path, chance: random.Random
) -> None:
    ada = await bench.customer("ada")
    process = ForkedWorker(tmp_path, **tormented(database_url, bank))
    try:
        for number in range(KILLS):
            await pass_days(bank, number / KILLS)
            await bench.make_due(ada)
            await asyncio.to_thread(process.start)
            await asyncio.sleep(chance.uniform(0, SPAN_S))
            await asyncio.to_thread(process.kill)
            await bench.let_leases_lapse(ada)
        await pass_days(bank, 1)
        since = datetime.now(UTC)
        await asyncio.to_thread(process.start)
        await _until_synced(bench, ada, since)
        await asyncio.to_thread(process.stop)
    finally:
        process.close()

    await _as_undisturbed(bench, ada)


@pytest.mark.parametrize("database_url", ENGINES if TORTURE else ["sqlite"], indirect=True)
async def test_a_service_killed_in_syncs_leaves_the_ledger_of_an_undisturbed_run(
    bench: Bench, bank: Broker, database_url: str, tmp_path: Path, chance: random.Random
) -> None:
    limits = {f"limits__provider_{name}": "100000/100000" for name in ("sync", "connect")}
    process = ForkedService(tmp_path, **tormented(database_url, bank), **limits)
    try:
        await asyncio.to_thread(process.start)
        async with httpx.AsyncClient(base_url=process.api, timeout=30, verify=NO_TLS) as client:
            person = await sign_up(client, "ada", database_url=database_url)
        ada = await bench.linked(UserId(UUID(person.id)))
        for number in range(KILLS):
            await pass_days(bank, number / KILLS)
            syncing = asyncio.create_task(_sync_once(process, person, ada))
            await asyncio.sleep(chance.uniform(0, SPAN_S))
            await asyncio.to_thread(process.kill)
            await syncing
            await bench.let_leases_lapse(ada)
            await asyncio.to_thread(process.start)
        await pass_days(bank, 1)
        await until(lambda: _sync_once(process, person, ada))
        await asyncio.to_thread(process.stop)
    finally:
        process.close()

    await _as_undisturbed(bench, ada)


async def _until_synced(bench: Bench, customer: Customer, since: datetime) -> None:
    """Every connection had a turn that began from then on and went well."""

    async def are_synced() -> bool:
        rows = await bench.rows(syncs, customer)
        ended = {row.connection_id for row in rows if _went_well(row, since)}
        if ended != set(customer.connections):
            await bench.make_due(customer, since)
        return ended == set(customer.connections)

    await until(are_synced)


def _went_well(row: Any, since: datetime) -> bool:
    return bool(row.status == "succeeded" and row.started_at >= since)


async def _sync_once(process: Service, person: Person, customer: Customer) -> bool:
    """By request, all connections at once; whether all went well."""
    async with httpx.AsyncClient(
        base_url=process.api,
        headers=person.headers,
        timeout=30,
        verify=NO_TLS,
    ) as client:

        async def sync(connection_id: UUID) -> bool:
            try:
                path = f"/connections/{connection_id}/syncs"
                answer = await client.post(path, json={"force": True})
            except httpx.HTTPError:
                return False
            return answer.status_code == httpx.codes.CREATED

        return all(await asyncio.gather(*map(sync, customer.connections)))


async def _as_undisturbed(bench: Bench, ada: Customer) -> None:
    eve = await bench.customer("eve")
    await bench.sync(eve)
    assert await bench.ledger(ada) == await bench.ledger(eve)
    killed = await bench.check_books(ada)
    print(f"{killed} syncs were killed")  # noqa: T201 - likewise
    assert not TORTURE or killed > KILLS / 10, "hardly any kill met a sync"
