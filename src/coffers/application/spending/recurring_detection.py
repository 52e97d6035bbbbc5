"""Finding recurring payments in a user's history, and missing those that did not come."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from coffers.application.ports import Clock
from coffers.application.spending.recurring import RecurringLookups
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import SYSTEM, UserId, new_id
from coffers.domain.jobs import Job
from coffers.domain.live.events import Event
from coffers.domain.spending.recurring import (
    MAX_SERIES,
    Found,
    RecurringState,
    Series,
    series_of,
)
from coffers.domain.spending.recurring_detection import detect

#: The kinds of the jobs that look for recurring payments, and for those that were missed.
DETECTION: Final = "recurring_detection"
MISSING: Final = "missed_payments"
#: So far back history is looked at: three yearly payments, the last of them late.
LOOK_BACK: Final = timedelta(days=1_100)
#: The newest movements that are looked at.
MAX_MOVEMENTS: Final = 50_000
#: What changes one after the other is looked at together.
SETTLING: Final = timedelta(seconds=10)
#: Users that one look for missed payments takes at a time.
BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Detection:
    """What a look at the history came to; `is_whole` unless there were more movements than fit."""

    found: int
    added: int
    renewed: int
    gone: int
    movements: int
    is_whole: bool


async def enqueue_detection(uow: UnitOfWork, user_id: UserId, now: datetime) -> None:
    """Within the open transaction: look at the history soon, once for many changes."""
    # One look for each stretch of time, well after its end: what asked for it is committed by then.
    stretch = int(now.timestamp() // SETTLING.total_seconds())
    run_at = datetime.fromtimestamp((stretch + 2) * SETTLING.total_seconds(), UTC)
    job = Job(new_id(), DETECTION, {}, run_at, user_id)
    await uow.jobs.enqueue(job, dedupe_key=f"{DETECTION}:{user_id}:{stretch}")


async def detect_recurring(
    uow: UnitOfWork, lookups: RecurringLookups, clock: Clock, user_id: UserId
) -> Detection:
    """Bring what is held of a user's recurring payments up to their history, in one commit."""
    now = clock.now()
    since = (now - LOOK_BACK).date()
    movements = await lookups.movements(user_id, since, MAX_MOVEMENTS + 1)
    is_whole = len(movements) <= MAX_MOVEMENTS
    found = await asyncio.to_thread(detect, movements[:MAX_MOVEMENTS])
    async with uow:
        await uow.recurring.lock(user_id)
        today = await today_of(uow, user_id, now)
        held = _Held(await uow.recurring.all(user_id))
        added, renewed = await _hold(uow, user_id, held, found, today, now)
        gone = await _let_go(uow, held.left(), now)
        await uow.commit()
    count = min(len(movements), MAX_MOVEMENTS)
    return Detection(len(found), added, renewed, gone, count, is_whole)


async def today_of(uow: UnitOfWork, user_id: UserId, now: datetime) -> date:
    """The user's day."""
    user = await uow.users.get(user_id)
    return now.astimezone(ZoneInfo(user.time_zone)).date()


class _Held:
    """The series that are held; each is found again by its key, or by its evidence."""

    def __init__(self, series: Sequence[Series]) -> None:
        #: How many more there is room for.
        self.room = max(0, MAX_SERIES - len(series))
        self._left = {each.id: each for each in series}
        self._by_key = {each.key: each for each in series}
        self._by_evidence = {each: one for one in series for each in one.evidence}

    def take(self, found: Found) -> Series | None:
        """The one that this is, which nobody else is then."""
        known = self._by_key.get(found.key.hash)
        if known is None:
            known = next(filter(None, map(self._by_evidence.get, found.evidence)), None)
        return None if known is None else self._left.pop(known.id, None)

    def is_dismissed(self, found: Found) -> bool:
        """Whether it is what was dismissed under another key."""
        known = filter(None, map(self._by_evidence.get, found.evidence))
        return any(each.state is RecurringState.DISMISSED for each in known)

    def left(self) -> list[Series]:
        """Those that nothing was found of."""
        return list(self._left.values())


