"""Files that go to accounts kept by hand: one truth, which is the sum of what is in them."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.people import Person
from tests.purses import (
    a_purse,
    balance,
    entered,
    snapshots,
    the_account,
)
from tests.statements import (
    CSV,
    DAY,
    coffee,
    csv_of,
    delete,
    dumped,
    imported,
    ofx,
    reversal_of,
    verdicts,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATER: Final = DAY + timedelta(days=2)


async def test_imported_rows_count_and_deleting_one_takes_it_out_again(eve: Person) -> None:
    purse = await a_purse(eve)

    await imported(eve, csv_of(coffee(), coffee(amount="-1.00", name="Tea")), **CSV | to(purse))
    seen = [await balance(eve, purse)]
    await delete(eve, "Tea")
    seen.append(await balance(eve, purse))

    assert seen == ["95.50", "96.50"]
    assert await snapshots(eve, purse) == [
        ("96.50", "manual_entry"),
        ("95.50", "file_import"),
        ("100.00", "manual_entry"),
    ]


def to(account_id: str) -> dict[str, str]:
    return {"account_id": account_id}


async def test_a_stated_balance_is_what_an_account_of_unknown_opening_holds_on_its_day(
    eve: Person,
) -> None:
    purse = await a_purse(eve, None)
    await entered(eve, purse, "-2.00", transaction_date=str(DAY - timedelta(days=1)))
    await entered(eve, purse, "-1.00", transaction_date=str(LATER))

    await imported(eve, ofx(coffee(id="a"), balance="9.00"), **to(purse))

    account = await the_account(eve, purse)
    path = f"/accounts/{purse}/daily-balances?start_date={DAY}&end_date={LATER}"
    days = (await eve.get(path)).json()["balances"]
    assert (account["opening_balance"], account["balance_amount"]) == ("14.50", "8.00")
    assert [day["balance"] for day in days] == ["9.00", "9.00", "8.00"]


async def test_a_stated_balance_does_not_move_what_the_account_opened_with(eve: Person) -> None:
    purse = await a_purse(eve)
    today = datetime.now(UTC).date() + timedelta(days=1)

    await imported(eve, ofx(coffee(id="a"), balance="1.00", balance_day=today), **to(purse))

    account = await the_account(eve, purse)
    assert (account["opening_balance"], account["balance_amount"]) == ("100.00", "96.50")


async def test_what_was_entered_by_hand_is_not_counted_twice(eve: Person) -> None:
    purse = await a_purse(eve)
    await entered(eve, purse, "-3.50", transaction_date=str(DAY))

    counted = await verdicts(eve, ofx(coffee(id="a")), **to(purse))
    await imported(eve, ofx(coffee(id="a")), **to(purse))

    assert counted == {"duplicate": 1}
    assert await balance(eve, purse) == "96.50"


async def test_taking_an_import_back_leaves_the_account_exactly_as_it_was(eve: Person) -> None:
    purse, unknown = await a_purse(eve), await a_purse(eve, None)
    await entered(eve, purse)
    before = await dumped(eve)

    for account, file in (
        (purse, ofx(coffee(id="a"), balance="7.00")),
        (unknown, ofx(coffee(id="a"), coffee(id="b", is_pending=True), balance="7.00")),
    ):
        plan = await imported(eve, file, **to(account))
        assert await dumped(eve) != before
        assert (await reversal_of(eve, plan)).status_code == 201

    assert await dumped(eve) == before


async def test_taking_an_import_back_keeps_what_was_entered_since(eve: Person) -> None:
    purse, unknown = await a_purse(eve), await a_purse(eve, None)
    plans = [
        await imported(eve, ofx(coffee(id="a"), balance="7.00"), **to(account))
        for account in (purse, unknown)
    ]
    await entered(eve, purse, "-1.00")
    await entered(eve, unknown, "-1.00")
    before = [await balance(eve, purse), await balance(eve, unknown)]

    for plan in plans:
        assert (await reversal_of(eve, plan)).status_code == 201

    assert before == ["95.50", "6.00"]
    assert [await balance(eve, purse), await balance(eve, unknown)] == ["99.00", None]
    assert (await snapshots(eve, purse))[0] == ("99.00", "manual_entry")


async def test_the_same_file_again_changes_nothing(eve: Person) -> None:
    purse = await a_purse(eve)
    await imported(eve, ofx(coffee(id="a")), **to(purse))
    before = await the_account(eve, purse)

    await imported(eve, ofx(coffee(id="a")), **to(purse))

    assert await the_account(eve, purse) == before
