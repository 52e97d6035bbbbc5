"""The rate limiter while Redis is refused, frozen, restarted: nobody waits, nothing opens up."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
import redis.asyncio

from coffers.application.rate_limits import Bucket
from coffers.domain.ids import SessionId, new_id
from coffers.infrastructure.in_process.remembered import KEPT_S
from coffers.infrastructure.in_process.revoked_sessions import RevokedSessions
from coffers.infrastructure.redis.line import OPENING_S, TIMEOUT_S, Line
from coffers.infrastructure.redis.rate_limiter import PAUSE_S, RedisRateLimiter
from tests.servers import ValkeyServer
from tests.timing import TICK_S

#: Two steps of the wait and what a busy machine adds.
SOON_S = 2 * TIMEOUT_S + OPENING_S + 1.5


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@asynccontextmanager
async def limiting(server: ValkeyServer) -> AsyncIterator[RedisRateLimiter]:
    line = Line(server.url)
    yield RedisRateLimiter(line, RevokedSessions())
    await line.close()


async def age(server: ValkeyServer) -> None:
    """Let Redis be older than every access token."""
    async with redis.asyncio.Redis.from_url(server.url) as client:
        await client.set("coffers:born", int(time.time() - 2 * KEPT_S))


def a_bucket(capacity: int = 10, strict_capacity: int = 2) -> Bucket:
    return Bucket("P", f"P:{uuid4()}", capacity, 1, strict_capacity)


def a_session() -> SessionId:
    return SessionId(new_id())


async def taken(limiter: RedisRateLimiter, bucket: Bucket, times: int) -> int:
    answers = [await limiter.admit([bucket], None) for _ in range(times)]
    return sum(answer.refused_by is None for answer in answers)


async def until_asked_again(limiter: RedisRateLimiter) -> None:
    """A pause, and one more whenever a busy machine keeps Redis from answering in time."""
    async with asyncio.timeout(20):
        while limiter._away_until:
            await asyncio.sleep(PAUSE_S + TICK_S)
            await limiter.admit([], None)


async def test_without_redis_the_strict_buckets_of_the_process_apply(valkey: ValkeyServer) -> None:
    valkey.stop()
    begun = time.monotonic()

    async with limiting(valkey) as limiter:
        assert await taken(limiter, a_bucket(capacity=10, strict_capacity=2), times=5) == 2
        assert (await limiter.admit([], a_session())).is_revoked is None
    assert time.monotonic() - begun < SOON_S
    valkey.start()


async def test_a_frozen_redis_costs_one_request_a_moment_and_the_next_ones_nothing(
    valkey: ValkeyServer,
) -> None:
    async with limiting(valkey) as limiter:
        await limiter.admit([a_bucket()], None)
        valkey.freeze()

        begun = time.monotonic()
        first = await limiter.admit([a_bucket()], a_session())
        first_s = time.monotonic() - begun
        begun = time.monotonic()
        for _ in range(20):
            await limiter.admit([a_bucket()], a_session())
        others_s = time.monotonic() - begun
        valkey.thaw()

    assert first.refused_by is None
    assert first.is_revoked is None
    assert first_s < SOON_S
    assert others_s < 10 * TIMEOUT_S


async def test_everybody_in_flight_when_redis_freezes_goes_on_together(
    valkey: ValkeyServer,
) -> None:
    async with limiting(valkey) as limiter:
        await limiter.admit([a_bucket()], None)
        valkey.freeze()

        begun = time.monotonic()
        answers = await asyncio.gather(*(limiter.admit([a_bucket()], None) for _ in range(100)))
        valkey.thaw()

    assert time.monotonic() - begun < SOON_S
    assert all(answer.refused_by is None for answer in answers)


async def test_after_the_pause_one_request_finds_out_and_all_share_again(
    valkey: ValkeyServer,
) -> None:
    bucket = a_bucket(capacity=6, strict_capacity=1)
    async with limiting(valkey) as limiter, limiting(valkey) as other:
        await limiter.admit([bucket], None)
        valkey.freeze()
        await limiter.admit([bucket], None)
        valkey.thaw()

        await until_asked_again(limiter)

        assert await taken(limiter, bucket, times=3) == 3
        # Redis, thawed, may still have run the question to which nobody listened any more.
        assert await taken(other, bucket, times=3) in {1, 2}


@pytest.mark.parametrize("ending", ["stop", "kill"])
async def test_a_restarted_redis_is_used_again_but_not_trusted_with_older_sessions(
    valkey: ValkeyServer, ending: str
) -> None:
    await age(valkey)
    session = a_session()
    async with limiting(valkey) as limiter:
        before = await limiter.admit([], session)
        getattr(valkey, ending)()
        meanwhile = await limiter.admit([], session)
        valkey.start()

        await until_asked_again(limiter)
        after = await limiter.admit([], session)

        assert (before.is_revoked, meanwhile.is_revoked, after.is_revoked) == (False, None, None)
        assert await limiter.is_there()


async def test_an_announcement_that_redis_missed_makes_every_process_ask_the_rows(
    valkey: ValkeyServer,
) -> None:
    await age(valkey)
    ended = a_session()
    async with limiting(valkey) as here, limiting(valkey) as there:
        await here.admit([], None)
        valkey.freeze()
        await here.announce_revoked([ended])
        valkey.thaw()

        known_here = await here.admit([], ended)
        await until_asked_again(here)

        assert known_here.is_revoked is True
        assert (await here.admit([], ended)).is_revoked is True
        assert (await there.admit([], ended)).is_revoked is not False


async def test_an_announcement_during_the_pause_is_told_to_redis_later(
    valkey: ValkeyServer,
) -> None:
    await age(valkey)
    ended = a_session()
    async with limiting(valkey) as here, limiting(valkey) as there:
        valkey.freeze()
        await here.admit([], None)
        valkey.thaw()
        await here.announce_revoked([ended])

        await until_asked_again(here)

        assert (await there.admit([], ended)).is_revoked is not False
        assert (await there.admit([], a_session())).is_revoked is not True


async def test_a_redis_that_is_full_is_as_good_as_away(valkey: ValkeyServer) -> None:
    async with (
        limiting(valkey) as limiter,
        redis.asyncio.Redis.from_url(valkey.url) as client,
    ):
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1")

        assert await taken(limiter, a_bucket(capacity=10, strict_capacity=2), times=5) == 2


async def test_a_wrong_password_is_as_good_as_no_redis(valkey: ValkeyServer) -> None:
    async with redis.asyncio.Redis.from_url(valkey.url) as client:
        await client.config_set("requirepass", "right")

    async with limiting(valkey) as limiter:
        assert await taken(limiter, a_bucket(capacity=10, strict_capacity=2), times=5) == 2
        assert not await limiter.is_there()


async def test_a_request_that_is_given_up_does_not_disturb_the_others(
    valkey: ValkeyServer,
) -> None:
    bucket = a_bucket(capacity=100)
    async with limiting(valkey) as limiter:
        await limiter.admit([bucket], None)

        given_up = asyncio.create_task(limiter.admit([bucket], None))
        others = [asyncio.create_task(limiter.admit([bucket], None)) for _ in range(10)]
        await asyncio.sleep(0)
        given_up.cancel()
        answers = await asyncio.gather(*others)

        assert sorted(answer.levels[0].remaining for answer in answers) == list(range(88, 98))


async def test_a_busy_event_loop_is_not_taken_for_a_frozen_redis(valkey: ValkeyServer) -> None:
    bucket = a_bucket(capacity=10, strict_capacity=1)
    async with limiting(valkey) as limiter:
        await limiter.admit([bucket], None)

        asked = asyncio.create_task(limiter.admit([bucket], None))
        await asyncio.sleep(0)
        time.sleep(2 * TIMEOUT_S)  # noqa: ASYNC251 - the stall is what is tested

        assert (await asked).levels[0].remaining == 8
