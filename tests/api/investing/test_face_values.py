"""Bonds whose source counts face value and quotes per hundred of it."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from coffers.application.markets.asset_links import link_symbols
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.ledgers import NOON, ledger_of, movement, position
from tests.people import Person, settle
from tests.trading import a_portfolio_of, positions

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def iris(service: httpx.AsyncClient) -> Person:
    return await settle(service, "bondholder")


def bond(symbol: str, day: date, quantity: str, amount: str) -> Any:
    return movement(
        f"{symbol} {day}",
        transaction_type=TransactionType.TRADE,
        subtype=TransactionSubtype.SELL if quantity < "0" else TransactionSubtype.BUY,
        symbol=symbol,
        asset_type=AssetType.FIXED_INCOME,
        quantity=Decimal(quantity),
        unit_price=Decimal("99.50"),
        amount=Decimal(amount),
        transaction_date=day,
    )


async def test_a_bond_is_worth_what_its_source_says_and_so_is_one_that_was_sold(
    iris: Person,
) -> None:
    face = {"quantity": Decimal(15000), "current_price": Decimal("100.71")}
    worth = {"market_value": Decimal("15106.50"), "cost_basis": Decimal("14934.95")}
    async with ledger_of(iris) as ledger:
        account = await ledger.account("bonds", cash_balance=Decimal("500.00"))
        fixed = AssetType.FIXED_INCOME
        await ledger.hold(account, position("GRNB40", asset_type=fixed, **face, **worth))
        await ledger.move(account, bond("GRNB40", date(2026, 1, 5), "15000", "-14934.95"))
        await ledger.move(
            account,
            bond("CTYB21", date(2026, 1, 5), "10000", "-9960.00"),
            bond("CTYB21", date(2026, 2, 5), "-10000", "9950.00"),
        )
        async with ledger.uow() as uow:
            await link_symbols(uow, ledger.user_id, now=NOON)
            await uow.commit()
    path = await a_portfolio_of(iris, str(account.id))

    held = await positions(iris, path)

    span = {"start_date": "2026-01-20", "end_date": "2026-01-20"}
    then = (await iris.get(f"{path}/values", params=span)).json()["values"][0]
    assert (held["GRNB40"]["market_value"], held["GRNB40"]["market_price"]) == (
        "15106.50",
        "100.71",
    )
    assert held["GRNB40"]["unrealized_gain_loss"] == "171.55"
    assert Decimal(then["value"]) - Decimal(then["cash"]) == Decimal("14925.00") + 9950
