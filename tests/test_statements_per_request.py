"""No read costs more statements with more rows: the number of each is pinned here."""

from typing import Final
from uuid import UUID

import pytest

from tests.ledgers import NOON, Ledger, ledger_of, movement, position, reported_account
from tests.people import Person
from tests.purses import FOOD, a_purse, edited, entered
from tests.queries import Statements, count_statements
from tests.trading import a_depot, done

__all__ = ["count_statements"]

YEAR: Final = "start_date=2026-01-01T00:00:00Z&end_date=2026-12-31T00:00:00Z"
#: Path → statements. Where the base currency or the time zone matters, the profile is one of them.
COSTS: Final = {
    "/accounts": 1,
    "/accounts/{account}": 1,
    "/transactions": 1,
    "/transactions?q=coffee&sort=-amount&limit=2": 1,
    "/transactions?category=supermarket&tag=work&merchant=joe&is_ignored=false": 1,
    "/transactions?category=none&limit=2": 1,
    "/accounts/{account}/transactions": 1,
    "/transactions/{transaction}": 1,
    "/holdings": 1,
    "/holdings?active_only=false&asset_type=equity&symbol=AAPL": 1,
    "/accounts/{account}/holdings": 1,
    "/holdings/{holding}": 1,
    "/balance-snapshots": 1,
    "/accounts/{account}/balance-history?" + YEAR: 1,
    "/accounts/{account}/balance-history?source=holdings_sync&" + YEAR: 1,
    "/accounts/{account}/balance-snapshots": 1,
    "/accounts/{purse}/daily-balances?start_date=2026-03-01&end_date=2026-03-05": 1,
    "/accounts/{purse}/daily-balances": 2,
    "/accounts/{purse}/reconciliations": 1,
    "/reconciliations/{reconciliation}": 1,
    "/net-worth": 2,
    # One of them asks which accounts hold securities apart from their balance.
    "/net-worth/history?start_date=2026-03-01": 3,
}


async def _fill(ledger: Ledger) -> UUID:
    first, *others = await ledger.accounts(*(reported_account(f"a{number}") for number in range(3)))
    for account in (first, *others):
        await ledger.hold(account, *(position(f"S{number}") for number in range(5)))
        await ledger.move(account, *(movement(f"t{number}") for number in range(5)))
        await ledger.snapshots(account, [(NOON.replace(day=day), "5") for day in range(1, 6)])
    return first.id


async def _objects(ada: Person, account: UUID) -> dict[str, str]:
    (holding, *_) = (await ada.get("/holdings")).json()["holdings"]
    (row, *_) = (await ada.get("/transactions")).json()["transactions"]
    purse = await a_purse(ada)
    statement = {"statement_date": "2026-03-01", "stated_balance": "5"}
    held = (await ada.post(f"/accounts/{purse}/reconciliations", statement)).json()
    listed = {"account": str(account), "holding": holding["id"], "transaction": row["id"]}
    return listed | {"purse": purse, "reconciliation": held["id"]}


async def test_each_read_costs_this_many_statements(
    count_statements: Statements, ada: Person
) -> None:
    async with ledger_of(ada) as ledger:
        objects = await _objects(ada, await _fill(ledger))
    costs = {}

    for path in COSTS:
        with count_statements.counted() as statements:
            answer = await ada.get(path.format(**objects))
        assert answer.status_code == 200, answer.text
        costs[path] = len(statements)

    assert costs == COSTS


async def test_a_net_worth_costs_no_more_with_more_depots(
    count_statements: Statements, ada: Person
) -> None:
    costs = []

    for number in range(1, 4):
        depot = await a_depot(ada)
        for place in range(number):
            await done(ada, depot, symbol=f"S{number}{place}")
        for path in ("/net-worth", "/net-worth?explain=true", "/net-worth/history"):
            with count_statements.counted() as statements:
                assert (await ada.get(path)).status_code == 200
            costs.append(len(statements))

    assert costs == costs[:3] * 3
    assert max(costs) <= 12


@pytest.mark.parametrize("path", ["/holdings", "/transactions", "/balance-snapshots"])
async def test_an_empty_answer_costs_no_more(
    count_statements: Statements, ada: Person, path: str
) -> None:
    with count_statements.counted() as statements:
        answer = await ada.get(path)

    assert answer.json()["total_count"] == 0
    assert len(statements) == 1


SPLIT: Final = [{"amount": "-1", "category_id": FOOD}, {"amount": "-2.50"}]


async def test_writing_by_hand_costs_no_more_in_a_long_history(
    count_statements: Statements, ada: Person
) -> None:
    purse = await a_purse(ada)
    costs = []

    for _ in range(3):
        with count_statements.counted() as statements:
            entry = await entered(ada, purse, splits=SPLIT, tags=["a"])
            await edited(ada, entry, amount="-4", splits=None)
            await ada.delete(f"/transactions/{entry['id']}")
        costs.append(len(statements))
        for _ in range(5):
            await entered(ada, purse)

    assert len(set(costs)) == 1, costs
