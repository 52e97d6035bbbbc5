"""Trades by hand for tests: a depot, and what is bought and sold in it over the API."""

from typing import Any, Final

from tests.people import Person
from tests.purses import Row, a_purse, why

#: What is bought where nothing else is said.
BUY: Final = {"symbol": "AAPL", "asset_type": "equity", "quantity": "10", "unit_price": "100"}


async def a_depot(person: Person, opening_balance: str | None = "10000.00", **more: Any) -> str:
    return await a_purse(person, opening_balance, name="Depot", account_type="brokerage", **more)


def a_trade(account_id: str, day: str = "2026-01-05", **more: Any) -> Row:
    trade = BUY | {"account_id": account_id, "transaction_date": day} | more
    return {name: value for name, value in trade.items() if value is not None}


async def done(person: Person, account_id: str, day: str = "2026-01-05", **more: Any) -> Row:
    """A purchase of ten for 1,000, or what else is said."""
    made = await person.post("/transactions", a_trade(account_id, day, **more))
    assert made.status_code == 201, made.text
    row: Row = made.json()
    return row


async def sold(person: Person, account_id: str, quantity: str, day: str, **more: Any) -> Row:
    return await done(person, account_id, day, subtype="sell", quantity=quantity, **more)


async def not_done(person: Person, account_id: str, day: str, **more: Any) -> tuple[int, str]:
    """The status of the refusal, and its slug or the field that it names."""
    answer = await person.post("/transactions", a_trade(account_id, day, **more))
    return answer.status_code, why(answer.json())


async def a_portfolio_of(person: Person, *account_ids: str, **more: Any) -> str:
    draft = {"name": "All", "base_currency": "USD", "account_ids": account_ids, **more}
    made = await person.post("/portfolios", draft)
    assert made.status_code == 201, made.text
    return f"/portfolios/{made.json()['id']}"


async def positions(person: Person, path: str) -> dict[str, Row]:
    """By symbol."""
    answer = await person.get(f"{path}/positions")
    assert answer.status_code == 200, answer.text
    return {each["symbol"]: each for each in answer.json()["positions"]}
