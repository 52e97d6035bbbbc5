"""Files for accounts that a provider reports: nothing is counted twice, and its word stands."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.transactions import TransactionStatus
from tests.brokers import link, sync
from tests.ledgers import Ledger, ledger_of, movement, position
from tests.people import Person
from tests.statements import (
    DAY,
    Line,
    application_of,
    coffee,
    dumped,
    imported,
    ledger,
    ofx,
    planned,
    portfolio,
    reversal_of,
    rows_of,
    verdicts,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def told(number: str, **changes: Any) -> Any:  # Any: a reported movement
    return movement(number, transaction_date=DAY, **changes)


async def linked(theirs: Ledger) -> tuple[Account, dict[str, str]]:
    """An account of a provider's, and how a file is sent there."""
    account = await theirs.account(balance=Decimal("25000.00"))
    return account, {"account_id": str(account.id)}


async def test_an_id_of_a_file_never_meets_one_of_the_provider_s(eve: Person) -> None:
    async with ledger_of(eve) as theirs:
        account, there = await linked(theirs)
        await theirs.move(account, told("1", amount=Decimal(-99)))

        plan = await imported(eve, ofx(coffee(id="1")), **there)

    assert plan["counts"]["new"] == 1
    ids = {row["provider_transaction_id"] for row in (await dumped(eve))["transactions"]}
    assert ids == {"1", "file:1"}
    assert await verdicts(eve, ofx(coffee(id="1")), **there) == {"duplicate": 1}


async def test_what_the_provider_told_already_is_a_duplicate_one_to_one(eve: Person) -> None:
    async with ledger_of(eve) as theirs:
        account, there = await linked(theirs)
        await theirs.move(account, told("t1"), told("t2"))

        plan = await imported(eve, ofx(*(coffee(id=n) for n in "abc")), **there)

    assert (plan["counts"]["duplicate"], plan["counts"]["new"]) == (2, 1)
    reasons = {row["reason"] for row in await rows_of(eve, plan, verdict="duplicate")}
    assert reasons == {"known from another source"}
    assert len(await ledger(eve)) == 3


async def test_a_provider_takes_over_what_a_file_told_before_it(eve: Person) -> None:
    async with ledger_of(eve) as theirs:
        account, there = await linked(theirs)
        plan = await imported(eve, ofx(coffee(id="a"), coffee(id="b")), **there)

        await theirs.move(account, told("t1"), told("t2"), told("t3"))
        await theirs.move(account, told("t1"), told("t2"), told("t3"))

    kept = (await dumped(eve))["transactions"]
    assert sorted(row["provider_transaction_id"] for row in kept) == ["t1", "t2", "t3"]
    again = ofx(coffee(id="a"), coffee(id="b"))
    assert await verdicts(eve, again, **there) == {"duplicate": 2}
    assert (await reversal_of(eve, plan)).status_code == 201
    assert len(await ledger(eve)) == 3


async def test_what_is_pending_at_the_provider_is_left_for_it_to_settle(eve: Person) -> None:
    async with ledger_of(eve) as theirs:
        account, there = await linked(theirs)
        await theirs.move(account, told("p", status=TransactionStatus.PENDING))

        posted = ofx(coffee(id="a", day=DAY + timedelta(days=2)))
        plan = await imported(eve, posted, **there)
        await theirs.move(account, movement("q", transaction_date=DAY + timedelta(days=2)))

    assert plan["counts"]["duplicate"] == 1
    assert [row[3] for row in await ledger(eve)] == ["settled"]
    assert await verdicts(eve, posted, **there) == {"duplicate": 1}


async def test_the_provider_s_balance_and_positions_stand(eve: Person) -> None:
    async with ledger_of(eve) as theirs:
        account, there = await linked(theirs)
        await theirs.hold(account, position())
        before = await dumped(eve)

        file = portfolio(("MSFT", "5", "500.00"), balance_day=date(2099, 1, 1))
        plan = await imported(eve, file, **there)

    after = await dumped(eve)
    assert plan["accounts"][0]["is_current"] is False
    assert (after["accounts"], after["holdings"]) == (before["accounts"], before["holdings"])
    assert len(after["balance_snapshots"]) == len(before["balance_snapshots"]) + 1


async def test_a_plan_made_before_the_provider_told_the_same_is_stale(eve: Person) -> None:
    async with ledger_of(eve) as theirs:
        account, there = await linked(theirs)
        plan = await planned(eve, ofx(coffee(id="a")), **there)
        await theirs.move(account, told("t1"))

    assert (await application_of(eve, plan)).status_code == 409
    assert len(await ledger(eve)) == 1


@pytest.mark.parametrize("_round", range(3))
async def test_a_file_and_the_provider_telling_the_same_at_once_count_once(
    _round: int,
    eve: Person,
) -> None:
    async with ledger_of(eve) as theirs:
        account, there = await linked(theirs)
        lines = [coffee(id=str(n), amount=f"-{n}.00") for n in range(1, 40)]
        plan = await planned(eve, ofx(*lines), **there)
        reported = [told(f"t{n}", amount=Decimal(-n)) for n in range(1, 40)]

        answer, _ = await asyncio.gather(application_of(eve, plan), theirs.move(account, *reported))

    assert answer.status_code in {201, 409}
    assert len(await ledger(eve)) == 39


async def test_importing_while_a_sync_of_the_account_runs_counts_once(saver: Person) -> None:
    connection = await link(saver)
    await sync(saver, connection)
    listed = (await saver.get("/transactions", params={"limit": 5})).json()
    known, account_id = listed["transactions"], listed["transactions"][0]["account_id"]
    lines = [
        Line(row["amount_value"], "x", date.fromisoformat(row["transaction_date"]), row["id"])
        for row in known
        if row["account_id"] == account_id and row["is_settled"]
    ]
    plan = await planned(saver, ofx(*lines, Line("-0.01", "New", DAY, "n")), account_id=account_id)
    assert plan["counts"]["new"] == 1

    synced, applied = await asyncio.gather(
        sync(saver, connection, force=True), application_of(saver, plan)
    )

    assert (synced.status_code, applied.status_code) == (201, 201)
    total = (await saver.get("/transactions")).json()["total_count"]
    assert total == listed["total_count"] + 1
