"""Positions entered directly, lots that sales name, and what becomes of them in portfolios."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.ledgers import ledger_of, movement, position
from tests.people import Person, settle
from tests.purses import Row, balance, edited, refused, why
from tests.trading import a_depot, a_portfolio_of, done, not_done, positions, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPENING: Row = {
    "symbol": "AAPL",
    "asset_type": "equity",
    "quantity": "100",
    "average_cost": "150.0",
    "first_purchase_date": "2024-01-15",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eve(service: httpx.AsyncClient) -> Person:
    return await settle(service, "holder")


async def opened(person: Person, depot: str, **more: Any) -> Row:
    made = await person.post(f"/accounts/{depot}/positions", OPENING | more)
    assert made.status_code == 201, made.text
    row: Row = made.json()
    assert made.headers["Location"] == f"/api/v1/transactions/{row['id']}"
    return row


async def test_a_position_is_entered_with_its_average_cost_and_its_day(eve: Person) -> None:
    depot = await a_depot(eve)
    path = await a_portfolio_of(eve, depot)

    made = await opened(eve, depot)

    assert (made["subtype"], made["amount_value"]) == ("transfer_in", "0.00")
    assert await balance(eve, depot) == "10000.00"
    held = (await positions(eve, path))["AAPL"]
    assert (held["quantity"], held["average_cost"]) == ("100.00000000", "150.00000000")
    assert (held["cost_basis"], held["first_purchase_date"]) == ("15000.00", "2024-01-15")
    assert [lot["transaction_id"] for lot in held["lots"]] == [made["id"]]


async def test_a_position_that_was_entered_is_edited_and_deleted_like_any_entry(
    eve: Person,
) -> None:
    depot = await a_depot(eve)
    path = await a_portfolio_of(eve, depot)
    made = await opened(eve, depot)

    await edited(eve, made, quantity="80", unit_price="140", transaction_date="2024-02-01")

    held = (await positions(eve, path))["AAPL"]
    assert (held["quantity"], held["cost_basis"]) == ("80.00000000", "11200.00")
    assert held["first_purchase_date"] == "2024-02-01"
    await sold(eve, depot, "30", "2024-06-03", unit_price="160")
    assert (await positions(eve, path))["AAPL"]["realized_gain_loss"] == "600.00"
    gone = await eve.delete(f"/transactions/{made['id']}")
    assert (gone.status_code, why(gone.json())) == (409, "oversold")


async def test_a_position_without_a_cost_has_an_unknown_one(eve: Person) -> None:
    depot = await a_depot(eve)
    await opened(eve, depot, average_cost=None)

    held = (await positions(eve, await a_portfolio_of(eve, depot)))["AAPL"]

    assert (held["cost_basis"], held["unrealized_gain_loss"]) == (None, None)


async def test_a_position_comes_in_as_a_flow_in_kind_so_that_only_what_follows_is_a_return(
    eve: Person,
) -> None:
    today = datetime.now(UTC).date()
    depot = await a_depot(eve, "0.00")
    await opened(eve, depot, first_purchase_date=str(today - timedelta(days=400)))
    await sold(eve, depot, "50", str(today - timedelta(days=30)), unit_price="165")
    path = await a_portfolio_of(eve, depot)

    found = (await eve.get(f"{path}/performance?period=max")).json()

    assert (found["inflow"], found["outflow"]) == ("15000.00", "0.00")
    assert (found["end_value"], found["gain"]) == ("16500.00", "1500.00")
    assert found["time_weighted_return"]["percent"] == "10.000000"
    (first, second, *_) = (await eve.get(f"{path}/values?period=max")).json()["values"]
    assert (first["value"], second["value"]) == ("0.00", "15000.00")
    assert (second["inflow"], second["cost_basis"]) == ("15000.00", "15000.00")


async def test_what_is_transferred_in_keeps_the_day_on_which_it_was_bought(eve: Person) -> None:
    depot = await a_depot(eve)
    came = {"subtype": "transfer_in", "acquired_date": "2020-05-04"}
    made = await done(eve, depot, **came)

    held = (await positions(eve, await a_portfolio_of(eve, depot)))["AAPL"]

    assert made["acquired_date"] == held["first_purchase_date"] == "2020-05-04"
    assert held["cost_basis"] == "1000.00"


@pytest.mark.parametrize(
    ("told", "culprit"),
    [
        ({"quantity": "0"}, "quantity"),
        ({"quantity": "-1"}, "quantity"),
        ({"average_cost": "-1"}, "average_cost"),
        ({"first_purchase_date": "2999-01-01"}, "first_purchase_date"),
    ],
)
async def test_a_position_that_cannot_be_is_refused_by_its_own_words(
    eve: Person, told: Row, culprit: str
) -> None:
    answer = await eve.post(f"/accounts/{await a_depot(eve)}/positions", OPENING | told)

    assert (answer.status_code, why(answer.json())) == (422, culprit)


async def three_lots(eve: Person, depot: str) -> list[Row]:
    """5 at 111.11, 4 at 100 and 6 at 122.22, bought in another order."""
    return [
        await done(eve, depot, day, quantity=quantity, unit_price=price)
        for day, quantity, price in (
            ("2026-01-02", "5", "111.11"),
            ("2026-01-01", "4", "100"),
            ("2026-01-03", "6", "122.22"),
        )
    ]


def named(*lots: tuple[Row, str]) -> list[Row]:
    return [{"transaction_id": row["id"], "quantity": quantity} for row, quantity in lots]


async def test_a_sale_takes_the_lots_that_it_names_where_the_method_is_specific(
    eve: Person,
) -> None:
    depot = await a_depot(eve)
    middle, oldest, newest = await three_lots(eve, depot)
    lots = named((newest, "6"), (middle, "1"))
    sale = await sold(eve, depot, "7", "2026-02-02", unit_price="130", lots=lots)
    specific = await a_portfolio_of(eve, depot, lot_method="specific")
    fifo = await a_portfolio_of(eve, depot)

    assert [each["quantity"] for each in sale["lots"]] == ["6.00000000", "1.00000000"]
    left = (await positions(eve, specific))["AAPL"]
    assert [(lot["transaction_id"], lot["quantity"]) for lot in left["lots"]] == [
        (oldest["id"], "4.00000000"),
        (middle["id"], "4.00000000"),
    ]
    # 7 × 130 less 6 × 122.22 and 111.11
    assert left["realized_gain_loss"] == "65.57"
    assert (await positions(eve, fifo))["AAPL"]["realized_gain_loss"] == "176.67"

    await edited(eve, sale, lots=None)
    assert (await positions(eve, specific))["AAPL"]["realized_gain_loss"] == "176.67"


async def test_lots_that_are_not_there_or_not_whole_cannot_be_named(eve: Person) -> None:
    depot, other = await a_depot(eve), await a_depot(eve)
    middle, oldest, newest = await three_lots(eve, depot)
    (elsewhere, *_) = await three_lots(eve, other)
    await sold(eve, depot, "3", "2026-02-02", lots=named((oldest, "3")))

    refusals = [
        await not_done(eve, depot, day, subtype="sell", quantity="2", lots=lots)
        for day, lots in (
            ("2026-02-03", named((oldest, "2"))),
            ("2026-02-03", named((elsewhere, "2"))),
            ("2026-01-02", named((newest, "2"))),
            ("2026-02-03", named((newest, "1"))),
            ("2026-02-03", named((newest, "1"), (newest, "1"))),
        )
    ]

    assert refusals == [(422, "lots")] * 5
    assert await refused(eve, middle, lots=named((oldest, "5"))) == (422, "lots")


async def test_a_purchase_whose_lot_is_named_stays_until_the_sale_lets_go_of_it(
    eve: Person,
) -> None:
    depot = await a_depot(eve)
    middle, _, _ = await three_lots(eve, depot)
    sale = await sold(eve, depot, "5", "2026-02-02", lots=named((middle, "5")))

    assert await refused(eve, middle, quantity="4") == (409, "lot_named")
    gone = await eve.delete(f"/transactions/{middle['id']}")
    assert (gone.status_code, why(gone.json())) == (409, "lot_named")
    await edited(eve, sale, lots=[])
    assert (await eve.delete(f"/transactions/{middle['id']}")).status_code == 204


def told(number: str, quantity: str, amount: str, day: date) -> Any:
    shares = Decimal(quantity)
    return movement(
        number,
        transaction_type=TransactionType.TRADE,
        subtype=TransactionSubtype.BUY if shares > 0 else TransactionSubtype.SELL,
        symbol="AAPL",
        quantity=shares,
        amount=Decimal(amount),
        transaction_date=day,
    )


async def test_of_a_sale_that_a_provider_reports_its_owner_names_the_lots(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        account = await ledger.account("lots")
        rows = [
            told("b1", "5", "-500", date(2026, 1, 5)),
            told("b2", "5", "-600", date(2026, 1, 6)),
            told("s1", "-5", "650", date(2026, 2, 2)),
        ]
        await ledger.move(account, *rows)
        await ledger.hold(account, position("AAPL", quantity=Decimal(5)))
    path = await a_portfolio_of(eve, str(account.id), lot_method="specific")
    listed = (await eve.get(f"/accounts/{account.id}/transactions")).json()["transactions"]
    sale, newer, _ = listed
    assert (await positions(eve, path))["AAPL"]["realized_gain_loss"] == "150.00"

    assert await refused(eve, sale, lots=named((newer, "6"))) == (422, "lots")
    assert await refused(eve, sale, quantity="-4") == (409, "transaction_reported")
    changed = await edited(eve, sale, lots=named((newer, "5")))

    assert [each["transaction_id"] for each in changed["lots"]] == [newer["id"]]
    assert (await positions(eve, path))["AAPL"]["realized_gain_loss"] == "50.00"
    async with ledger_of(eve) as ledger:
        await ledger.move(account, told("b2", "4", "-480", date(2026, 1, 6)))
    found = (await eve.get(f"{path}/positions")).json()
    assert found["data_quality"]["unknown_lots"] == ["AAPL"]
    assert found["positions"][0]["realized_gain_loss"] == "150.00"
