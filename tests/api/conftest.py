"""People of the tests over the API; one banks where a test decides what is said."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import running, settings_for
from tests.ledgers import movement, position, reported_account
from tests.people import Person, settle
from tests.scripted import Script, ScriptedBank, running_with


@pytest.fixture
async def eve(database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody on each engine in turn."""
    async with running(settings_for(database_url, tmp_path)) as client:
        yield await settle(client, "eve")


@pytest.fixture
def script() -> Script:
    """One brokerage account with a position and a movement of today."""
    return Script(
        accounts=[reported_account("a1")],
        holdings={"a1": [position()]},
        pages={"a1": [[movement("t1", transaction_date=datetime.now(UTC).date())]]},
    )


@pytest.fixture
async def holder(script: Script, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody who may connect to the scripted bank."""
    async with running_with(settings_for(sqlite_url, tmp_path), ScriptedBank(script)) as client:
        yield await settle(client, "holder")
