"""Taking snapshots of portfolios: every day by schedule, and after the fact by back-fill."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from coffers.application.investing.series import exact_amount, series
from coffers.application.investing.snapshots import PortfolioSnapshotLookups, enqueue
from coffers.application.investing.valuing import BookPorts, book_of
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import DomainError, Unavailable
from coffers.domain.ids import UserId
from coffers.domain.investing.portfolios import PortfolioNotFound
from coffers.domain.investing.snapshots import (
    MAX_MISSED,
    BackFill,
    FillState,
    PortfolioSnapshot,
    SnapshotOrigin,
)
from coffers.domain.jobs import Job
from coffers.domain.live.events import Event
from coffers.domain.paging import TooManyRows

if TYPE_CHECKING:
    from coffers.domain.investing.spreads import Series
    from coffers.domain.investing.valuations import Valuation

#: The kinds of the jobs that look which portfolios lack a day, and that take what one lacks.
SNAPSHOTS: Final = "portfolio_snapshots"
TAKE: Final = "portfolio_snapshot"
SNAPSHOTS_EVERY: Final = timedelta(hours=1)
#: Portfolios that a look takes at a time, and days that are stored in one transaction.
BATCH: Final = 500
PART: Final = 250
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SnapshotPorts:
    """What snapshots are taken from, and where they are read."""

    books: BookPorts
    lookups: PortfolioSnapshotLookups


async def look_for_missing(uow: UnitOfWork, ports: SnapshotPorts) -> None:
    """Put every portfolio that lacks a snapshot of its owner's yesterday into the queue."""
    after: UUID | None = None
    while stands := await ports.lookups.stands(after, BATCH):
        now = ports.books.clock.now()
        async with uow:
            for each in stands:
                if each.last is None or each.last < _yesterday(now, each.time_zone):
                    await enqueue(uow, TAKE, each.user_id, each.portfolio_id, now)
            await uow.commit()
        after = stands[-1].portfolio_id


async def take_missing(uow: UnitOfWork, ports: SnapshotPorts, job: Job) -> None:
    """Take the snapshot of yesterday, and those that were missed on the days before."""
    portfolio_id = UUID(str(job.payload["portfolio_id"]))
    try:
        taken = await _missing(ports, job.user_id, portfolio_id)
    except (PortfolioNotFound, TooManyRows):
        return  # deleted meanwhile, or too large for any series
    if taken:
        async with uow:
            # Locked: who deletes it has done so before, or waits.
            await uow.portfolios.get(job.user_id, portfolio_id)
            added = await uow.portfolio_snapshots.add_missing(taken)
            uow.record(_told(taken, added))
            await uow.commit()


async def run_back_fill(uow: UnitOfWork, ports: SnapshotPorts, job: Job) -> None:
    """Fill the days that were asked for, part by part, and tell after each how far it is."""
    portfolio_id = UUID(str(job.payload["portfolio_id"]))
    reason = None
    try:
        fill = await ports.lookups.fill(job.user_id, portfolio_id)
        if fill is None or fill.state in {FillState.DONE, FillState.FAILED}:
            return
        await _fill(uow, ports, fill)
    except PortfolioNotFound:
        return
    except Unavailable:
        raise
    except DomainError as error:
        reason = str(error)
    await _end(uow, ports, job.user_id, portfolio_id, reason)


async def _missing(
    ports: SnapshotPorts, user_id: UserId, portfolio_id: UUID
) -> list[PortfolioSnapshot]:
    today = await _today(ports, user_id)
    first, last = today - MAX_MISSED * DAY, today - DAY
    known = await ports.lookups.between(user_id, portfolio_id, first, last)
    since = known[-1].date + DAY if known else last
    return await _taken(ports, user_id, portfolio_id, since, SnapshotOrigin.SCHEDULE)


async def _today(ports: SnapshotPorts, user_id: UserId) -> date:
    profile = (await ports.books.profiles.profile(user_id)).view
    return _yesterday(ports.books.clock.now(), profile.time_zone) + DAY


