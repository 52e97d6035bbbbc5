import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.linking.connections import connections
from coffers.infrastructure.db.linking.syncs import syncs
from tests.brokers import Broker, ledger, link, sync
from tests.people import Person
from tests.rows import url_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

REPORT = {"created", "updated", "unchanged", "errors", "message"}


async def test_a_first_sync_takes_everything_that_is_offered(veteran: Person) -> None:
    connection = await link(veteran)

    report = (await sync(veteran, connection)).json()

    assert set(report) >= REPORT
    assert (report["accounts_created"], report["holdings_created"]) == (4, 2)
    assert report["transactions_created"] > 4_000
    assert report["errors"] == 0
    listed = (await veteran.get("/transactions")).json()
    assert listed["total_count"] == report["transactions_created"]
    dates = [row["transaction_date"] for row in listed["transactions"]]
    assert dates == sorted(dates, reverse=True)


async def test_a_sync_with_nothing_new_changes_nothing_and_says_so(saver: Person) -> None:
    connection = await link(saver)
    await sync(saver, connection)
    before = await ledger(saver)

    report = (await sync(saver, connection, force=True)).json()

    after = await ledger(saver)
    assert (report["created"], report["updated"]) == (0, 0)
    assert report["unchanged"] >= 6
    assert after["count"] == before["count"]
    assert after["transactions"] == before["transactions"]


async def test_a_second_sync_within_five_minutes_must_be_forced(saver: Person) -> None:
    connection = await link(saver)
    await sync(saver, connection)

    refused = await sync(saver, connection)

    assert refused.status_code == 429
    assert refused.json()["type"].endswith("/errors/sync_too_recent")
    assert 290 <= int(refused.headers["Retry-After"]) <= 300
    assert (await sync(saver, connection, force=True)).status_code == 201


async def test_accounts_holdings_and_transactions_sync_alone(saver: Person) -> None:
    connection = await link(saver)
    body = {"connection_id": connection["id"]}

    early = await saver.post("/transactions/syncs", body)
    accounts = await saver.post("/accounts/syncs", body)
    transactions = await saver.post("/transactions/syncs", body)
    listed = (await saver.get("/accounts?account_type=brokerage")).json()["accounts"]
    holdings = await saver.post(f"/accounts/{listed[0]['id']}/holdings/syncs", {"force": False})

    assert early.status_code == 409
    assert set(accounts.json()) == REPORT | {"accounts_created", "accounts_updated"}
    assert set(transactions.json()) == REPORT | {"transactions_created", "transactions_updated"}
    assert set(holdings.json()) == REPORT | {
        "holdings_created",
        "holdings_updated",
        "holdings_deactivated",
    }
    assert holdings.json()["holdings_created"] == 2
    past = (await saver.get(f"/connections/{connection['id']}/syncs")).json()["syncs"]
    answers = [each.json().items() for each in (holdings, transactions, accounts)]
    assert [each["report"].items() >= said for each, said in zip(past, answers, strict=True)] == [
        True,
        True,
        True,
    ]
    assert holdings.json()["message"] == "Holdings sync completed successfully"


async def test_snapshots_say_how_they_were_captured(saver: Person) -> None:
    connection = await link(saver)
    body = {"connection_id": connection["id"]}
    await saver.post("/accounts/syncs", body)
    account = (await saver.get("/accounts?account_type=brokerage")).json()["accounts"][0]
    await saver.post(f"/accounts/{account['id']}/holdings/syncs", {})
    await sync(saver, connection, force=True)

    history = (await saver.get(f"/accounts/{account['id']}/balance-snapshots")).json()

    sources = [snapshot["source"] for snapshot in history["snapshots"]]
    assert sources == ["manual_sync", "holdings_sync", "initial_connection"]
    newest, middle, oldest = history["snapshots"]
    assert oldest["change_amount"] is None
    assert middle["holdings_value"] is not None
    assert newest["change_amount"] == "0.00"


