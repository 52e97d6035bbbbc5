"""Recurring payments to read, and what their owner says of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Annotated, Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from coffers.application.identity.users import Profiles
from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.live.events import Event
from coffers.domain.spending.cadences import RHYTHMS, Cadence
from coffers.domain.spending.recurring import (
    Occurrence,
    RecurringKind,
    RecurringState,
    Series,
)

#: How far ahead one may look.
MAX_DAYS: Final = 366


class RecurringView(msgspec.Struct, frozen=True):
    """A recurring payment with its evidence. An amount below zero goes out."""

    id: UUID
    name: str
    kind: RecurringKind
    state: RecurringState
    account_id: UUID
    category_id: UUID | None
    cadence: Cadence
    currency: str
    amount: Annotated[DecimalText, Meta(description="What is expected next.")]
    amount_smallest: DecimalText
    amount_largest: DecimalText
    is_fixed: bool
    previous_amount: Annotated[
        DecimalText | None, Meta(description="Of a fixed one: before its last price change.")
    ]
    occurrences: int
    first_on: date
    last_on: date
    expected_on: Annotated[date | None, Meta(description="Null once it has ended.")]
    grace_days: int
    missed_count: int
    is_active: bool
    confidence: Annotated[
        DecimalText, Meta(description="The part of the steps that keep to the cadence.")
    ]
    reasons: list[str]
    evidence_transaction_ids: Annotated[
        list[UUID], Meta(description="Newest first; at most 60 of them.")
    ]
    created_at: Instant
    updated_at: Instant


class RecurringList(msgspec.Struct, frozen=True):
    """All of them, the one that was paid last first."""

    recurring: list[RecurringView]
    total_count: int


class UpcomingItem(msgspec.Struct, frozen=True, gc=False):
    """A payment that is expected."""

    recurring_id: UUID
    name: str
    kind: RecurringKind
    account_id: UUID
    category_id: UUID | None
    expected_on: date
    is_overdue: bool
    amount: DecimalText
    amount_smallest: DecimalText
    amount_largest: DecimalText
    currency: str
    is_confirmed: bool


class UpcomingList(msgspec.Struct, frozen=True):
    """What is expected in these days, what is overdue first."""

    upcoming: list[UpcomingItem]
    total_count: int
    start_date: date
    end_date: date


class RecurringLookups(Protocol):
    """Recurring payments to read, and the movements that they are found in."""

    async def all(self, user_id: UserId) -> list[Series]:
        """The one that was paid last first."""
        ...

    async def get(self, user_id: UserId, series_id: UUID) -> Series:
        """Raises RecurringNotFound, NotYours."""
        ...

    async def movements(self, user_id: UserId, since: date, limit: int) -> list[Occurrence]:
        """What may be one of a series, the newest, newest first.

        Settled, no trade, not ignored, neither in a transfer nor marked as one.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecurringFilter:
    """Which ones; None does not filter."""

    state: RecurringState | None = None
    kind: RecurringKind | None = None
    active_only: bool = False

    def fits(self, series: Series) -> bool:
        """Whether it is one of these."""
        return (
            self.state in {None, series.state}
            and self.kind in {None, series.kind}
            and (not self.active_only or series.expected_on is not None)
        )


async def list_recurring(
    lookups: RecurringLookups, principal: Principal, wanted: RecurringFilter
) -> RecurringList:
    """The caller's recurring payments; never more than 500."""
    views = [view_of(each) for each in await lookups.all(principal.user_id) if wanted.fits(each)]
    return RecurringList(views, len(views))


async def get_recurring(
    lookups: RecurringLookups, principal: Principal, series_id: UUID
) -> Versioned[RecurringView]:
    """One of them; raises RecurringNotFound, NotYours."""
    series = await lookups.get(principal.user_id, series_id)
    return Versioned(view_of(series), series.version)


