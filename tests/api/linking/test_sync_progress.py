"""Syncs that take their time, are stopped, or whose end nobody confirms."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from coffers.domain.linking.syncs import SyncTrigger
from coffers.infrastructure.db.refusals import OutcomeUnknown
from coffers.infrastructure.db.unit_of_work import SqlUnitOfWork
from tests.conftest import settings_for
from tests.ledgers import movement, position, reported_account
from tests.people import Person, settle
from tests.rows import event_names
from tests.scripted import Held, Script, ScriptedBank, connect, running_with

PAGES = 4
LEASE_S = 1.5


@pytest.fixture
def script() -> Script:
    return Script(
        accounts=[reported_account("a1", name="Nest egg")],
        holdings={"a1": [position()]},
        pages={"a1": [[movement(f"t{number}")] for number in range(PAGES)]},
    )


@pytest.fixture
async def client(
    script: Script, database_url: str, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings_for(database_url, tmp_path, sync_lease_s=LEASE_S)
    async with running_with(settings, ScriptedBank(script)) as client:
        yield client


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await settle(client, "ada")


async def sync(person: Person, connection: dict[str, Any]) -> httpx.Response:
    return await person.post(f"/connections/{connection['id']}/syncs", {"force": True})


async def last_sync(person: Person, connection: dict[str, Any]) -> dict[str, Any]:
    answer = await person.get(f"/connections/{connection['id']}/syncs")
    last: dict[str, Any] = answer.json()["syncs"][0]
    return last


async def test_a_long_sync_says_how_far_it_has_come(
    ada: Person, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coffers.application.linking.claims.RENEW_EVERY", timedelta(0))
    connection = await connect(ada)
    steps = []

    async def look() -> None:
        steps.append((await last_sync(ada, connection))["step"])

    script.meets["transactions"] = look
    await sync(ada, connection)

    assert steps == ["Nest egg", *(f"Nest egg: {rows} rows" for rows in range(2, PAGES + 1))]
    assert (await last_sync(ada, connection))["step"] == ""
    changes = (await ada.get("/changes?limit=100")).json()["changes"]
    told = [one["details"]["step"] for one in changes if one["name"] == "SyncProgressed"]
    assert told[:-1] == steps


async def test_progress_is_no_new_version_of_the_connection(
    ada: Person, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coffers.application.linking.claims.RENEW_EVERY", timedelta(0))
    connection = await connect(ada)
    path = f"/connections/{connection['id']}"
    before = (await ada.get(path)).headers["etag"]
    meanwhile = []

    async def look() -> None:
        meanwhile.append((await ada.get(path)).headers["etag"])

    script.meets["transactions"] = look
    await sync(ada, connection)

    assert set(meanwhile) == {before}
    assert (await ada.get(path)).headers["etag"] != before


async def test_a_sync_that_is_slow_but_alive_keeps_its_connection(
    ada: Person, script: Script
) -> None:
    connection = await connect(ada)
    script.meets["transactions"] = lambda: asyncio.sleep(0.6)
    running = asyncio.create_task(sync(ada, connection))
    await asyncio.sleep(1.9)

    other = await sync(ada, connection)

    assert (other.status_code, (await running).status_code) == (409, 201)
    assert other.json()["type"].endswith("/errors/sync_in_progress")


async def test_a_sync_that_fell_silent_is_taken_over_and_stores_nothing_when_it_wakes(
    ada: Person, script: Script
) -> None:
    connection = await connect(ada)
    script.meets["holdings"] = silence = Held()
    silent = asyncio.create_task(sync(ada, connection))
    await silence.reached.wait()
    await asyncio.sleep(LEASE_S + 0.1)
    del script.meets["holdings"]

    second = await sync(ada, connection)
    silence.let_go.set()
    first = await silent

    assert (second.status_code, first.status_code) == (201, 409)
    assert first.json()["type"].endswith("/errors/sync_taken_over")
    listed = (await ada.get(f"/connections/{connection['id']}/syncs")).json()["syncs"]
    assert [one["status"] for one in listed] == ["succeeded", "abandoned"]
    snapshots = (await ada.get("/balance-snapshots")).json()
    assert snapshots["total_count"] == 1
    names = await event_names(ada.client, ada.id)
    assert names.count("HoldingsSyncAttempted") == 2
    assert names.count("HoldingsSyncFailed") == names.count("HoldingsSyncSucceeded") == 1


async def test_reading_without_end_is_cut(
    ada: Person, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = {SyncTrigger.FORCED: 0.3}
    monkeypatch.setattr("coffers.application.linking.syncs.READ_LIMIT_S", limits)
    connection = await connect(ada)
    script.meets["transactions"] = lambda: asyncio.sleep(0.2)

    answer = await sync(ada, connection)

    assert answer.status_code == 504
    assert (await last_sync(ada, connection))["problem"] == "upstream_timed_out"
    assert (await ada.get("/accounts")).json()["total_count"] == 0


async def test_a_sync_that_is_stopped_lets_go_at_once(ada: Person, script: Script) -> None:
    connection = await connect(ada)
    script.meets["holdings"] = stuck = Held()
    running = asyncio.create_task(sync(ada, connection))
    await stuck.reached.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    last = await last_sync(ada, connection)
    del script.meets["holdings"]

    assert (last["status"], last["problem"]) == ("failed", "sync_interrupted")
    assert (await sync(ada, connection)).status_code == 201


async def test_disconnecting_ends_a_running_sync_and_tells(ada: Person, script: Script) -> None:
    connection = await connect(ada)
    script.meets["holdings"] = held = Held()
    running = asyncio.create_task(sync(ada, connection))
    await held.reached.wait()

    await ada.delete(f"/connections/{connection['id']}")
    held.let_go.set()

    assert (await running).status_code == 409
    assert (await last_sync(ada, connection))["status"] == "abandoned"
    names = await event_names(ada.client, ada.id)
    assert names.count("AccountsSyncFailed") == 1
    assert (await ada.get("/accounts")).json()["total_count"] == 0


async def test_a_commit_that_nobody_confirmed_is_not_told_as_a_failure(
    ada: Person, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, commit = await connect(ada), SqlUnitOfWork._commit_and_announce
    lost: list[bool] = []

    async def lose(self: SqlUnitOfWork) -> None:
        await commit(self)
        if script.calls["transactions"] == PAGES and not lost:
            lost.append(True)
            raise OutcomeUnknown("The database did not confirm.")

    monkeypatch.setattr(SqlUnitOfWork, "_commit_and_announce", lose)
    answer = await sync(ada, connection)

    assert answer.status_code == 503
    assert (await last_sync(ada, connection))["status"] == "succeeded"
    assert "AccountsSyncFailed" not in await event_names(ada.client, ada.id)
    assert (await ada.get("/transactions")).json()["total_count"] == PAGES
