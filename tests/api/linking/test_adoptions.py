"""One broker linked twice: what both links report is kept, and counted, once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.api.conftest import newcomer
from tests.ledgers import movement, position, reported_account
from tests.people import Person
from tests.rows import event_names
from tests.scripted import Script, ScriptedBank, connect

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY = datetime.now(UTC).date()


@pytest.fixture
def script() -> Script:
    return Script(
        accounts=[reported_account("a1", account_number="1111-2222")],
        holdings={"a1": [position()]},
        pages={"a1": [[movement("t1", transaction_date=TODAY)]]},
    )


@pytest_asyncio.fixture(loop_scope="module")
async def ada(either_banked: httpx.AsyncClient, bank: ScriptedBank, script: Script) -> Person:
    """Somebody who may connect to the bank, on each engine in turn."""
    bank.script = script
    return await newcomer(either_banked, "ada")


async def sync(person: Person, connection: dict[str, Any]) -> dict[str, Any]:
    answer = await person.post(f"/connections/{connection['id']}/syncs", {"force": True})
    assert answer.status_code == 201, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def owned(person: Person) -> dict[str, str]:
    """Account → its connection."""
    listed = (await person.get("/accounts")).json()["accounts"]
    return {account["id"]: account["connection_id"] for account in listed}


async def totals(person: Person) -> tuple[Any, ...]:
    accounts = (await person.get("/accounts")).json()
    holdings = (await person.get("/holdings")).json()
    movements = (await person.get("/transactions")).json()
    return (
        accounts["total_balance_by_currency"],
        accounts["total_count"],
        holdings["total_market_value_by_currency"],
        movements["total_count"],
    )


async def test_the_newest_link_has_the_account_with_its_history(ada: Person) -> None:
    first = await connect(ada)
    await sync(ada, first)
    before, (account,) = await totals(ada), await owned(ada)
    second = await connect(ada)

    report = await sync(ada, second)

    assert (report["accounts_created"], report["transactions_created"]) == (0, 0)
    assert await owned(ada) == {account: second["id"]}
    assert await totals(ada) == before
    assert "AccountAdopted" in await event_names(ada.client, ada.id)


async def test_the_older_link_leaves_it_alone(ada: Person, script: Script) -> None:
    first, second = await connect(ada), await connect(ada)
    await sync(ada, first)
    await sync(ada, second)
    before, accounts = await totals(ada), await owned(ada)
    script.holdings["a1"] = []

    report = await sync(ada, first)

    assert report["created"] == report["updated"] == report["holdings_deactivated"] == 0
    assert (await totals(ada), await owned(ada)) == (before, accounts)


async def test_two_logins_that_share_an_account_keep_their_own(ada: Person, script: Script) -> None:
    mine, joint, theirs = (reported_account(number) for number in ("mine", "joint", "theirs"))
    first, second = await connect(ada), await connect(ada)
    for _ in range(2):
        script.accounts = [mine, joint]
        await sync(ada, first)
        script.accounts = [joint, theirs]
        await sync(ada, second)

    listed = (await ada.get("/accounts")).json()
    of_first = (await ada.get(f"/connections/{first['id']}/accounts")).json()

    assert (listed["total_count"], listed["active_count"]) == (3, 3)
    assert listed["total_balance_by_currency"] == {"USD": "75000.00"}
    assert of_first["total_count"] == 1


async def test_a_link_that_ended_gives_its_accounts_back(ada: Person) -> None:
    first, second = await connect(ada), await connect(ada)
    await sync(ada, first)
    await sync(ada, second)
    await ada.delete(f"/connections/{second['id']}")

    await sync(ada, first)

    assert list((await owned(ada)).values()) == [first["id"]]


async def test_linking_anew_instead_of_renewing_goes_on_with_the_history(ada: Person) -> None:
    first = await connect(ada)
    await sync(ada, first)
    (account,) = await owned(ada)
    await ada.delete(f"/connections/{first['id']}")
    second = await connect(ada)

    await sync(ada, second)

    assert await owned(ada) == {account: second["id"]}
    history = (await ada.get(f"/accounts/{account}/balance-snapshots")).json()
    assert history["total_count"] == 2


async def test_the_same_id_with_another_number_is_another_account(
    ada: Person, script: Script
) -> None:
    first, second = await connect(ada), await connect(ada)
    await sync(ada, first)
    script.accounts = [replace(script.accounts[0], account_number="1111-3333")]

    report = await sync(ada, second)

    assert report["accounts_created"] == 1
    assert (await ada.get("/accounts")).json()["total_count"] == 2


async def test_other_people_s_accounts_are_never_adopted(
    ada: Person,
) -> None:
    eve = await newcomer(ada.client, "eve")
    await sync(ada, await connect(ada))

    report = await sync(eve, await connect(eve))

    assert report["accounts_created"] == 1
    assert (await ada.get("/accounts")).json()["total_count"] == 1


async def test_two_links_that_sync_for_the_first_time_at_once_make_one_account(
    ada: Person,
) -> None:
    links = [await connect(ada) for _ in range(4)]

    await asyncio.gather(*(sync(ada, link) for link in links))

    assert list((await owned(ada)).values()) == [links[-1]["id"]]
    assert (await totals(ada))[-1] == 1
