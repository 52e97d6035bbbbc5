"""Schedules: when connections are synced by themselves, and how many at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from coffers.domain.errors import DomainError, TooManyRequests
from coffers.domain.ids import UserId

if TYPE_CHECKING:
    from coffers.domain.linking.connections import Connection

#: How often a connection is synced by itself, give or take a tenth.
INTERVAL: Final = timedelta(hours=6)
#: A new link is synced by itself this long after it was made, unless its owner does so before.
FIRST_AFTER: Final = timedelta(minutes=10)
#: Scheduled syncs of one provider that run or wait in the queue, over all workers together.
MAX_AT_ONCE: Final = 4
#: How often it is looked whose turn it is.
LOOK_EVERY: Final = timedelta(seconds=30)
#: Syncs whose process died, ended in one look.
MAX_ORPHANS: Final = 50
_FIRST_DELAY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Turn:
    """A connection whose sync is due."""

    user_id: UserId
    connection_id: UUID
    provider_slug: str


class Schedules(Protocol):
    """Whose turn it is, over all users."""

    async def turns(self, now: datetime, at_once: int) -> list[Turn]:
        """The active connections that are due, the longest due of each provider first.

        Of each provider so many that with those syncing now there are at most `at_once`. Nobody's
        whose account here is inactive.
        """
        ...

    async def orphans(self, now: datetime, limit: int) -> list["Connection"]:
        """Connections held by a sync whose lease ran out, locked; not those that others lock."""
        ...


def next_regular(now: datetime, chance: float) -> datetime:
    """When a connection that was synced is due again; `chance` is from 0 to 1."""
    return now + INTERVAL * (0.9 + 0.2 * chance)


def next_after_failure(
    now: datetime, failures: int, refusal: DomainError, chance: float
) -> datetime:
    """When to try again after so many failures in a row: 5 minutes, doubling, at most 6 hours.

    After none at once. Never before the upstream wants to be asked again. `chance` adds up to a
    tenth, so that what failed together does not come back together.
    """
    delay = min(_FIRST_DELAY * float(2 ** min(failures - 1, 20)), INTERVAL) * (failures > 0)
    if isinstance(refusal, TooManyRequests):
        delay = max(delay, timedelta(seconds=refusal.retry_after_s))
    return now + delay * (1 + chance / 10)
