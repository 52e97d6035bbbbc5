"""Money that comes and goes for tests, and the work in the background that follows it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
from sqlalchemy import delete

from coffers.background import KINDS
from coffers.domain.ledger.accounts import Account, AccountType
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.live.events import Origin
from coffers.infrastructure.db.jobs import jobs
from coffers.services import Services
from tests.ledgers import Ledger, movement
from tests.people import Person

DAY: Final = date(2026, 3, 2)


def moved(number: str, amount: str, day: date = DAY, **more: Any) -> ReportedTransaction:
    """A movement with this id of its source."""
    return movement(number, amount=Decimal(amount), transaction_date=day, **more)


def days(count: int) -> timedelta:
    return timedelta(days=count)


async def bank_account(ledger: Ledger, number: str, **more: Any) -> Account:
    changes = {"name": number, "account_type": AccountType.CHECKING} | more
    return await ledger.account(number, **changes)


async def ids_of(person: Person, account: Account) -> dict[str, str]:
    """The ids of an account's movements by their source's."""
    found = await person.get(f"/accounts/{account.id}/transactions")
    return {row["provider_transaction_id"]: row["id"] for row in found.json()["transactions"]}


async def forget_work(client: httpx.AsyncClient) -> None:
    """Leave nothing waiting of what earlier tests of a file asked for."""
    services: Services = client.app.state.services  # type: ignore[attr-defined]  # set by `running`
    uow = services.unit_of_work(Origin(), None)
    async with uow:
        await uow.transaction.execute(delete(jobs))  # type: ignore[attr-defined]  # behind the port's back
        await uow.commit()


async def work_through(client: httpx.AsyncClient, *kinds: str) -> int:
    """Do what waits of these kinds, whenever it was to be done; answers how many jobs it was."""
    services: Services = client.app.state.services  # type: ignore[attr-defined]  # set by `running`
    done = 0
    for kind in kinds:
        now = services.clock.now() + timedelta(days=1)
        until = now + timedelta(hours=1)
        claim = services.job_queue.claim
        while leases := await claim(kind, worker="test", limit=20, now=now, until=until):
            for lease in leases:
                await KINDS[kind].run(services, lease.job)
                await services.job_queue.finish(lease, now)
                done += 1
    return done
