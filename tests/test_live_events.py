"""Event streams across processes, among many, for slow readers, and at the end of the service."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from starlette.types import Message

from coffers.domain.ids import UserId, new_id
from coffers.infrastructure.in_process.event_stream import MAX_PER_USER, InProcessEventStream
from coffers.presentation import event_streams
from coffers.presentation.event_streams import Chunks, EventStreamResponse
from tests.conftest import settings_for
from tests.live import Reader, reading, serving
from tests.people import Person, sign_up
from tests.servers import ValkeyServer
from tests.timing import SOON_S

READERS = 100


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    server = ValkeyServer().start()
    yield server
    server.close()


@pytest.fixture(params=["redis", "no redis"])
async def two_services(
    request: pytest.FixtureRequest, postgres_database: str, tmp_path: Path
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Two services on one database: with hints between them, and without."""
    more = {"secret_key": "one ring of keys for both of them"}
    if request.param == "redis":
        more["redis_url"] = request.getfixturevalue("valkey").url
    settings = settings_for(postgres_database, tmp_path, **more)
    async with serving(settings) as here, serving(settings) as there:
        yield here, there


async def rename(person: Person, name: str) -> None:
    assert (await person.patch("/users/me", {"display_name": name})).status_code == 200


async def test_what_happens_in_one_process_arrives_in_the_other(
    two_services: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    here, there = two_services
    ada = await sign_up(here, "ada")
    async with reading(there, ada.access_token) as stream:
        await stream.opened()
        for number in range(3):
            await rename(ada, f"Ada {number}")
            event = await stream.next(within_s=2)
            assert event.name == "ProfileChanged"


async def test_a_stream_is_gone_on_with_in_another_process_without_gap_or_repetition(
    two_services: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    here, there = two_services
    ada = await sign_up(here, "ada")
    seen = [0]
    writing = asyncio.create_task(_rename_often(ada, 30))
    for turn in range(6):
        async with reading((here, there)[turn % 2], ada.access_token, seen[-1]) as stream:
            seen += [(await stream.next()).id for _ in range(5)]
    await writing

    assert seen == list(range(31))


async def _rename_often(person: Person, times: int) -> None:
    for number in range(times):
        await rename(person, f"Name {number}")


async def test_signing_out_in_one_process_ends_the_stream_in_the_other(
    two_services: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    here, there = two_services
    ada = await sign_up(here, "ada")
    async with reading(there, ada.access_token) as stream:
        await stream.opened()
        await ada.delete("/sessions/current")

        assert await stream.ended(within_s=2) == []


async def test_a_frozen_redis_costs_a_stream_a_second_or_so(
    valkey: ValkeyServer, postgres_database: str, tmp_path: Path
) -> None:
    more = {"secret_key": "one ring of keys for both of them", "redis_url": valkey.url}
    settings = settings_for(postgres_database, tmp_path, **more)
    async with serving(settings) as here, serving(settings) as there:
        ada = await sign_up(here, "ada")
        async with reading(there, ada.access_token) as stream:
            await stream.opened()
            valkey.freeze()
            try:
                await rename(ada, "Ada")
                event = await stream.next(within_s=3)
            finally:
                valkey.thaw()

    assert event.name == "ProfileChanged"


async def test_a_hundred_readers_all_hear_of_it(sqlite_url: str, tmp_path: Path) -> None:
    async with serving(settings_for(sqlite_url, tmp_path)) as client, AsyncExitStack() as stack:
        people = [await sign_up(client, f"p{n}") for n in range(READERS // MAX_PER_USER)]
        readers: list[Reader] = []
        for person in people:
            for _ in range(MAX_PER_USER):
                stream = reading(client, person.access_token)
                readers.append(await stack.enter_async_context(stream))
        await asyncio.gather(*(reader.opened() for reader in readers))

        begun = time.monotonic()
        for person in people:
            await rename(person, "Everybody")
        heard = await asyncio.gather(*(reader.next() for reader in readers))
        took_s = time.monotonic() - begun

    assert [event.name for event in heard] == ["ProfileChanged"] * READERS
    assert took_s < SOON_S


async def test_when_the_service_stops_streams_end_properly_and_at_once(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with serving(settings_for(sqlite_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")
        async with reading(client, ada.access_token) as stream:
            await stream.opened()
            client.app.state.stopping.set()  # type: ignore[attr-defined]  # as the server does

            assert await stream.ended(within_s=1) == []


async def test_a_reader_that_takes_nothing_is_left_and_its_place_is_free_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_streams, "SEND_TIMEOUT_S", 0.1)
    stream, user_id = InProcessEventStream(), UserId(new_id())
    closed = asyncio.Event()

    async def chunks(_: object) -> Chunks:
        try:
            while True:
                yield b"data: x\n\n"
        finally:
            closed.set()

    async def receive() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(60)

    begun = time.monotonic()
    response = EventStreamResponse(stream.listen(user_id), chunks)
    await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)

    assert time.monotonic() - begun < SOON_S
    assert closed.is_set()
    assert stream.listened() == []