async def _taken(
    ports: SnapshotPorts,
    user_id: UserId,
    portfolio_id: UUID,
    first: date | None,
    origin: SnapshotOrigin,
    last: date | None = None,
) -> list[PortfolioSnapshot]:
    """Of these days, as far as they are over and anything is known of them."""
    now = ports.books.clock.now()
    _, book, today = await book_of(ports.books, user_id, portfolio_id)
    last = min(last or today, today - DAY)
    if book.first is None:
        return []
    first = max(first or book.first, book.first)
    if first > last:
        return []
    valuation = await series(book, first, last)
    return _of_days(valuation, user_id, portfolio_id, book.base_currency, origin, now)


def _of_days(
    valuation: "Valuation",
    user_id: UserId,
    portfolio_id: UUID,
    currency: str,
    origin: SnapshotOrigin,
    now: datetime,
) -> list[PortfolioSnapshot]:
    def cents(column: "Series") -> list[Decimal | None]:
        return [exact_amount(amount, currency) for amount in column.tolist()]

    columns = {
        "value": cents(valuation.value),
        "cost_basis": cents(valuation.cost),
        "cash": cents(valuation.cash),
        "inflow": cents(valuation.inflow),
        "outflow": cents(valuation.outflow),
        "income": cents(valuation.income),
    }
    return [
        PortfolioSnapshot(
            user_id=user_id,
            portfolio_id=portfolio_id,
            day=day,
            currency=currency,
            origin=origin,
            captured_at=now,
            **{name: column[place] for name, column in columns.items()},
        )
        for place, day in enumerate(valuation.days.all())
    ]


async def _fill(uow: UnitOfWork, ports: SnapshotPorts, fill: BackFill) -> None:
    taken = await _taken(
        ports, fill.user_id, fill.portfolio_id, fill.first, SnapshotOrigin.BACK_FILL, fill.last
    )
    fill = replace(fill, state=FillState.RUNNING, day_count=len(taken), done_count=0, added_count=0)
    for start in range(0, len(taken), PART):
        part = taken[start : start + PART]
        async with uow:
            await uow.portfolios.get(fill.user_id, fill.portfolio_id)
            added = await uow.portfolio_snapshots.add_missing(part)
            fill = _further(fill, len(part), added, ports.books.clock.now())
            await uow.portfolio_snapshots.put_fill(fill)
            uow.record(_told(part, added, fill))
            await uow.commit()


def _further(fill: BackFill, done: int, added: int, now: datetime) -> BackFill:
    return replace(
        fill,
        done_count=fill.done_count + done,
        added_count=fill.added_count + added,
        updated_at=now,
    )


async def _end(
    uow: UnitOfWork, ports: SnapshotPorts, user_id: UserId, portfolio_id: UUID, reason: str | None
) -> None:
    async with uow:
        fill = await uow.portfolio_snapshots.fill(user_id, portfolio_id)
        if fill is None:
            return
        state = FillState.DONE if reason is None else FillState.FAILED
        now = ports.books.clock.now()
        ended = replace(fill, state=state, reason=reason, updated_at=now)
        await uow.portfolio_snapshots.put_fill(ended)
        uow.record(Event("PortfolioBackFillEnded", user_id, portfolio_id, {"state": state.value}))
        await uow.commit()


def _yesterday(now: datetime, time_zone: str) -> date:
    return now.astimezone(ZoneInfo(time_zone)).date() - DAY


def _told(rows: Sequence[PortfolioSnapshot], added: int, fill: BackFill | None = None) -> Event:
    first, last = rows[0], rows[-1]
    details: dict[str, object] = {"first": str(first.day), "last": str(last.day), "added": added}
    if fill is not None:
        details |= {"done": fill.done_count, "of": fill.day_count}
    return Event("PortfolioSnapshotsTaken", first.user_id, first.portfolio_id, details)
