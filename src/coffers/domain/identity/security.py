"""Breach rotation: from which instant on refresh tokens count."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

MAX_GRACE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Refresh tokens issued before `valid_from` stop working at `enforced_from`.

    In between lies the grace period, in which they can still be traded for new ones.
    """

    id: UUID
    valid_from: datetime
    enforced_from: datetime


class Rotations(Protocol):
    """Where the rotations of the whole installation are kept."""

    async def add(self, rotation: Rotation) -> int:
        """How many there have been, this one included."""
        ...

    async def valid_from(self, now: datetime) -> datetime | None:
        """Tokens issued before this are void by now; None when none are."""
        ...
