"""Following a feed: pace, heartbeats, ends, and a database that is away."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec
import pytest

from coffers.application.live import events
from coffers.application.live.events import Change, ChangeFeeds, follow, resume_at, watch_heads
from coffers.domain.errors import Unavailable
from coffers.domain.ids import UserId, new_id
from coffers.infrastructure.in_process.event_stream import Bell, InProcessEventStream
from tests.stores import NOON
from tests.timing import SOON_S, TICK_S

ADA = UserId(new_id())


class FakeFeeds(ChangeFeeds):
    """A log that grows when the test says so, and counts how often it is read."""

    def __init__(self, length: int = 0) -> None:
        self.length = length
        self.pages_read = 0
        self.is_away = False

    async def head(self, user_id: UserId) -> int:
        return (await self.heads([user_id]))[user_id]

    async def heads(self, user_ids: Sequence[UserId]) -> dict[UserId, int]:
        self._check()
        return {ADA: self.length} if ADA in user_ids else {}

    async def after(self, user_id: UserId, sequence: int, limit: int) -> list[Change]:
        self._check()
        assert user_id == ADA
        self.pages_read += 1
        last = min(self.length, sequence + limit)
        return [a_change(number) for number in range(sequence + 1, last + 1)]

    def _check(self) -> None:
        if self.is_away:
            raise Unavailable("Away.")


def a_change(sequence: int) -> Change:
    return Change(sequence, new_id(), "Happened", None, msgspec.Raw(b"{}"), NOON)


async def welcome() -> bool:
    return True


def following(
    feeds: FakeFeeds,
    bell: Bell | None = None,
    *,
    position: int = 0,
    life_s: float = 60,
    is_welcome: Callable[[], Awaitable[bool]] = welcome,
) -> AsyncIterator[list[Change]]:
    return follow(
        feeds, bell or Bell(), ADA, position=position, life_s=life_s, is_welcome=is_welcome
    )


async def test_a_slow_reader_keeps_no_more_than_a_page_in_memory() -> None:
    feeds = FakeFeeds(length=100_000)
    pages = following(feeds)

    taken = [await anext(pages) for _ in range(3)]
    await asyncio.sleep(0.05)

    assert [len(page) for page in taken] == [events.PAGE] * 3
    assert feeds.pages_read == 3


async def test_an_idle_stream_asks_the_log_only_when_woken() -> None:
    feeds, bell = FakeFeeds(), Bell()
    pages = following(feeds, bell)
    waiting = asyncio.ensure_future(anext(pages))
    await asyncio.sleep(0.1)
    idle = feeds.pages_read
    feeds.length = 1
    bell.ring()

    assert [change.sequence for change in await waiting] == [1]
    assert idle == 1


async def test_a_heartbeat_comes_after_silence_and_not_after_news(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.2)
    feeds = FakeFeeds(length=1)
    pages = following(feeds)

    news = await anext(pages)
    begun = time.monotonic()
    heartbeat = await anext(pages)

    assert (len(news), heartbeat) == (1, [])
    assert 0.2 - TICK_S < time.monotonic() - begun < SOON_S


async def test_whoever_is_not_welcome_any_more_gets_nothing_even_if_there_is_something() -> None:
    async def unwelcome() -> bool:
        return False

    assert [page async for page in following(FakeFeeds(length=5), is_welcome=unwelcome)] == []


async def test_a_stream_ends_with_its_life() -> None:
    begun = time.monotonic()

    assert [page async for page in following(FakeFeeds(), life_s=0.2)] == []
    assert 0.2 - TICK_S < time.monotonic() - begun < SOON_S


async def test_while_the_database_is_away_the_stream_lives_and_then_goes_on_without_a_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(events, "POLL_S", 0.05)
    feeds = FakeFeeds(length=3)
    pages = following(feeds, position=1)
    feeds.is_away = True

    heartbeat = await anext(pages)
    feeds.is_away = False
    news = await anext(pages)

    assert heartbeat == []
    assert [change.sequence for change in news] == [2, 3]


async def test_the_watch_wakes_whoever_an_announcement_never_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "POLL_S", 0.05)
    feeds, stream = FakeFeeds(), InProcessEventStream()
    watching = asyncio.create_task(watch_heads(feeds, stream))
    with stream.listen(ADA) as bell:
        await asyncio.sleep(0.2)
        await bell.wait(0)
        begun = time.monotonic()
        feeds.is_away = True
        await asyncio.sleep(0.1)
        feeds.is_away = False
        feeds.length = 1

        await bell.wait(30)

    watching.cancel()
    assert time.monotonic() - begun < SOON_S


async def test_the_watch_leaves_those_alone_for_whom_nothing_happened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "POLL_S", 0.05)
    feeds, stream = FakeFeeds(), InProcessEventStream()
    watching = asyncio.create_task(watch_heads(feeds, stream))
    with stream.listen(ADA) as bell:
        await bell.wait(0.5)
        begun = time.monotonic()
        await bell.wait(0.3)

    watching.cancel()
    assert time.monotonic() - begun > 0.3 - TICK_S


def test_a_log_shorter_than_what_was_seen_is_gone_on_with_from_its_end() -> None:
    assert resume_at(7, 10) == 7
    assert resume_at(10, 7) == 7
