from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from coffers.application.identity.api_keys import create_api_key
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.infrastructure.db.identity import api_keys
from coffers.infrastructure.db.identity.api_keys import SqlApiKeyLookups
from tests.stores import Store, open_store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


async def make(store: Store, owner: UserId) -> str:
    key = await create_api_key(
        store.uow(),
        store.clock,
        Principal(owner, frozenset()),
        name="script",
        scopes=["read"],
        expires_at=None,
    )
    return key.key


async def test_a_use_is_noted_once_a_minute(store: Store) -> None:
    lookups = SqlApiKeyLookups(store.reader, store.engines)
    ada = await store.add_user()
    key = await make(store, ada)
    noted = []

    for seconds in (0, 59, 1):
        store.clock.pass_time(seconds=seconds)
        await lookups.find(key, store.clock.now())
        noted.append((await lookups.of_user(ada))[0].last_used_at)

    begun = store.clock.now() - timedelta(minutes=1)
    assert noted == [begun, begun, store.clock.now()]


async def test_only_so_many_notes_are_remembered(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MAX_NOTED", 2)
    lookups = SqlApiKeyLookups(store.reader, store.engines)
    ada = await store.add_user()

    for _ in range(3):
        assert await lookups.find(await make(store, ada), store.clock.now()) is not None

    assert len(lookups._noted) == 1
