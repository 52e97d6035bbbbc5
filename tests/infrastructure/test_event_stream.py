import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack

import pytest

from coffers.application.live.event_streams import EventStream, TooManyListeners, WakeUps
from coffers.domain.ids import UserId, new_id
from coffers.infrastructure.in_process import event_stream as in_process
from coffers.infrastructure.in_process.event_stream import InProcessEventStream
from coffers.infrastructure.redis.event_stream import open_redis_event_stream
from tests.servers import ValkeyServer
from tests.timing import SOON_S, TICK_S

ADA, EVE = UserId(new_id()), UserId(new_id())
LONG_S = 30.0


async def seconds_until_woken(bell: WakeUps, at_most_s: float = LONG_S) -> float:
    begun = time.monotonic()
    await bell.wait(at_most_s)
    return time.monotonic() - begun


class TestInOneProcess:
    async def test_an_announcement_wakes_whoever_listens_for_this_user(self) -> None:
        stream = InProcessEventStream()
        with stream.listen(ADA) as ada, stream.listen(EVE) as eve:
            await stream.announce([ADA])

            assert await seconds_until_woken(ada) < SOON_S
            assert await seconds_until_woken(eve, 0.05) > 0.05 - TICK_S

    async def test_announcements_before_the_wait_melt_into_one_wake_up(self) -> None:
        stream = InProcessEventStream()
        with stream.listen(ADA) as bell:
            await stream.announce([ADA])
            await stream.announce([ADA])

            assert await seconds_until_woken(bell) < SOON_S
            assert await seconds_until_woken(bell, 0.05) > 0.05 - TICK_S

    async def test_nothing_is_kept_of_users_that_nobody_listens_for(self) -> None:
        stream = InProcessEventStream()
        with stream.listen(ADA):
            await stream.announce([EVE])
            during = stream.listened()

        assert during == [ADA]
        assert stream.listened() == []

    async def test_one_user_has_at_most_twenty_streams(self) -> None:
        stream = InProcessEventStream()
        with ExitStack() as open_streams:
            for _ in range(in_process.MAX_PER_USER):
                open_streams.enter_context(stream.listen(ADA))

            with pytest.raises(TooManyListeners), stream.listen(ADA):
                pass

            with stream.listen(EVE):
                pass

    async def test_a_process_has_a_limit_of_streams_and_forgets_the_refused(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(in_process, "MAX_LISTENERS", 2)
        stream = InProcessEventStream()
        with stream.listen(ADA), stream.listen(ADA):
            with pytest.raises(TooManyListeners), stream.listen(EVE):
                pass
            during = stream.listened()

        assert during == [ADA]
        with stream.listen(EVE):
            pass


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    server = ValkeyServer().start()
    yield server
    server.close()


@pytest.fixture
async def streams(valkey: ValkeyServer) -> AsyncIterator[tuple[EventStream, EventStream]]:
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(open_redis_event_stream(valkey.url))
        there = await stack.enter_async_context(open_redis_event_stream(valkey.url))
        await until_connected(here, there)
        yield here, there


async def until_connected(here: EventStream, there: EventStream) -> None:
    with there.listen(EVE) as bell:
        deadline = time.monotonic() + LONG_S
        while time.monotonic() < deadline:
            await here.announce([EVE])
            if await seconds_until_woken(bell, 0.2) < 0.2 - TICK_S:
                await asyncio.sleep(0.1)  # for a second ring still on its way
                return
        raise AssertionError("the streams never heard each other")


class TestAcrossProcesses:
    async def test_an_announcement_in_one_process_wakes_the_other(
        self, streams: tuple[EventStream, EventStream]
    ) -> None:
        here, there = streams
        with there.listen(ADA) as bell, there.listen(EVE) as other:
            await other.wait(0.01)
            await here.announce([ADA])

            assert await seconds_until_woken(bell) < SOON_S
            assert await seconds_until_woken(other, 0.2) > 0.2 - TICK_S

    async def test_more_users_than_fit_one_message_are_all_woken(
        self, streams: tuple[EventStream, EventStream]
    ) -> None:
        here, there = streams
        users = [UserId(new_id()) for _ in range(900)]
        with ExitStack() as stack:
            bells = [stack.enter_context(there.listen(user_id)) for user_id in users]
            await here.announce(users)

            assert max([await seconds_until_woken(bell) for bell in bells]) < SOON_S

    async def test_waking_stays_in_the_process(
        self, streams: tuple[EventStream, EventStream]
    ) -> None:
        here, there = streams
        with here.listen(ADA) as mine, there.listen(ADA) as theirs:
            here.wake([ADA])

            assert await seconds_until_woken(mine) < SOON_S
            assert await seconds_until_woken(theirs, 0.2) > 0.2 - TICK_S

    async def test_a_frozen_server_makes_no_announcement_slow_and_still_wakes_this_process(
        self, streams: tuple[EventStream, EventStream], valkey: ValkeyServer
    ) -> None:
        here, there = streams
        valkey.freeze()
        try:
            with here.listen(ADA) as bell:
                begun = time.monotonic()
                for _ in range(100):
                    await here.announce([ADA])
                took_s = time.monotonic() - begun

                assert took_s < 1
                assert await seconds_until_woken(bell) < SOON_S
        finally:
            valkey.thaw()
        await until_connected(here, there)

    async def test_after_a_restart_of_the_server_everybody_looks_and_hints_come_again(
        self, streams: tuple[EventStream, EventStream], valkey: ValkeyServer
    ) -> None:
        here, there = streams
        with there.listen(ADA) as bell:
            valkey.kill()
            valkey.start()

            assert await seconds_until_woken(bell) < SOON_S
        await until_connected(here, there)
