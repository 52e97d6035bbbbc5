"""A provider that rotates its tokens: they are renewed in time, once, and by one process only."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from coffers.domain.linking.providers import ProviderFailed, ProviderTimedOut
from coffers.infrastructure.db.linking.connections import connection_credentials
from tests.conftest import settings_for
from tests.ledgers import movement, position, reported_account
from tests.people import Person, settle, sign_in
from tests.rows import event_names, rows, write
from tests.scripted import Held, RotatingBroker, Script, authorize, running_with
from tests.working import until


@pytest.fixture
def script() -> Script:
    return Script(
        accounts=[reported_account("a1"), reported_account("a2")],
        holdings={"a1": [position()]},
        pages={"a1": [[movement("t1")], [movement("t2")]]},
    )


@pytest.fixture
def broker(script: Script) -> RotatingBroker:
    return RotatingBroker(script)


@pytest.fixture
async def client(
    broker: RotatingBroker, database_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    async with running_with(settings_for(database_url, tmp_path), broker) as client:
        yield client


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await settle(client, "ada")


@pytest.fixture
async def elsewhere(
    client: httpx.AsyncClient, broker: RotatingBroker, database_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """Another service on the same database, with the same keys."""
    async with running_with(settings_for(database_url, tmp_path), broker) as other:
        yield other


async def refresh(person: Person, connection: dict[str, Any], **wish: Any) -> httpx.Response:
    return await person.post(f"/connections/{connection['id']}/token-refreshes", wish)


async def sync(person: Person, connection: dict[str, Any]) -> httpx.Response:
    return await person.post(f"/connections/{connection['id']}/syncs", {"force": True})


async def status_of(person: Person, connection: dict[str, Any]) -> str:
    status: str = (await person.get(f"/connections/{connection['id']}")).json()["status"]
    return status


async def let_expire(person: Person, **more: object) -> None:
    """The access token is half an hour old and ends in five seconds."""
    now = datetime.now(UTC)
    times = {"expires_at": now + timedelta(seconds=5), "obtained_at": now - timedelta(minutes=30)}
    await write(person.client, update(connection_credentials).values(times | more))


async def test_two_services_renew_an_expiring_token_once(
    ada: Person, elsewhere: httpx.AsyncClient, script: Script, broker: RotatingBroker
) -> None:
    there = await sign_in(elsewhere, ada.email)
    connection = await authorize(ada)
    await let_expire(ada)
    broker.delay_s = 0.3

    answers = await asyncio.gather(
        *(refresh(person, connection) for person in (ada, there) for _ in range(6))
    )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["expires_at"] for answer in answers}) == 1
    assert script.calls["refresh"] == 1
    names = await event_names(ada.client, ada.id)
    assert names[-2:] == ["TokenRefreshAttempted", "TokenRefreshSucceeded"]


async def test_many_who_force_it_at_once_get_one_renewal(
    ada: Person, elsewhere: httpx.AsyncClient, script: Script, broker: RotatingBroker
) -> None:
    there = await sign_in(elsewhere, ada.email)
    connection = await authorize(ada)
    broker.delay_s = 0.3

    await asyncio.gather(
        *(refresh(person, connection, force=True) for person in (ada, there) for _ in range(6))
    )
    await refresh(ada, connection, force=True)

    assert script.calls["refresh"] == 2


async def test_good_tokens_are_left_alone(ada: Person, script: Script) -> None:
    connection = await authorize(ada)

    answer = await refresh(ada, connection)

    assert answer.json()["success"] is True
    assert script.calls["refresh"] == 0


async def test_short_lived_tokens_are_used_while_they_are_good(
    ada: Person, script: Script, broker: RotatingBroker
) -> None:
    broker.life = timedelta(seconds=60)
    connection = await authorize(ada)

    assert (await sync(ada, connection)).status_code == 201
    assert script.calls["refresh"] == 0


async def test_a_refresh_whose_process_died_is_taken_over_after_its_lease(
    ada: Person, script: Script
) -> None:
    connection, now = await authorize(ada), datetime.now(UTC)
    await let_expire(ada, refreshing_until=now + timedelta(seconds=1))

    answer = await refresh(ada, connection)

    assert (answer.status_code, script.calls["refresh"]) == (201, 1)
    assert datetime.now(UTC) - now >= timedelta(seconds=1)


async def test_whoever_waited_for_a_refresh_that_failed_does_not_try_again(
    ada: Person, script: Script
) -> None:
    connection = await authorize(ada)
    await let_expire(ada)

    async def fail() -> None:
        await asyncio.sleep(1)  # until all of them wait
        raise ProviderFailed("Down.")

    script.meets["refresh"] = fail
    answers = await asyncio.gather(*(refresh(ada, connection) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {502}
    assert script.calls["refresh"] == 1
    assert await status_of(ada, connection) == "active"
    del script.meets["refresh"]
    assert (await refresh(ada, connection)).status_code == 201


async def test_an_answer_that_is_lost_after_the_tokens_rotated_asks_for_the_owner(
    ada: Person, script: Script, broker: RotatingBroker
) -> None:
    connection = await authorize(ada)
    await sync(ada, connection)
    before = (await ada.get("/accounts")).json()

    def lose() -> None:
        raise ProviderTimedOut("No answer.")

    script.meets["refreshed"] = lose
    lost = await refresh(ada, connection, force=True)
    still = await status_of(ada, connection)
    del script.meets["refreshed"]
    synced = await sync(ada, connection)

    assert (lost.status_code, still) == (504, "active")
    assert synced.status_code == 502
    assert synced.json()["type"].endswith("/errors/provider_refused_credentials")
    assert await status_of(ada, connection) == "expired"
    assert (await ada.get("/accounts")).json() == before
    renewed = await authorize(ada, connection_id=connection["id"])
    assert (renewed["id"], renewed["status"]) == (connection["id"], "active")
    assert (await sync(ada, connection)).status_code == 201


async def test_a_caller_who_gives_up_does_not_lose_the_tokens(
    ada: Person, script: Script, broker: RotatingBroker
) -> None:
    connection = await authorize(ada)
    broker.delay_s = 0.3

    asking = asyncio.create_task(refresh(ada, connection, force=True))
    await until(lambda: script.calls["refresh"] == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    assert (await sync(ada, connection)).status_code == 201


async def test_disconnecting_during_a_refresh_leaves_no_credentials_behind(
    ada: Person, script: Script
) -> None:
    connection = await authorize(ada)
    script.meets["refresh"] = held = Held()
    refreshing = asyncio.create_task(refresh(ada, connection, force=True))
    await held.reached.wait()

    gone = await ada.delete(f"/connections/{connection['id']}")
    held.let_go.set()

    assert (gone.status_code, (await refreshing).status_code) == (204, 409)
    assert await rows(ada.client, select(connection_credentials)) == []
    assert await status_of(ada, connection) == "disconnected"


async def test_signing_in_again_during_a_refresh_that_fails_wins(
    ada: Person, script: Script, broker: RotatingBroker
) -> None:
    connection = await authorize(ada)
    script.meets["refresh"] = held = Held()
    refreshing = asyncio.create_task(refresh(ada, connection, force=True))
    await held.reached.wait()
    await authorize(ada, connection_id=connection["id"])
    held.let_go.set()

    assert (await refreshing).status_code == 201
    assert await status_of(ada, connection) == "active"
    assert (await sync(ada, connection)).status_code == 201
    assert broker.serial == 2


async def test_a_token_that_ends_in_the_middle_of_a_sync_is_renewed_once(
    ada: Person, script: Script, broker: RotatingBroker
) -> None:
    connection = await authorize(ada)

    def end_early() -> None:
        if script.calls["transactions"] == 2:
            broker.ended = broker.serial

    script.meets["transactions"] = end_early
    answer = await sync(ada, connection)

    assert (answer.status_code, script.calls["refresh"]) == (201, 1)
    assert answer.json()["transactions_created"] == 2


async def test_a_provider_that_refuses_fresh_tokens_too_is_not_asked_for_ever(
    ada: Person, script: Script, broker: RotatingBroker
) -> None:
    connection = await authorize(ada)
    broker.refuses_all = True

    answer = await sync(ada, connection)

    assert (answer.status_code, script.calls["refresh"]) == (502, 1)
    assert await status_of(ada, connection) == "expired"


async def test_a_sync_during_which_the_owner_signs_in_again_goes_on_with_the_new_tokens(
    ada: Person, script: Script
) -> None:
    connection = await authorize(ada)

    async def sign_in_again() -> None:
        if script.calls["holdings"] == 1:
            await authorize(ada, connection_id=connection["id"])

    script.meets["holdings"] = sign_in_again
    answer = await sync(ada, connection)

    assert (answer.status_code, script.calls["refresh"]) == (201, 0)


async def test_somebody_else_s_tokens_are_not_renewed(
    ada: Person, client: httpx.AsyncClient, script: Script
) -> None:
    connection, eve = await authorize(ada), await settle(client, "eve")

    assert (await refresh(eve, connection, force=True)).status_code == 403
    assert script.calls["refresh"] == 0
