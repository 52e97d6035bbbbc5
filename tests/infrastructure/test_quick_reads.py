"""What SQLite answers on the event loop itself, and what it must not answer there."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url

from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.db.prepared import Prepared
from coffers.infrastructure.db.quick_reads import MAX_IN_ONE_TURN, MAX_LOOKS, STEPS, QuickReads
from tests.stores import Store, open_store

SMALL = select(users.c.email).order_by(users.c.email)
LARGE = select(func.count()).select_from(
    users.alias().join(users.alias(), text("true")).join(users.alias(), text("true"))
)


@pytest.fixture
async def store(sqlite_url: str) -> AsyncIterator[Store]:
    async with open_store(sqlite_url) as opened:
        yield opened


def quick(store: Store) -> QuickReads:
    assert store.engines.quick is not None
    return store.engines.quick


def prepared(store: Store, statement: object) -> Prepared:
    return Prepared(statement, store.engines.read.dialect)  # type: ignore[arg-type]  # a select


async def test_a_small_read_is_answered_at_once(store: Store) -> None:
    await store.add_user("ada")

    rows = await quick(store).rows(prepared(store, SMALL), {})

    assert rows == [("ada@example.com",)]


async def test_a_read_that_takes_long_is_left_to_a_thread_from_then_on(store: Store) -> None:
    for number in range(30):
        await store.add_user(f"person{number}")
    large = prepared(store, LARGE)

    assert await quick(store).rows(large, {}) is None
    assert quick(store)._looks > MAX_LOOKS
    quick(store)._looks = 0
    assert await quick(store).rows(large, {}) is None
    assert quick(store)._looks == 0
    for _ in range(3):
        assert (await store.reader.rows(LARGE))[0][0] == 30**3


async def test_many_small_reads_never_add_up_to_a_large_one(store: Store) -> None:
    await store.add_user("ada")
    small = prepared(store, SMALL)

    answers = [await quick(store).rows(small, {}) for _ in range(STEPS * 2)]

    assert None not in answers


async def test_a_read_that_would_wait_is_left_to_a_thread_this_time(
    store: Store, sqlite_url: str
) -> None:
    await store.add_user("ada")
    small = prepared(store, SMALL)
    with closing(sqlite3.connect(str(make_url(sqlite_url).database))) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        quick(store).close()
        await store.engines.lanes.close()
        await store.engines.write.dispose()
        await store.engines.read.dispose()
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        waiting = await quick(store).rows(small, {})
        other.execute("ROLLBACK")

    assert waiting is None
    assert await quick(store).rows(small, {}) == [("ada@example.com",)]


async def test_nothing_is_written_on_the_event_loop(store: Store) -> None:
    await quick(store).rows(prepared(store, SMALL), {})

    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        quick(store)._opened().execute("DELETE FROM users")


async def test_decimals_are_compared_there_as_everywhere(store: Store) -> None:
    connection = quick(store)._opened()

    (key,) = connection.execute("SELECT decimal_key('-1.5') < decimal_key('0.1')").fetchone()

    assert key == 1


async def test_postgres_has_no_quick_reads(postgres_database: str) -> None:
    async with open_store(postgres_database) as store:
        assert store.engines.quick is None
        assert (await store.reader.rows(select(func.count()).select_from(events)))[0][0] == 0


async def test_who_only_reads_leaves_the_others_their_turn(store: Store) -> None:
    small, turns = prepared(store, SMALL), 0

    async def wait() -> None:
        nonlocal turns
        for _ in range(10):
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(wait())
    for _ in range(20 * MAX_IN_ONE_TURN):
        await quick(store).rows(small, {})

    assert turns == 10
    await waiting
