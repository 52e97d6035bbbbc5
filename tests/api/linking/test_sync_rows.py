"""What becomes of rows: accounts that come and go, amounts, names, currencies, shorts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from coffers.domain.ledger.accounts import AccountType
from coffers.infrastructure.db.linking.syncs import transaction_readings
from tests.ledgers import movement, position, reported_account
from tests.people import Person
from tests.rows import write
from tests.scripted import Script, accounts_of, connect, sync_all

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY = datetime.now(UTC).date()


async def count_of_snapshots(person: Person, account_id: str) -> int:
    path = f"/accounts/{account_id}/balance-snapshots"
    return len((await person.get(path)).json()["snapshots"])


async def test_a_combined_sync_writes_one_snapshot_for_each_account(
    holder: Person, script: Script
) -> None:
    script.accounts.append(reported_account("a2", name="Other", account_type=AccountType.CHECKING))
    connection = await connect(holder)

    await sync_all(holder, connection)
    await sync_all(holder, connection)

    counts = [await count_of_snapshots(holder, one["id"]) for one in await accounts_of(holder)]
    assert counts == [2, 2]


async def test_a_holdings_sync_of_one_account_leaves_the_others_alone(
    holder: Person, script: Script
) -> None:
    script.accounts.append(reported_account("a2", name="Other"))
    script.holdings["a2"] = [position("MSFT")]
    await sync_all(holder, await connect(holder))
    first, second = await accounts_of(holder)
    script.accounts = [
        reported_account("a1", balance=Decimal(1)),
        reported_account("a2", name="Other"),
    ]
    script.holdings = {"a1": []}

    answer = await holder.post(f"/accounts/{first['id']}/holdings/syncs", {"force": True})

    assert answer.json()["holdings_deactivated"] == 1
    held = (await holder.get(f"/accounts/{second['id']}/holdings")).json()
    assert held["active_count"] == 1
    assert (await holder.get(f"/accounts/{second['id']}")).json() == second
    assert await count_of_snapshots(holder, second["id"]) == 1


async def test_an_account_that_comes_back_is_the_one_that_went_with_its_positions(
    holder: Person, script: Script
) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)
    (known,) = await accounts_of(holder)
    body = {"connection_id": connection["id"], "force": True}
    there, script.accounts = script.accounts, []

    gone = (await holder.post("/accounts/syncs", body)).json()
    held_meanwhile = (await holder.get("/holdings")).json()
    script.accounts = there
    back = (await holder.post("/accounts/syncs", body)).json()

    assert (gone["accounts_created"], back["accounts_created"], back["updated"]) == (0, 0, 1)
    assert held_meanwhile["active_count"] == 0
    assert (await holder.get("/holdings")).json()["active_count"] == 1
    assert [account["id"] for account in await accounts_of(holder)] == [known["id"]]


async def test_a_position_that_was_closed_before_its_account_went_stays_closed(
    holder: Person, script: Script
) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)
    script.holdings["a1"] = [position("MSFT")]
    await sync_all(holder, connection)
    body = {"connection_id": connection["id"], "force": True}
    there, script.accounts = script.accounts, []
    await holder.post("/accounts/syncs", body)
    script.accounts = there

    await holder.post("/accounts/syncs", body)

    held = (await holder.get("/holdings")).json()["holdings"]
    assert [holding["symbol"] for holding in held] == ["MSFT"]


async def test_an_account_that_appears_later_brings_its_whole_history(
    holder: Person, script: Script
) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)
    script.accounts.append(reported_account("late"))
    script.pages["late"] = [[movement("old", transaction_date=TODAY - timedelta(days=900))]]

    report = (await sync_all(holder, connection)).json()

    assert report["transactions_created"] == 1
    asked = {number: first for number, first, _ in script.periods[-2:]}
    assert asked == {"a1": TODAY - timedelta(days=30), "late": None}


async def test_an_account_that_was_away_is_read_from_where_it_was_left(
    holder: Person, script: Script
) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)
    there, script.accounts = script.accounts, []
    await write(holder.client, _read_last(days_ago=400))
    await sync_all(holder, connection)
    script.accounts = there

    await sync_all(holder, connection)

    assert script.periods[-1][1] == TODAY - timedelta(days=430)


async def test_an_account_may_change_its_currency(holder: Person, script: Script) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)
    script.accounts = [reported_account("a1", currency="JPY", balance=Decimal(250_000))]

    report = (await sync_all(holder, connection)).json()

    (account,) = await accounts_of(holder)
    assert (account["balance_amount"], account["balance_currency"]) == ("250000", "JPY")
    assert report["accounts_updated"] == 1
    newest = (await holder.get("/balance-snapshots")).json()["snapshots"][0]
    assert (newest["currency"], newest["holdings_value"], newest["change_amount"]) == (
        "JPY",
        None,
        None,
    )


async def test_short_positions_count_below_zero(holder: Person, script: Script) -> None:
    short = position(
        "TSLA",
        quantity=Decimal(-10),
        cost_basis=Decimal(-3000),
        market_value=Decimal(-2500),
    )
    script.holdings["a1"] = [position(), short]

    await sync_all(holder, await connect(holder))

    held = (await holder.get("/holdings?symbol=TSLA")).json()["holdings"][0]
    assert (held["quantity"], held["market_value"]) == ("-10.00000000", "-2500.00")
    assert held["unrealized_gain_loss"] == "500.00"
    newest = (await holder.get("/balance-snapshots")).json()["snapshots"][0]
    assert newest["holdings_value"] == "15000.00"
    assert newest["cash_value"] == "10000.00"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "'; DROP TABLE accounts; --", "\u202egnp.exe", "😀" * 250]
)
async def test_a_hostile_name_is_text_like_any_other(
    holder: Person, script: Script, name: str
) -> None:
    script.accounts = [reported_account("a1", name=name)]
    script.pages["a1"] = [[movement("t1", description=name, transaction_date=TODAY)]]

    assert (await sync_all(holder, await connect(holder))).status_code == 201

    assert (await accounts_of(holder))[0]["name"] == name
    assert (await holder.get("/transactions")).json()["transactions"][0]["description"] == name


@pytest.mark.parametrize("place", ["balance", "value", "amount", "sum"])
async def test_an_amount_that_cannot_be_kept_is_the_provider_s_nonsense(
    holder: Person, script: Script, place: str
) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)
    before = (await accounts_of(holder), (await holder.get("/holdings")).json())
    vast, large = Decimal(10) ** 20, Decimal(10) ** 20 - 1
    if place == "balance":
        script.accounts = [reported_account("a1", balance=vast)]
    elif place == "value":
        script.holdings["a1"] = [position(market_value=vast)]
    elif place == "amount":
        script.pages["a1"] = [[movement("t2", amount=vast, transaction_date=TODAY)]]
    else:
        script.holdings["a1"] = [position(f"S{n}", market_value=large) for n in range(2)]

    answer = await sync_all(holder, connection)

    assert (answer.status_code, answer.json()["type"][-16:]) == (502, "/upstream_failed")
    assert (await accounts_of(holder), (await holder.get("/holdings")).json()) == before


def _read_last(*, days_ago: int) -> Any:
    when = datetime.now(UTC) - timedelta(days=days_ago)
    return update(transaction_readings).values(read_until=when)
