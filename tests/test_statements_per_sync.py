"""What a sync with nothing new asks of the database: so many statements, however many rows."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from coffers.infrastructure.db.transaction import Transaction
from tests.conftest import settings_for
from tests.ledgers import movement, position, reported_account
from tests.people import Person, sign_up
from tests.scripted import Script, ScriptedBank, connect, running_with, sync_all

#: Claim, credentials, accounts, snapshots, report and events, whatever there is.
WHOLE = 21
#: For each account more: PostgreSQL makes a table to stage its movements in.
PER_ACCOUNT = {"sqlite": 7, "postgresql": 10}


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements of units of work, as they are run."""
    texts: list[str] = []
    for name in ("execute", "rows"):
        original = getattr(Transaction, name)

        async def noted(
            self: Transaction, statement: Any, *rest: Any, original: Any = original
        ) -> Any:
            texts.append(str(statement).partition("\n")[0][:60])
            return await original(self, statement, *rest)

        monkeypatch.setattr(Transaction, name, noted)
    return texts


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
async def holder(script: Script, database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with running_with(settings_for(database_url, tmp_path), ScriptedBank(script)) as client:
        yield await sign_up(client, "holder")


def tell(script: Script, *, accounts: int, rows: int) -> None:
    """So many accounts, each with so many positions and movements of the last weeks."""
    today = datetime.now(UTC).date()
    for number in (f"a{place}" for place in range(accounts)):
        days = [today - timedelta(days=place % 20) for place in range(rows)]
        moves = [movement(f"t{place}", transaction_date=day) for place, day in enumerate(days)]
        script.accounts.append(reported_account(number))
        script.holdings[number] = [position(f"S{place}") for place in range(rows)]
        script.pages[number] = [moves]


async def cost(person: Person, statements: list[str]) -> int:
    """Of a sync that finds nothing new."""
    connection = await connect(person)
    assert (await sync_all(person, connection)).status_code == 201
    statements.clear()
    report = (await sync_all(person, connection)).json()
    assert (report["created"], report["updated"]) == (0, 0)
    return len(statements)


@pytest.mark.parametrize(("accounts", "rows"), [(1, 1), (1, 300), (4, 10)])
async def test_a_sync_with_nothing_new_costs_this_many_statements(
    holder: Person,
    script: Script,
    statements: list[str],
    accounts: int,
    rows: int,
    database_url: str,
) -> None:
    tell(script, accounts=accounts, rows=rows)

    asked = await cost(holder, statements)

    each = PER_ACCOUNT[database_url.partition("+")[0]]
    assert asked == WHOLE + each * accounts, "\n".join(statements)
