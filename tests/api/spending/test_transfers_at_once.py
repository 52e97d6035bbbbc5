"""Whatever happens at once to transfers and their legs: no leg is taken twice, none dangles."""

import asyncio
import os
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from coffers.application.spending.transfer_matching import MATCHING
from coffers.domain.errors import Unavailable
from tests.api.conftest import newcomer
from tests.ledgers import ledger_of
from tests.people import Person
from tests.spendings import DAY, bank_account, forget_work, moved, work_through
from tests.statements import Line, ofx

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: What a caller of many at once has to expect.
EXPECTED = {200, 201, 204, 404, 409, 412, 422, 503}
_SIDES = ("outgoing", "incoming")


@pytest_asyncio.fixture(loop_scope="module")
async def keeper(either: httpx.AsyncClient) -> Person:
    """Somebody on each engine in turn."""
    await forget_work(either)
    return await newcomer(either, "keeper")


async def _accounts(person: Person, count: int) -> list[str]:
    draft = {"account_type": "cash", "currency": "EUR", "opening_balance": "100"}
    made = [await person.post("/accounts", draft | {"name": f"Box {n}"}) for n in range(count)]
    return [answer.json()["id"] for answer in made]


async def _write(person: Person, account: str, amount: str, back: int) -> httpx.Response:
    day = str(DAY - timedelta(days=back))
    entry = {"account_id": account, "amount": amount, "transaction_date": day}
    return await person.post("/transactions", entry | {"description": "Moved"})


async def _all_transactions(person: Person) -> list[dict[str, Any]]:
    found = await person.get("/transactions?limit=100")
    listed: list[dict[str, Any]] = found.json()["transactions"]
    return listed


async def _all_transfers(person: Person) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await person.get("/transfers?limit=100")).json()["transfers"]
    return listed


async def _matched(person: Person) -> int:
    try:
        await work_through(person.client, MATCHING)
    except Unavailable:
        # As a worker would, another time.
        return 503
    return 200


async def _something(
    person: Person, chance: random.Random, accounts: list[str], known: list[str]
) -> int:
    """One act of many on what was known before any of them; answers its status."""
    amount = chance.choice(["-5.00", "5.00", "-7.00", "7.00"])
    account = chance.choice(accounts)
    match chance.randrange(7):
        case 0:
            answer = await _write(person, account, amount, chance.randrange(4))
        case 1:
            return await _matched(person)
        case 2 | 3:
            return await _decide(person, chance)
        case 4:
            answer = await person.delete(f"/transactions/{chance.choice(known)}")
        case 5:
            edit = {"amount": amount, "account_id": account}
            answer = await person.patch(f"/transactions/{chance.choice(known)}", edit)
        case _:
            ids = [chance.choice(known) for _ in _SIDES]
            keys = (f"{side}_transaction_id" for side in _SIDES)
            answer = await person.post("/transfers", dict(zip(keys, ids, strict=True)))
    return answer.status_code


async def _decide(person: Person, chance: random.Random) -> int:
    transfers = await _all_transfers(person)
    if not transfers:
        return 200
    path = f"/transfers/{chance.choice(transfers)['id']}"
    said = chance.choice(["confirmed", "rejected", None])
    if said is None:
        return (await person.delete(path)).status_code
    return (await person.patch(path, {"status": said})).status_code


async def _check(person: Person) -> None:
    transactions = {row["id"]: row for row in await _all_transactions(person)}
    transfers = {each["id"]: each for each in await _all_transfers(person)}
    confirmed = [each for each in transfers.values() if each["status"] == "confirmed"]
    legs = {each[f"{side}_transaction_id"]: each["id"] for each in confirmed for side in _SIDES}
    named = {row["id"]: row["transfer_id"] for row in transactions.values() if row["transfer_id"]}
    assert len(legs) == 2 * len(confirmed)
    assert named == legs
    for each in confirmed:
        out, into = (transactions[each[f"{side}_transaction_id"]] for side in _SIDES)
        assert out["amount_value"] == each["outgoing_amount"] == f"-{into['amount_value']}"
        assert out["account_id"] != into["account_id"]


@pytest.mark.parametrize("seed", range(10 if "TORTURE" in os.environ else 1))
async def test_after_hundreds_of_acts_at_concurrency_20_no_transfer_dangles(
    keeper: Person, seed: int
) -> None:
    chance, statuses = random.Random(seed), Counter[int]()
    accounts = await _accounts(keeper, 3)
    for n in range(12):
        await _write(keeper, accounts[n % 3], ["-5.00", "5.00"][n % 2], n % 4)

    for _ in range(6):
        known = [row["id"] for row in await _all_transactions(keeper)]
        acts = [_something(keeper, chance, accounts, known) for _ in range(20)]
        statuses.update(await asyncio.gather(*acts))
        await _check(keeper)

    assert set(statuses) <= EXPECTED, statuses
    assert statuses[200] + statuses[201] + statuses[204] > 30


async def test_a_reverted_import_frees_the_legs_of_others(keeper: Person) -> None:
    file = {"file": ("giro.ofx", ofx(Line("-80.00", "To savings", DAY)))}
    plan = (await keeper.post("/imports", files=file)).json()
    wanted = {"plan_hash": plan["plan_hash"]}
    await keeper.post(f"/imports/{plan['id']}/application", wanted)
    async with ledger_of(keeper) as ledger:
        savings = await bank_account(ledger, "savings")
        await ledger.move(savings, moved("in", "80.00"))
    await work_through(keeper.client, MATCHING)
    # The movement behind the API's back came without a job; the import's found it all the same.
    before = await _all_transfers(keeper)

    reverted = await keeper.post(f"/imports/{plan['id']}/reversal")

    assert [each["status"] for each in before] == ["confirmed"]
    assert reverted.status_code == 201, reverted.text
    assert await _all_transfers(keeper) == []
    assert [row["transfer_id"] for row in await _all_transactions(keeper)] == [None]
