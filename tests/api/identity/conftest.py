"""An application for each test: these tests count sessions, letters and everybody's events."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from coffers.settings import Settings
from tests.conftest import running, settings_for
from tests.people import Person, settle


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with running(settings) as client:
        yield client


@pytest.fixture
async def ada(client: httpx.AsyncClient) -> Person:
    return await settle(client, "ada")


@pytest.fixture
def enrol(client: httpx.AsyncClient) -> Callable[..., Awaitable[Person]]:
    """Signs in somebody new: `await enrol("bob")`."""

    async def enrolled(name: str = "ada", *roles: str) -> Person:
        return await settle(client, name, *roles)

    return enrolled


@pytest.fixture
async def eve(database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody on each engine in turn."""
    async with running(settings_for(database_url, tmp_path)) as client:
        yield await settle(client, "eve")
