"""Token buckets and revocations in Redis, shared by all processes, asked in one round trip."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Final, cast

import structlog
from redis.exceptions import NoScriptError, RedisError

from coffers.application.rate_limits import Admission, Bucket, RateLimiter
from coffers.domain.ids import SessionId
from coffers.infrastructure.in_process.rate_limiter import InProcessBuckets, level_of
from coffers.infrastructure.in_process.remembered import KEPT_S
from coffers.infrastructure.in_process.revoked_sessions import RevokedSessions, began_at
from coffers.infrastructure.redis.line import Argument, Line, RedisAway

#: After a failure Redis is left alone for so long; then one request tries it again.
PAUSE_S: Final = 1.0
#: Sessions announced at once.
CHUNK: Final = 500
#: By how much the clocks of this machine and of Redis may differ.
CLOCKS_DIFFER_S: Final = 2.0

_BIRTH: Final = "coffers:born"
_REVOKED: Final = "coffers:revoked:"
_BUCKET: Final = "coffers:bucket:"
_MILLIONTHS: Final = 1_000_000

#: KEYS: the marker of Redis's birth, the session's mark, the buckets.
#: ARGV: 1 if copies of revocations were lost, which counts as a new birth; then capacity and tokens
#: a second of each bucket.
#: Answers: whether revoked, born at, now, whether all buckets had a token, what is left in each in
#: millionths.
_SCRIPT: Final = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local born = redis.call('GET', KEYS[1])
if not born or ARGV[1] == '1' then
  born = time[1]
  redis.call('SET', KEYS[1], born)
end
local answer = {redis.call('EXISTS', KEYS[2]), tonumber(born), math.floor(now), 1}
for i = 3, #KEYS do
  local capacity, per_second = tonumber(ARGV[2 * i - 4]), tonumber(ARGV[2 * i - 3])
  local tokens, since = capacity, now
  local kept = redis.call('GET', KEYS[i])
  if kept then
    tokens, since = struct.unpack('>dd', kept)
    tokens = math.min(capacity, tokens + math.max(0, now - since) * per_second)
  end
  if tokens >= 1 then
    tokens = tokens - 1
  else
    answer[4] = 0
  end
  local full_in_ms = math.ceil((capacity - tokens) / per_second * 1000)
  redis.call('SET', KEYS[i], struct.pack('>dd', tokens, now), 'PX', full_in_ms)
  answer[i + 2] = math.floor(tokens * 1000000)
  if answer[4] == 0 then break end
end
return answer
"""
_SHA: Final = hashlib.sha1(_SCRIPT.encode()).hexdigest()  # noqa: S324 - Redis's name for a script

log = structlog.get_logger("coffers.redis")


class RedisRateLimiter(RateLimiter):
    """While Redis is away, buckets of this process's own, the strict ones; then rows decide.

    A Redis younger than an access token's life may have lost revocations: only for sessions that
    began after its birth does it know them all.
    """

    def __init__(
        self, line: Line, revoked: RevokedSessions, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._line = line
        self._revoked = revoked
        self._seconds = seconds
        self._own = InProcessBuckets(seconds)
        self._away_until = 0.0
        #: How often an announcement was lost, and how many of those losses Redis knows of.
        self._lost = 0
        self._lost_told = 0

    async def admit(self, buckets: Sequence[Bucket], session_id: SessionId | None) -> Admission:
        """As the port says."""
        if self._may_ask():
            try:
                return await self._asked(buckets, session_id)
            except (RedisAway, RedisError) as error:
                self._note_away(error)
        levels, refused_by = self._own.take(buckets, strict=True)
        return Admission(levels, refused_by, self._without_redis(session_id))

    async def announce_revoked(self, session_ids: Sequence[SessionId]) -> None:
        """As the port says."""
        self._revoked.add(session_ids)
        is_told = False
        try:
            if self._may_ask():
                for start in range(0, len(session_ids), CHUNK):
                    await self._mark(session_ids[start : start + CHUNK])
                is_told = True
        except (RedisAway, RedisError) as error:
            self._note_away(error)
        finally:
            self._lost += 0 if is_told else 1

    async def is_there(self) -> bool:
        """Whether Redis answers at this moment."""
        try:
            await self._line.ask("PING")
        except (RedisAway, RedisError):
            return False
        return True

    async def _asked(self, buckets: Sequence[Bucket], session_id: SessionId | None) -> Admission:
        keys = [_BIRTH, f"{_REVOKED}{session_id}", *(_BUCKET + bucket.key for bucket in buckets)]
        lost = self._lost
        rates: list[Argument] = ["1" if lost > self._lost_told else "0"]
        for bucket in buckets:
            rates += (bucket.capacity, bucket.refill_per_minute / 60)
        is_revoked, born, now, has_tokens, *left = await self._run(keys, rates)
        self._note_there(lost)
        levels = [
            level_of(bucket, bucket.capacity, tokens / _MILLIONTHS)
            for bucket, tokens in zip(buckets, left, strict=False)
        ]
        known = True if is_revoked else self._unmarked(session_id, born, now)
        return Admission(levels, None if has_tokens else levels[-1], known)

    async def _run(self, keys: list[str], arguments: list[Argument]) -> list[int]:
        command = (len(keys), *keys, *arguments)
        try:
            answer = await self._line.ask("EVALSHA", _SHA, *command)
        except NoScriptError:
            answer = await self._line.ask("EVAL", _SCRIPT, *command)
        return cast("list[int]", answer)  # the script's own answer

    async def _mark(self, session_ids: Sequence[SessionId]) -> None:
        kept_s = int(KEPT_S)
        await asyncio.gather(
            *(self._line.ask("SET", f"{_REVOKED}{id_}", "1", "EX", kept_s) for id_ in session_ids)
        )

    def _unmarked(self, session_id: SessionId | None, born: int, now: int) -> bool | None:
        """What it means that Redis has no mark for the session."""
        if session_id is None:
            return False
        if session_id in self._revoked:
            return True
        is_complete = now - born >= KEPT_S or began_at(session_id) > born + CLOCKS_DIFFER_S
        return False if is_complete else None

    def _without_redis(self, session_id: SessionId | None) -> bool | None:
        if session_id is None:
            return False
        return True if session_id in self._revoked else None

    def _may_ask(self) -> bool:
        if not self._away_until:
            return True
        now = self._seconds()
        if now < self._away_until:
            return False
        self._away_until = now + PAUSE_S  # this request tries, the others go on without
        return True

    def _note_away(self, error: Exception) -> None:
        if not self._away_until:
            log.warning("redis is away", reason=type(error).__name__)
        self._away_until = self._seconds() + PAUSE_S

    def _note_there(self, lost_told: int) -> None:
        self._lost_told = max(self._lost_told, lost_told)
        if self._away_until:
            self._away_until = 0.0
            log.warning("redis is back")
