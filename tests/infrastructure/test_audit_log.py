from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import update

from coffers.application.live.audit_log import (
    AuditEntry,
    AuditFilter,
    PeriodInvalid,
    list_entries,
)
from coffers.domain.ids import SYSTEM, UserId, new_id
from coffers.domain.live.events import Event, Origin
from coffers.domain.paging import CursorInvalid
from coffers.infrastructure.db.live.audit_log import SqlAuditLogs
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.hmac_cursors import HmacCursors
from tests.stores import NOON, Store, open_store

CURSORS: Final = HmacCursors(["secret"])
LENGTH: Final = 7


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


async def a_chain(store: Store, name: str = "ada") -> UserId:
    user_id = await store.add_user(name)
    for number in range(LENGTH):
        await store.record(Event("Happened", user_id, details={"number": number}))
    return user_id


async def entries(store: Store, **wanted: Any) -> list[AuditEntry]:
    logs = SqlAuditLogs(store.reader)
    page = await list_entries(logs, CURSORS, AuditFilter(**wanted), cursor=None, limit=100)
    assert page.total_count == len(page.entries)
    return page.entries


async def test_the_log_is_read_newest_first_through_all_chains_page_by_page(store: Store) -> None:
    for name in ("ada", "eve"):
        await a_chain(store, name)
        store.clock.pass_time(seconds=1)
    logs, seen, cursor = SqlAuditLogs(store.reader), list[AuditEntry](), None

    while True:
        page = await list_entries(logs, CURSORS, AuditFilter(), cursor=cursor, limit=4)
        seen += page.entries
        assert page.total_count == 2 * LENGTH + 2
        if (cursor := page.next_cursor) is None:
            break

    order = [(entry.occurred_at, entry.user_id, entry.sequence) for entry in seen]
    assert order == sorted(order, reverse=True)
    assert len({entry.id for entry in seen}) == 2 * LENGTH + 2


async def test_the_log_is_filtered_by_chain_name_actor_and_time(store: Store) -> None:
    ada, admin = await store.add_user(), new_id()
    await store.record(Event("First", ada))
    store.clock.pass_time(hours=1)
    await store.record(Event("Second", ada), Event("Third", SYSTEM), origin=Origin(admin))
    hour = NOON + timedelta(hours=1)

    assert [e.name for e in await entries(store, user_id=ada)] == ["Second", "First"]
    assert [e.name for e in await entries(store, name="Third")] == ["Third"]
    assert {e.name for e in await entries(store, actor_id=admin)} == {"Second", "Third"}
    assert {e.name for e in await entries(store, since=hour)} == {"Second", "Third"}
    assert {e.name for e in await entries(store, until=hour)} == {"First", "ChainOpened"}
    assert await entries(store, since=hour, until=hour) == []
    assert [e.name for e in await entries(store, user_id=ada, name="First", until=hour)] == [
        "First"
    ]


async def test_a_cursor_of_another_filter_is_refused(store: Store) -> None:
    await a_chain(store)
    logs = SqlAuditLogs(store.reader)
    page = await list_entries(logs, CURSORS, AuditFilter(), cursor=None, limit=1)

    other = AuditFilter(name="Happened")
    with pytest.raises(CursorInvalid):
        await list_entries(logs, CURSORS, other, cursor=page.next_cursor, limit=1)


async def test_a_period_that_ends_before_it_begins_is_refused(store: Store) -> None:
    with pytest.raises(PeriodInvalid):
        await entries(store, since=NOON, until=NOON - timedelta(seconds=1))


async def test_details_that_somebody_destroyed_are_shown_as_they_are(store: Store) -> None:
    ada = await a_chain(store)
    first = (events.c.user_id == ada) & (events.c.sequence == 1)
    async with store.engines.write.begin() as connection:
        await connection.execute(update(events).where(first).values(details='{"number":'))

    shown = await entries(store, user_id=ada)

    assert bytes(shown[-1].details) == b'{"unreadable":"{\\"number\\":"}'
