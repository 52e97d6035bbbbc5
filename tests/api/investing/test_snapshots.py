"""Snapshots of portfolios: by schedule, by back-fill, and what late news leaves of them."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from coffers.application.investing import snapshot_taking
from coffers.application.investing.series import MAX_DAYS
from coffers.application.investing.snapshot_taking import SNAPSHOTS, TAKE
from coffers.application.investing.snapshots import FILL
from coffers.background import KINDS
from coffers.domain.ids import new_id
from coffers.domain.investing.snapshots import MAX_MISSED, SILENCE
from coffers.domain.jobs import Job
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.infrastructure.db.investing.portfolio_snapshots import (
    portfolio_back_fills,
    portfolio_snapshots,
)
from coffers.infrastructure.db.live.events import events
from coffers.services import Services
from tests.ledgers import ledger_of, movement
from tests.people import Person, settle
from tests.rows import rows, write
from tests.spendings import work_through

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY: Final = datetime.now(UTC).date()
DAY: Final = timedelta(days=1)


def paid(number: str, amount: str, days_ago: int) -> Any:
    return movement(
        number,
        transaction_type=TransactionType.TRANSFER,
        subtype=TransactionSubtype.DEPOSIT,
        amount=Decimal(amount),
        transaction_date=TODAY - days_ago * DAY,
    )


@pytest_asyncio.fixture(loop_scope="module")
async def eve(service: httpx.AsyncClient) -> Person:
    return await settle(service, f"eve-{new_id().hex}")


async def portfolio(person: Person, *moved: Any, balance: str = "100.00") -> str:
    async with ledger_of(person) as ledger:
        account = await ledger.purse(balance=Decimal(balance))
        await ledger.move(account, *moved)
    draft = {"name": "Money", "base_currency": "USD", "account_ids": [str(account.id)]}
    return f"/portfolios/{(await person.post('/portfolios', draft)).json()['id']}"


async def told_late(person: Person, path: str, row: Any) -> None:
    (account_id,) = (await person.get(path)).json()["account_ids"]
    async with ledger_of(person) as ledger:
        await ledger.move(await ledger.known(UUID(account_id)), row)


async def snapshots(person: Person, path: str) -> list[dict[str, Any]]:
    return list((await person.get(f"{path}/snapshots")).json()["snapshots"])


async def an_hour_passes(person: Person) -> None:
    services: Services = person.client.app.state.services  # type: ignore[attr-defined]  # set by `running`
    await KINDS[SNAPSHOTS].run(services, Job(new_id(), SNAPSHOTS, {}, services.clock.now()))
    await work_through(person.client, TAKE)


async def back_fill(person: Person, path: str, **days: str) -> dict[str, Any]:
    asked = await person.post(f"{path}/snapshots", days)
    assert asked.status_code == 201, asked.text
    assert asked.headers["Location"] == f"/api/v1{path}/snapshots/back-fill"
    await work_through(person.client, FILL)
    return dict((await person.get(f"{path}/snapshots/back-fill")).json())


async def test_the_schedule_takes_yesterday_once_when_it_is_over(eve: Person) -> None:
    path = await portfolio(eve, paid("1", "100.00", 3))

    await an_hour_passes(eve)
    await an_hour_passes(eve)

    (taken,) = await snapshots(eve, path)
    assert taken["date"] == str(TODAY - DAY)
    assert (taken["value"], taken["currency"]) == ("100.00", "USD")
    assert taken["origin"] == "schedule"


async def test_the_schedule_makes_up_for_days_on_which_nothing_ran(eve: Person) -> None:
    path = await portfolio(eve, paid("1", "100.00", 9))
    await back_fill(eve, path, end_date=str(TODAY - 4 * DAY))

    await an_hour_passes(eve)

    taken = await snapshots(eve, path)
    assert [each["date"] for each in taken[-4:]] == [str(TODAY - n * DAY) for n in (4, 3, 2, 1)]
    assert [each["origin"] for each in taken[-4:]] == ["back_fill", *["schedule"] * 3]


async def test_but_not_for_more_than_a_month(eve: Person) -> None:
    path = await portfolio(eve, paid("1", "100.00", 60))
    await back_fill(eve, path, end_date=str(TODAY - (MAX_MISSED + 1) * DAY))

    await an_hour_passes(eve)

    assert [each["origin"] for each in await snapshots(eve, path)].count("schedule") == 1


async def test_a_late_entry_changes_the_series_but_no_snapshot(eve: Person) -> None:
    path = await portfolio(eve, paid("1", "100.00", 5), paid("2", "0.00", 5))
    await back_fill(eve, path)
    before = await snapshots(eve, path)

    await told_late(eve, path, paid("3", "30.00", 2))

    found = (await eve.get(f"{path}/values?start_date={TODAY - 5 * DAY}")).json()["values"]
    assert [each["value"] for each in before] == ["100.00"] * 5
    assert [each["value"] for each in found] == ["70.00"] * 3 + ["100.00"] * 3
    assert (await back_fill(eve, path))["added_count"] == 0
    assert await snapshots(eve, path) == before


async def test_a_back_fill_tells_how_far_it_is(
    eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_taking, "PART", 2)
    path = await portfolio(eve, paid("1", "100.00", 5))
    waiting = (await eve.post(f"{path}/snapshots", {})).json()

    await work_through(eve.client, FILL)

    done = (await eve.get(f"{path}/snapshots/back-fill")).json()
    told = [
        (each["details"]["done"], each["details"]["of"])
        for each in await audit(eve)
        if each["name"] == "PortfolioSnapshotsTaken"
    ]
    assert (waiting["state"], waiting["day_count"]) == ("waiting", 0)
    assert (done["state"], done["day_count"], done["done_count"]) == ("done", 5, 5)
    assert done["added_count"] == 5
    assert told == [(2, 5), (4, 5), (5, 5)]


async def test_one_back_fill_at_a_time_unless_the_one_before_has_died(eve: Person) -> None:
    path = await portfolio(eve, paid("1", "100.00", 5))
    await eve.post(f"{path}/snapshots", {})

    refused = await eve.post(f"{path}/snapshots", {})
    await silent(eve, SILENCE)
    again = await eve.post(f"{path}/snapshots", {})
    await work_through(eve.client, FILL)

    assert (refused.status_code, again.status_code) == (409, 201)
    assert refused.json()["type"].endswith("/back_fill_under_way")


async def test_a_back_fill_that_cannot_be_done_says_why(eve: Person) -> None:
    path = await portfolio(eve, paid("1", "100.00", MAX_DAYS + 2))

    found = await back_fill(eve, path)

    assert found["state"] == "failed"
    assert "days at a time" in found["reason"]


async def test_nothing_known_leaves_nothing_to_take(eve: Person) -> None:
    path = await portfolio(eve)

    await an_hour_passes(eve)
    found = await back_fill(eve, path)

    assert (found["state"], found["day_count"]) == ("done", 0)
    assert await snapshots(eve, path) == []


async def test_snapshots_go_with_their_portfolio(eve: Person) -> None:
    path = await portfolio(eve, paid("1", "100.00", 5))
    await back_fill(eve, path)

    assert (await eve.delete(path)).status_code == 204

    for place in ("snapshots", "snapshots/back-fill"):
        assert (await eve.get(f"{path}/{place}")).status_code == 404
    assert await kept(eve) == 0


async def audit(person: Person) -> list[dict[str, Any]]:
    mine = events.c.user_id == UUID(person.id)
    told = select(events.c.name, events.c.details).where(mine).order_by(events.c.sequence)
    return [
        {"name": row.name, "details": json.loads(row.details)}
        for row in await rows(person.client, told)
    ]


async def kept(person: Person) -> int:
    mine = portfolio_snapshots.c.user_id == UUID(person.id)
    return len(await rows(person.client, select(portfolio_snapshots.c.day).where(mine)))


async def silent(person: Person, since: timedelta) -> None:
    """Nothing was heard of the back-fill for so long."""
    before = datetime.now(UTC) - since
    await write(person.client, update(portfolio_back_fills).values(updated_at=before))
