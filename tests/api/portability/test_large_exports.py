"""A long history goes out and comes back in constant memory; `TORTURE=1` makes it long indeed."""

import io
import os
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import insert

from coffers.application.portability import restorations
from coffers.application.portability.beancount import beancount_file
from coffers.application.portability.csv_files import CsvTable, csv_file
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.live.events import Origin
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.services import Services
from coffers.wiring import open_services
from tests.conftest import settings_for
from tests.stores import user

MANY, WORDS = (100_000, 1) if "TORTURE" in os.environ else (1_250, 300)
#: Bytes, whatever the number of rows. A page takes most of it, and the fewer rows are five pages:
#: what is held of all of them, if only as text, is too much.
CONSTANT: Final = 5 * 1024 * 1024
NOTES: Final = "black, " * WORDS
NOW: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)


@contextmanager
def measured() -> Iterator[list[int]]:
    """Inside: what is allocated at most, in the list at the end."""
    peak: list[int] = []
    tracemalloc.start()
    try:
        yield peak
        peak.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()


@pytest.fixture
async def services(database_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    async with open_services(settings_for(database_url, tmp_path)) as services:
        yield services


async def somebody(services: Services) -> UserId:
    user_id = UserId(new_id())
    uow = services.unit_of_work(Origin(), None)
    async with uow:
        await uow.users.add(user(user_id, f"somebody-{user_id}"))
        await uow.commit()
    return user_id


async def with_history(services: Services, user_id: UserId, count: int) -> None:
    """An account with so many movements, in a few statements."""
    account_id = new_id()
    account = {
        "user_id": user_id,
        "id": account_id,
        "source": "manual",
        "name": "Purse",
        "account_type": "cash",
        "currency": "EUR",
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }
    uow = services.unit_of_work(Origin(), None)
    async with uow:
        sql = uow.transaction  # type: ignore[attr-defined]  # behind the port's back
        await sql.execute(insert(accounts).values(account))
        for start in range(0, count, 1_000):
            numbers = range(start, min(start + 1_000, count))
            rows = [_movement(user_id, account_id, number) for number in numbers]
            await sql.execute(insert(transactions), rows)
        await uow.commit()


def _movement(user_id: UserId, account_id: UUID, number: int) -> dict[str, object]:
    return {
        "user_id": user_id,
        "id": new_id(),
        "account_id": account_id,
        "transaction_type": "expense",
        "subtype": "purchase",
        "status": "settled",
        "amount": Decimal(-350 - number % 1000).scaleb(-2),
        "currency": "EUR",
        "description": f"Coffee {number}",
        "transaction_date": date(2020, 1, 1) + timedelta(days=number % 2_000),
        "search_text": f"coffee {number}\n",
        "notes": NOTES,
        "tags": ["black"],
        "is_ignored": False,
        "version": 1,
        "created_at": NOW,
        "updated_at": NOW,
    }


async def test_a_long_history_goes_out_and_comes_back_in_constant_memory(
    services: Services, tmp_path: Path
) -> None:
    ada, bob = await somebody(services), await somebody(services)
    await with_history(services, ada, MANY)
    path = tmp_path / "coffers.json"

    with path.open("wb") as file, measured() as out:
        async for piece in services.exports.everything(ada, NOW):
            file.write(piece)
    with path.open("rb") as file, measured() as back:
        principal = Principal(bob, frozenset())
        uow = services.unit_of_work(Origin(), None)
        reader = services.export_reader
        made = await restorations.restore(uow, services.clock, reader, principal, file)

    assert made.counts == {"accounts": 1, "transactions": MANY}
    assert out[0] < CONSTANT
    # The ids of all rows that others may speak of are held.
    assert back[0] < CONSTANT + 150 * MANY
    again = io.BytesIO()
    async for piece in services.exports.everything(bob, NOW):
        again.write(piece)
    assert again.getvalue() == path.read_bytes()


@pytest.mark.parametrize("form", ["csv", "beancount"])
async def test_files_for_other_programs_take_constant_memory_too(
    services: Services, form: str
) -> None:
    ada = await somebody(services)
    await with_history(services, ada, MANY)
    books = services.ledger_books

    count = 0
    with measured() as peak:
        if form == "csv":
            pieces = csv_file(books, ada, CsvTable.TRANSACTIONS)
        else:
            pieces = beancount_file(books, ada, NOW)
        async for piece in pieces:
            count += piece.count(b"Coffee ")

    assert count == MANY
    assert peak[0] < CONSTANT
