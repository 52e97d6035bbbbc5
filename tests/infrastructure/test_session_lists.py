from collections.abc import AsyncIterator

import pytest

from coffers.application.identity.tokens import fresh_token
from coffers.domain.identity.sessions import REFRESH_TOKEN_LIFE, Session
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.infrastructure.db.identity import sessions
from coffers.infrastructure.db.identity.sessions import SqlSessionLists
from tests.stores import Store, open_store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


async def begin(store: Store, user_id: UserId) -> SessionId:
    session_id, now = SessionId(new_id()), store.clock.now()
    session = Session(
        id=session_id,
        user_id=user_id,
        ip_address=None,
        user_agent=None,
        device_info=None,
        created_at=now,
        last_activity_at=now,
        expires_at=now + REFRESH_TOKEN_LIFE,
    )
    uow = store.uow()
    async with uow:
        await uow.sessions.add(session, fresh_token(user_id, session_id, now)[1])
        await uow.commit()
    return session_id


async def end(store: Store, user_id: UserId) -> None:
    uow = store.uow()
    async with uow:
        await uow.sessions.revoke(user_id, at=store.clock.now())
        await uow.commit()


async def test_nobody_vouches_for_what_is_over_expired_or_somebody_else_s(store: Store) -> None:
    lists = SqlSessionLists(store.reader, store.clock)
    ada, eve = await store.add_user("ada"), await store.add_user("eve")
    hers = await begin(store, ada)
    assert not await lists.vouch(eve, hers)
    assert not await lists.vouch(ada, SessionId(new_id()))

    await end(store, ada)
    assert not await lists.vouch(ada, hers)

    later = await begin(store, ada)
    store.clock.pass_time(days=30)
    assert not await lists.vouch(ada, later)


async def test_a_session_is_vouched_for_once_and_its_end_is_told_by_announcement(
    store: Store,
) -> None:
    lists = SqlSessionLists(store.reader, store.clock)
    ada = await store.add_user()
    session_id = await begin(store, ada)
    assert await lists.vouch(ada, session_id)

    await end(store, ada)

    assert await lists.vouch(ada, session_id)
    assert not await lists.is_live(ada, session_id)
    assert store.announced[-1][1] == [session_id]


async def test_only_so_many_sessions_are_vouched_for_from_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_VOUCHED", 2)
    lists = SqlSessionLists(store.reader, store.clock)
    ada = await store.add_user()

    for _ in range(3):
        assert await lists.vouch(ada, await begin(store, ada))

    assert len(lists._vouched) == 2
