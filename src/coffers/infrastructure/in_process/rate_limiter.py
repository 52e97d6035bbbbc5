"""Token buckets and revocations in this process's memory."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from coffers.application.rate_limits import Admission, Bucket, Level, RateLimiter
from coffers.domain.ids import SessionId
from coffers.infrastructure.in_process.remembered import KEPT_S
from coffers.infrastructure.in_process.revoked_sessions import RevokedSessions, began_at

#: Buckets kept; beyond, the longest unused ones are forgotten, which only ever gives tokens back.
MAX_BUCKETS: Final = 100_000


class InProcessBuckets:
    """Token buckets: `capacity` tokens at most, refilled evenly; an untouched one is full."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(
        self, buckets: Sequence[Bucket], *, strict: bool = False
    ) -> tuple[list[Level], Level | None]:
        """One token from each in turn until one is empty.

        The levels, and the empty one's if any.
        """
        levels = []
        for bucket in buckets:
            level, is_allowed = self._take(bucket, strict=strict)
            levels.append(level)
            if not is_allowed:
                return levels, level
        return levels, None

    def _take(self, bucket: Bucket, *, strict: bool) -> tuple[Level, bool]:
        capacity = bucket.strict_capacity if strict else bucket.capacity
        now = self._seconds()
        tokens, since = self._buckets.pop(bucket.key, (float(capacity), now))
        per_second = bucket.refill_per_minute / 60
        tokens = min(float(capacity), tokens + (now - since) * per_second)
        is_allowed = tokens >= 1
        if is_allowed:
            tokens -= 1
        self._buckets[bucket.key] = (tokens, now)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return level_of(bucket, capacity, tokens), is_allowed


def level_of(bucket: Bucket, capacity: int, tokens: float) -> Level:
    """How a bucket with this many tokens is reported."""
    per_second = bucket.refill_per_minute / 60
    return Level(
        policy=bucket.policy,
        capacity=capacity,
        refill_per_minute=bucket.refill_per_minute,
        remaining=math.floor(tokens),
        reset_s=(capacity - tokens) / per_second,
        retry_after_s=max(0.0, (1 - tokens) / per_second),
    )


class InProcessRateLimiter(RateLimiter):
    """For a single service process, the only one that ends sessions but for commands beside it.

    What was revoked before it began it does not know: for older sessions the row decides, for the
    life of an access token.
    """

    def __init__(
        self, revoked: RevokedSessions, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._buckets = InProcessBuckets(seconds)
        self._revoked = revoked
        self._born = int(time.time() * 1000) / 1000  # as finely as ids tell it
        self._complete_from = seconds() + KEPT_S

    async def admit(self, buckets: Sequence[Bucket], session_id: SessionId | None) -> Admission:
        """As the port says."""
        levels, refused_by = self._buckets.take(buckets)
        return Admission(levels, refused_by, self._is_revoked(session_id))

    async def announce_revoked(self, session_ids: Sequence[SessionId]) -> None:
        """As the port says."""
        self._revoked.add(session_ids)

    def _is_revoked(self, session_id: SessionId | None) -> bool | None:
        if session_id is None:
            return False
        if session_id in self._revoked:
            return True
        is_complete = began_at(session_id) >= self._born or self._seconds() >= self._complete_from
        return False if is_complete and self._revoked.is_current else None