async def edit_recurring(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    series_id: UUID,
    said: Mapping[str, object],
    expected_version: int | None,
) -> Versioned[RecurringView]:
    """Name it, put it into a category, confirm or dismiss it: no detection changes that again.

    `said` is by the names of its fields: name, kind, category_id, state.
    Raises RecurringNotFound, NotYours, CategoryUnknown, PreconditionFailed.
    """
    async with uow:
        await uow.recurring.lock(principal.user_id)
        category_id = said.get("category_id")
        if isinstance(category_id, UUID):
            await uow.categories.check(principal.user_id, [category_id])
        series = await uow.recurring.get(principal.user_id, series_id)
        chosen = series.chosen | (said.keys() - {"state"})
        edited = replace(series, chosen=chosen, updated_at=clock.now())
        edited = replace(edited, **said)  # type: ignore[arg-type]  # by the names of the fields
        stored = await uow.recurring.update(edited, expected_version=expected_version)
        details = {"fields": sorted(said)}
        uow.record(Event("RecurringEdited", series.user_id, series.id, details))
        await uow.commit()
    return Versioned(view_of(stored), stored.version)


async def list_upcoming(
    lookups: RecurringLookups, profiles: Profiles, clock: Clock, principal: Principal, days: int
) -> UpcomingList:
    """What the caller has to expect from today on, for so many days."""
    today = await caller_today(profiles, clock, principal)
    end = today + timedelta(days=days)
    items = upcoming(await lookups.all(principal.user_id), today, end)
    return UpcomingList(items, len(items), today, end)


async def caller_today(profiles: Profiles, clock: Clock, principal: Principal) -> date:
    """The day in the caller's own time zone."""
    profile = (await profiles.profile(principal.user_id)).view
    return clock.now().astimezone(ZoneInfo(profile.time_zone)).date()


def upcoming(series: list[Series], today: date, end: date) -> list[UpcomingItem]:
    """What is expected until then, by day and name; what is overdue by less than its grace too."""
    items = [
        _item(each, day, today)
        for each in series
        for day in each.due(end)
        if day + each.grace >= today
    ]
    return sorted(items, key=lambda item: (item.expected_on, item.name, item.recurring_id))


def _item(series: Series, day: date, today: date) -> UpcomingItem:
    return UpcomingItem(
        recurring_id=series.id,
        name=series.name,
        kind=series.kind,
        account_id=series.account_id,
        category_id=series.category_id,
        expected_on=day,
        is_overdue=day < today,
        amount=format(series.amount, "f"),
        amount_smallest=format(series.smallest, "f"),
        amount_largest=format(series.largest, "f"),
        currency=series.currency,
        is_confirmed=series.state is RecurringState.CONFIRMED,
    )


def view_of(series: Series) -> RecurringView:
    """As reads show it."""
    previous = series.previous_amount
    return RecurringView(
        id=series.id,
        name=series.name,
        kind=series.kind,
        state=series.state,
        account_id=series.account_id,
        category_id=series.category_id,
        cadence=series.cadence,
        currency=series.currency,
        amount=format(series.amount, "f"),
        amount_smallest=format(series.smallest, "f"),
        amount_largest=format(series.largest, "f"),
        is_fixed=series.is_fixed,
        previous_amount=None if previous is None else format(previous, "f"),
        occurrences=series.occurrences,
        first_on=series.first_on,
        last_on=series.last_on,
        expected_on=series.expected_on,
        grace_days=series.grace.days,
        missed_count=series.missed_count,
        is_active=series.expected_on is not None,
        confidence=format(series.regularity, "f"),
        reasons=_reasons(series),
        evidence_transaction_ids=list(series.evidence),
        created_at=series.created_at,
        updated_at=series.updated_at,
    )


def _reasons(series: Series) -> list[str]:
    """Why it is held to be one, in words."""
    part = int(series.regularity * 100)
    grace = RHYTHMS[series.cadence].grace
    amounts = "the same amount" if series.is_fixed else "amounts near each other"
    return [
        f"{series.occurrences} payments named “{series.words}” in one account",
        f"{part} % of the steps between them are {series.cadence.value}, give or take {grace} days",
        f"{amounts}, from {series.smallest:f} to {series.largest:f} {series.currency}",
    ]
