"""What every repository of the foundation promises, on both engines.

Owner, absence, refusals, and who waits for whom. What each port says is what is asked here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select

from coffers.domain.errors import PreconditionFailed
from coffers.domain.identity.api_keys import MAX_KEYS, ApiKey, ApiKeyNotFound, TooManyApiKeys
from coffers.domain.identity.principals import NotYours
from coffers.domain.identity.sessions import RefreshToken, Session, SessionNotFound
from coffers.domain.identity.users import (
    MAX_FAILED_SIGN_INS,
    EmailTaken,
    UsernameTaken,
    UserNotFound,
)
from coffers.domain.identity.verifications import OneTimeToken, Purpose
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.domain.jobs import Job
from coffers.domain.live.events import Event
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.db.unit_of_work import SqlUnitOfWork
from tests.route_cases import some_address
from tests.stores import NOON, Store, open_store, user

pytestmark = pytest.mark.asyncio(loop_scope="module")

T = TypeVar("T")
Work = Callable[[SqlUnitOfWork], Awaitable[T]]
LATER = NOON + timedelta(days=1)
AT_ONCE = 5


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(module_database_url: str) -> AsyncIterator[Store]:
    async with open_store(module_database_url) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def ada(store: Store) -> UserId:
    return await somebody(store)


@pytest_asyncio.fixture(loop_scope="module")
async def eve(store: Store) -> UserId:
    return await somebody(store)


async def somebody(store: Store) -> UserId:
    return await store.add_user(f"person-{some_address()}")


async def done(store: Store, work: Work[T]) -> T:
    """What the work answers, in a transaction of its own that is committed."""
    uow = store.uow()
    async with uow:
        answer = await work(uow)
        await uow.commit()
    return answer


def a_session(user_id: UserId) -> tuple[Session, RefreshToken]:
    session_id = SessionId(new_id())
    session = Session(session_id, user_id, "192.0.2.1", "curl", None, NOON, NOON, LATER)
    return session, RefreshToken(new_id(), user_id, session_id, str(new_id()), NOON, LATER)


def an_api_key(user_id: UserId) -> ApiKey:
    scopes = frozenset({"accounts:read", "read"})
    return ApiKey(new_id(), user_id, "script", "cof_abc", str(new_id()), scopes, NOON, LATER)


def a_token(user_id: UserId, purpose: Purpose = Purpose.EMAIL_VERIFICATION) -> OneTimeToken:
    return OneTimeToken(new_id(), user_id, purpose, str(new_id()), NOON, LATER)


async def test_a_user_comes_back_as_they_were_added(store: Store) -> None:
    added = replace(
        user(UserId(new_id()), "Grace.Hopper"),
        username="Grace",
        display_name="Grace „Amazing“ Hopper 🚢",
        locked_until=LATER,
    )
    await done(store, lambda uow: uow.users.add(added))

    async def look(uow: SqlUnitOfWork) -> list[object]:
        users = uow.users
        return [
            await users.get(added.id),
            await users.find(added.id),
            await users.find_by_sign_in_name("GRACE.hopper@EXAMPLE.com"),
            await users.find_by_sign_in_name("gRaCe"),
        ]

    assert await done(store, look) == [added] * 4


async def test_nobody_is_not_found(store: Store) -> None:
    nobody = UserId(new_id())

    with pytest.raises(UserNotFound):
        await done(store, lambda uow: uow.users.get(nobody))
    assert await done(store, lambda uow: uow.users.find(nobody)) is None
    assert await done(store, lambda uow: uow.users.find_by_sign_in_name("nobody")) is None


async def test_an_address_and_a_username_belong_to_one_user_in_any_case(
    store: Store, ada: UserId, eve: UserId
) -> None:
    first = await done(store, lambda uow: uow.users.get(ada))
    second = await done(store, lambda uow: uow.users.get(eve))
    await done(store, lambda uow: uow.users.update(replace(first, username=f"u{ada.hex[-20:]}")))
    taken = replace(second, username=f"U{ada.hex[-20:].upper()}")

    with pytest.raises(EmailTaken):
        await done(store, lambda uow: uow.users.update(replace(second, email=first.email.upper())))
    with pytest.raises(UsernameTaken):
        await done(store, lambda uow: uow.users.update(taken))


async def test_of_many_edits_of_one_version_one_succeeds(store: Store, ada: UserId) -> None:
    known = await done(store, lambda uow: uow.users.get(ada))

    async def edit(name: str) -> bool:
        try:
            await done(store, lambda uow: uow.users.update(replace(known, display_name=name)))
        except PreconditionFailed:
            return False
        return True

    outcomes = await asyncio.gather(*(edit(f"name {number}") for number in range(AT_ONCE)))

    assert sum(outcomes) == 1
    assert (await done(store, lambda uow: uow.users.get(ada))).version == known.version + 1


async def test_wrong_passwords_at_once_are_all_counted(store: Store, ada: UserId) -> None:
    async def fail() -> bool:
        return await done(
            store,
            lambda uow: uow.users.count_failed_sign_in(ada, now=NOON, locked_until=LATER),
        )

    locked = await asyncio.gather(*(fail() for _ in range(MAX_FAILED_SIGN_INS)))

    assert sum(locked) == 1
    assert (await done(store, lambda uow: uow.users.get(ada))).locked_until == LATER


async def test_a_session_is_its_owner_s(store: Store, ada: UserId, eve: UserId) -> None:
    session, token = a_session(ada)
    await done(store, lambda uow: uow.sessions.add(session, token))

    assert await done(store, lambda uow: uow.sessions.get(ada, session.id)) == session
    assert await done(store, lambda uow: uow.sessions.find_token(token.token_hash)) == token
    assert await done(store, lambda uow: uow.sessions.find_token("unknown")) is None
    with pytest.raises(NotYours):
        await done(store, lambda uow: uow.sessions.get(eve, session.id))
    with pytest.raises(SessionNotFound):
        await done(store, lambda uow: uow.sessions.get(ada, SessionId(new_id())))


async def test_ending_sessions_spares_those_of_others_and_the_one_that_is_kept(
    store: Store, ada: UserId, eve: UserId
) -> None:
    made = [a_session(owner) for owner in (ada, ada, ada, eve)]
    for session, token in made:
        await done(store, partial(_open, session, token))
    kept = made[0][0].id

    ended = await done(store, lambda uow: uow.sessions.revoke(ada, at=NOON, but=kept))
    again = await done(store, lambda uow: uow.sessions.revoke(ada, at=NOON, but=kept))
    others = await done(store, lambda uow: uow.sessions.revoke(eve, at=NOON, only=kept))

    assert set(ended) == {made[1][0].id, made[2][0].id}
    assert again == others == []
    assert (await done(store, lambda uow: uow.sessions.get(ada, kept))).revoked_at is None


async def test_a_rotated_token_is_used_and_its_successor_is_not(store: Store, ada: UserId) -> None:
    session, used = a_session(ada)
    await done(store, lambda uow: uow.sessions.add(session, used))
    later = NOON + timedelta(hours=1)
    fresh = replace(used, id=new_id(), token_hash=str(new_id()), issued_at=later)

    await done(store, lambda uow: uow.sessions.rotate(used, fresh))

    first = await done(store, lambda uow: uow.sessions.find_token(used.token_hash))
    second = await done(store, lambda uow: uow.sessions.find_token(fresh.token_hash))
    assert first is not None
    assert first.used_at == later
    assert second == fresh
    assert (await done(store, lambda uow: uow.sessions.get(ada, session.id))).last_activity_at == (
        later
    )


async def test_a_one_time_token_is_taken_once_whoever_comes(store: Store, ada: UserId) -> None:
    token = a_token(ada)
    await done(store, lambda uow: uow.one_time_tokens.replace(token))

    taken = await asyncio.gather(
        *(
            done(store, lambda uow: uow.one_time_tokens.take(token.token_hash, token.purpose))
            for _ in range(AT_ONCE)
        )
    )

    assert [each for each in taken if each is not None] == [token]


async def test_a_new_one_time_token_ends_the_earlier_ones_of_its_purpose_and_user(
    store: Store, ada: UserId, eve: UserId
) -> None:
    earlier, of_eve = a_token(ada), a_token(eve)
    reset, newer = a_token(ada, Purpose.PASSWORD_RESET), a_token(ada)
    for token in (earlier, of_eve, reset, newer):
        await done(store, partial(_keep, token))

    async def take(token: OneTimeToken) -> bool:
        found = await done(
            store, lambda uow: uow.one_time_tokens.take(token.token_hash, token.purpose)
        )
        return found is not None

    assert not await take(replace(newer, purpose=Purpose.PASSWORD_RESET))
    assert [await take(t) for t in (earlier, of_eve, reset, newer)] == [False, True, True, True]


async def test_an_api_key_is_deleted_by_its_owner_alone(
    store: Store, ada: UserId, eve: UserId
) -> None:
    key = an_api_key(ada)
    await done(store, lambda uow: uow.api_keys.add(key))

    with pytest.raises(NotYours):
        await done(store, lambda uow: uow.api_keys.delete(eve, key.id))
    await done(store, lambda uow: uow.api_keys.delete(ada, key.id))
    with pytest.raises(ApiKeyNotFound):
        await done(store, lambda uow: uow.api_keys.delete(ada, key.id))


async def test_nobody_has_more_than_fifty_api_keys(store: Store, ada: UserId, eve: UserId) -> None:
    async def add_all(uow: SqlUnitOfWork) -> None:
        for _ in range(MAX_KEYS):
            await uow.api_keys.add(an_api_key(ada))

    await done(store, add_all)

    with pytest.raises(TooManyApiKeys):
        await done(store, lambda uow: uow.api_keys.add(an_api_key(ada)))
    await done(store, lambda uow: uow.api_keys.add(an_api_key(eve)))


async def test_one_of_many_jobs_with_one_key_is_kept(store: Store, ada: UserId) -> None:
    key = f"once-{ada}"

    async def enqueue() -> bool:
        job = Job(new_id(), "mail", {"to": "ada"}, run_at=NOON, user_id=ada)
        return await done(store, lambda uow: uow.jobs.enqueue(job, dedupe_key=key))

    outcomes = await asyncio.gather(*(enqueue() for _ in range(AT_ONCE)))

    assert sum(outcomes) == 1


async def test_events_of_many_transactions_at_once_are_numbered_without_a_gap(
    store: Store, ada: UserId
) -> None:
    async def log() -> None:
        uow = store.uow()
        async with uow:
            uow.record(Event("Happened", ada), Event("Ended", ada))
            await uow.commit()

    await asyncio.gather(*(log() for _ in range(AT_ONCE)))

    numbers = await sequences(store, ada)
    assert numbers == list(range(1, 2 * AT_ONCE + 1))


async def sequences(store: Store, user_id: UUID) -> list[int]:
    mine = select(events.c.sequence).where(events.c.user_id == user_id)
    rows = await store.reader.rows(mine.order_by(events.c.sequence))
    return [row.sequence for row in rows]


async def _open(session: Session, token: RefreshToken, uow: SqlUnitOfWork) -> None:
    await uow.sessions.add(session, token)


async def _keep(token: OneTimeToken, uow: SqlUnitOfWork) -> None:
    await uow.one_time_tokens.replace(token)
