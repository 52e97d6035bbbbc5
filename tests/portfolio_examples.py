"""A portfolio as an example of one, with something in it."""

from datetime import date
from decimal import Decimal

from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.ledgers import ledger_of, movement, position
from tests.people import Person


async def a_portfolio(person: Person) -> str:
    async with ledger_of(person) as ledger:
        account = await ledger.account("p1", cash_balance=Decimal("100.00"))
        await ledger.hold(account, position("AAPL", quantity=Decimal(10)))
        bought = movement(
            "bought",
            transaction_type=TransactionType.TRADE,
            subtype=TransactionSubtype.BUY,
            amount=Decimal("-1500.00"),
            symbol="AAPL",
            quantity=Decimal(10),
            unit_price=Decimal("150.00"),
            transaction_date=date(2026, 2, 2),
        )
        await ledger.move(account, bought)
    draft = {
        "name": "Shares",
        "base_currency": "USD",
        "account_ids": [str(account.id)],
        "targets": {"equity": "0.8", "cash_equivalent": "0.2"},
    }
    return f"/portfolios/{(await person.post('/portfolios', draft)).json()['id']}"


async def a_portfolio_being_filled(person: Person) -> str:
    path = await a_portfolio(person)
    assert (await person.post(f"{path}/snapshots", {})).status_code == 201
    return path
