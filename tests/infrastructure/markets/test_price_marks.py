"""Closes are remembered until one of them changes, whoever changes it."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import delete

from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.prices import MANUAL, Bar
from coffers.infrastructure.db.markets.price_marks import price_marks
from coffers.infrastructure.db.markets.price_series import SqlPriceLookups
from coffers.infrastructure.db.markets.remembered_closes import RememberedCloses
from tests.stores import NOON, Store, open_store

FIRST = date(2026, 1, 5)
LAST = FIRST + timedelta(days=9)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as opened:
        yield opened


async def asset(store: Store, owner: UserId | None = None) -> UUID:
    made = Asset(new_id(), owner, "ONE", "One", AssetType.EQUITY, "USD", NOON, NOON)
    uow = store.uow()
    async with uow:
        await uow.assets.add(made)
        await uow.commit()
    return made.id


async def keep(store: Store, asset_id: UUID, place: int, close: str) -> None:
    bar = Bar(FIRST + timedelta(days=place), Decimal(close))
    uow = store.uow()
    async with uow:
        await uow.prices.put({asset_id: [bar]}, {asset_id: None}, source=MANUAL, now=NOON)
        await uow.commit()


async def closes(lookups: SqlPriceLookups, asset_id: UUID) -> list[Decimal]:
    found = await lookups.closes([asset_id], FIRST, LAST)
    return list(found[asset_id].closes) if asset_id in found else []


async def test_a_price_that_is_set_corrected_or_taken_away_is_seen_at_once(store: Store) -> None:
    lookups, one = SqlPriceLookups(store.reader), await asset(store)

    seen = [await closes(lookups, one)]
    for place, close in ((0, "10"), (2, "12"), (0, "11")):
        await keep(store, one, place, close)
        seen.append(await closes(lookups, one))
    uow = store.uow()
    async with uow:
        await uow.prices.remove(one, FIRST)
        await uow.commit()
    seen.append(await closes(lookups, one))

    expected = [[], ["10"], ["10", "12"], ["11", "12"], ["12"]]
    assert seen == [[Decimal(each) for each in told] for told in expected]


async def test_unchanged_prices_are_not_read_again(store: Store) -> None:
    lookups, one = SqlPriceLookups(store.reader), await asset(store)
    await keep(store, one, 0, "10")

    first = await lookups.closes([one], FIRST, LAST)
    again = await lookups.closes([one], FIRST, LAST)
    other_days = await lookups.closes([one], FIRST, LAST + timedelta(days=1))

    assert again[one] is first[one]
    assert other_days[one] is not first[one]


async def test_without_a_mark_nothing_is_remembered(store: Store) -> None:
    lookups, one = SqlPriceLookups(store.reader), await asset(store)
    await keep(store, one, 0, "10")
    async with store.engines.write.begin() as connection:
        await connection.execute(delete(price_marks))

    first = await lookups.closes([one], FIRST, LAST)
    again = await lookups.closes([one], FIRST, LAST)

    assert again[one] is not first[one]
    assert list(again[one]) == list(first[one])


async def test_no_more_is_remembered_than_there_is_room_for(store: Store) -> None:
    lookups = SqlPriceLookups(store.reader)
    lookups._remembered = RememberedCloses(most=2)
    ids = [await asset(store)]
    for place in range(3):
        await keep(store, ids[0], place, "10")

    first = await lookups.closes(ids, FIRST, LAST)
    again = await lookups.closes(ids, FIRST, LAST)

    assert again[ids[0]] is not first[ids[0]]
