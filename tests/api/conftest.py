"""People of the tests over the API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import running, settings_for
from tests.people import Person, sign_up


@pytest.fixture
async def eve(database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody on each engine in turn."""
    async with running(settings_for(database_url, tmp_path)) as client:
        yield await sign_up(client, "eve")
