"""Snapshots of portfolios: what was known of a day when it was taken. None is ever changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, NotFound
from coffers.domain.ids import UserId

#: Days that the schedule makes up for when nothing ran for a while.
MAX_MISSED: Final = 31
#: A back-fill that said nothing for so long has died.
SILENCE: Final = timedelta(hours=1)


class SnapshotOrigin(StrEnum):
    """Taken by the schedule when the day was over, or later because somebody asked."""

    SCHEDULE = "schedule"
    BACK_FILL = "back_fill"


@dataclass(frozen=True, slots=True)
class PortfolioSnapshot:
    """One portfolio at the end of one day, in `currency`; None is what was not known."""

    user_id: UserId
    portfolio_id: UUID
    day: date
    currency: str
    value: Decimal | None
    cost_basis: Decimal | None
    cash: Decimal | None
    inflow: Decimal | None
    outflow: Decimal | None
    income: Decimal | None
    origin: SnapshotOrigin
    captured_at: datetime


class FillState(StrEnum):
    """Where a back-fill stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BackFill:
    """The last back-fill of a portfolio, and how far it is. Days that have a snapshot keep it."""

    user_id: UserId
    portfolio_id: UUID
    first: date | None
    last: date | None
    state: FillState
    requested_at: datetime
    updated_at: datetime
    day_count: int = 0
    done_count: int = 0
    added_count: int = 0
    reason: str | None = None

    def is_under_way(self, now: datetime) -> bool:
        """Whether it will go on."""
        has_ended = self.state in {FillState.DONE, FillState.FAILED}
        return not has_ended and now - self.updated_at < SILENCE


class PortfolioSnapshots(Protocol):
    """Where snapshots and back-fills are kept."""

    async def add_missing(self, snapshots: Sequence[PortfolioSnapshot]) -> int:
        """Of days that have none yet; answers how many were added."""
        ...

    async def fill(self, user_id: UserId, portfolio_id: UUID) -> BackFill | None:
        """The last back-fill, locked for this transaction."""
        ...

    async def put_fill(self, fill: BackFill) -> None:
        """In the place of the one before."""
        ...

    async def remove_all(self, user_id: UserId, portfolio_id: UUID) -> None:
        """The portfolio is deleted: forget its snapshots and its back-fill."""
        ...


class BackFillNotFound(NotFound):
    """Nobody asked for a back-fill of this portfolio yet."""


class BackFillUnderWay(Conflict):
    """The portfolio is being filled: one at a time."""

    slug = "back_fill_under_way"
