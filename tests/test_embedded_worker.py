"""Without a mail server and without a second process: what someone who tries Coffers out has."""

import asyncio
import re
import time
from pathlib import Path

import httpx
import pytest

from coffers.settings import Settings
from tests.conftest import running, settings_for
from tests.people import PASSWORD, sign_in
from tests.timing import SOON_S


async def the_letter_in(folder: Path) -> str:
    async with asyncio.timeout(10):
        while not (letters := letters_in(folder)):  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)
    return letters[0]


def letters_in(folder: Path) -> list[str]:
    return [path.read_text() for path in folder.glob("*.txt")]


async def test_the_verification_token_waits_in_a_file_at_home(
    database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(database_url, tmp_path, embedded_worker=True)
    async with running(settings) as client:
        begun = time.monotonic()
        await client.post("/users", json={"email": "ada@example.com", "password": PASSWORD})
        letter = await the_letter_in(tmp_path / "mail")
        took_s = time.monotonic() - begun
        token = re.search(r"^[\w-]{43}$", letter, re.MULTILINE)
        assert token
        verified = await client.post("/email-verifications", json={"token": token[0]})
        ada = await sign_in(client, "ada@example.com")

    assert took_s < SOON_S
    assert verified.status_code == 201
    assert ada.email == "ada@example.com"


async def test_a_service_that_stops_takes_its_worker_along_at_once(settings: Settings) -> None:
    async with running(settings.model_copy(update={"embedded_worker": True})) as client:
        assert (await client.get("http://test/health/live")).status_code == httpx.codes.OK
        begun = time.monotonic()

    assert time.monotonic() - begun < SOON_S
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]


@pytest.mark.parametrize("wish", [{}, {"embedded_worker": True}, {"embedded_worker": False}])
def test_the_service_does_the_background_work_itself_exactly_on_sqlite_unless_told(
    wish: dict[str, bool],
) -> None:
    embedded = Settings.model_validate(wish)
    production = Settings.model_validate({"database_url": "postgresql+asyncpg://db/c", **wish})

    assert embedded.runs_worker is wish.get("embedded_worker", True)
    assert production.runs_worker is wish.get("embedded_worker", False)
