"""Streams through a real server: /events."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from coffers.application.live import events as streams
from coffers.domain.identity.users import Role
from coffers.domain.ids import SessionId, UserId
from coffers.infrastructure.in_process.event_stream import MAX_PER_USER
from coffers.services import Services
from tests.conftest import settings_for
from tests.live import reading, serving
from tests.people import PASSWORD, Person, settle, sign_in


@pytest.fixture
async def served(sqlite_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(settings_for(sqlite_url, tmp_path)) as client:
        yield client


@pytest.fixture
async def ada(served: httpx.AsyncClient) -> Person:
    return await settle(served, "ada")


def services_of(client: httpx.AsyncClient) -> Services:
    services: Services = client.app.state.services  # type: ignore[attr-defined]  # set by `serving`
    return services


async def rename(person: Person, name: str) -> None:
    answer = await person.patch("/users/me", {"display_name": name})
    assert answer.status_code == 200, answer.text


async def test_what_happens_arrives_as_it_happens(served: httpx.AsyncClient, ada: Person) -> None:
    async with reading(served, ada.access_token) as stream:
        begins_behind = await stream.opened()
        await rename(ada, "Ada")
        event = await stream.next(within_s=1)

    assert (event.id, event.name) == (begins_behind + 1, "ProfileChanged")
    assert event.data == (await ada.get("/changes")).json()["changes"][-1]
    assert event.data["details"] == {"fields": ["display_name"]}


async def test_a_stream_is_neither_cached_nor_compressed_nor_buffered(
    served: httpx.AsyncClient, ada: Person
) -> None:
    async with reading(served, ada.access_token) as stream:
        headers = stream.response.headers

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in headers
    assert headers["x-ratelimit-limit"]


async def test_a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice(
    served: httpx.AsyncClient, ada: Person
) -> None:
    async with reading(served, ada.access_token) as stream:
        await rename(ada, "One")
        seen = [(await stream.next()).id]
    for name in ("Two", "Three"):
        await rename(ada, name)

    async with reading(served, ada.access_token, seen[-1]) as stream:
        await rename(ada, "Four")
        seen += [(await stream.next()).id for _ in range(3)]

    assert seen == list(range(seen[0], seen[0] + 4))


async def test_even_a_reader_that_left_before_its_first_event_comes_back_without_a_gap(
    served: httpx.AsyncClient, ada: Person
) -> None:
    async with reading(served, ada.access_token) as stream:
        left_at = await stream.opened()
    await rename(ada, "Ada")

    async with reading(served, ada.access_token, left_at) as stream:
        assert (await stream.next()).name == "ProfileChanged"


async def test_a_stream_from_the_beginning_tells_everything_in_order(
    served: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PAGE", 10)
    for number in range(25):
        await rename(ada, f"Ada {number}")
    total = (await ada.get("/changes")).json()["total_count"]

    async with reading(served, ada.access_token, 0) as stream:
        ids = [(await stream.next()).id for _ in range(total)]

    assert ids == list(range(1, total + 1))
    assert total > 25


async def test_nobody_hears_of_somebody_else(served: httpx.AsyncClient, ada: Person) -> None:
    eve = await settle(served, "eve")
    async with reading(served, eve.access_token) as stream:
        await stream.opened()
        await rename(ada, "Ada")
        await rename(eve, "Eve")

        event = await stream.next()

    assert event.data["details"] == {"fields": ["display_name"]}
    assert event.data["subject_id"] == eve.id


async def test_a_quiet_stream_shows_that_it_lives(
    served: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.1)
    async with reading(served, ada.access_token) as stream:
        with pytest.raises(TimeoutError):
            await stream.next(within_s=1)

    assert 2 <= stream.heartbeats <= 11


async def test_the_end_of_the_session_ends_the_stream_within_a_second(
    served: httpx.AsyncClient, ada: Person
) -> None:
    async with reading(served, ada.access_token) as stream:
        await stream.opened()
        await ada.delete("/sessions/current")

        assert await stream.ended(within_s=1) == []


async def test_another_session_of_the_same_person_goes_on(
    served: httpx.AsyncClient, ada: Person
) -> None:
    other = await sign_in(served, ada.email)
    async with reading(served, other.access_token) as stream:
        await ada.delete("/sessions/current")
        await rename(other, "Still here")

        assert "ProfileChanged" in [(await stream.next()).name for _ in range(2)]


async def test_the_end_of_the_access_token_ends_the_stream(
    served: httpx.AsyncClient, ada: Person
) -> None:
    services = services_of(served)
    claims = services.access_tokens.verify(ada.access_token, now=services.clock.now())
    token = services.access_tokens.issue(
        UserId(claims.user_id),
        SessionId(claims.session_id),
        frozenset({Role.USER}),
        now=services.clock.now() - timedelta(minutes=15) + timedelta(seconds=2),
    )

    async with reading(served, token) as stream:
        await stream.opened()
        assert await stream.ended(within_s=3) == []


async def test_the_erasure_of_the_user_ends_the_stream(
    served: httpx.AsyncClient, ada: Person
) -> None:
    async with reading(served, ada.access_token) as stream:
        await stream.opened()
        erased = await ada.post("/users/me/erasures", {"password": PASSWORD})

        assert erased.status_code == 204, erased.text
        await stream.ended(within_s=2)


async def test_a_stream_opened_with_an_api_key_ends_with_the_key(
    served: httpx.AsyncClient, ada: Person
) -> None:
    wish = {"name": "reader", "scopes": ["events:read"]}
    key = (await ada.post("/api-keys", wish)).json()
    async with reading(served, key["key"]) as stream:
        await stream.opened()
        await rename(ada, "Ada")
        event = await stream.next()
        await ada.delete(f"/api-keys/{key['id']}")

        assert event.name == "ProfileChanged"
        assert await stream.ended(within_s=1) == []


async def test_a_stream_outlives_the_deadline_of_requests(
    served: httpx.AsyncClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = served.app.router.routes[0]  # type: ignore[attr-defined]  # set by `serving`
    (route,) = [r for r in table.routes if r.admitted.path == "/events"]
    monkeypatch.setattr(route, "admitted", replace(route.admitted, deadline_s=0.2))
    async with reading(served, ada.access_token) as stream:
        await stream.opened()
        await asyncio.sleep(0.6)
        await rename(ada, "Ada")

        assert (await stream.next()).name == "ProfileChanged"


async def test_one_user_has_at_most_twenty_streams_at_once(
    served: httpx.AsyncClient, ada: Person
) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(MAX_PER_USER):
            stream = await stack.enter_async_context(reading(served, ada.access_token))
            assert stream.response.status_code == 200
        async with reading(served, ada.access_token) as refused:
            problem = refused.response

    assert problem.status_code == 429
    assert problem.json()["type"].endswith("/errors/too_many_streams")
    assert int(problem.headers["retry-after"]) > 0


async def test_a_stream_that_was_left_makes_room_for_another(
    served: httpx.AsyncClient, ada: Person
) -> None:
    for _ in range(MAX_PER_USER + 5):
        async with reading(served, ada.access_token) as stream:
            assert stream.response.status_code == 200


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "0x1", "9" * 19])
async def test_a_last_event_id_that_is_none_is_refused(
    served: httpx.AsyncClient, ada: Person, text: str
) -> None:
    answer = await ada.get("/events", headers={"Last-Event-ID": text})

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/errors/last_event_id_invalid")


async def test_an_id_from_before_a_restored_backup_goes_on_with_what_is_new(
    served: httpx.AsyncClient, ada: Person
) -> None:
    async with reading(served, ada.access_token, 10_000) as stream:
        await stream.opened()
        await rename(ada, "Ada")

        assert (await stream.next()).name == "ProfileChanged"
