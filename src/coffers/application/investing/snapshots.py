"""Snapshots of portfolios: what was known of each day; back-fills of days that have none."""

from datetime import date, datetime
from typing import Annotated, Final, NamedTuple, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.investing.valuing import BookPorts
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.investing.snapshots import (
    BackFill,
    BackFillNotFound,
    BackFillUnderWay,
    FillState,
    SnapshotOrigin,
)
from coffers.domain.jobs import Job
from coffers.domain.live.events import Event
from coffers.domain.ranges import check_range

#: The kind of the jobs that fill a portfolio.
FILL: Final = "portfolio_back_fill"
Amount = Annotated[DecimalText | None, Meta(description="Null: not known when it was taken.")]


class PortfolioSnapshotView(msgspec.Struct, frozen=True):
    """A portfolio at the end of a day, as known at `captured_at`."""

    date: date
    currency: str
    value: Amount
    cost_basis: Amount
    cash: Amount
    inflow: Amount
    outflow: Amount
    income: Amount
    origin: SnapshotOrigin
    captured_at: Instant


class PortfolioSnapshotList(msgspec.Struct, frozen=True):
    """Day by day, oldest first."""

    snapshots: list[PortfolioSnapshotView]
    total_count: int


class BackFillView(msgspec.Struct, frozen=True, kw_only=True):
    """A back-fill and how far it is; days that have a snapshot are done, but not added."""

    state: FillState
    start_date: date | None
    end_date: date | None
    day_count: int
    done_count: int
    added_count: int
    reason: str | None
    requested_at: Instant
    updated_at: Instant


class Stand(NamedTuple):
    """A portfolio, its owner's time zone, and the last day that it has a snapshot of."""

    user_id: UserId
    portfolio_id: UUID
    time_zone: str
    last: date | None


class PortfolioSnapshotLookups(Protocol):
    """Snapshots to read."""

    async def between(
        self, user_id: UserId, portfolio_id: UUID, first: date | None, last: date | None
    ) -> list[PortfolioSnapshotView]:
        """Oldest first; None is open. Raises PortfolioNotFound, NotYours, TooManyRows."""
        ...

    async def fill(self, user_id: UserId, portfolio_id: UUID) -> BackFill | None:
        """The last back-fill; raises PortfolioNotFound, NotYours."""
        ...

    async def stands(self, after: UUID | None, limit: int) -> list[Stand]:
        """Everybody's portfolios, by id."""
        ...


async def list_snapshots(
    lookups: PortfolioSnapshotLookups,
    principal: Principal,
    portfolio_id: UUID,
    first: date | None,
    last: date | None,
) -> PortfolioSnapshotList:
    """Those of these days; raises PortfolioNotFound, NotYours, RangeInvalid, TooManyRows."""
    check_range(first, last)
    found = await lookups.between(principal.user_id, portfolio_id, first, last)
    return PortfolioSnapshotList(found, len(found))


async def get_back_fill(
    lookups: PortfolioSnapshotLookups, principal: Principal, portfolio_id: UUID
) -> BackFillView:
    """How far the last one is; raises PortfolioNotFound, NotYours, BackFillNotFound."""
    fill = await lookups.fill(principal.user_id, portfolio_id)
    if fill is None:
        raise BackFillNotFound("Nobody asked for a back-fill of this portfolio yet.")
    return _fill_view(fill)


async def start_back_fill(
    uow: UnitOfWork,
    ports: BookPorts,
    principal: Principal,
    portfolio_id: UUID,
    asked: tuple[date | None, date | None],
) -> BackFillView:
    """Have the days without a snapshot filled, from what is known now.

    Raises PortfolioNotFound, NotYours, RangeInvalid, BackFillUnderWay.
    """
    check_range(*asked)
    now = ports.clock.now()
    fill = BackFill(principal.user_id, portfolio_id, *asked, FillState.WAITING, now, now)
    async with uow:
        await uow.portfolios.get(principal.user_id, portfolio_id)
        before = await uow.portfolio_snapshots.fill(principal.user_id, portfolio_id)
        if before is not None and before.is_under_way(now):
            raise BackFillUnderWay("This portfolio is being filled: wait until that is done.")
        await uow.portfolio_snapshots.put_fill(fill)
        await enqueue(uow, FILL, principal.user_id, portfolio_id, now)
        uow.record(Event("PortfolioBackFillRequested", principal.user_id, portfolio_id))
        await uow.commit()
    return _fill_view(fill)


async def enqueue(
    uow: UnitOfWork, kind: str, user_id: UserId, portfolio_id: UUID, now: datetime
) -> None:
    """Within the open transaction: work on this portfolio, once for all who ask."""
    job = Job(new_id(), kind, {"portfolio_id": str(portfolio_id)}, now, user_id)
    await uow.jobs.enqueue(job, dedupe_key=f"{kind}:{portfolio_id}")


def _fill_view(fill: BackFill) -> BackFillView:
    return BackFillView(
        state=fill.state,
        start_date=fill.first,
        end_date=fill.last,
        day_count=fill.day_count,
        done_count=fill.done_count,
        added_count=fill.added_count,
        reason=fill.reason,
        requested_at=fill.requested_at,
        updated_at=fill.updated_at,
    )
