"""For campaigns about syncs: linked people, a broker whose days pass, ledgers to compare."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, func, select, update

from coffers.application.linking.claims import SyncRequest
from coffers.application.linking.links import Link, begin_link, finish_link
from coffers.application.linking.syncs import sync
from coffers.application.live.audit_log import verify_audit_log
from coffers.domain.identity.principals import Principal
from coffers.domain.identity.users import Role
from coffers.domain.ids import UserId, new_id
from coffers.domain.linking.syncs import SyncScope, SyncTrigger
from coffers.domain.live.events import Origin
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.jobs import jobs
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.holdings import holdings
from coffers.infrastructure.db.ledger.snapshots import balance_snapshots
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.linking.connections import connections
from coffers.infrastructure.db.linking.syncs import syncs
from coffers.infrastructure.db.live.events import events
from coffers.services import Services
from coffers.settings import Settings
from coffers.wiring import open_services
from tests.brokers import Broker, consent
from tests.sandbox.running import running_sandbox
from tests.stores import user

PERSONAS: Final = ("young-saver", "retiree")
#: The broker's calendar begins so many days ago and reaches today, however many rounds there are.
DAYS: Final = 20
#: What is ours of a row: ids, instants, versions, and what rules and owners say of it. The rest is
#: the broker's.
OURS: Final = frozenset(
    {"user_id", "id", "account_id", "connection_id", "version", "account_number"}
    | {"created_at", "updated_at", "last_synced_at", "deactivated_at", "import_id", "fingerprint"}
    | {"category_id", "merchant", "notes", "tags", "splits", "is_ignored", "is_transfer"}
    | {"transfer_id", "reconciliation_id", "annotated_by", "annotation_text"}
)


@contextmanager
def a_broker() -> Iterator[Broker]:
    """Its access tokens outlive the campaign: what a lost refresh means is tested elsewhere."""
    today = datetime.now(UTC).date() - timedelta(days=DAYS)
    with running_sandbox(today=today, access_life_s=36_000) as url:
        yield Broker(url)


async def pass_days(broker: Broker, done: float) -> None:
    """Set the broker's calendar; `done` is how much of the campaign lies behind, from 0 to 1."""
    today = datetime.now(UTC).date() - timedelta(days=round(DAYS * (1 - done)))
    await broker.admin("POST", "/admin/clock", json={"today": str(today)})


@dataclass
class Customer:
    """Somebody linked to the broker once for each persona."""

    user_id: UserId
    connections: list[UUID]


