"""What movements add up to against what is reported to be held, with the first day they part."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.ledgers import Ledger, ledger_of, movement, position
from tests.people import Person, settle
from tests.trading import a_portfolio_of, positions

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eve(service: httpx.AsyncClient) -> Person:
    return await settle(service, "auditor")


def traded(number: str, quantity: str, day: date) -> Any:
    shares = Decimal(quantity)
    return movement(
        number,
        transaction_type=TransactionType.TRADE,
        subtype=TransactionSubtype.BUY if shares > 0 else TransactionSubtype.SELL,
        symbol="AAPL",
        quantity=shares,
        amount=-100 * shares,
        unit_price=Decimal(100),
        transaction_date=day,
    )


async def told(ledger: Ledger, account: Any, quantities: dict[int, str]) -> None:
    """What the source reports, by the day of its sync after the first one."""
    for days, quantity in quantities.items():
        ledger.now = NOW + timedelta(days=days)
        held = [position("AAPL", quantity=Decimal(quantity))] if Decimal(quantity) else []
        await ledger.hold(account, *held)


@pytest.mark.parametrize(
    ("quantities", "difference", "since"),
    [
        ({0: "10", 3: "10"}, "0.00000000", None),
        ({0: "10", 3: "12", 6: "12"}, "2.00000000", "2026-03-05"),
        ({0: "10", 3: "12", 6: "10"}, "0.00000000", None),
        ({0: "10", 3: "12", 6: "10", 8: "7"}, "-3.00000000", "2026-03-10"),
        ({0: "11", 3: "12"}, "2.00000000", "2026-03-02"),
    ],
)
async def test_a_difference_is_told_with_the_first_day_since_which_it_never_passed(
    eve: Person, quantities: dict[int, str], difference: str, since: str | None
) -> None:
    async with ledger_of(eve) as ledger:
        account = await ledger.account(f"p-{quantities}")
        await ledger.move(account, traded("b1", "10", date(2026, 1, 5)))
        await told(ledger, account, quantities)

    held = (await positions(eve, await a_portfolio_of(eve, str(account.id))))["AAPL"]

    assert (held["unexplained_quantity"], held["unexplained_since"]) == (difference, since)


async def test_a_sale_that_the_source_never_counted_parts_them_on_its_day(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        account = await ledger.account("sold")
        rows = [traded("b1", "10", date(2026, 1, 5)), traded("s1", "-4", date(2026, 3, 7))]
        await ledger.move(account, *rows)
        await told(ledger, account, {0: "10", 9: "10"})

    held = (await positions(eve, await a_portfolio_of(eve, str(account.id))))["AAPL"]

    assert (held["unexplained_quantity"], held["unexplained_since"]) == (
        "4.00000000",
        "2026-03-07",
    )


async def test_what_is_reported_no_more_and_was_never_sold_is_told_too(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        account = await ledger.account("gone")
        await ledger.move(account, traded("b1", "10", date(2026, 1, 5)))
        await told(ledger, account, {0: "10", 4: "0"})
    path = await a_portfolio_of(eve, str(account.id))

    found = (await eve.get(f"{path}/positions")).json()

    assert found["data_quality"]["unexplained_quantities"] == [
        {"symbol": "AAPL", "quantity": "-10.00000000", "since": "2026-03-06"}
    ]
