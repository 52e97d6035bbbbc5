"""Fixtures of tests that have an application each, empty at first: they count what is in it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import ada, client, enrol, running, settings_for
from tests.people import Person, settle

__all__ = ["ada", "client", "enrol", "eve"]


@pytest.fixture
async def eve(database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody on each engine in turn."""
    async with running(settings_for(database_url, tmp_path)) as client:
        yield await settle(client, "eve")
