"""Prices, actions and links as the database keeps them, on both engines."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from coffers.domain.identity.principals import NotYours, Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.assets import Asset, AssetNotFound, TooManyAssets
from coffers.domain.markets.corporate_actions import ActionKind, CorporateAction, TooManyActions
from coffers.domain.markets.prices import MANUAL, Bar
from coffers.infrastructure.db.markets import assets as asset_tables
from coffers.infrastructure.db.markets import corporate_actions as action_tables
from coffers.infrastructure.db.markets.asset_lists import SqlAssetLookups
from coffers.infrastructure.db.markets.price_series import SqlPriceLookups
from coffers.infrastructure.db.markets.prices import prices
from tests.stores import NOON, Store, open_store

FIRST = date(2026, 1, 5)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as opened:
        yield opened


async def kept(store: Store, owner: UserId | None, symbol: str, *closes: str) -> UUID:
    asset = Asset(new_id(), owner, symbol, symbol, AssetType.EQUITY, "USD", NOON, NOON)
    bars = [Bar(FIRST + timedelta(days=place), Decimal(each)) for place, each in enumerate(closes)]
    uow = store.uow()
    async with uow:
        await uow.assets.add(asset)
        await uow.prices.put({asset.id: bars}, {asset.id: owner}, source=MANUAL, now=NOON)
        await uow.commit()
    return asset.id


def action(asset_id: UUID, place: int, **told: Any) -> CorporateAction:
    day = FIRST + timedelta(days=place)
    fields = {"ratio": Decimal(5)} | told
    return CorporateAction(asset_id, new_id(), None, day, ActionKind.SPLIT, NOON, NOON, **fields)


async def test_closes_of_many_assets_come_in_order_of_their_days(store: Store) -> None:
    one = await kept(store, None, "ONE", "10.00", "11.123456789012345678", "12.00")
    other = await kept(store, None, "TWO", "20.00")
    lookups = SqlPriceLookups(store.reader)

    found = await lookups.closes([one, other, new_id()], FIRST, FIRST + timedelta(days=1))
    arrays = await lookups.close_arrays([one], FIRST, FIRST + timedelta(days=9))

    assert list(found[one].days) == [FIRST, FIRST + timedelta(days=1)]
    assert list(found[one].closes) == [Decimal("10.00"), Decimal("11.123456789012345678")]
    assert list(found[other].closes) == [Decimal("20.00")]
    assert len(found) == 2
    assert arrays[one].days.tolist() == [FIRST + timedelta(days=place) for place in range(3)]
    assert arrays[one].closes.tolist() == [10.0, 11.123456789012345678, 12.0]


async def test_the_last_prices_are_those_on_or_before_a_day(store: Store) -> None:
    one, other = (
        await kept(store, None, "ONE", "10", "11", "12"),
        await kept(store, None, "TWO", "9"),
    )
    lookups, day = SqlPriceLookups(store.reader), FIRST + timedelta(days=1)

    (newest,) = (await lookups.last([one], day))[one]
    both = await lookups.last([one, other], day, count=2)
    async with store.uow() as uow:
        within = await uow.prices.last([one, other, new_id()], day)

    assert newest.bar.close == Decimal(11)
    assert [each.bar.close for each in both[one]] == [Decimal(10), Decimal(11)]
    assert [each.bar.close for each in both[other]] == [Decimal(9)]
    assert {asset_id: each.bar.close for asset_id, each in within.items()} == {
        one: Decimal(11),
        other: Decimal(9),
    }
    assert await lookups.last([one], FIRST - timedelta(days=1)) == {}


async def test_what_is_said_again_of_an_action_adds_nothing(store: Store) -> None:
    asset_id = await kept(store, None, "ONE", "10")
    for _ in range(2):
        async with store.uow() as uow:
            await uow.corporate_actions.add_missing([action(asset_id, 1), action(asset_id, 2)])
            await uow.commit()

    found = await SqlPriceLookups(store.reader).actions(
        [asset_id], FIRST, FIRST + timedelta(days=1)
    )

    assert [each.ratio for each in found[asset_id]] == [Decimal(5)]


async def test_an_asset_has_at_most_so_many_actions(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action_tables, "MAX_ACTIONS", 1)
    asset_id = await kept(store, None, "ONE", "10")

    async with store.uow() as uow:
        await uow.corporate_actions.add(action(asset_id, 1))
        with pytest.raises(TooManyActions):
            await uow.corporate_actions.add(action(asset_id, 2))


async def test_a_user_has_at_most_so_many_assets(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asset_tables, "MAX_ASSETS", 1)
    ada = await store.add_user()
    await kept(store, ada, "ONE", "10")
    await kept(store, None, "SHARED", "10")

    with pytest.raises(TooManyAssets):
        await kept(store, ada, "TWO", "10")


async def test_a_private_asset_is_its_owner_s_alone(store: Store) -> None:
    ada, bob = await store.add_user("ada"), await store.add_user("bob")
    mine = await kept(store, ada, "MINE", "10")
    lookups = SqlAssetLookups(store.reader)

    assert set(await lookups.of_ids(bob, [mine])) == set()
    assert await lookups.of_symbols(bob, ["MINE"]) == []
    with pytest.raises(NotYours):
        await lookups.get(bob, mine)
    async with store.uow() as uow:
        with pytest.raises(NotYours):
            await uow.assets.get(Principal(bob, frozenset()), mine)
        with pytest.raises(AssetNotFound):
            await uow.assets.get(Principal(bob, frozenset()), new_id())


async def test_an_erased_user_s_prices_are_gone_and_shared_ones_stay(store: Store) -> None:
    ada = await store.add_user()
    await kept(store, ada, "MINE", "10")
    shared = await kept(store, None, "SHARED", "10")
    await store.record()

    async with store.uow() as uow:
        await uow.erasures.erase(ada)
        await uow.commit()

    left = await store.reader.rows(select(prices.c.asset_id))
    assert [row.asset_id for row in left] == [shared]
