"""How budgets stand: progress, envelopes, and the events at their thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from coffers.application.ledger.totals import by_currency
from coffers.application.spending.budgets import BudgetLookups
from coffers.application.spending.flows import FlowFilter, Grouping
from coffers.application.spending.reports import Reading, ReportDesk, read
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.markets.rates import rounded
from coffers.domain.money import money_digits
from coffers.domain.percentages import percent_of
from coffers.domain.spending.budgets import (
    Budget,
    Period,
    Span,
    Standing,
    standing,
)
from coffers.domain.spending.flows import Flow, FlowSum


class BudgetProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How a budget stands in the period of a day, in its own currency."""

    budget_id: UUID
    name: str
    currency: str
    as_of: date
    period_start: date
    period_end: date
    amount: DecimalText
    rolled_over: Annotated[
        DecimalText | None, Meta(description="What earlier periods left; below zero: overspent.")
    ]
    available: Annotated[DecimalText | None, Meta(description="Amount and what rolled over.")]
    spent: Annotated[
        DecimalText | None, Meta(description="In the whole period; null when a rate is missing.")
    ]
    remaining: DecimalText | None
    spent_percent: Annotated[DecimalText | None, Meta(description="Of what is available.")]
    days_elapsed: int
    days_total: int
    expected_by_now: Annotated[DecimalText | None, Meta(description="At an even pace.")]
    projected: Annotated[
        DecimalText | None, Meta(description="By the end of the period, if it goes on like this.")
    ]
    is_ahead_of_pace: Annotated[
        bool | None, Meta(description="Whether more is spent than an even pace allows.")
    ]
    thresholds_reached: list[int]
    missing_currencies: Annotated[
        list[str], Meta(description="Without a rate to the budget's currency on some day.")
    ]


class EnvelopeList(msgspec.Struct, frozen=True, kw_only=True):
    """The budgets of a month, each an envelope, and what is in none of them."""

    month: str
    envelopes: list[BudgetProgress]
    total_count: int
    budgeted_by_currency: dict[str, DecimalText]
    spent_outside: Annotated[
        DecimalText | None,
        Meta(description="What no envelope is for, in the base currency; null without a rate."),
    ]
    base_currency: str


async def get_progress(
    desk: ReportDesk, lookups: BudgetLookups, principal: Principal, budget_id: UUID, on: date | None
) -> BudgetProgress:
    """How a budget stands at the end of this day, by itself today where the user lives.

    Raises BudgetNotFound, NotYours, BudgetNotBegun.
    """
    budget = await lookups.get(principal.user_id, budget_id)
    day = await today_of(desk, principal.user_id) if on is None else on
    return await _progress(desk, budget, day)


async def get_envelopes(
    desk: ReportDesk, lookups: BudgetLookups, principal: Principal, month: date
) -> EnvelopeList:
    """The monthly budgets in this month, and what was spent outside of them."""
    user_id = principal.user_id
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    day = min(max(await today_of(desk, user_id), month), last)
    budgets = [
        each
        for each in await lookups.all_of(user_id)
        if each.period is Period.MONTH and each.span_of(each.starts_on).first <= month
    ]
    views = [await _progress(desk, each, day) for each in budgets]
    base = (await desk.profiles.profile(user_id)).view.base_currency
    outside = await _outside(desk, budgets, FlowFilter(month, last), user_id)
    return EnvelopeList(
        month=f"{month:%Y-%m}",
        envelopes=views,
        total_count=len(views),
        budgeted_by_currency=by_currency(
            [each.currency for each in budgets], [format(each.amount, "f") for each in budgets]
        ),
        spent_outside=_text(outside, base),
        base_currency=base,
    )


@dataclass(frozen=True, slots=True)
class Stand:
    """How a budget stands; None where rates are missing, and of which currencies."""

    span: Span
    standing: Standing | None
    missing: Sequence[str]


