"""A whole sync of 10,000 transactions, network excluded, against the same rows by the bare driver.

Coffers claims the connection, reads a provider that has everything ready, merges, writes snapshot,
report and events, and commits: all that a sync does but wait for others. The floor is that of
`ledger_writes`: ready records by COPY or `executemany` into the same table with the same indexes.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from tests.ledgers import Ledger, ledger_at, position, reported_account
from tests.scripted import Script, ScriptedBank
from tests.stores import user

from benchmarks.foundation import embedded, production
from benchmarks.ledger_writes import bare, some_rows
from coffers.application.linking.claims import SyncRequest
from coffers.application.linking.connections import seal
from coffers.application.linking.credentials import ProviderAccess
from coffers.application.linking.syncs import sync
from coffers.domain.ids import new_id
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.linking.connections import Connection, ConnectionStatus, SealedCredentials
from coffers.domain.linking.providers import Credentials
from coffers.domain.linking.syncs import SyncScope, SyncTrigger
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.vault import AesGcmVault, VaultKey

ROUNDS: Final = 7
PAGE: Final = 500
POSITIONS: Final = 30


def measure() -> dict[str, float]:
    """The median of the rounds' ratios to their floors: a first sync, and one with nothing new."""
    ratios: dict[str, float] = {}
    for open_set_up in (embedded, production):
        with open_set_up() as set_up:
            first, again = asyncio.run(_compare(set_up.database_url))
        ratios[f"{set_up.name}: a whole first sync / floor (at most 2.5)"] = first
        ratios[f"{set_up.name}: a whole sync with nothing new / floor (at most 1.5)"] = again
    return ratios


async def _compare(database_url: str) -> tuple[float, float]:
    firsts, agains = [], []
    async with ledger_at(database_url) as ledger:
        async with ledger.uow() as uow:
            await uow.users.add(user(ledger.user_id, "ada"))
            await uow.commit()
        for number in range(ROUNDS):
            rows = some_rows(number)
            floor = await bare(ledger, await ledger.account(f"floor-{number}"), rows)
            first, again = await _synced_twice(ledger, number, rows)
            firsts.append(first / floor)
            agains.append(again / floor)
    return statistics.median(firsts), statistics.median(agains)


async def _synced_twice(
    ledger: Ledger, number: int, rows: Sequence[ReportedTransaction]
) -> tuple[float, float]:
    """Seconds of a first sync of everything, and of the next one that finds nothing new."""
    name = f"ours-{number}"
    script = Script(
        accounts=[reported_account(name)],
        holdings={name: [position(f"S{place}") for place in range(POSITIONS)]},
        pages={name: [list(rows[start : start + PAGE]) for start in range(0, len(rows), PAGE)]},
    )
    bank = ScriptedBank(script, f"bank-{number}")
    access = ProviderAccess(_vault(), SystemClock(), {bank.profile.slug: bank})
    connection_id = await _connect(ledger, access, bank.profile.slug)
    scope, trigger = SyncScope.EVERYTHING, SyncTrigger.FORCED
    first = SyncRequest(ledger.user_id, connection_id, scope, trigger)
    again = replace(first, first=rows[0].transaction_date)
    return await _timed(ledger, access, first), await _timed(ledger, access, again)


async def _timed(ledger: Ledger, access: ProviderAccess, request: SyncRequest) -> float:
    started = time.perf_counter()
    await sync(ledger.uow(), access, request)
    return time.perf_counter() - started


def _vault() -> AesGcmVault:
    return AesGcmVault([VaultKey("0" * 12, bytes(32))])


async def _connect(ledger: Ledger, access: ProviderAccess, slug: str) -> UUID:
    now = access.clock.now()
    connection = Connection(
        id=new_id(),
        user_id=ledger.user_id,
        provider_slug=slug,
        alias=None,
        status=ConnectionStatus.ACTIVE,
        connected_at=now,
        last_sync_at=None,
        next_sync_at=None,
        created_at=now,
        updated_at=now,
    )
    sealed = SealedCredentials(
        user_id=ledger.user_id,
        connection_id=connection.id,
        sealed=seal(access.vault, connection.id, Credentials({"key": "secret"})),
        expires_at=None,
        obtained_at=now,
    )
    async with ledger.uow() as uow:
        await uow.connections.add(connection)
        await uow.connections.keep_credentials(sealed)
        await uow.commit()
    return connection.id


if __name__ == "__main__":
    for name, ratio in measure().items():
        print(f"{name}: {ratio:.2f}")
