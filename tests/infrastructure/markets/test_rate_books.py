"""Books of rates are the same for as long as what they were made of is, on both engines."""

from datetime import date
from decimal import Decimal

import pytest

from coffers.domain.ids import UserId, new_id
from coffers.domain.markets.rates import OwnRate
from coffers.infrastructure.db.markets import rates as adapter
from coffers.infrastructure.db.markets.rates import SqlExchangeRates
from coffers.infrastructure.markets.ecb_rates import BundledRates
from tests.stores import NOON, Store, open_store

DAY = date(2026, 3, 2)
BUNDLED = BundledRates()


async def keep(store: Store, user_id: UserId, rate: str) -> None:
    uow = store.uow()
    async with uow:
        await uow.exchange_rates.put(
            [OwnRate(new_id(), user_id, "EUR", "USD", DAY, Decimal(rate), NOON)]
        )
        await uow.commit()


async def test_another_rate_is_another_book(database_url: str) -> None:
    async with open_store(database_url) as store:
        rates, user_id = SqlExchangeRates(store.reader, BUNDLED), await store.add_user()
        await keep(store, user_id, "2")
        first = await rates.book(user_id, DAY, DAY)
        again = await rates.book(user_id, DAY, DAY)

        await keep(store, user_id, "3")
        changed = await rates.book(user_id, DAY, DAY)

    assert again is first
    assert [book.rate("EUR", "USD", DAY).rate for book in (first, changed)] == [2, 3]  # type: ignore[union-attr]  # both are known


async def test_no_more_books_are_kept_than_there_is_room_for(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "MOST_BOOKS", 1)
    async with open_store(database_url) as store:
        rates, one = SqlExchangeRates(store.reader, BUNDLED), await store.add_user()
        first = await rates.book(one, DAY, DAY)

        await rates.book(UserId(new_id()), DAY, DAY)

        assert await rates.book(one, DAY, DAY) is not first