@dataclass
class Bench:
    """Services beside the tormented ones, on their database."""

    services: Services
    url: str

    async def customer(self, name: str) -> Customer:
        """Somebody new."""
        user_id = UserId(new_id())
        async with self.services.unit_of_work(Origin(), None) as uow:
            await uow.users.add(user(user_id, name))
            await uow.commit()
        return await self.linked(user_id)

    async def linked(self, user_id: UserId) -> Customer:
        """Somebody who is here already."""
        customer = Customer(user_id, [])
        access, redirects = self.services.provider_access, self.services.redirect_uris
        for persona in PERSONAS:
            uow = self.services.unit_of_work(Origin(), None)
            begun = await begin_link(
                uow,
                access,
                Link(customer.user_id, "sandbox", persona, None),
                redirect_uri=redirects[0],
                allowed_redirects=redirects,
            )
            back = await consent(begun.authorization_url, persona)
            who = Principal(customer.user_id, frozenset({Role.USER}))
            made = await finish_link(uow, access, who, code=back["code"], state=back["state"])
            customer.connections.append(made.view.id)
        return customer

    async def sync(self, customer: Customer) -> None:
        """Undisturbed."""
        for connection_id in customer.connections:
            uow = self.services.unit_of_work(Origin(), None)
            scope, trigger = SyncScope.EVERYTHING, SyncTrigger.FORCED
            request = SyncRequest(customer.user_id, connection_id, scope, trigger)
            await sync(uow, self.services.provider_access, request)

    async def make_due(self, customer: Customer, since: datetime | None = None) -> None:
        """All of the customer's turns, and the look that finds them.

        Syncs that began before `since`, or now, are made hours old: a turn that comes right after
        one would leave it at that.
        """
        now = datetime.now(UTC)
        past, began = now - timedelta(seconds=1), syncs.c.started_at
        recent = (syncs.c.user_id == customer.user_id) & (began < (since or now))
        recent &= began > now - timedelta(hours=1)
        long_ago = now - timedelta(hours=2)
        await self.write(update(syncs).where(recent).values(started_at=long_ago))
        mine = connections.c.user_id == customer.user_id
        due = {"next_sync_at": past, "failures": 0}
        await self.write(update(connections).where(mine).values(due))
        await self.write(update(jobs).where(jobs.c.kind == "sync_turns").values(run_at=past))

    async def let_leases_lapse(self, customer: Customer) -> None:
        """As if the time of whoever was killed had run out."""
        past = datetime.now(UTC) - timedelta(seconds=1)
        held = (connections.c.user_id == customer.user_id) & connections.c.sync_id.is_not(None)
        await self.write(update(connections).where(held).values(sync_leased_until=past))
        taken = jobs.c.leased_until.is_not(None)
        await self.write(update(jobs).where(taken).values(leased_until=past))

    async def ledger(self, customer: Customer) -> dict[str, list[str]]:
        """What the broker's word has become: every row by its account, without what is ours."""
        names = {row.id: row.provider_account_id for row in await self.rows(accounts, customer)}
        return {
            table.name: sorted(
                _plain(row, names.get(getattr(row, "account_id", None), ""))
                for row in await self.rows(table, customer)
            )
            for table in (accounts, holdings, transactions)
        }

    async def rows(self, table: Table, customer: Customer) -> list[Any]:
        return await self.read(select(table).where(table.c.user_id == customer.user_id))

    async def read(self, statement: Any) -> list[Any]:
        async with open_engines(self.url) as engines, engines.read.connect() as connection:
            return list((await connection.execute(statement)).all())

    async def write(self, statement: Any) -> None:
        async with open_engines(self.url) as engines, engines.write.begin() as connection:
            await connection.execute(statement)

    async def check_books(self, customer: Customer) -> int:
        """Every sync has one end and one snapshot an account; nothing waits; the log is whole.

        Answers how many syncs were killed.
        """
        ended = [row.status for row in await self.rows(syncs, customer)]
        assert set(ended) <= {"succeeded", "failed", "abandoned"}, ended
        told = await self.told(customer)
        assert told["AccountsSyncAttempted"] == len(ended)
        assert told.get("AccountsSyncSucceeded", 0) == ended.count("succeeded")
        assert told.get("AccountsSyncFailed", 0) == len(ended) - ended.count("succeeded")
        assert await self._snapshots(customer) == await self._expected_snapshots(customer)
        assert all(row.sync_id is None for row in await self.rows(connections, customer))
        verified = await verify_audit_log(self.services.audit_logs, self.services.clock)
        assert verified.is_intact
        return ended.count("abandoned")

    async def told(self, customer: Customer) -> dict[str, int]:
        statement = (
            select(events.c.name, func.count().label("count"))
            .where(events.c.user_id == customer.user_id)
            .group_by(events.c.name)
        )
        return {row.name: row.count for row in await self.read(statement)}

    async def _snapshots(self, customer: Customer) -> int:
        return len(await self.rows(balance_snapshots, customer))

    async def _expected_snapshots(self, customer: Customer) -> int:
        done = [row.connection_id for row in await self.rows(syncs, customer) if _went_well(row)]
        of_links = [row.connection_id for row in await self.rows(accounts, customer)]
        return sum(of_links.count(connection_id) for connection_id in done)


def _went_well(sync_row: Any) -> bool:
    return bool(sync_row.status == "succeeded")


def _plain(row: Any, account: str) -> str:
    told = {name: value for name, value in row._asdict().items() if name not in OURS}
    return f"{account} {told}"


@asynccontextmanager
async def a_bench(settings: Settings) -> AsyncIterator[Bench]:
    async with open_services(settings) as services:
        yield Bench(services, settings.database)


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110 - what is waited for tells nobody
            await asyncio.sleep(0.2)


def tormented(url: str, broker: Broker) -> dict[str, str]:
    """Settings of a process that is going to be killed: short leases, so that rounds are short."""
    return {
        "database_url": url,
        "sandbox_url": broker.url,
        "worker_lease_s": "2",
        "sync_lease_s": "2",
        "provider_deadline_s": "10",
    }
