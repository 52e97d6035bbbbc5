from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from tests.ledgers import NOON, ledger_of, movement, reported_account
from tests.people import Person, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIELDS = [
    *("id", "account_id", "provider_transaction_id", "transaction_type", "subtype", "status"),
    *("amount_value", "amount_currency", "description", "asset_type", "symbol", "security_name"),
    *("quantity", "unit_price_amount", "unit_price_currency", "commission_amount"),
    *("commission_currency", "transaction_date", "settlement_date", "is_trade", "is_transfer"),
    *("is_income", "is_fee", "is_debit", "is_credit", "is_settled", "category_id", "category"),
    *("merchant", "notes", "tags", "splits", "is_ignored", "transfer_id", "reconciliation_id"),
    *("annotated_by", "acquired_date", "lots", "created_at", "updated_at"),
]
TRADE = movement(
    "trade",
    transaction_type=TransactionType.TRADE,
    subtype=TransactionSubtype.BUY,
    amount=Decimal("-1502.5"),
    description="Bought 10 AAPL",
    symbol="AAPL",
    security_name="Äpple Inc.",
    quantity=Decimal(10),
    unit_price=Decimal("150.123"),
    commission=Decimal(1),
    transaction_date=date(2026, 2, 27),
)
SALARY = movement(
    "salary",
    transaction_type=TransactionType.INCOME,
    subtype=TransactionSubtype.SALARY,
    amount=Decimal(3000),
    description="100% of my_salary",
    transaction_date=date(2026, 2, 28),
)
HOLD = movement("hold", status=TransactionStatus.PENDING, transaction_date=date(2026, 3, 2))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eve(either: httpx.AsyncClient) -> Person:
    """Somebody with four movements in two accounts, on each engine in turn."""
    person = await settle(either, "eve")
    async with ledger_of(person) as ledger:
        one, two = await ledger.accounts(reported_account("a1"), reported_account("a2"))
        await ledger.move(one, TRADE, SALARY)
        ledger.now = NOON + timedelta(days=1)
        await ledger.move(two, movement("coffee"), HOLD)
    return person


async def listed(person: Person, **query: Any) -> list[str]:
    answer = await person.get("/transactions", params=query)
    assert answer.status_code == 200, answer.text
    found = [row["provider_transaction_id"] for row in answer.json()["transactions"]]
    assert answer.json()["total_count"] == len(found)
    return found


#: What is asked, and what is found.
QUESTIONS: list[tuple[dict[str, str], str]] = [
    ({}, "hold coffee salary trade"),
    ({"sort": "date"}, "trade salary coffee hold"),
    ({"sort": "amount"}, "trade coffee hold salary"),
    ({"sort": "-amount"}, "salary hold coffee trade"),
    ({"transaction_type": "trade"}, "trade"),
    ({"status": "pending"}, "hold"),
    ({"symbol": "aapl"}, "trade"),
    ({"start_date": "2026-02-28"}, "hold coffee salary"),
    ({"end_date": "2026-02-28"}, "salary trade"),
    ({"updated_from": "2026-03-03T00:00:00Z"}, "hold coffee"),
    ({"updated_to": "2026-03-02T13:00:00+01:00"}, "salary trade"),
    ({"min_amount": "-3.50"}, "hold coffee salary"),
    ({"max_amount": "-3.5", "min_amount": "-1502.5"}, "hold coffee trade"),
    ({"q": "ÄPPLE"}, "trade"),
    ({"q": "coff"}, "hold coffee"),
    ({"q": "100%"}, "salary"),
    ({"q": "my_sal"}, "salary"),
    ({"q": "m%l"}, ""),
    ({"q": "my.sal"}, ""),
]


async def test_transactions_are_searched_filtered_and_sorted(eve: Person) -> None:
    found = [await listed(eve, **query) for query, _ in QUESTIONS]

    assert found == [expected.split() for _, expected in QUESTIONS]


