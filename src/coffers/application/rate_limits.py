"""Buckets of tokens and the door behind them: what limits how often somebody may ask."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from coffers.domain.ids import SessionId


@dataclass(frozen=True, slots=True)
class Bucket:
    """A token bucket to take one token from.

    `key` names policy and identity; `strict_capacity` applies while the shared store is away.
    """

    policy: str
    key: str
    capacity: int
    refill_per_minute: int
    strict_capacity: int


@dataclass(frozen=True, slots=True)
class Level:
    """How full a bucket is after the taking.

    `reset_s` is until full, `retry_after_s` until the next token.
    """

    policy: str
    capacity: int
    refill_per_minute: int
    remaining: int
    reset_s: float
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer at the door.

    `refused_by` is the first empty bucket; `is_revoked` is None when only the session row knows.
    """

    levels: Sequence[Level]
    refused_by: Level | None
    is_revoked: bool | None


class RateLimiter(Protocol):
    """Buckets and revocations, asked together."""

    async def admit(self, buckets: Sequence[Bucket], session_id: SessionId | None) -> Admission:
        """Take one token from each bucket in turn, until one is empty.

        Never fails for want of the shared store.
        """
        ...

    async def announce_revoked(self, session_ids: Sequence[SessionId]) -> None:
        """From now on, and for the life of an access token, these sessions are over."""
        ...
