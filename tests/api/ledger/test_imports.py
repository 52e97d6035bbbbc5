"""What a file brings to a ledger that has seen others."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.people import Person
from tests.statements import (
    CSV,
    DAY,
    application_of,
    coffee,
    csv_of,
    delete,
    dumped,
    imported,
    ledger,
    ofx,
    planned,
    reversal_of,
    rows_of,
    verdicts,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_two_identical_coffees_are_two_and_the_same_file_again_brings_none(
    eve: Person,
) -> None:
    both = csv_of(coffee(), coffee())

    first = await imported(eve, both, **CSV)

    assert first["counts"]["new"] == 2
    assert await verdicts(eve, both, **CSV) == {"duplicate": 2}
    await imported(eve, both, **CSV)
    assert len(await ledger(eve)) == 2


async def test_an_overlapping_file_with_three_coffees_brings_one(eve: Person) -> None:
    await imported(eve, csv_of(coffee(), coffee()), **CSV)

    three = csv_of(coffee(), coffee(), coffee())

    assert await verdicts(eve, three, **CSV) == {"duplicate": 2, "new": 1}
    await imported(eve, three, **CSV)
    assert len(await ledger(eve)) == 3


@pytest.mark.parametrize("write", [ofx, csv_of])
async def test_shuffled_rows_bring_nothing(write: Callable[..., bytes], ada: Person) -> None:
    lines = [coffee(id=f"i{n}", day=DAY + timedelta(days=n % 4)) for n in range(8)]
    await imported(ada, write(*lines), **(CSV if write is csv_of else {}))

    again = write(*lines[3:], *reversed(lines[:3]))

    assert await verdicts(ada, again, **(CSV if write is csv_of else {})) == {"duplicate": 8}


async def test_an_id_used_again_with_another_amount_is_a_conflict_that_changes_nothing(
    eve: Person,
) -> None:
    await imported(eve, ofx(coffee(id="a")))
    before = await dumped(eve)

    plan = await imported(eve, ofx(coffee(id="a", amount="-400.00")))

    assert plan["counts"]["conflict"] == 1
    (row,) = await rows_of(eve, plan, verdict="conflict")
    assert row["reason"] == "the id is known with another amount"
    assert await dumped(eve) == before


@pytest.mark.parametrize("write", [ofx, csv_of])
async def test_what_the_user_deleted_is_ignored(write: Callable[..., bytes], ada: Person) -> None:
    more: dict[str, Any] = CSV if write is csv_of else {}
    file = write(coffee(id="a"), coffee(id="b", name="Tea"))
    await imported(ada, file, **more)
    await delete(ada, "Coffee")

    plan = await imported(ada, file, **more)

    assert (plan["counts"]["ignored"], plan["counts"]["duplicate"]) == (1, 1)
    assert [row["reason"] for row in await rows_of(ada, plan, verdict="ignored")] == ["deleted"]
    assert [row[2] for row in await ledger(ada)] == ["Tea"]


@pytest.mark.parametrize("write", [ofx, csv_of])
async def test_a_reverted_import_leaves_no_tombstones(
    write: Callable[..., bytes], ada: Person
) -> None:
    more: dict[str, Any] = CSV if write is csv_of else {}
    file = write(coffee(id="a"), coffee(id="b"))
    plan = await imported(ada, file, **more)
    await delete(ada, "Coffee")

    assert (await reversal_of(ada, plan)).status_code == 201

    assert (await dumped(ada))["transaction_tombstones"] == []
    assert await verdicts(ada, file, **more) == {"new": 2}


@pytest.mark.parametrize("write", [ofx, csv_of])
async def test_a_pending_movement_that_is_posted_is_one_movement(
    write: Callable[..., bytes], ada: Person
) -> None:
    more: dict[str, Any] = CSV if write is csv_of else {}
    waiting = write(coffee(id="p", is_pending=True))
    posted = write(coffee(id="q", day=DAY + timedelta(days=3)))
    await imported(ada, waiting, **more)

    plan = await imported(ada, posted, **more)

    assert plan["counts"]["update"] == 1
    assert await ledger(ada) == [("2026-01-18", "-3.50", "Coffee", "settled")]
    assert await verdicts(ada, waiting, **more) == {"duplicate": 1}
    assert await verdicts(ada, posted, **more) == {"duplicate": 1}


@pytest.mark.parametrize("write", [ofx, csv_of])
async def test_the_older_file_with_the_pending_row_may_come_later(
    write: Callable[..., bytes], ada: Person
) -> None:
    more: dict[str, Any] = CSV if write is csv_of else {}
    await imported(ada, write(coffee(id="q", day=DAY + timedelta(days=3))), **more)

    waiting = write(coffee(id="p", is_pending=True))

    assert await verdicts(ada, waiting, **more) == {"duplicate": 1}


async def test_a_pending_row_posted_under_its_own_id_keeps_its_id_here(eve: Person) -> None:
    await imported(eve, ofx(coffee(id="p", is_pending=True)))
    (before,) = (await dumped(eve))["transactions"]

    await imported(eve, ofx(coffee(id="p", day=DAY + timedelta(days=1))))

    (after,) = (await dumped(eve))["transactions"]
    assert (after["id"], after["status"]) == (before["id"], "settled")
    assert after["version"] == before["version"] + 1


async def test_an_import_says_which_account_it_made_as_long_as_that_is_there(eve: Person) -> None:
    plan = await planned(eve, ofx(coffee(id="new"), account="made-by-a-file"))

    applied = (await application_of(eve, plan)).json()
    reverted = (await reversal_of(eve, plan)).json()

    (account,) = applied["accounts"]
    made = await eve.get("/imports", params={"limit": 1})
    assert plan["accounts"] == [account | {"account_id": None}]
    assert account["account_id"] is not None
    assert reverted["accounts"] == plan["accounts"] == made.json()["imports"][0]["accounts"]


async def test_the_account_that_an_import_made_is_the_one_that_it_names(eve: Person) -> None:
    plan = await planned(eve, ofx(coffee(id="new"), account="named-by-an-import"))

    (account,) = (await application_of(eve, plan)).json()["accounts"]

    assert (await eve.get(f"/accounts/{account['account_id']}")).status_code == 200
