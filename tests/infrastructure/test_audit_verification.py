"""The log is written as the service writes it, then changed behind its back."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Executable, delete, insert, select, update

from coffers.application.live import audit_log
from coffers.application.live.audit_log import (
    AuditVerification,
    verify_audit_log,
)
from coffers.domain.ids import SYSTEM, UserId, new_id
from coffers.domain.live.events import Event, LoggedEvent, erasure, event_hash
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.live.audit_log import SqlAuditLogs
from coffers.infrastructure.db.live.events import chains, events
from coffers.infrastructure.hmac_cursors import HmacCursors
from tests.stores import NOON, Store, open_store

CURSORS: Final = HmacCursors(["secret"])
LENGTH: Final = 7


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_log, "CHUNK", 3)
    monkeypatch.setattr(audit_log, "CHAINS_AT_ONCE", 2)


async def a_chain(store: Store, name: str = "ada") -> UserId:
    user_id = await store.add_user(name)
    for number in range(LENGTH):
        await store.record(Event("Happened", user_id, details={"number": number}))
    return user_id


async def verify(store: Store) -> AuditVerification:
    return await verify_audit_log(SqlAuditLogs(store.reader), store.clock)


async def tamper(store: Store, *statements: Executable) -> None:
    async with store.engines.write.begin() as connection:
        for statement in statements:
            await connection.execute(statement)


async def erase(store: Store, user_id: UserId) -> None:
    uow = store.uow()
    async with uow:
        chain = await uow.erasures.erase(user_id)
        uow.record(erasure(user_id, chain.length, chain.head_hash))
        await uow.commit()


def at(user_id: UUID, sequence: int) -> Any:  # Any: a condition
    return (events.c.user_id == user_id) & (events.c.sequence == sequence)


async def broken(store: Store) -> tuple[UUID, int, str]:
    result = await verify(store)
    assert not result.is_intact
    assert result.first_break is not None
    return result.first_break.user_id, result.first_break.sequence, result.first_break.reason


async def test_an_untouched_log_is_intact_and_every_event_of_it_was_checked(store: Store) -> None:
    for name in ("ada", "eve", "joe"):
        await a_chain(store, name)

    result = await verify(store)

    assert (result.is_intact, result.first_break) == (True, None)
    assert result.chains_checked == 4
    assert result.events_checked == 3 * LENGTH + 3  # and the three beginnings in the system's chain


async def test_an_empty_log_is_intact(store: Store) -> None:
    assert (await verify(store)).is_intact


@pytest.mark.parametrize("sequence", [1, 3, LENGTH])
async def test_an_event_whose_details_were_changed_is_found(store: Store, sequence: int) -> None:
    ada = await a_chain(store)

    forged = update(events).where(at(ada, sequence)).values(details='{"number":99}')
    await tamper(store, forged)

    assert await broken(store) == (
        ada,
        sequence,
        "The event was changed: its hash does not match.",
    )


async def test_no_field_of_an_event_can_be_changed(store: Store) -> None:
    ada = await a_chain(store)
    good = (await store.reader.rows(select(events).where(at(ada, 4))))[0]._asdict()
    forgeries: list[dict[str, Any]] = [
        {"name": "Other"},
        {"actor_id": UUID(int=7)},
        {"ip_address": "203.0.113.9"},
        {"occurred_at": NOON + timedelta(microseconds=1)},
        {"subject_id": UUID(int=8)},
        {"trace_id": "t"},
        {"user_agent": "curl"},
        {"id": UUID(int=9)},
        {"details": "{}"},
        {"previous_hash": "0" * 64},
    ]

    for forgery in forgeries:
        await tamper(store, update(events).where(at(ada, 4)).values(good | forgery))
        assert (await broken(store))[:2] == (ada, 4), forgery

    await tamper(store, update(events).where(at(ada, 4)).values(good))
    assert (await verify(store)).is_intact


async def test_an_event_changed_together_with_its_hash_breaks_the_next_one(store: Store) -> None:
    ada = await a_chain(store)
    row = (await store.reader.rows(select(events).where(at(ada, 4))))[0]
    forged = LoggedEvent(**row._asdict() | {"name": "Other"})

    values = {"name": "Other", "hash": event_hash(forged)}
    await tamper(store, update(events).where(at(ada, 4)).values(values))

    assert await broken(store) == (ada, 5, "The event does not point to the one before it.")


@pytest.mark.parametrize("sequence", [1, 4, LENGTH - 1])
async def test_an_event_removed_from_the_middle_is_missed(store: Store, sequence: int) -> None:
    ada = await a_chain(store)

    await tamper(store, delete(events).where(at(ada, sequence)))

    assert await broken(store) == (ada, sequence, "An event is missing here.")


@pytest.mark.parametrize("kept", [0, 3, LENGTH - 1])
async def test_a_chain_that_was_cut_off_is_found_by_its_head(store: Store, kept: int) -> None:
    ada = await a_chain(store)

    await tamper(store, delete(events).where(events.c.user_id == ada, events.c.sequence > kept))

    assert await broken(store) == (
        ada,
        kept + 1,
        "The chain was cut off: its last events are missing.",
    )


async def test_a_chain_cut_off_together_with_its_head_does_not_match(store: Store) -> None:
    ada = await a_chain(store)

    await tamper(
        store,
        delete(events).where(events.c.user_id == ada, events.c.sequence > 5),
        update(chains).where(chains.c.user_id == ada).values(sequence=5),
    )

    assert (await broken(store))[2] == "The head of the chain does not match its last event."


async def test_two_events_that_changed_places_are_found(store: Store) -> None:
    ada = await a_chain(store)

    await tamper(
        store,
        update(events).where(at(ada, 3)).values(sequence=100),
        update(events).where(at(ada, 4)).values(sequence=3),
        update(events).where(at(ada, 100)).values(sequence=4),
    )

    assert (await broken(store))[:2] == (ada, 3)


async def test_an_event_added_behind_the_head_is_found(store: Store) -> None:
    ada = await a_chain(store)
    last = (await store.reader.rows(select(events).where(at(ada, LENGTH))))[0]

    added = last._asdict() | {"sequence": LENGTH + 1, "id": new_id()}
    await tamper(store, insert(events).values(added))

    assert (await broken(store))[2] == "There are events behind the head of the chain."


async def test_the_systems_own_chain_is_verified_too(store: Store) -> None:
    await store.record(Event("SignInFailed"), Event("SignInFailed"))

    await tamper(store, update(events).where(at(SYSTEM, 2)).values(name="SignInSucceeded"))

    assert (await broken(store))[:2] == (SYSTEM, 2)


async def test_a_chain_removed_whole_is_missed_by_its_user(store: Store) -> None:
    ada = await a_chain(store)

    await tamper(
        store,
        delete(events).where(events.c.user_id == ada),
        delete(chains).where(chains.c.user_id == ada),
    )

    assert await broken(store) == (ada, 0, "A user has no chain.")


async def test_a_user_removed_with_their_whole_chain_is_missed_by_the_systems_chain(
    store: Store,
) -> None:
    ada = await a_chain(store)

    await tamper(
        store,
        delete(events).where(events.c.user_id == ada),
        delete(chains).where(chains.c.user_id == ada),
        delete(users).where(users.c.id == ada),
    )

    assert await broken(store) == (ada, 0, "The chain is gone, and no erasure is on record.")


async def test_events_whose_chain_was_removed_are_found(store: Store) -> None:
    ada = await a_chain(store)

    await tamper(
        store,
        delete(chains).where(chains.c.user_id == ada),
        delete(users).where(users.c.id == ada),
    )

    assert await broken(store) == (ada, 0, "There are events without a chain.")


async def test_after_an_erasure_the_log_is_intact_and_keeps_the_last_hash(store: Store) -> None:
    ada = await a_chain(store)
    head = (await store.reader.rows(select(events.c.hash).where(at(ada, LENGTH))))[0].hash

    await erase(store, ada)

    result = await verify(store)
    assert (result.is_intact, result.chains_erased) == (True, 1)
    record = select(events.c.details).where(events.c.name == "UserErased")
    assert (await store.reader.rows(record))[0].details == (
        f'{{"events":{LENGTH},"head_hash":"{head}"}}'
    )


async def test_an_erased_user_who_comes_back_is_found(store: Store) -> None:
    ada = await a_chain(store)
    await erase(store, ada)

    await tamper(store, insert(chains).values(user_id=ada, sequence=0, head_hash="0" * 64))

    assert await broken(store) == (
        ada,
        0,
        "The user was erased, and there is a chain all the same.",
    )
