import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, select

from coffers.domain.identity.users import UserNotFound
from coffers.domain.ids import SYSTEM, UserId, new_id
from coffers.domain.live.events import CHAIN_OPENED, GENESIS, Event, Origin
from coffers.infrastructure.db.live.events import SqlChangeFeeds, events, seal_chain
from tests.stores import NOON, Store, open_store

WRITERS, EVENTS_EACH = 20, 10


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


async def test_an_event_is_logged_with_who_what_where_and_when(store: Store) -> None:
    ada, subject = await store.add_user(), new_id()
    origin = Origin(new_id(), "203.0.113.7", "curl/8", "trace-1")

    await store.record(Event("CategoryRenamed", ada, subject, {"to": "é"}), origin=origin)

    (row,) = await store.reader.rows(select(events).where(events.c.user_id == ada))
    assert (row.sequence, row.name, row.subject_id) == (1, "CategoryRenamed", subject)
    assert row.details == '{"to":"\\u00e9"}'
    assert (row.actor_id, row.ip_address) == (origin.actor_id, "203.0.113.7")
    assert (row.user_agent, row.trace_id, row.occurred_at) == ("curl/8", "trace-1", NOON)
    assert row.previous_hash == GENESIS


async def test_what_is_rolled_back_leaves_no_event_and_no_gap(store: Store) -> None:
    ada = await store.add_user()
    uow = store.uow()
    async with uow:
        uow.record(Event("Lost", ada))

    await store.record(Event("Kept", ada))

    rows = await store.reader.rows(select(events.c.sequence, events.c.name).where(is_of(ada)))
    assert [tuple(row) for row in rows] == [(1, "Kept")]


async def test_the_systems_chain_tells_once_of_each_chains_beginning(store: Store) -> None:
    ada = await store.add_user()

    await store.record(Event("First", ada), Event("Second", ada))
    await store.record(Event("Third", ada))

    opened = select(events.c.subject_id).where(is_of(SYSTEM), events.c.name == CHAIN_OPENED)
    assert [row.subject_id for row in await store.reader.rows(opened)] == [ada]


async def test_two_first_events_at_once_both_stand(store: Store) -> None:
    ada = await store.add_user()

    await asyncio.gather(*(store.record(Event(f"First{number}", ada)) for number in range(2)))

    feed = await SqlChangeFeeds(store.reader).after(ada, 0, 10)
    assert [change.sequence for change in feed] == [1, 2]


async def test_nothing_can_be_done_for_an_erased_user_any_more(store: Store) -> None:
    ada = await store.add_user()
    uow = store.uow()
    async with uow:
        await uow.erasures.erase(ada)
        await uow.commit()

    with pytest.raises(UserNotFound):
        await store.record(Event("SyncSucceeded", ada))

    assert await store.reader.rows(select(events).where(is_of(ada))) == []


async def test_sealing_a_chain_tells_its_length_and_head(store: Store) -> None:
    ada = await store.add_user()
    await store.record(Event("First", ada), Event("Second", ada))

    uow = store.uow()
    async with uow:
        length, head = await seal_chain(uow.transaction, ada)

    last = select(events.c.hash).where(is_of(ada), events.c.sequence == 2)
    assert (length, head) == (2, (await store.reader.rows(last))[0].hash)


async def test_a_reader_that_follows_the_sequence_misses_nothing_of_twenty_writers(
    store: Store,
) -> None:
    ada = await store.add_user()
    feeds = SqlChangeFeeds(store.reader)
    seen: list[int] = []

    async def write(writer: int) -> None:
        for number in range(EVENTS_EACH):
            await store.record(Event("Written", ada, details={"by": writer, "number": number}))

    async def read() -> None:
        while len(seen) < WRITERS * EVENTS_EACH:
            page = await feeds.after(ada, seen[-1] if seen else 0, 7)
            seen.extend(change.sequence for change in page)
            if not page:
                await asyncio.sleep(0.002)  # reading on and on, it would keep the writers waiting

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        group.create_task(read())
        for writer in range(WRITERS):
            group.create_task(write(writer))

    assert seen == list(range(1, WRITERS * EVENTS_EACH + 1))


async def test_a_feed_is_only_ever_the_users_own(store: Store) -> None:
    ada, eve = await store.add_user("ada"), await store.add_user("eve")
    await store.record(Event("OfAda", ada), Event("OfEve", eve), Event("OfNobody"))

    feed = await SqlChangeFeeds(store.reader).after(ada, 0, 10)

    assert [change.name for change in feed] == ["OfAda"]


async def test_heads_name_everybody_asked_for_who_exists(store: Store) -> None:
    ada, eve = await store.add_user("ada"), await store.add_user("eve")
    await store.record(Event("One", ada), Event("Two", ada))

    heads = await SqlChangeFeeds(store.reader).heads([ada, eve, UserId(new_id())])

    assert heads == {ada: 2, eve: 0}


def is_of(user_id: UUID) -> ColumnElement[bool]:
    return events.c.user_id == user_id