async def _hold(
    uow: UnitOfWork,
    user_id: UserId,
    held: _Held,
    found: Sequence[Found],
    today: date,
    now: datetime,
) -> tuple[int, int]:
    """Answers how many are new, and of how many there is news."""
    new: list[Series] = []
    renewed = 0
    for each in found:
        known = held.take(each)
        if known is None:
            if len(new) < held.room and not held.is_dismissed(each):
                new.append(series_of(user_id, each, today, now))
                _tell_price(uow, new[-1], each)
            continue
        told = known.told(each, today)
        if told != known:
            renewed += 1
            stored = await uow.recurring.update(replace(told, updated_at=now))
            if told.evidence[:1] != known.evidence[:1]:
                _tell_price(uow, stored, each)
    await uow.recurring.add(new)
    uow.record(*(Event("RecurringDetected", user_id, each.id, {"name": each.name}) for each in new))
    return len(new), renewed


def _tell_price(uow: UnitOfWork, series: Series, found: Found) -> None:
    if not found.has_new_price or series.state is RecurringState.DISMISSED:
        return
    if series.expected_on is None:
        return
    details = {
        "name": series.name,
        "amount": format(found.amount, "f"),
        "previous_amount": format(found.previous_amount or found.amount, "f"),
        "currency": series.currency,
        "transaction_id": str(found.evidence[0]),
    }
    uow.record(Event("RecurringPriceChanged", series.user_id, series.id, details))


async def _let_go(uow: UnitOfWork, left: Sequence[Series], now: datetime) -> int:
    """What its owner never looked at is forgotten; the rest has no evidence any more."""
    forgotten = [each for each in left if each.state is RecurringState.DETECTED and not each.chosen]
    await uow.recurring.remove(forgotten)
    kept = [each for each in left if each not in forgotten and each.evidence]
    for each in kept:
        if each.state is not RecurringState.DISMISSED:
            await uow.recurring.update(replace(each.without_evidence(), updated_at=now))
    return len(forgotten)


async def tell_missed(uow: UnitOfWork, lookups: RecurringLookups, clock: Clock) -> None:
    """Say of every payment that did not come by its day and grace that it was missed, once."""
    # Somewhere it is tomorrow already.
    before, after = clock.now().date() + timedelta(days=1), SYSTEM
    while True:
        async with uow:
            users = await uow.recurring.late(before, after, BATCH)
        for user_id in users:
            await _tell_missed_of(uow, lookups, clock, user_id)
        if len(users) < BATCH:
            return
        after = users[-1]


async def _tell_missed_of(
    uow: UnitOfWork, lookups: RecurringLookups, clock: Clock, user_id: UserId
) -> None:
    # What came in the meantime was not missed.
    await detect_recurring(uow, lookups, clock, user_id)
    async with uow:
        await uow.recurring.lock(user_id)
        now = clock.now()
        today = await today_of(uow, user_id, now)
        heard = await uow.recurring.heard_until(user_id)
        for series in await uow.recurring.all(user_id):
            if series.state is not RecurringState.DISMISSED:
                await _give_up(uow, series, _known_day(series, heard, today), now)
        await uow.commit()


def _known_day(series: Series, heard: dict[UUID, datetime | None], today: date) -> date:
    """Until when the account would tell: one that was not synced since says nothing."""
    if series.account_id not in heard:
        return today
    last = heard[series.account_id]
    return date.min if last is None else min(today, last.astimezone(UTC).date())


async def _give_up(uow: UnitOfWork, series: Series, today: date, now: datetime) -> None:
    waiting = series
    while waiting.is_late(today):
        uow.record(_missed_event(waiting))
        waiting = waiting.missed()
    if waiting != series:
        await uow.recurring.update(replace(waiting, updated_at=now))


def _missed_event(series: Series) -> Event:
    details = {
        "name": series.name,
        "expected_on": str(series.expected_on),
        "amount": format(series.amount, "f"),
        "currency": series.currency,
    }
    return Event("RecurringPaymentMissed", series.user_id, series.id, details)
