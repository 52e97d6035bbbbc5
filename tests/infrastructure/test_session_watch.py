"""What a process learns of sessions that ended elsewhere."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from coffers.application.identity.erasures import erase_user
from coffers.domain.ids import SessionId, UserId
from coffers.domain.live.events import Event
from coffers.infrastructure.db.identity import session_watch
from coffers.infrastructure.db.identity.session_watch import SessionWatch
from coffers.infrastructure.db.identity.sessions import SqlSessionLists
from coffers.infrastructure.in_process.remembered import KEPT_S, Remembered
from coffers.infrastructure.in_process.revoked_sessions import RevokedSessions
from tests.infrastructure.test_session_lists import begin, end
from tests.stores import Store, open_store


@dataclass
class Elsewhere:
    """Another process on the same database, to which nothing is announced."""

    store: Store

    def __post_init__(self) -> None:
        self.revoked = RevokedSessions()
        erased = Remembered[UserId]()
        self.watch = SessionWatch(self.store.reader, self.store.clock, self.revoked, erased)
        self.lists = SqlSessionLists(self.store.reader, self.store.clock, erased)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


@pytest.fixture
async def elsewhere(store: Store) -> Elsewhere:
    found = Elsewhere(store)
    await found.watch.look()
    return found


async def seen(store: Store, elsewhere: Elsewhere, name: str) -> tuple[UserId, SessionId]:
    user_id = await store.add_user(name)
    session_id = await begin(store, user_id)
    assert await elsewhere.lists.vouch(user_id, session_id)
    return user_id, session_id


async def test_a_session_that_ended_elsewhere_is_learnt_of(
    store: Store, elsewhere: Elsewhere
) -> None:
    ada, session_id = await seen(store, elsewhere, "ada")

    await end(store, ada)
    await elsewhere.watch.look()

    assert session_id in elsewhere.revoked
    assert elsewhere.revoked.is_current


async def test_nobody_vouches_any_more_for_whoever_was_erased_elsewhere(
    store: Store, elsewhere: Elsewhere
) -> None:
    ada, hers = await seen(store, elsewhere, "ada")
    eve, other = await seen(store, elsewhere, "eve")

    await erase_user(store.uow(), store.clock, user_id=ada)
    await elsewhere.watch.look()

    assert not await elsewhere.lists.vouch(ada, hers)
    assert await elsewhere.lists.vouch(eve, other)


async def test_news_beyond_one_look_come_with_the_next(
    store: Store, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_watch, "_NEWS", session_watch._NEWS.limit(2))
    ada, hers = await seen(store, elsewhere, "ada")
    await elsewhere.watch.look()

    await store.record(*(Event("SomethingElse") for _ in range(2)))
    await erase_user(store.uow(), store.clock, user_id=ada)

    await elsewhere.watch.look()
    assert await elsewhere.lists.vouch(ada, hers)
    await elsewhere.watch.look()
    assert not await elsewhere.lists.vouch(ada, hers)


def test_what_is_over_is_forgotten_when_no_token_can_live_any_more() -> None:
    now = [0.0]
    remembered = Remembered[int](lambda: now[0])

    remembered.add([1])
    now[0] = KEPT_S + 1
    remembered.add([2])

    assert (1 in remembered, 2 in remembered) == (False, True)
