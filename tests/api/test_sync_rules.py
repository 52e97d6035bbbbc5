"""What a sync makes of what a provider says, told by one that says whatever a test wants."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from coffers.domain.accounts import AccountType
from coffers.domain.providers import Capability
from coffers.domain.syncs import MAX_ROWS
from coffers.infrastructure.db.syncs import transaction_readings
from tests.conftest import running, settings_for
from tests.ledgers import movement, position, reported_account
from tests.people import Person, sign_in, sign_up
from tests.rows import write
from tests.scripted import Script, ScriptedBank, connect, running_with

TODAY = datetime.now(UTC).date()


@pytest.fixture
def script() -> Script:
    """One brokerage account with a position and a movement."""
    return Script(
        accounts=[reported_account("a1")],
        holdings={"a1": [position()]},
        pages={"a1": [[movement("t1", transaction_date=TODAY)]]},
    )


@pytest.fixture
async def client(
    script: Script, sqlite_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with running_with(settings_for(sqlite_url, tmp_path), ScriptedBank(script)) as client:
        yield client


async def sync(person: Person, connection: dict[str, Any], **more: Any) -> Any:
    """Sync everything, by force."""
    path = f"/connections/{connection['id']}/syncs"
    return await person.post(path, {"force": True}, **more)


async def accounts_of(person: Person) -> list[dict[str, Any]]:
    accounts: list[dict[str, Any]] = (await person.get("/accounts")).json()["accounts"]
    return accounts


async def count_of_snapshots(person: Person, account_id: str) -> int:
    path = f"/accounts/{account_id}/balance-snapshots"
    return len((await person.get(path)).json()["snapshots"])


async def test_a_combined_sync_writes_one_snapshot_for_each_account(
    ada: Person, script: Script
) -> None:
    script.accounts.append(reported_account("a2", account_type=AccountType.CHECKING))
    connection = await connect(ada)

    await sync(ada, connection)
    await sync(ada, connection)

    counts = [await count_of_snapshots(ada, one["id"]) for one in await accounts_of(ada)]
    assert counts == [2, 2]


async def test_a_holdings_sync_of_one_account_leaves_the_others_alone(
    ada: Person, script: Script
) -> None:
    script.accounts.append(reported_account("a2"))
    script.holdings["a2"] = [position("MSFT")]
    await sync(ada, await connect(ada))
    first, second = await accounts_of(ada)
    script.accounts = [reported_account("a1", balance=Decimal(1)), reported_account("a2")]
    script.holdings = {"a1": []}

    answer = await ada.post(f"/accounts/{first['id']}/holdings/syncs", {"force": True})

    assert answer.json()["holdings_deactivated"] == 1
    held = (await ada.get(f"/accounts/{second['id']}/holdings")).json()
    assert held["active_count"] == 1
    assert (await ada.get(f"/accounts/{second['id']}")).json() == second
    assert await count_of_snapshots(ada, second["id"]) == 1


async def test_an_account_that_comes_back_is_the_one_that_went_with_its_positions(
    ada: Person, script: Script
) -> None:
    connection = await connect(ada)
    await sync(ada, connection)
    (known,) = await accounts_of(ada)
    body = {"connection_id": connection["id"], "force": True}
    there, script.accounts = script.accounts, []

    gone = (await ada.post("/accounts/syncs", body)).json()
    held_meanwhile = (await ada.get("/holdings")).json()
    script.accounts = there
    back = (await ada.post("/accounts/syncs", body)).json()

    assert (gone["accounts_created"], back["accounts_created"], back["updated"]) == (0, 0, 1)
    assert held_meanwhile["active_count"] == 0
    assert (await ada.get("/holdings")).json()["active_count"] == 1
    assert [account["id"] for account in await accounts_of(ada)] == [known["id"]]


async def test_a_position_that_was_closed_before_its_account_went_stays_closed(
    ada: Person, script: Script
) -> None:
    connection = await connect(ada)
    await sync(ada, connection)
    script.holdings["a1"] = [position("MSFT")]
    await sync(ada, connection)
    body = {"connection_id": connection["id"], "force": True}
    there, script.accounts = script.accounts, []
    await ada.post("/accounts/syncs", body)
    script.accounts = there

    await ada.post("/accounts/syncs", body)

    held = (await ada.get("/holdings")).json()["holdings"]
    assert [holding["symbol"] for holding in held] == ["MSFT"]


async def test_an_account_that_appears_later_brings_its_whole_history(
    ada: Person, script: Script
) -> None:
    connection = await connect(ada)
    await sync(ada, connection)
    script.accounts.append(reported_account("late"))
    script.pages["late"] = [[movement("old", transaction_date=TODAY - timedelta(days=900))]]

    report = (await sync(ada, connection)).json()

    assert report["transactions_created"] == 1
    asked = {number: first for number, first, _ in script.periods[-2:]}
    assert asked == {"a1": TODAY - timedelta(days=30), "late": None}


async def test_an_account_that_was_away_is_read_from_where_it_was_left(
    ada: Person, script: Script
) -> None:
    connection = await connect(ada)
    await sync(ada, connection)
    there, script.accounts = script.accounts, []
    await write(ada.client, _read_last(days_ago=400))
    await sync(ada, connection)
    script.accounts = there

    await sync(ada, connection)

    assert script.periods[-1][1] == TODAY - timedelta(days=430)


async def test_a_sync_of_a_period_leaves_no_gap_behind(ada: Person, script: Script) -> None:
    connection = await connect(ada)
    body = {"connection_id": connection["id"], "force": True}
    await ada.post("/accounts/syncs", body)
    period = {"start_date": "2024-02-01", "end_date": "2024-02-29"}

    await ada.post("/transactions/syncs", body | period)
    await ada.post("/transactions/syncs", body)

    asked = [(str(first), str(last)) for _, first, last in script.periods]
    assert asked == [("2024-02-01", "2024-02-29"), ("None", str(TODAY + timedelta(days=1)))]
    (_, dated, _) = (await ada.get(f"/connections/{connection['id']}/syncs")).json()["syncs"]
    assert {name: dated[name] for name in period} == period


@pytest.mark.parametrize(
    ("period", "status"),
    [
        ({"start_date": "2026-02-02", "end_date": "2026-02-01"}, 400),
        ({"start_date": "2026-02-30"}, 422),
        ({"start_date": "1900-12-31"}, 422),
        ({"end_date": "yesterday"}, 422),
    ],
)
async def test_a_period_that_cannot_be_is_refused(
    ada: Person, period: dict[str, str], status: int
) -> None:
    body = {"connection_id": (await connect(ada))["id"], **period}

    answer = await ada.post("/transactions/syncs", body)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "period", [{"start_date": "8998-12-31"}, {"start_date": "2990-01-01", "end_date": "8998-12-31"}]
)
async def test_a_period_in_the_future_holds_nothing(
    ada: Person, script: Script, period: dict[str, str]
) -> None:
    connection = await connect(ada)
    await sync(ada, connection)
    asked = len(script.periods)

    answer = await ada.post(
        "/transactions/syncs", {"connection_id": connection["id"], "force": True, **period}
    )

    assert (answer.status_code, answer.json()["unchanged"]) == (201, 0)
    assert len(script.periods) == asked


async def test_only_a_connection_s_own_accounts_are_synced_through_it(
    ada: Person, client: httpx.AsyncClient
) -> None:
    connection, eve = await connect(ada), await sign_up(client, "eve")
    await sync(ada, connection)
    draft = {"name": "Cash", "account_type": "cash", "currency": "USD"}
    manual = (await ada.post("/accounts", draft)).json()["id"]
    theirs = (await eve.post("/accounts", draft)).json()["id"]
    unknown = "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"
    body = {"connection_id": connection["id"], "force": True}

    statuses = [
        (await ada.post("/transactions/syncs", body | {"account_id": account})).status_code
        for account in (manual, theirs, unknown)
    ]

    assert statuses == [422, 403, 404]
    by_hand = await ada.post(f"/accounts/{manual}/holdings/syncs", {})
    assert by_hand.json()["type"].endswith("/errors/account_not_linked")


async def test_a_transactions_sync_of_one_account_reads_that_one_only(
    ada: Person, script: Script
) -> None:
    script.accounts.append(reported_account("a2"))
    connection = await connect(ada)
    await ada.post("/accounts/syncs", {"connection_id": connection["id"]})
    account = (await accounts_of(ada))[0]

    body = {"connection_id": connection["id"], "account_id": account["id"]}
    answer = await ada.post("/transactions/syncs", body)

    assert answer.status_code == 201
    assert [number for number, _, _ in script.periods] == ["a1"]


async def test_syncs_of_one_kind_are_too_recent_for_that_kind_only(ada: Person) -> None:
    connection = await connect(ada)
    body = {"connection_id": connection["id"]}
    path = f"/connections/{connection['id']}/syncs"

    answers = [
        await ada.post("/accounts/syncs", body),
        await ada.post("/accounts/syncs", body),
        await ada.post("/transactions/syncs", body),
        await ada.post("/transactions/syncs", body),
        await ada.post(path),
        await ada.post(path),
        await ada.post("/accounts/syncs", body),
    ]

    assert [answer.status_code for answer in answers] == [201, 429, 201, 429, 201, 429, 429]


async def test_a_failed_sync_is_never_too_recent(ada: Person, script: Script) -> None:
    connection = await connect(ada)
    script.accounts = [reported_account("a1", balance=Decimal(10) ** 25)]

    refused = await ada.post(f"/connections/{connection['id']}/syncs")
    script.accounts = [reported_account("a1")]

    assert refused.status_code == 502
    assert (await ada.post(f"/connections/{connection['id']}/syncs")).status_code == 201


async def test_an_account_may_change_its_currency(ada: Person, script: Script) -> None:
    connection = await connect(ada)
    await sync(ada, connection)
    script.accounts = [reported_account("a1", currency="JPY", balance=Decimal(250_000))]

    report = (await sync(ada, connection)).json()

    (account,) = await accounts_of(ada)
    assert (account["balance_amount"], account["balance_currency"]) == ("250000", "JPY")
    assert report["accounts_updated"] == 1
    newest = (await ada.get("/balance-snapshots")).json()["snapshots"][0]
    assert (newest["currency"], newest["holdings_value"], newest["change_amount"]) == (
        "JPY",
        None,
        None,
    )


async def test_short_positions_count_below_zero(ada: Person, script: Script) -> None:
    short = position(
        "TSLA",
        quantity=Decimal(-10),
        cost_basis=Decimal(-3000),
        market_value=Decimal(-2500),
    )
    script.holdings["a1"] = [position(), short]

    await sync(ada, await connect(ada))

    held = (await ada.get("/holdings?symbol=TSLA")).json()["holdings"][0]
    assert (held["quantity"], held["market_value"]) == ("-10.00000000", "-2500.00")
    assert held["unrealized_gain_loss"] == "500.00"
    newest = (await ada.get("/balance-snapshots")).json()["snapshots"][0]
    assert newest["holdings_value"] == "15000.00"
    assert newest["cash_value"] == "10000.00"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "'; DROP TABLE accounts; --", "\u202egnp.exe", "😀" * 250]
)
async def test_a_hostile_name_is_text_like_any_other(
    ada: Person, script: Script, name: str
) -> None:
    script.accounts = [reported_account("a1", name=name)]
    script.pages["a1"] = [[movement("t1", description=name, transaction_date=TODAY)]]

    assert (await sync(ada, await connect(ada))).status_code == 201

    assert (await accounts_of(ada))[0]["name"] == name
    assert (await ada.get("/transactions")).json()["transactions"][0]["description"] == name


@pytest.mark.parametrize("place", ["balance", "value", "amount", "sum"])
async def test_an_amount_that_cannot_be_kept_is_the_provider_s_nonsense(
    ada: Person, script: Script, place: str
) -> None:
    connection = await connect(ada)
    await sync(ada, connection)
    before = (await accounts_of(ada), (await ada.get("/holdings")).json())
    vast, large = Decimal(10) ** 20, Decimal(10) ** 20 - 1
    if place == "balance":
        script.accounts = [reported_account("a1", balance=vast)]
    elif place == "value":
        script.holdings["a1"] = [position(market_value=vast)]
    elif place == "amount":
        script.pages["a1"] = [[movement("t2", amount=vast, transaction_date=TODAY)]]
    else:
        script.holdings["a1"] = [position(f"S{n}", market_value=large) for n in range(2)]

    answer = await sync(ada, connection)

    assert (answer.status_code, answer.json()["type"][-16:]) == (502, "/upstream_failed")
    assert (await accounts_of(ada), (await ada.get("/holdings")).json()) == before


async def test_a_provider_that_reports_without_end_is_not_believed(
    ada: Person, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coffers.application.readings.MAX_ROWS", 3)
    connection = await connect(ada)
    rows = [movement(f"t{number}", transaction_date=TODAY) for number in range(3)]
    script.pages["a1"] = [rows[:2]]

    fitting = await sync(ada, connection)
    script.pages["a1"] = [rows[:2], rows[2:]]
    beyond = await sync(ada, connection)

    assert MAX_ROWS == 250_000
    assert (fitting.status_code, beyond.status_code) == (201, 502)
    assert (await ada.get("/transactions")).json()["total_count"] == 2


async def test_a_provider_is_asked_only_for_what_it_reports(
    ada: Person, script: Script, sqlite_url: str, tmp_path: Path
) -> None:
    bank = ScriptedBank(script, "plain")
    reports = (Capability.ACCOUNTS, Capability.TRANSACTIONS)
    bank.described = replace(bank.described, capabilities=reports)
    async with running_with(settings_for(sqlite_url, tmp_path), bank) as client:
        again = await sign_in(client, ada.email)
        connection = await connect(again, "plain")

        whole = await sync(again, connection)
        (account,) = await accounts_of(again)
        alone = await again.post(f"/accounts/{account['id']}/holdings/syncs", {})

    assert (whole.status_code, script.calls["holdings"]) == (201, 0)
    assert alone.json()["type"].endswith("/errors/not_reported")


async def test_a_connection_whose_provider_is_not_offered_any_more_says_so(
    ada: Person, sqlite_url: str, tmp_path: Path
) -> None:
    connection = await connect(ada)
    await sync(ada, connection)

    async with running(settings_for(sqlite_url, tmp_path)) as without:
        again = await sign_in(without, ada.email)
        synced = await sync(again, connection)
        refreshed = await again.post(f"/connections/{connection['id']}/token-refreshes")
        listed = (await again.get(f"/connections/{connection['id']}")).json()
        total = (await again.get("/holdings")).json()["total_count"]
        gone = await again.delete(f"/connections/{connection['id']}")

    assert [synced.status_code, refreshed.status_code] == [409, 409]
    assert synced.json()["type"].endswith("/errors/provider_not_offered")
    assert "'scripted'" in synced.json()["detail"]
    assert (listed["status"], total, gone.status_code) == ("active", 1, 204)


async def test_a_repeated_key_gets_the_first_report_and_asks_nobody(
    ada: Person, script: Script
) -> None:
    connection = await connect(ada)
    key = {"Idempotency-Key": "once"}

    first = await sync(ada, connection, headers=key)
    asked = script.calls["accounts"]
    second = await sync(ada, connection, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert script.calls["accounts"] == asked == 1


async def test_a_key_whose_sync_failed_upstream_may_be_used_again(
    ada: Person, script: Script
) -> None:
    connection = await connect(ada)
    key = {"Idempotency-Key": "again"}
    there, script.accounts = script.accounts, [reported_account("a1", balance=Decimal(10) ** 20)]

    failed = await sync(ada, connection, headers=key)
    script.accounts = there
    retried = await sync(ada, connection, headers=key)

    assert (failed.status_code, retried.status_code) == (502, 201)
    assert "Idempotency-Replayed" not in retried.headers


def _read_last(*, days_ago: int) -> Any:
    when = datetime.now(UTC) - timedelta(days=days_ago)
    return update(transaction_readings).values(read_until=when)