async def stand_of(desk: ReportDesk, budget: Budget, day: date) -> Stand:
    """How the budget stands at the end of the day; raises BudgetNotBegun, BudgetInvalid."""
    spans = budget.spans_until(day)
    wanted = FlowFilter(
        spans[0].first, day, category_ids=await _covered(desk, budget.user_id, budget)
    )
    by = _GROUPING.get(budget.period, Grouping.MONTH)
    reading = await read(desk, budget.user_id, wanted, by, base=budget.currency)
    spent = [_spent(reading, span) for span in spans]
    known = [each for each in spent if each is not None]
    missing = [each.currency for each in reading.told["missing_rates"]]
    if len(known) < len(spent):
        return Stand(spans[-1], None, missing)
    return Stand(spans[-1], standing(budget, spans, known, day), missing)


#: What the periods of a budget are put together from.
_GROUPING: Final = {Period.WEEK: Grouping.WEEK, Period.CUSTOM: Grouping.DAY}


def _spent(reading: Reading, span: Span) -> Decimal | None:
    inside = [
        each
        for each in reading.found.in_base(reading.base)
        if each.flow is Flow.EXPENSE
        and span.first <= date.fromisoformat(str(each.key)) <= span.last
    ]
    exact = reading.exact(inside)
    return None if exact is None else _rounded_if_foreign(exact.spent, inside, reading.base)


def _rounded_if_foreign(amount: Decimal, sums: Sequence[FlowSum], base: str) -> Decimal:
    # Amounts of the budget's own currency keep their digits.
    return rounded(amount, base) if any(each.currency != base for each in sums) else amount


async def _covered(desk: ReportDesk, user_id: UserId, budget: Budget) -> list[UUID] | None:
    """The budget's categories and those below them; None for all."""
    if not budget.category_ids:
        return None
    known = await desk.categories.known(user_id)
    named = set(budget.category_ids)
    return [each.id for each in known.values() if each.id in named or each.parent_id in named]


async def _outside(
    desk: ReportDesk, budgets: Sequence[Budget], wanted: FlowFilter, user_id: UserId
) -> Decimal | None:
    covered = [await _covered(desk, user_id, each) for each in budgets]
    if None in covered:
        return Decimal(0)
    inside = {str(each) for some in covered for each in some or ()}
    reading = await read(desk, user_id, wanted, Grouping.CATEGORY)
    outside = [
        each
        for each in reading.found.in_base(reading.base)
        if each.flow is Flow.EXPENSE and each.key not in inside
    ]
    exact = reading.exact(outside)
    return None if exact is None else rounded(exact.spent, reading.base)


async def _progress(desk: ReportDesk, budget: Budget, day: date) -> BudgetProgress:
    known = await stand_of(desk, budget, day)
    code, now = budget.currency, known.standing
    expected = None if now is None else now.expected(code)
    return BudgetProgress(
        budget_id=budget.id,
        name=budget.name,
        currency=code,
        as_of=day,
        period_start=known.span.first,
        period_end=known.span.last,
        amount=format(budget.amount, "f"),
        rolled_over=None if now is None else _text(now.rolled_over, code),
        available=None if now is None else _text(now.available, code),
        spent=None if now is None else _text(now.spent, code),
        remaining=None if now is None else _text(now.remaining, code),
        spent_percent=None if now is None else _percent(now.spent, now.available),
        days_elapsed=(day - known.span.first).days + 1,
        days_total=known.span.days,
        expected_by_now=_text(expected, code),
        projected=None if now is None else _text(now.projected(code), code),
        is_ahead_of_pace=None if now is None or expected is None else now.spent > expected,
        thresholds_reached=[each for each in budget.thresholds if now and now.has_reached(each)],
        missing_currencies=list(known.missing),
    )


def _percent(part: Decimal, whole: Decimal) -> str | None:
    percent = percent_of(part, whole) if whole > 0 else None
    return None if percent is None else format(percent, "f")


def _text(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else format(money_digits(amount, currency), "f")


async def today_of(desk: ReportDesk, user_id: UserId) -> date:
    """The day that it is where the user lives."""
    zone = (await desk.profiles.profile(user_id)).view.time_zone
    return desk.clock.now().astimezone(ZoneInfo(zone)).date()
