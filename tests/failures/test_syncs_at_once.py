"""Syncs of one connection at the same time, in two services: one runs, the other is told."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.conftest import ENGINES, settings_for
from tests.ledgers import movement, position, reported_account
from tests.people import Person, sign_in, sign_up
from tests.scripted import Script, ScriptedBank, connect, running_with

ROUNDS: Final = 100 if os.environ.get("TORTURE") else 10
PATIENCE_S: Final = 20

pytestmark = [
    pytest.mark.torture,
    pytest.mark.parametrize("database_url", ENGINES, indirect=True),
]


@pytest.fixture
def script() -> Script:
    today = datetime.now(UTC).date()
    return Script(
        accounts=[reported_account("a1")],
        holdings={"a1": [position()]},
        pages={"a1": [[movement("t1", transaction_date=today)]]},
    )


@pytest.fixture
async def person(
    script: Script, database_url: str, tmp_path: Path
) -> AsyncIterator[tuple[Person, Person]]:
    """The same person in two services on one database."""
    settings, bank = settings_for(database_url, tmp_path), ScriptedBank(script)
    async with running_with(settings, bank) as one, running_with(settings, bank) as other:
        here = await sign_up(one, "ada")
        yield here, await sign_in(other, here.email)


async def test_of_two_syncs_at_once_exactly_one_runs(
    person: tuple[Person, Person], script: Script
) -> None:
    here, there = person
    connection = await connect(here)
    outcomes: Counter[tuple[int, ...]] = Counter()

    for _ in range(ROUNDS):
        outcomes[await both(here, there, connection, script)] += 1

    assert outcomes == {(201, 409): ROUNDS}
    assert script.calls["accounts"] == ROUNDS
    listed = (await here.get(f"/connections/{connection['id']}/syncs")).json()
    assert listed["total_count"] == ROUNDS
    assert {one["status"] for one in listed["syncs"]} == {"succeeded"}
    (account,) = (await here.get("/accounts")).json()["accounts"]
    history = (await here.get(f"/accounts/{account['id']}/balance-snapshots")).json()
    assert history["total_count"] == ROUNDS
    assert (await here.get("/transactions")).json()["total_count"] == 1


async def both(
    here: Person, there: Person, connection: dict[str, Any], script: Script
) -> tuple[int, ...]:
    """The statuses of two that begin at once; whoever runs waits until the other has its answer."""
    is_told = asyncio.Event()

    async def wait() -> None:
        async with asyncio.timeout(PATIENCE_S):
            await is_told.wait()

    async def sync(person: Person) -> httpx.Response:
        path = f"/connections/{connection['id']}/syncs"
        answer = await person.post(path, {"force": True})
        is_told.set()
        return answer

    script.meets["accounts"] = wait
    answers = await asyncio.gather(sync(here), sync(there))
    return tuple(sorted(answer.status_code for answer in answers))