async def test_what_is_no_longer_reported_is_deactivated_not_deleted(
    saver: Person, broker: Broker
) -> None:
    connection = await link(saver)
    await sync(saver, connection)
    await broker.strike("without:ys-savings", "/v1/accounts")

    report = (await sync(saver, connection, force=True)).json()

    assert report["accounts_deactivated"] == 1
    accounts = (await saver.get("/accounts")).json()
    assert (accounts["total_count"], accounts["active_count"]) == (4, 3)
    await broker.relent()
    assert (await sync(saver, connection, force=True)).json()["accounts_updated"] == 1
    assert (await saver.get("/accounts")).json()["active_count"] == 4


async def test_two_syncs_at_once_one_runs_the_other_is_told(saver: Person) -> None:
    connection = await link(saver)

    answers = await asyncio.gather(*(sync(saver, connection, force=True) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["type"].endswith("/errors/sync_in_progress")


async def test_a_sync_whose_process_died_is_taken_over_after_its_lease(saver: Person) -> None:
    connection = await link(saver)
    await abandon(url_of(saver.client), connection["id"], leased_for=timedelta(seconds=30))
    early = await sync(saver, connection)
    await abandon(url_of(saver.client), connection["id"], leased_for=timedelta(seconds=-1))

    late = await sync(saver, connection)

    assert (early.status_code, late.status_code) == (409, 201)
    syncs = (await saver.get(f"/connections/{connection['id']}/syncs")).json()
    assert [one["status"] for one in syncs["syncs"]] == ["succeeded", "abandoned", "abandoned"]


async def test_disconnecting_in_the_middle_of_a_sync_stores_nothing(
    saver: Person, broker: Broker
) -> None:
    connection = await link(saver)
    await broker.strike("slow_drip:1", "/v1/accounts", times=1)
    running = asyncio.create_task(sync(saver, connection))
    await asyncio.sleep(0.3)

    await saver.delete(f"/connections/{connection['id']}")

    assert (await running).status_code == 409
    assert (await saver.get("/accounts")).json()["total_count"] == 0


async def test_pending_movements_settle_in_place(saver: Person, broker: Broker) -> None:
    connection = await link(saver)
    await sync(saver, connection)
    pending = (await saver.get("/transactions?status=pending")).json()
    today = (await broker.admin("GET", "/admin/clock"))["today"]
    later = datetime.fromisoformat(today).replace(tzinfo=UTC) + timedelta(days=10)
    await broker.admin("POST", "/admin/clock", json={"today": later.date().isoformat()})

    period = {"start_date": str(date.fromisoformat(today) - timedelta(days=30))}
    wish = {"connection_id": connection["id"], "force": True, **period}
    report = (await saver.post("/transactions/syncs", wish)).json()
    await broker.admin("POST", "/admin/clock", json={"today": today})

    assert pending["total_count"] > 0
    assert report["transactions_updated"] >= pending["total_count"]
    for movement in pending["transactions"]:
        settled = (await saver.get(f"/transactions/{movement['id']}")).json()
        assert settled["status"] in {"settled", "cancelled", "failed"}


async def test_syncing_tells_its_story_in_events(saver: Person) -> None:
    connection = await link(saver)
    await sync(saver, connection)

    changes = (await saver.get("/changes?limit=100")).json()["changes"]
    names = [change["name"] for change in changes]

    for noun in ("Accounts", "Holdings", "Transactions"):
        assert names.index(f"{noun}SyncAttempted") < names.index(f"{noun}SyncSucceeded")


async def abandon(url: str, connection_id: str, *, leased_for: timedelta) -> None:
    """Leave the traces of a process that was killed in the middle of a sync."""
    now = datetime.now(UTC)
    sync_id = uuid4()
    async with open_engines(url) as engines, engines.write.begin() as opened:
        mine = connections.c.id == UUID(connection_id)
        user_id = (await opened.execute(select(connections.c.user_id).where(mine))).scalar_one()
        lease = {"sync_id": sync_id, "sync_leased_until": now + leased_for}
        await opened.execute(update(connections).where(mine).values(lease))
        row = {
            "user_id": user_id,
            "id": sync_id,
            "connection_id": UUID(connection_id),
            "scope": "everything",
            "trigger": "request",
            "status": "running",
            "started_at": now - timedelta(minutes=3),
            "step": "",
            "report": '{"accounts": {}, "holdings": {}, "transactions": {}}',
        }
        await opened.execute(syncs.insert().values(row))
