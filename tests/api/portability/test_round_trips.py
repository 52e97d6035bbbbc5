"""export(restore(export(x))) == export(x), on each engine and from one to the other."""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import insert, select

from coffers.application.investing.snapshots import FILL
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.linking.connections import connections
from coffers.infrastructure.db.spending.budgets import budget_alerts, budgets
from tests.brokers import Broker, link, sync
from tests.conftest import running, settings_for
from tests.examples import EXAMPLES
from tests.exporting import STATEMENT, apply, exported, fill, made, restored, trade, undated
from tests.people import PASSWORD, Person, sign_up
from tests.portfolio_examples import a_portfolio_being_filled
from tests.spendings import work_through

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]

WAYS = [("sqlite", "postgres"), ("postgres", "sqlite")]


@pytest.fixture(params=WAYS, ids=" to ".join)
def urls(request: pytest.FixtureRequest) -> list[str]:
    """Two fresh databases: where an export comes from, and where it goes."""
    return [request.getfixturevalue(f"fresh_{engine}")() for engine in request.param]


@pytest.mark.usefixtures("recent_only")
async def test_a_restored_export_exports_the_same(
    urls: list[str], broker: Broker, tmp_path: Path
) -> None:
    there, here = (
        settings_for(url, tmp_path / str(place), sandbox_url=broker.url)
        for place, url in enumerate(urls)
    )
    async with running(there) as client:
        ada = await sign_up(client, "ada")
        await fill(ada)
        # One of everything that any route speaks of.
        for make in EXAMPLES.values():
            await make(ada)
        await a_portfolio_being_filled(ada)
        await work_through(client, FILL)
        await _complete(there.database)
        before = await exported(ada)
        shown = await _shown(ada)

    async with running(here) as client:
        bob = await sign_up(client, "bob")
        answer = await restored(bob, before)
        after = await exported(bob)
        shown_again = await _shown(bob)

    assert answer.status_code == 201, answer.text
    assert [name for name, count in json.loads(before)["counts"].items() if not count] == []
    assert answer.json()["counts"] == json.loads(before)["counts"]
    assert undated(after) == undated(before)
    assert shown_again == shown


async def _complete(url: str) -> None:
    """What no route makes: an alert; connections of examples that are stored behind its back."""
    known = select(connections.c.id)
    lost = select(accounts.c.user_id, accounts.c.connection_id.label("id")).distinct()
    lost = lost.where(accounts.c.connection_id.is_not(None), accounts.c.connection_id.not_in(known))
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    fields = {
        "provider_slug": "sandbox",
        "status": "active",
        "failures": 0,
        "version": 1,
        "created_at": at,
        "updated_at": at,
    }
    async with open_engines(url) as engines, engines.write.begin() as connection:
        rows = [row._asdict() | fields for row in await connection.execute(lost)]
        await connection.execute(insert(connections), rows)
        told = select(
            budgets.c.user_id,
            budgets.c.id.label("budget_id"),
            budgets.c.starts_on.label("period_start"),
        )
        alert = {"threshold": 80, "reached_at": at}
        alerts = [row._asdict() | alert for row in await connection.execute(told)]
        await connection.execute(insert(budget_alerts), alerts)


async def _shown(person: Any) -> list[Any]:
    """What other endpoints say: balances, movements found by a search, whole account numbers."""
    accounts = (await made(person.get("/accounts")))["accounts"]
    whole = [f"/accounts/{one['id']}?include=account_number" for one in accounts]
    return [
        [await made(person.get(path)) for path in whole],
        await made(person.get("/transactions?q=salary")),
        await made(person.get("/holdings?active_only=false")),
        await made(person.get("/exchange-rates/own")),
        (await made(person.get("/users/me")))["time_zone"],
    ]


async def test_an_import_that_came_back_is_history(ada: Person, enrol: Enrol) -> None:
    done = await apply(ada, STATEMENT)
    bob = await enrol("bob")
    await restored(bob, await exported(ada))

    shown = await made(bob.get(f"/imports/{done['id']}"))
    rows = await made(bob.get(f"/imports/{done['id']}/rows"))
    reversal = await bob.post(f"/imports/{done['id']}/reversal")
    again = await made(bob.post("/imports", files={"file": ("statement.csv", STATEMENT)}))

    assert shown["counts"]["new"] == 4
    assert rows["rows"] == []
    assert reversal.status_code == 409
    assert again["counts"] == {"new": 0, "duplicate": 4, "update": 0, "conflict": 0, "ignored": 0}


async def test_a_link_that_came_back_needs_its_owner(saver: Person, bob: Person) -> None:
    connection = await link(saver)
    await sync(saver, connection)
    file = await exported(saver)
    await made(saver.post("/users/me/erasures", {"password": PASSWORD}), 204)

    await restored(bob, file)

    (shown,) = (await made(bob.get("/connections")))["connections"]
    refused = await bob.post(f"/connections/{connection['id']}/syncs", {})
    assert shown["status"] == "expired"
    assert shown["needs_reauthentication"]
    assert refused.status_code == 409


async def test_a_ledger_is_restored_beside_its_original(saver: Person, bob: Person) -> None:
    await sync(saver, await link(saver))
    await trade(saver)
    before = await exported(saver)
    old = [asset["id"] for asset in json.loads(before)["assets"]]

    answer = await restored(bob, before)
    after = await exported(bob)

    assert answer.status_code == 201, answer.text
    new = [asset["id"] for asset in json.loads(after)["assets"]]
    assert old
    assert set(old).isdisjoint(new)
    for name, again in zip(old, new, strict=True):
        after = after.replace(again, name)
    assert undated(after) == undated(before)
    assert undated(await exported(saver)) == undated(before)


@pytest_asyncio.fixture(loop_scope="module")
async def bob(enrol: Enrol) -> Person:
    return await enrol("bob")
