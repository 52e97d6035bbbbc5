"""What both rate limiters promise, the one in Redis and its twin in the process."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import redis.asyncio

from coffers.application.rate_limits import Bucket, RateLimiter
from coffers.domain.ids import SessionId, new_id
from coffers.infrastructure.in_process import rate_limiter as in_process
from coffers.infrastructure.in_process.rate_limiter import InProcessBuckets, InProcessRateLimiter
from coffers.infrastructure.in_process.remembered import KEPT_S
from coffers.infrastructure.in_process.revoked_sessions import RevokedSessions
from coffers.infrastructure.redis.line import Line
from coffers.infrastructure.redis.rate_limiter import CHUNK, RedisRateLimiter
from tests import servers

LIMITERS = ("in_process", "redis")


@dataclass
class Limiting:
    """A limiter with the knowledge it is fed with."""

    limiter: RateLimiter
    revoked: RevokedSessions

    async def takes(self, *buckets: Bucket) -> bool:
        return (await self.limiter.admit(buckets, None)).refused_by is None

    async def is_revoked(self, session_id: SessionId) -> bool | None:
        return (await self.limiter.admit([], session_id)).is_revoked


@pytest.fixture
async def store() -> AsyncIterator[redis.asyncio.Redis]:
    """An empty Valkey that was born long ago."""
    client = redis.asyncio.Redis.from_url(servers.valkey_url())
    await client.flushdb()
    await client.set("coffers:born", int(time.time() - 2 * KEPT_S))
    yield client
    await client.aclose()


@pytest.fixture(params=LIMITERS)
async def limiting(
    request: pytest.FixtureRequest, store: redis.asyncio.Redis
) -> AsyncIterator[Limiting]:
    revoked = RevokedSessions()
    if request.param == "redis":
        line = Line(servers.valkey_url())
        yield Limiting(RedisRateLimiter(line, revoked), revoked)
        await line.close()
    else:
        revoked.is_all()
        yield Limiting(InProcessRateLimiter(revoked), revoked)


def a_bucket(capacity: int = 3, refill_per_minute: int = 3, policy: str = "P") -> Bucket:
    return Bucket(policy, f"{policy}:{uuid4()}", capacity, refill_per_minute, capacity)


def a_session(age: timedelta = timedelta()) -> SessionId:
    begun_ms = int((time.time() - age.total_seconds()) * 1000)
    return SessionId(UUID(int=new_id().int & ((1 << 80) - 1) | begun_ms << 80))


async def test_a_full_bucket_gives_its_capacity_and_then_refuses(limiting: Limiting) -> None:
    bucket = a_bucket(capacity=3)

    taken = [await limiting.takes(bucket) for _ in range(4)]

    assert taken == [True, True, True, False]


async def test_the_level_tells_what_is_left_and_when_the_next_token_comes(
    limiting: Limiting,
) -> None:
    bucket = a_bucket(capacity=2, refill_per_minute=6)

    first = await limiting.limiter.admit([bucket], None)
    await limiting.limiter.admit([bucket], None)
    third = await limiting.limiter.admit([bucket], None)

    (level,) = first.levels
    assert (level.policy, level.capacity, level.refill_per_minute) == ("P", 2, 6)
    assert level.remaining == 1
    assert level.reset_s == pytest.approx(10, abs=3)
    assert third.refused_by == third.levels[-1]
    assert third.levels[-1].remaining == 0
    assert third.levels[-1].reset_s == pytest.approx(20, abs=3)
    assert third.levels[-1].retry_after_s == pytest.approx(10, abs=3)


async def test_a_bucket_refills_evenly_and_never_beyond_its_capacity(limiting: Limiting) -> None:
    bucket = a_bucket(capacity=2, refill_per_minute=600)
    while await limiting.takes(bucket):
        pass

    await asyncio.sleep(0.11)
    after_one_interval = await limiting.takes(bucket)
    await asyncio.sleep(0.5)
    begun = time.monotonic()
    taken = [await limiting.takes(bucket) for _ in range(3)]
    is_next_due = time.monotonic() - begun > 0.1

    assert after_one_interval
    assert taken[:2] == [True, True]
    assert not taken[2] or is_next_due


async def test_buckets_are_charged_in_turn_until_one_is_empty(limiting: Limiting) -> None:
    door, narrow = a_bucket(10, policy="DOOR"), a_bucket(1, policy="NARROW")
    behind = a_bucket(10, policy="BEHIND")
    await limiting.takes(narrow)

    refused = await limiting.limiter.admit([door, narrow, behind], None)

    assert refused.refused_by is not None
    assert refused.refused_by.policy == "NARROW"
    assert [level.policy for level in refused.levels] == ["DOOR", "NARROW"]
    assert refused.levels[0].remaining == 9
    untouched = await limiting.limiter.admit([behind], None)
    assert untouched.levels[0].remaining == 9


async def test_identities_have_buckets_of_their_own(limiting: Limiting) -> None:
    hers, his = a_bucket(1), a_bucket(1)

    assert await limiting.takes(hers)
    assert not await limiting.takes(hers)
    assert await limiting.takes(his)


async def test_a_bucket_that_was_made_smaller_takes_effect_at_once(limiting: Limiting) -> None:
    wide = a_bucket(100)
    await limiting.takes(wide)
    narrow = Bucket(wide.policy, wide.key, 1, 1, 1)

    taken = [await limiting.takes(narrow) for _ in range(2)]

    assert taken == [True, False]


async def test_fifty_at_once_get_exactly_the_tokens_that_there_are(limiting: Limiting) -> None:
    bucket = a_bucket(capacity=20, refill_per_minute=1)

    taken = await asyncio.gather(*(limiting.takes(bucket) for _ in range(50)))

    assert sum(taken) == 20


async def test_fifty_questions_at_once_get_each_its_own_answer(limiting: Limiting) -> None:
    buckets = [a_bucket(capacity=number) for number in range(1, 51)]

    answers = await asyncio.gather(*(limiting.limiter.admit([each], None) for each in buckets))

    assert [answer.levels[0].remaining for answer in answers] == list(range(50))


async def test_a_request_of_nobody_is_nobody_s_revoked_session(limiting: Limiting) -> None:
    assert (await limiting.limiter.admit([], None)).is_revoked is False


async def test_an_announced_session_is_over_at_once_and_others_are_not(limiting: Limiting) -> None:
    ended, live = a_session(), a_session()

    await limiting.limiter.announce_revoked([ended])

    assert await limiting.is_revoked(ended) is True
    assert await limiting.is_revoked(live) is False


async def test_a_session_that_the_watch_finds_over_is_over(limiting: Limiting) -> None:
    ended = a_session()

    limiting.revoked.add([ended])

    assert await limiting.is_revoked(ended) is True


async def test_more_sessions_than_one_message_holds_are_announced(limiting: Limiting) -> None:
    ended = [a_session() for _ in range(CHUNK + 1)]

    await limiting.limiter.announce_revoked(ended)

    assert [await limiting.is_revoked(each) for each in (ended[0], ended[-1])] == [True, True]


async def test_an_empty_bucket_does_not_hide_a_revocation(limiting: Limiting) -> None:
    ended, bucket = a_session(), a_bucket(1)
    await limiting.limiter.announce_revoked([ended])
    await limiting.takes(bucket)

    refused = await limiting.limiter.admit([bucket], ended)

    assert refused.refused_by is not None
    assert refused.is_revoked is True


async def test_another_process_hears_of_a_revocation_and_shares_the_buckets(
    store: redis.asyncio.Redis,
) -> None:
    here, there = Line(servers.valkey_url()), Line(servers.valkey_url())
    one = RedisRateLimiter(here, RevokedSessions())
    other = RedisRateLimiter(there, RevokedSessions())
    ended, bucket = a_session(), a_bucket(1)

    await one.announce_revoked([ended])
    await one.admit([bucket], None)
    seen = await other.admit([bucket], ended)

    assert seen.is_revoked is True
    assert seen.refused_by is not None
    await here.close()
    await there.close()


async def test_everything_in_redis_but_its_birth_expires(store: redis.asyncio.Redis) -> None:
    line = Line(servers.valkey_url())
    limiter = RedisRateLimiter(line, RevokedSessions())
    await limiter.announce_revoked([a_session()])
    await limiter.admit([a_bucket(capacity=3, refill_per_minute=3)], None)

    lives = {key: await store.pttl(key) for key in await store.keys("*")}

    assert lives.pop(b"coffers:born") == -1
    assert len(lives) == 2
    (bucket,) = [life for key, life in lives.items() if b"bucket" in key]
    (mark,) = [life for key, life in lives.items() if b"revoked" in key]
    assert 0 < bucket <= 20_000
    assert 900_000 < mark <= 960_000
    await line.close()


async def test_a_young_redis_leaves_older_sessions_to_their_rows(
    store: redis.asyncio.Redis,
) -> None:
    await store.flushdb()
    line = Line(servers.valkey_url())
    limiter = RedisRateLimiter(line, RevokedSessions())
    older = a_session(timedelta(minutes=5))

    first = await limiter.admit([], older)
    await store.set("coffers:born", int(time.time() - 60))

    assert first.is_revoked is None
    assert (await limiter.admit([], older)).is_revoked is None
    assert (await limiter.admit([], a_session())).is_revoked is False
    assert (await limiter.admit([], SessionId(uuid4()))).is_revoked is None
    await line.close()


async def test_a_script_that_redis_forgot_is_sent_again(store: redis.asyncio.Redis) -> None:
    line = Line(servers.valkey_url())
    limiter, bucket = RedisRateLimiter(line, RevokedSessions()), a_bucket(5)
    await limiter.admit([bucket], None)

    await store.script_flush()
    answers = await asyncio.gather(*(limiter.admit([bucket], None) for _ in range(3)))

    assert sorted(answer.levels[0].remaining for answer in answers) == [1, 2, 3]
    await line.close()


async def test_one_request_is_one_round_trip(store: redis.asyncio.Redis) -> None:
    line = Line(servers.valkey_url())
    limiter = RedisRateLimiter(line, RevokedSessions())
    await limiter.admit([a_bucket()], a_session())
    before = (await store.info("commandstats"))["cmdstat_evalsha"]["calls"]
    total_before = (await store.info("stats"))["total_commands_processed"]

    await limiter.admit([a_bucket(), a_bucket()], a_session())

    total = (await store.info("stats"))["total_commands_processed"]
    after = (await store.info("commandstats"))["cmdstat_evalsha"]["calls"]
    inside_the_script = 7  # TIME, GET, EXISTS and, twice, GET and SET
    assert after - before == 1
    assert total - total_before <= 1 + inside_the_script + 3  # our own INFOs
    await line.close()


async def test_a_process_knows_nothing_of_sessions_that_ended_before_it_began() -> None:
    now = [1000.0]
    revoked = RevokedSessions(lambda: now[0])
    limiting = Limiting(InProcessRateLimiter(revoked, lambda: now[0]), revoked)
    revoked.is_all()
    older = a_session(timedelta(minutes=1))

    young = await limiting.is_revoked(older)
    now[0] += KEPT_S
    revoked.is_all()

    assert young is None
    assert await limiting.is_revoked(older) is False


async def test_a_process_without_news_from_the_watch_asks_the_rows() -> None:
    now = [1000.0]
    revoked = RevokedSessions(lambda: now[0])
    limiting = Limiting(InProcessRateLimiter(revoked, lambda: now[0]), revoked)
    live = a_session(-timedelta(minutes=1))

    never_heard = await limiting.is_revoked(live)
    revoked.is_all()
    just_heard = await limiting.is_revoked(live)
    now[0] += 2
    out_of_date = await limiting.is_revoked(live)

    assert (never_heard, just_heard, out_of_date) == (None, False, None)


def test_a_revocation_is_forgotten_when_no_access_token_can_be_left() -> None:
    now = [1000.0]
    revoked = RevokedSessions(lambda: now[0])
    ended, later = a_session(), a_session()
    revoked.add([ended])

    now[0] += KEPT_S
    revoked.add([later])
    is_kept_to_the_end = ended in revoked
    now[0] += 0.001
    revoked.add([later])

    assert is_kept_to_the_end
    assert ended not in revoked
    assert later in revoked


def test_beyond_the_limit_the_longest_unused_bucket_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(in_process, "MAX_BUCKETS", 2)
    buckets = InProcessBuckets()
    first, second, third = (a_bucket(1) for _ in range(3))

    for bucket in (first, second, third):
        buckets.take([bucket])

    assert buckets.take([third])[1] is not None
    assert buckets.take([first])[1] is None