async def test_pages_join_to_the_whole_list(eve: Person) -> None:
    for sort in ("-date", "date", "-amount", "amount"):
        assert await in_pages(eve, sort) == await listed(eve, sort=sort)


async def in_pages(eve: Person, sort: str) -> list[str]:
    pages: list[str] = []
    cursor: dict[str, Any] = {}
    while cursor.get("cursor", "") is not None:
        answer = await eve.get("/transactions", params={"sort": sort, "limit": 1} | cursor)
        page = answer.json()
        assert page["total_count"] == 4
        assert page["has_more"] is (page["next_cursor"] is not None)
        assert ('rel="next"' in answer.headers.get("link", "")) is page["has_more"]
        pages += [row["provider_transaction_id"] for row in page["transactions"]]
        cursor = {"cursor": page["next_cursor"]}
    return pages


async def test_an_account_s_transactions_are_its_own_newest_first(eve: Person) -> None:
    (coffee,) = (await eve.get("/transactions?q=coffee&status=settled")).json()["transactions"]
    account_id = coffee["account_id"]

    answer = (await eve.get(f"/accounts/{account_id}/transactions")).json()

    assert list(answer) == ["transactions", "total_count", "next_cursor", "has_more"]
    found = [row["provider_transaction_id"] for row in answer["transactions"]]
    assert found == ["hold", "coffee"]
    assert await listed(eve, account_id=account_id) == found


async def test_a_transaction_has_exactly_the_documented_fields(eve: Person) -> None:
    (row,) = (await eve.get("/transactions?q=bought")).json()["transactions"]

    answer = (await eve.get(f"/transactions/{row['id']}")).json()

    assert list(answer) == FIELDS
    assert answer == row
    assert (answer["amount_value"], answer["amount_currency"]) == ("-1502.50", "USD")
    assert (answer["quantity"], answer["unit_price_amount"]) == ("10.00000000", "150.123")
    assert (answer["commission_amount"], answer["commission_currency"]) == ("1.00", "USD")
    assert {name for name in FIELDS if answer[name] is True} == {
        "is_trade",
        "is_debit",
        "is_settled",
    }


async def test_without_a_price_there_is_no_currency_of_it(eve: Person) -> None:
    (row,) = (await eve.get("/transactions?status=pending")).json()["transactions"]

    assert row["unit_price_amount"] is None
    assert row["unit_price_currency"] is None
    assert row["is_settled"] is False


async def test_a_cursor_belongs_to_its_list(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.move(await ledger.account(), movement("t1"), movement("t2"))
    cursor = (await ada.get("/transactions?limit=1")).json()["next_cursor"]

    for query in ("sort=date", "q=coffee", "status=settled"):
        answer = await ada.get(f"/transactions?{query}&cursor={cursor}")

        assert answer.status_code == 422


REFUSED = [
    ("limit=0", 422),
    ("limit=101", 422),
    ("sort=name", 422),
    ("status=done", 422),
    ("start_date=2026-02-30", 422),
    ("start_date=20260201", 422),
    ("updated_from=2026-02-01T00:00:00", 422),
    ("min_amount=1e3", 422),
    ("category=food", 422),
    (f"q={'x' * 201}", 422),
    ("start_date=2026-02-02&end_date=2026-02-01", 400),
    ("min_amount=2&max_amount=1", 400),
]


async def test_a_question_that_cannot_be_meant_is_refused(ada: Person) -> None:
    answers = [await ada.get(f"/transactions?{query}") for query, _ in REFUSED]

    assert [answer.status_code for answer in answers] == [status for _, status in REFUSED]


async def test_someone_else_s_account_and_no_account_are_told_apart(
    ada: Person, enrol: Any
) -> None:
    async with ledger_of(ada) as ledger:
        account = await ledger.account()
    bob = await enrol("bob")

    theirs = await bob.get(f"/transactions?account_id={account.id}")
    nobody_s = await bob.get("/transactions?account_id=0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c")

    assert (theirs.status_code, nobody_s.status_code) == (403, 404)
