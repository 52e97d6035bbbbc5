"""What reports answer with."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.views import DecimalText
from coffers.domain.markets.rates import rounded, rounded_parts
from coffers.domain.money import money_digits
from coffers.domain.percentages import percent_of
from coffers.domain.spending.categories import CategoryKind
from coffers.domain.spending.flows import Flows, Gap

SavingsRate = Annotated[
    DecimalText | None,
    Meta(description="The difference in percent of what was earned; null if nothing was."),
]
InBase = Annotated[
    DecimalText | None,
    Meta(description="At the rate of each day; null when the rate of some day is missing."),
]


class FlowView(msgspec.Struct, frozen=True):
    """Earned and spent in one currency; refunds lessen what was spent."""

    earned: DecimalText
    spent: DecimalText
    difference: DecimalText
    savings_rate_percent: SavingsRate
    entry_count: int


class BaseFlowView(msgspec.Struct, frozen=True):
    """Earned and spent in all currencies, in the base currency, to its minor unit."""

    earned: InBase
    spent: InBase
    difference: InBase
    savings_rate_percent: SavingsRate


ByCurrency = dict[str, FlowView]


class MissingRate(msgspec.Struct, frozen=True):
    """A currency without a rate to the base currency on some of the days."""

    currency: str
    day_count: int
    first_date: date
    last_date: date


class LeftOutView(msgspec.Struct, frozen=True):
    """How many movements are not in the report, each by the first reason that applies."""

    failed: Annotated[int, Meta(description="Failed or cancelled.")]
    ignored: int
    transfers: Annotated[int, Meta(description="Between own accounts.")]
    pending: Annotated[int, Meta(description="Unless asked for with `include_pending`.")]
    neither: Annotated[
        int, Meta(description="Trades and movements without a category that only move money.")
    ]


class TotalsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Earned and spent between two days, both included; null is open."""

    start_date: date | None
    end_date: date | None
    includes_pending: bool
    by_currency: ByCurrency
    base_currency: str
    in_base: BaseFlowView
    missing_rates: list[MissingRate]
    left_out: LeftOutView


class CategoryFlows(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to one category, and what belongs to it and those below it."""

    category_id: Annotated[UUID | None, Meta(description="Null: what has no category.")]
    category: Annotated[str | None, Meta(description="Its name as a slug.")]
    name: str | None
    icon: str | None
    kind: CategoryKind | None
    parent_id: UUID | None
    by_currency: ByCurrency
    in_base: BaseFlowView
    with_children_by_currency: ByCurrency
    with_children_in_base: BaseFlowView


class CategoryReport(TotalsReport, frozen=True, kw_only=True):
    """The same by category."""

    categories: list[CategoryFlows]
    total_count: int


class MerchantFlows(msgspec.Struct, frozen=True, kw_only=True):
    """What was earned from and spent at one merchant."""

    merchant: Annotated[str | None, Meta(description="Null: what names none.")]
    by_currency: ByCurrency
    in_base: BaseFlowView


class MerchantReport(TotalsReport, frozen=True, kw_only=True):
    """The same by merchant."""

    merchants: list[MerchantFlows]
    total_count: int


class AccountFlows(msgspec.Struct, frozen=True, kw_only=True):
    """What came into one account and went out of it."""

    account_id: UUID
    name: str
    by_currency: ByCurrency
    in_base: BaseFlowView


class AccountReport(TotalsReport, frozen=True, kw_only=True):
    """The same by account."""

    accounts: list[AccountFlows]
    total_count: int


class TagFlows(msgspec.Struct, frozen=True, kw_only=True):
    """What bears one tag."""

    tag: Annotated[str | None, Meta(description="Null: what bears none.")]
    by_currency: ByCurrency
    in_base: BaseFlowView


class TagReport(TotalsReport, frozen=True, kw_only=True):
    """The same by tag. An entry counts under each of its tags, and once in the totals."""

    tags: list[TagFlows]
    total_count: int


class SpanFlows(msgspec.Struct, frozen=True, kw_only=True):
    """One day, week or month of the calendar."""

    start_date: date
    end_date: date
    by_currency: ByCurrency
    in_base: BaseFlowView


class TimeReport(TotalsReport, frozen=True, kw_only=True):
    """The same over time, oldest first, without gaps."""

    interval: str
    time_zone: str
    spans: list[SpanFlows]
    total_count: int


class WeekReport(msgspec.Struct, frozen=True, kw_only=True):
    """This week so far, and the average of the weeks before it (ISO 8601: from Monday)."""

    this_week: SpanFlows
    average_week: SpanFlows
    week_count: Annotated[int, Meta(description="Weeks in the average, from the first entry on.")]
    spent_change_percent_by_currency: dict[str, DecimalText | None]
    spent_change_percent: Annotated[
        DecimalText | None, Meta(description="In the base currency; null without an average.")
    ]
    time_zone: str
    includes_pending: bool
    base_currency: str
    missing_rates: list[MissingRate]
    left_out: LeftOutView


def flow_views(flows: Mapping[str, Flows]) -> ByCurrency:
    """By currency, each in its own digits."""
    return {
        code: FlowView(
            _text(each.earned, code),
            _text(each.spent, code),
            _text(each.difference, code),
            _rate(each),
            each.count,
        )
        for code, each in flows.items()
    }


def base_view(exact: Flows | None, base: str) -> BaseFlowView:
    """To the minor unit of the base currency."""
    return shown(rounded_flows([exact], base)[0], base)


def rounded_flows(exact: Sequence[Flows | None], base: str) -> list[Flows | None]:
    """Parts of a whole to the minor unit: they add up to the rounded whole, if all are known."""
    known = [each for each in exact if each is not None]
    if len(known) == len(exact):
        earned = rounded_parts([each.earned for each in known], base)
        spent = rounded_parts([each.spent for each in known], base)
    else:
        earned = [rounded(each.earned, base) for each in known]
        spent = [rounded(each.spent, base) for each in known]
    parts = iter(map(Flows, earned, spent))
    return [None if each is None else next(parts) for each in exact]


def shown(flows: Flows | None, base: str) -> BaseFlowView:
    """What is rounded already, in the base currency."""
    if flows is None:
        return BaseFlowView(None, None, None, None)
    earned, spent, left = flows.earned, flows.spent, flows.difference
    return BaseFlowView(_text(earned, base), _text(spent, base), _text(left, base), _rate(flows))


def missing_rates(gaps: Sequence[Gap]) -> list[MissingRate]:
    """By currency."""
    return [MissingRate(gap.currency, len(gap.days), gap.days[0], gap.days[-1]) for gap in gaps]


def change_percent(now: Decimal, before: Decimal) -> str | None:
    """By how many percent there is more now; None if there was nothing before."""
    change = percent_of(now - before, before)
    return None if change is None else format(change, "f")


def _rate(flows: Flows) -> str | None:
    if flows.earned <= 0:
        return None
    percent = percent_of(flows.difference, flows.earned)
    return None if percent is None else format(percent, "f")


def _text(amount: Decimal, currency: str) -> str:
    return format(money_digits(amount, currency), "f")
