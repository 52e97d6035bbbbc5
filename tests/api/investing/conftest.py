"""A portfolio in francs, of dollars and shares, with money that comes and goes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest_asyncio

from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.ledgers import ledger_of, movement, position
from tests.market_examples import asset_of
from tests.people import Person, settle

TODAY: Final = datetime.now(UTC).date()
SATURDAY: Final = 5
BEGUN: Final = TODAY - timedelta(days=400)


def moved(number: str, subtype: TransactionSubtype, amount: str, days: int, **more: Any) -> Any:
    return movement(
        number,
        transaction_type=TransactionType.TRANSFER,
        subtype=subtype,
        amount=Decimal(amount),
        transaction_date=BEGUN + timedelta(days=days),
        **more,
    )


def traded(number: str, subtype: TransactionSubtype, quantity: str, amount: str, days: int) -> Any:
    trade = {
        "symbol": "AAPL",
        "quantity": Decimal(quantity),
        "unit_price": abs(Decimal(amount)) / Decimal(quantity),
    }
    found = moved(number, subtype, amount, days, **trade)
    return replaced(found, TransactionType.TRADE)


def replaced(row: Any, kind: TransactionType) -> Any:

    return replace(row, transaction_type=kind)


async def rates(person: Person) -> None:
    kept = [
        {
            "base_currency": "USD",
            "quote_currency": "CHF",
            "date": str(BEGUN + timedelta(days=place)),
            "rate": f"0.9{place % 89:02}7",
        }
        for place in range(-5, 401, 5)
    ]
    assert (await person.post("/exchange-rates", {"exchange_rates": kept})).status_code == 201


async def index(person: Person) -> str:
    """A benchmark in dollars, whose price has something to do with nothing."""
    asset_id = await asset_of(person, symbol="INDX", currency="USD")
    prices = [
        {
            "asset_id": asset_id,
            "date": str(BEGUN + timedelta(days=place - 3)),
            "close": f"1{place % 13:02}.00",
        }
        for place in range(404)
        if (BEGUN + timedelta(days=place - 3)).weekday() < SATURDAY
    ]
    kept = await person.post("/prices", {"prices": prices})
    assert kept.status_code in {200, 201}, kept.text
    return asset_id


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def path(service: httpx.AsyncClient) -> tuple[Person, str]:
    """A portfolio in francs, of dollars and shares, with money that comes and goes."""
    person = await settle(service, "explained")
    await rates(person)
    async with ledger_of(person) as ledger:
        ledger.now = datetime.now(UTC)
        account = await ledger.account("p1", cash_balance=Decimal("1212.00"))
        held = {"quantity": Decimal(6), "current_price": Decimal("250.00")}
        await ledger.hold(account, position("AAPL", cost_basis=Decimal("900.00"), **held))
        await ledger.move(
            account,
            moved("m1", TransactionSubtype.DEPOSIT, "2000.00", 0),
            traded("b1", TransactionSubtype.BUY, "10", "-1500.00", 0),
            moved("m2", TransactionSubtype.DEPOSIT, "300.00", 120),
            moved("m3", TransactionSubtype.WITHDRAWAL, "-400.00", 200),
            traded("s1", TransactionSubtype.SELL, "4", "800.00", 300),
            replaced(
                moved("d1", TransactionSubtype.DIVIDEND, "12.00", 350, symbol="AAPL"),
                TransactionType.INCOME,
            ),
        )
    draft = {"name": "x", "base_currency": "CHF", "account_ids": [str(account.id)]}
    draft |= {"benchmark_asset_id": await index(person)}
    made = await person.post("/portfolios", draft)
    return person, f"/portfolios/{made.json()['id']}"
