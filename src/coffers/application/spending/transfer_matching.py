"""Finding transfers around what changed, a few weeks of one user at a time."""

import asyncio
import functools
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from coffers.application.ports import Clock
from coffers.application.spending.budget_checks import enqueue_check
from coffers.application.spending.recurring_detection import enqueue_detection
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import Job
from coffers.domain.live.events import Event
from coffers.domain.markets.rates import ExchangeRates
from coffers.domain.spending.transfer_matching import (
    DAYS_APART,
    REACH,
    Matching,
    RateOf,
    match,
    match_across,
    windows,
)
from coffers.domain.spending.transfers import (
    Leg,
    MatchedBy,
    Pair,
    Transfer,
    TransferStatus,
    event_of,
    transfer_of,
)

#: The kind of the job that looks for transfers.
MATCHING: Final = "transfer_matching"


async def movements_changed(
    uow: UnitOfWork, user_id: UserId, *, now: datetime, ids: Sequence[UUID] | None = None
) -> bool:
    """Within the open transaction, after movements were added, changed or deleted at `now`.

    Transfers that can no longer stand are forgotten and their legs freed; what else the change
    means for transfers is worked out after the commit. `ids` are the movements, if they are few.
    Answers whether legs were freed.
    """
    broken = await uow.transfers.broken(user_id, ids)
    if broken:
        await uow.transfers.remove(broken, now=now)
        uow.record(*(event_of("TransferReleased", each) for each in broken if _counts(each)))
    await enqueue_matching(uow, user_id, now=now)
    await enqueue_check(uow, user_id, now)
    return bool(broken)


async def enqueue_matching(
    uow: UnitOfWork, user_id: UserId, *, now: datetime, days: Sequence[date] = ()
) -> None:
    """Within the open transaction: look at these days again, or at what changed since `now`."""
    told = [day.isoformat() for day in days]
    payload: dict[str, object] = {"since": now.isoformat(), "days": told}
    await uow.jobs.enqueue(Job(new_id(), MATCHING, payload, now, user_id))


async def match_movements(uow: UnitOfWork, rates: ExchangeRates, clock: Clock, job: Job) -> None:
    """Bring what is held of transfers up to what changed; again does no harm."""
    for first, last in windows(await _days(uow, job)):
        async with uow:
            await uow.transfers.lock(job.user_id)
            await _match_window(uow, rates, job.user_id, (first, last), clock.now())
            # What is no transfer may be regular; what is one is nothing that recurs.
            await enqueue_detection(uow, job.user_id, clock.now())
            await uow.commit()


async def _days(uow: UnitOfWork, job: Job) -> list[date]:
    told = job.payload["days"]
    if isinstance(told, list) and told:
        return [date.fromisoformat(str(day)) for day in told]
    async with uow:
        since = datetime.fromisoformat(str(job.payload["since"]))
        return await uow.transfers.changed_days(job.user_id, since)


async def _match_window(
    uow: UnitOfWork,
    rates: ExchangeRates,
    user_id: UserId,
    window: tuple[date, date],
    now: datetime,
) -> None:
    near = window[0] - DAYS_APART, window[1] + DAYS_APART
    far = window[0] - REACH, window[1] + REACH
    judged = await uow.transfers.judged(user_id, *far)
    rejected = {each.key for each in judged if each.status is TransferStatus.REJECTED}
    legs = await uow.transfers.candidates(user_id, *far)
    rate_of = await _rates(rates, user_id, legs)
    # Out of the way of everybody else: thousands of legs take their time.
    found = await asyncio.to_thread(match, legs, rejected)
    across = await asyncio.to_thread(match_across, legs, rate_of, rejected)
    found = Matching(_touching(found.certain, near), _touching(found.possible + across, near))
    suggested = await uow.transfers.judged(user_id, *near)
    suggested = [each for each in suggested if each.status is TransferStatus.SUGGESTED]
    await _keep(uow, user_id, found, suggested, now)


async def _keep(
    uow: UnitOfWork,
    user_id: UserId,
    found: Matching,
    suggested: Collection[Transfer],
    now: datetime,
) -> None:
    """The certain pairs are transfers; the possible ones, and only they, are suggested."""
    certain = await _unchanged(uow, user_id, found.certain)
    possible = {pair.key for pair in found.possible}
    await uow.transfers.remove([each for each in suggested if each.key not in possible], now=now)
    known = {each.key for each in suggested}
    confirmed = [_found(user_id, pair, TransferStatus.CONFIRMED, now) for pair in certain]
    new = [pair for pair in found.possible if pair.key not in known]
    await uow.transfers.add(
        [*confirmed, *(_found(user_id, pair, TransferStatus.SUGGESTED, now) for pair in new)]
    )
    uow.record(*(event_of("TransferMatched", each) for each in confirmed))
    if new:
        uow.record(Event("TransfersSuggested", user_id, details={"count": len(new)}))


async def _unchanged(uow: UnitOfWork, user_id: UserId, pairs: Sequence[Pair]) -> list[Pair]:
    """Those whose legs, locked now, are what was judged; a change has its own job to come."""
    legs = await uow.transfers.legs(user_id, [each for pair in pairs for each in pair.key])
    return [
        pair
        for pair in pairs
        if (legs.get(pair.outgoing.id), legs.get(pair.incoming.id))
        == (pair.outgoing, pair.incoming)
    ]


def _found(user_id: UserId, pair: Pair, status: TransferStatus, now: datetime) -> Transfer:
    return transfer_of(user_id, pair, status, MatchedBy.RULE, now)


async def _rates(rates: ExchangeRates, user_id: UserId, legs: Sequence[Leg]) -> RateOf:
    if len({leg.currency for leg in legs}) < 2:  # noqa: PLR2004 - one currency has no other
        return lambda *_: None
    book = await rates.book(user_id, legs[0].day, legs[-1].day)

    @functools.cache
    def rate_of(base: str, quote: str, day: date) -> Decimal | None:
        found = book.rate(base, quote, day)
        return None if found is None else found.rate

    return rate_of


def _touching(pairs: Iterable[Pair], days: tuple[date, date]) -> list[Pair]:
    first, last = days
    return [
        pair
        for pair in pairs
        if first <= pair.outgoing.day <= last or first <= pair.incoming.day <= last
    ]


def _counts(transfer: Transfer) -> bool:
    return transfer.status is TransferStatus.CONFIRMED
