"""The migration that says what accounts kept by hand opened with, before what files brought."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from alembic import command
from sqlalchemy import Connection, insert, select

from coffers import migrations
from coffers.domain.ids import new_id
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.transaction_rows import transactions

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
BEFORE, AFTER = "0012", "0013"
STAMPS: Final = {"version": 1, "created_at": NOW, "updated_at": NOW}


def go_to(connection: Connection, revision: str) -> None:
    config = migrations.configuration()
    config.attributes["connection"] = connection
    (command.downgrade if revision == BEFORE else command.upgrade)(config, revision)


def an_account(source: str, balance: str | None, *entries: tuple[str, str, str]) -> list[Any]:
    """As an earlier version left it: opened with what a file had stated since."""
    owner, number, amount = new_id(), new_id(), None if balance is None else Decimal(balance)
    account = {
        "user_id": owner,
        "id": number,
        "source": source,
        "name": "Purse",
        "account_type": "cash",
        "currency": "USD",
        "balance": amount,
        "opening_balance": amount if source == "manual" else None,
    }
    rows = [
        {
            "user_id": owner,
            "id": new_id(),
            "account_id": number,
            "transaction_type": "expense",
            "subtype": "purchase",
            "status": status,
            "amount": Decimal(entry),
            "currency": currency,
            "description": "Coffee",
            "transaction_date": date(2026, 3, 1),
            "search_text": "coffee",
        }
        for entry, currency, status in entries
    ]
    told = [insert(transactions).values(row | STAMPS) for row in rows]
    return [insert(accounts).values(account | STAMPS), *told]


async def test_a_balance_that_a_file_stated_stays_and_is_the_sum(database_url: str) -> None:
    settled, other = ("-3.50", "USD", "settled"), ("-1.00", "EUR", "settled")
    statements = [
        *an_account("manual", "10.00", settled, ("-2.00", "USD", "failed"), other),
        *an_account("manual", "5.00"),
        *an_account("manual", None, settled),
        *an_account("file", "7.00", settled),
    ]

    async with (
        open_engines(database_url, is_patient=True) as engines,
        engines.write.begin() as connection,
    ):
        await connection.run_sync(go_to, BEFORE)
        for statement in statements:
            await connection.execute(statement)
        await connection.run_sync(go_to, AFTER)
        columns = select(accounts.c.balance, accounts.c.opening_balance)
        found = [tuple(row) for row in (await connection.execute(columns)).all()]

    assert {tuple(each and format(each, "f") for each in pair) for pair in found} == {
        ("10.00", "13.50"),
        ("5.00", "5.00"),
        (None, None),
        ("7.00", None),
    }
