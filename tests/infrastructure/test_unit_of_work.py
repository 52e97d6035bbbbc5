"""Transactions on both engines: what stands, what does not, and who is told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from coffers.application.unit_of_work import IdempotencyClaim, RequestStillRunning, StoredAnswer
from coffers.domain.errors import Unavailable
from coffers.domain.identity.sessions import RefreshToken, Session
from coffers.domain.identity.users import EmailTaken, User, UsernameTaken
from coffers.domain.ids import SessionId, UserId, new_id
from coffers.domain.live.events import Event, Origin
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.idempotency import SqlIdempotencyKeys
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.unit_of_work import SqlUnitOfWork
from tests import servers
from tests.stores import NOON, Store, open_store, user

CLAIM = IdempotencyClaim("somebody", "once", "f" * 64)
ANSWER = StoredAnswer("f" * 64, 201, {"location": "/here"}, b"{}")


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as opened:
        yield opened


async def people(store: Store) -> int:
    return int((await store.reader.rows(select(func.count()).select_from(users)))[0][0])


async def names_logged(store: Store, user_id: UserId) -> list[str]:
    mine = select(events.c.name).where(events.c.user_id == user_id).order_by(events.c.sequence)
    return [row.name for row in await store.reader.rows(mine)]


def claiming(store: Store, claim: IdempotencyClaim = CLAIM) -> SqlUnitOfWork:
    async def committed(grown: Any, ended: Any) -> None:
        store.announced.append((list(grown), list(ended)))

    return SqlUnitOfWork(store.engines, store.clock, Origin(), committed, claim)


async def remembered(store: Store) -> StoredAnswer | None:
    return await SqlIdempotencyKeys(store.reader, secret=b"x").find(CLAIM, store.clock.now())


async def test_what_is_not_committed_never_happened(store: Store) -> None:
    uow = store.uow()
    async with uow:
        await uow.users.add(user(UserId(new_id()), "ada"))
        uow.record(Event("Something"))

    assert await people(store) == 0
    assert store.announced == []


async def test_an_error_rolls_back(store: Store) -> None:
    async def fail() -> None:
        uow = store.uow()
        async with uow:
            await uow.users.add(user(UserId(new_id()), "ada"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()

    assert await people(store) == 0


async def test_what_is_committed_is_seen_with_its_events_and_only_then_announced(
    store: Store,
) -> None:
    ada = UserId(new_id())
    uow = store.uow()
    async with uow:
        await uow.users.add(user(ada, "ada"))
        uow.record(Event("Arrived", ada), Event("Settled", ada))
        assert store.announced == []
        await uow.commit()

    assert await people(store) == 1
    assert await names_logged(store, ada) == ["Arrived", "Settled"]
    assert store.announced == [([ada], [])]


async def test_sessions_that_end_are_announced_after_the_commit(store: Store) -> None:
    ada = await store.add_user("ada")
    session_id = await a_session(store, ada)
    store.announced.clear()
    uow = store.uow()

    async with uow:
        await uow.sessions.revoke(ada, at=NOON)
    assert store.announced == []
    async with uow:
        await uow.sessions.revoke(ada, at=NOON)
        await uow.commit()

    assert [ended for _, ended in store.announced] == [[session_id]]


async def a_session(store: Store, user_id: UserId) -> SessionId:
    session_id, later = SessionId(new_id()), NOON + timedelta(days=1)
    session = Session(session_id, user_id, None, None, None, NOON, NOON, later)
    token = RefreshToken(new_id(), user_id, session_id, str(session_id), NOON, later)
    uow = store.uow()
    async with uow:
        await uow.sessions.add(session, token)
        await uow.commit()
    return session_id


async def test_a_violated_constraint_is_the_refusal_behind_its_name(store: Store) -> None:
    taken = replace(user(UserId(new_id()), "ada"), username="ada")
    await add(store, taken)

    for other, refusal in (
        (replace(taken, id=UserId(new_id()), email="ADA@EXAMPLE.COM", username=None), EmailTaken),
        (replace(taken, id=UserId(new_id()), email="e@example.com", username="ADA"), UsernameTaken),
    ):
        with pytest.raises(refusal):
            await add(store, other)
    assert await people(store) == 1


async def add(store: Store, person: User) -> None:
    uow = store.uow()
    async with uow:
        await uow.users.add(person)
        await uow.commit()


async def test_a_block_inside_a_block_is_a_mistake(store: Store) -> None:
    uow = store.uow()
    async with uow:
        with pytest.raises(RuntimeError, match="one block at a time"):
            await uow.__aenter__()
        await uow.users.add(user(UserId(new_id()), "ada"))
        await uow.commit()

    assert await people(store) == 1


async def test_repositories_outside_a_block_are_a_mistake(store: Store) -> None:
    uow = store.uow()
    with pytest.raises(RuntimeError, match="inside"):
        _ = uow.users
    async with uow:
        await uow.commit()
        with pytest.raises(RuntimeError, match="inside"):
            _ = uow.users


async def test_one_unit_of_work_serves_one_block_after_another(store: Store) -> None:
    uow = store.uow()
    for name in ("ada", "grace"):
        async with uow:
            await uow.users.add(user(UserId(new_id()), name))
            await uow.commit()

    assert await people(store) == 2


async def test_events_of_an_abandoned_block_are_not_logged_by_the_next(store: Store) -> None:
    ada = await store.add_user("ada")
    uow = store.uow()
    async with uow:
        uow.record(Event("NeverMind", ada))
    async with uow:
        uow.record(Event("Meant", ada))
        await uow.commit()

    assert await names_logged(store, ada) == ["Meant"]


async def test_a_cancelled_commit_has_a_definite_outcome_and_is_announced(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = UserId(new_id())
    committing, go_on = asyncio.Event(), asyncio.Event()
    commit = AsyncConnection.commit

    async def slow_commit(connection: AsyncConnection) -> None:
        committing.set()
        await go_on.wait()
        await commit(connection)

    monkeypatch.setattr(AsyncConnection, "commit", slow_commit)
    arriving = asyncio.ensure_future(arrive(store, ada))
    await committing.wait()
    for _ in range(3):
        arriving.cancel()
        await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await arriving

    assert await names_logged(store, ada) == ["Arrived"]
    assert store.announced == [([ada], [])]


async def arrive(store: Store, user_id: UserId) -> None:
    uow = store.uow()
    async with uow:
        await uow.users.add(user(user_id, "ada"))
        uow.record(Event("Arrived", user_id))
        await uow.commit()


async def test_a_held_commit_is_seen_by_nobody_until_its_answer_is_stored(store: Store) -> None:
    uow = claiming(store)
    async with uow:
        await uow.users.add(user(UserId(new_id()), "ada"))
        await uow.commit()
    assert uow.is_held
    assert await people(store) == 0
    assert store.announced == []

    await uow.settle(ANSWER)

    assert await people(store) == 1
    assert await remembered(store) == ANSWER
    assert not uow.is_held


async def test_a_held_commit_that_is_abandoned_never_happened(store: Store) -> None:
    uow = claiming(store)
    async with uow:
        await uow.users.add(user(UserId(new_id()), "ada"))
        await uow.commit()

    await uow.abandon()

    assert await people(store) == 0
    assert await remembered(store) is None


async def test_a_second_block_lets_the_held_one_stand_first(store: Store) -> None:
    uow = claiming(store)
    async with uow:
        await uow.users.add(user(UserId(new_id()), "ada"))
        await uow.commit()

    async with uow:
        assert await people(store) == 1
        await uow.users.add(user(UserId(new_id()), "grace"))
        await uow.commit()
    await uow.settle(ANSWER)

    assert await people(store) == 2


async def test_a_claim_is_seen_at_once_and_let_go_when_abandoned(store: Store) -> None:
    uow = claiming(store)
    async with uow:
        await uow.users.add(user(UserId(new_id()), "ada"))
        await uow.commit_claim()
    seen = await remembered(store)
    other = claiming(store)
    with pytest.raises(RequestStillRunning):
        await other.__aenter__()

    await uow.abandon()

    assert seen is not None
    assert seen.status is None
    assert await remembered(store) is None
    assert await people(store) == 1


async def test_a_settlement_that_fails_gives_its_connection_back(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> None:
        raise LookupError

    for _ in range(8):  # more than there are connections
        uow = claiming(store)
        async with uow:
            await uow.users.add(user(UserId(new_id()), "ada"))
            await uow.commit()
        with monkeypatch.context() as broken:
            broken.setattr("coffers.infrastructure.db.idempotency.answer", lost)
            with pytest.raises(LookupError):
                await uow.settle(ANSWER)

    assert await people(store) == 0
    assert await store.add_user("ada")


async def test_only_a_unit_of_work_with_a_claim_can_be_settled(store: Store) -> None:
    with pytest.raises(RuntimeError):
        await store.uow().settle(ANSWER)


async def test_without_a_database_everything_is_unavailable() -> None:
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:9/none"
    async with open_store(nowhere) as store:
        with pytest.raises(Unavailable):
            await people(store)
        with pytest.raises(Unavailable):
            await store.add_user("ada")


async def test_a_read_survives_that_the_server_closed_its_idle_connections(
    postgres_database: str,
) -> None:
    async with open_store(postgres_database) as store:
        for _ in range(3):  # from the second time on by the driver itself
            await people(store)
        await hang_up_on_everybody(postgres_database)

        assert await people(store) == 0
        async with store.reader.snapshot() as snapshot:
            assert list(await snapshot.rows(text("SELECT 1"))) == [(1,)]


async def hang_up_on_everybody(database_url: str) -> None:
    name = database_url.rpartition("/")[2]
    async with open_engines(servers.postgres_url()) as engines, engines.read.connect() as other:
        gone = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
        await other.execute(text(gone), {"name": name})


@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_statement_answers_alike_the_first_time_and_ever_after(
    store: Store, times: int
) -> None:
    ada = await store.add_user("ada")
    statement = select(users).where(users.c.id == ada)

    for _ in range(times):
        (row,) = await store.reader.rows(statement)

    assert row.id == ada
    assert row.roles == frozenset({"user"})
    assert row.is_verified is True
    assert row.created_at == NOON
    assert row._mapping[users.c.email] == "ada@example.com"
    assert dict(row._mapping)["time_zone"] == "UTC"


async def test_a_refusal_inside_a_snapshot_costs_no_connection(store: Store) -> None:
    async def refuse() -> None:
        async with store.reader.snapshot() as snapshot:
            await snapshot.rows(text("SELECT 1"))
            raise EmailTaken("somebody")

    for _ in range(12):  # more than there are connections
        with pytest.raises(EmailTaken):
            await refuse()

    assert await people(store) == 0


async def test_reads_that_are_given_up_cost_no_connection(store: Store) -> None:
    slow = text("SELECT count(*) FROM events a, events b, events c")
    reader = Reader(store.engines)
    for _ in range(12):  # more than there are connections
        reading = asyncio.ensure_future(reader.rows(slow))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    assert await people(store) == 0
