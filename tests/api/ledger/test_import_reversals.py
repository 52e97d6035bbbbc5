"""Reversals restore exactly what was there, in order, and leave what was done since."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.people import Person
from tests.statements import (
    CSV,
    DAY,
    coffee,
    csv_of,
    delete,
    dumped,
    imported,
    ledger,
    ofx,
    only_account,
    open_account,
    portfolio,
    reversal_of,
    verdicts,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

LATER = DAY + timedelta(days=3)


async def assert_reverts(person: Person, content: bytes, **more: Any) -> None:
    """Importing this changes the ledger, and reverting it leaves every row as it was."""
    before = await dumped(person)
    plan = await imported(person, content, **more)
    assert await dumped(person) != before

    answer = await reversal_of(person, plan)

    assert answer.status_code == 201, answer.text
    assert await dumped(person) == before


async def test_movements_accounts_and_snapshots_of_a_new_account_go(eve: Person) -> None:
    await assert_reverts(eve, ofx(coffee(id="a"), coffee(id="b"), balance="9.00"))


async def test_a_known_account_is_as_it_was_with_its_balance_and_version(eve: Person) -> None:
    await imported(eve, ofx(coffee(id="a"), balance="9.00"))

    later = ofx(coffee(id="a"), coffee(id="b"), balance="5.50", balance_day=LATER)

    await assert_reverts(eve, later)


@pytest.mark.parametrize("write", [ofx, csv_of])
async def test_a_settled_movement_is_pending_again(
    write: Callable[..., bytes], eve: Person
) -> None:
    more: dict[str, Any] = CSV if write is csv_of else {}
    waiting, posted = coffee(id="p", is_pending=True), coffee(id="q", day=LATER, name="COFFEE")
    await imported(eve, write(waiting), **more)

    await assert_reverts(eve, write(posted), **more)

    assert await verdicts(eve, write(waiting), **more) == {"duplicate": 1}
    assert await verdicts(eve, write(posted), **more) == {"update": 1}


async def test_positions_are_as_they_were(eve: Person) -> None:
    await imported(eve, portfolio(("AAPL", "10", "1000.00"), ("MSFT", "5", "500.00")))

    later = portfolio(("AAPL", "4", "400.00"), ("TSLA", "1", "200.00"), balance_day=LATER)

    await assert_reverts(eve, later)


async def test_an_account_kept_by_hand_is_as_it_was(eve: Person) -> None:
    account_id = await open_account(eve)

    await assert_reverts(eve, ofx(coffee(), balance="9.00"), account_id=account_id)


async def test_many_movements_at_once_are_settled_and_are_pending_again(eve: Person) -> None:
    waiting = [coffee(id=f"p{n}", is_pending=True, amount=f"-{n}.25") for n in range(1, 301)]
    posted = [coffee(id=f"q{n}", day=LATER, amount=f"-{n}.25") for n in range(1, 301)]
    await imported(eve, ofx(*waiting))

    await assert_reverts(eve, ofx(*posted))


async def test_importing_again_after_a_reversal_brings_all_of_it(eve: Person) -> None:
    file = ofx(coffee(id="a"), balance="9.00")
    await reversal_of(eve, await imported(eve, file))

    await imported(eve, file)

    assert len(await ledger(eve)) == 1


async def test_the_later_import_goes_first(ada: Person) -> None:
    first = await imported(ada, ofx(coffee(id="a")))
    second = await imported(ada, ofx(coffee(id="b")))

    refused = await reversal_of(ada, first)

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/errors/import_superseded")
    assert [(await reversal_of(ada, plan)).status_code for plan in (second, first)] == [201, 201]
    assert await ledger(ada) == []


async def test_a_later_import_into_another_account_is_in_nobody_s_way(ada: Person) -> None:
    first = await imported(ada, ofx(coffee(id="a"), account="111"))
    await imported(ada, ofx(coffee(id="a"), account="222"))

    assert (await reversal_of(ada, first)).status_code == 201
    assert len(await ledger(ada)) == 1


async def test_only_what_was_applied_can_be_reverted_and_only_once(ada: Person) -> None:
    plan = await imported(ada, ofx(coffee()))
    await reversal_of(ada, plan)

    again = await reversal_of(ada, plan)

    assert again.status_code == 409
    assert again.json()["type"].endswith("/errors/import_not_applied")


async def test_a_name_given_since_stays(ada: Person) -> None:
    account_id = await open_account(ada)
    plan = await imported(ada, ofx(coffee(), balance="9.00"), account_id=account_id)
    await ada.patch(f"/accounts/{account_id}", {"name": "Purse"})

    await reversal_of(ada, plan)

    account = await only_account(ada)
    assert (account["name"], account["balance_amount"]) == ("Purse", None)


async def test_what_was_deleted_since_stays_deleted(ada: Person) -> None:
    waiting, posted = ofx(coffee(id="p", is_pending=True)), ofx(coffee(id="q", day=LATER))
    await imported(ada, waiting)
    plan = await imported(ada, posted)
    await delete(ada, "Coffee")

    assert (await reversal_of(ada, plan)).status_code == 201

    assert await ledger(ada) == []
    assert await verdicts(ada, waiting) == {"ignored": 1}


async def test_an_account_deleted_since_stays_deleted(ada: Person) -> None:
    plan = await imported(ada, ofx(coffee(), balance="9.00"))
    await ada.delete(f"/accounts/{(await only_account(ada))['id']}")

    assert (await reversal_of(ada, plan)).status_code == 201

    assert all(rows == [] for rows in (await dumped(ada)).values())
