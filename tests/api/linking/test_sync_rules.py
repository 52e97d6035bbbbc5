"""What a sync reads and refuses: kinds, periods, whose accounts, how soon again, repetitions."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from coffers.domain.linking.providers import Capability
from coffers.domain.linking.syncs import MAX_ROWS
from tests.api.conftest import newcomer
from tests.conftest import running, settings_for
from tests.ledgers import movement, reported_account
from tests.people import Person, sign_in
from tests.rows import url_of
from tests.scripted import Script, ScriptedBank, accounts_of, connect, running_with, sync_all

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY = datetime.now(UTC).date()


async def test_a_sync_of_a_period_leaves_no_gap_behind(holder: Person, script: Script) -> None:
    connection = await connect(holder)
    body = {"connection_id": connection["id"], "force": True}
    await holder.post("/accounts/syncs", body)
    period = {"start_date": "2024-02-01", "end_date": "2024-02-29"}

    await holder.post("/transactions/syncs", body | period)
    await holder.post("/transactions/syncs", body)

    asked = [(str(first), str(last)) for _, first, last in script.periods]
    assert asked == [("2024-02-01", "2024-02-29"), ("None", str(TODAY + timedelta(days=1)))]
    (_, dated, _) = (await holder.get(f"/connections/{connection['id']}/syncs")).json()["syncs"]
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
    holder: Person, period: dict[str, str], status: int
) -> None:
    body = {"connection_id": (await connect(holder))["id"], **period}

    answer = await holder.post("/transactions/syncs", body)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "period", [{"start_date": "8998-12-31"}, {"start_date": "2990-01-01", "end_date": "8998-12-31"}]
)
async def test_a_period_in_the_future_holds_nothing(
    holder: Person, script: Script, period: dict[str, str]
) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)
    asked = len(script.periods)

    answer = await holder.post(
        "/transactions/syncs", {"connection_id": connection["id"], "force": True, **period}
    )

    assert (answer.status_code, answer.json()["unchanged"]) == (201, 0)
    assert len(script.periods) == asked


async def test_only_a_connection_s_own_accounts_are_synced_through_it(
    holder: Person,
) -> None:
    connection, eve = await connect(holder), await newcomer(holder.client, "eve")
    await sync_all(holder, connection)
    draft = {"name": "Cash", "account_type": "cash", "currency": "USD"}
    manual = (await holder.post("/accounts", draft)).json()["id"]
    theirs = (await eve.post("/accounts", draft)).json()["id"]
    unknown = "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"
    body = {"connection_id": connection["id"], "force": True}

    statuses = [
        (await holder.post("/transactions/syncs", body | {"account_id": account})).status_code
        for account in (manual, theirs, unknown)
    ]

    assert statuses == [422, 403, 404]
    by_hand = await holder.post(f"/accounts/{manual}/holdings/syncs", {})
    assert by_hand.json()["type"].endswith("/errors/account_not_linked")


async def test_a_transactions_sync_of_one_account_reads_that_one_only(
    holder: Person, script: Script
) -> None:
    script.accounts.append(reported_account("a2", name="Other"))
    connection = await connect(holder)
    await holder.post("/accounts/syncs", {"connection_id": connection["id"]})
    (account,) = [one for one in await accounts_of(holder) if one["name"] != "Other"]

    body = {"connection_id": connection["id"], "account_id": account["id"]}
    answer = await holder.post("/transactions/syncs", body)

    assert answer.status_code == 201
    assert [number for number, _, _ in script.periods] == ["a1"]


async def test_syncs_of_one_kind_are_too_recent_for_that_kind_only(holder: Person) -> None:
    connection = await connect(holder)
    body = {"connection_id": connection["id"]}
    path = f"/connections/{connection['id']}/syncs"

    answers = [
        await holder.post("/accounts/syncs", body),
        await holder.post("/accounts/syncs", body),
        await holder.post("/transactions/syncs", body),
        await holder.post("/transactions/syncs", body),
        await holder.post(path),
        await holder.post(path),
        await holder.post("/accounts/syncs", body),
    ]

    assert [answer.status_code for answer in answers] == [201, 429, 201, 429, 201, 429, 429]


async def test_a_failed_sync_is_never_too_recent(holder: Person, script: Script) -> None:
    connection = await connect(holder)
    script.accounts = [reported_account("a1", balance=Decimal(10) ** 25)]

    refused = await holder.post(f"/connections/{connection['id']}/syncs")
    script.accounts = [reported_account("a1")]

    assert refused.status_code == 502
    assert (await holder.post(f"/connections/{connection['id']}/syncs")).status_code == 201


async def test_a_provider_that_reports_without_end_is_not_believed(
    holder: Person, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coffers.application.linking.readings.MAX_ROWS", 3)
    connection = await connect(holder)
    rows = [movement(f"t{number}", transaction_date=TODAY) for number in range(3)]
    script.pages["a1"] = [rows[:2]]

    fitting = await sync_all(holder, connection)
    script.pages["a1"] = [rows[:2], rows[2:]]
    beyond = await sync_all(holder, connection)

    assert MAX_ROWS == 250_000
    assert (fitting.status_code, beyond.status_code) == (201, 502)
    assert (await holder.get("/transactions")).json()["total_count"] == 2


async def test_a_provider_is_asked_only_for_what_it_reports(
    holder: Person, script: Script, tmp_path: Path
) -> None:
    bank = ScriptedBank(script, "plain")
    reports = (Capability.ACCOUNTS, Capability.TRANSACTIONS)
    bank.described = replace(bank.described, capabilities=reports)
    async with running_with(settings_for(url_of(holder.client), tmp_path), bank) as client:
        again = await sign_in(client, holder.email)
        connection = await connect(again, "plain")

        whole = await sync_all(again, connection)
        (account,) = await accounts_of(again)
        alone = await again.post(f"/accounts/{account['id']}/holdings/syncs", {})

    assert (whole.status_code, script.calls["holdings"]) == (201, 0)
    assert alone.json()["type"].endswith("/errors/not_reported")


async def test_a_connection_whose_provider_is_not_offered_any_more_says_so(
    holder: Person, tmp_path: Path
) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)

    async with running(settings_for(url_of(holder.client), tmp_path)) as without:
        again = await sign_in(without, holder.email)
        synced = await sync_all(again, connection)
        refreshed = await again.post(f"/connections/{connection['id']}/token-refreshes")
        listed = (await again.get(f"/connections/{connection['id']}")).json()
        total = (await again.get("/holdings")).json()["total_count"]
        gone = await again.delete(f"/connections/{connection['id']}")

    assert [synced.status_code, refreshed.status_code] == [409, 409]
    assert synced.json()["type"].endswith("/errors/provider_not_offered")
    assert "'scripted'" in synced.json()["detail"]
    assert (listed["status"], total, gone.status_code) == ("active", 1, 204)


async def test_a_repeated_key_gets_the_first_report_and_asks_nobody(
    holder: Person, script: Script
) -> None:
    connection = await connect(holder)
    key = {"Idempotency-Key": "once"}

    first = await sync_all(holder, connection, headers=key)
    asked = script.calls["accounts"]
    second = await sync_all(holder, connection, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    assert second.headers["Idempotency-Replayed"] == "true"
    assert script.calls["accounts"] == asked == 1


async def test_a_key_whose_sync_failed_upstream_may_be_used_again(
    holder: Person, script: Script
) -> None:
    connection = await connect(holder)
    key = {"Idempotency-Key": "again"}
    there, script.accounts = script.accounts, [reported_account("a1", balance=Decimal(10) ** 20)]

    failed = await sync_all(holder, connection, headers=key)
    script.accounts = there
    retried = await sync_all(holder, connection, headers=key)

    assert (failed.status_code, retried.status_code) == (502, 201)
    assert "Idempotency-Replayed" not in retried.headers
