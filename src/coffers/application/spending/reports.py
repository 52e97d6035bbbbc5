"""Reports: what was earned and spent, on what, where and for what; in one's own currency too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from coffers.application.identity.users import Profiles
from coffers.application.ledger.accounts import AccountFilter, AccountLookups
from coffers.application.ports import Clock
from coffers.application.spending.categories import CategoryLookups
from coffers.application.spending.flows import (
    FlowFilter,
    FlowLookups,
    FlowsAsked,
    FlowSums,
    Grouping,
)
from coffers.application.spending.report_views import (
    AccountFlows,
    AccountReport,
    BaseFlowView,
    CategoryFlows,
    CategoryReport,
    LeftOutView,
    MerchantFlows,
    MerchantReport,
    TagFlows,
    TagReport,
    TotalsReport,
    base_view,
    flow_views,
    missing_rates,
    rounded_flows,
    shown,
)
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.markets.rates import ExchangeRates, RateBook
from coffers.domain.ranges import check_range
from coffers.domain.spending.categories import Category
from coffers.domain.spending.flows import Flows, FlowSum, Kinds, by_currency, gaps, in_base, keyed


@dataclass(frozen=True, slots=True)
class ReportDesk:
    """What reports are made from."""

    flows: FlowLookups
    categories: CategoryLookups
    profiles: Profiles
    rates: ExchangeRates
    clock: Clock


@dataclass(frozen=True, slots=True)
class Row:
    """What entries with one key amount to; `exact` is in the base currency, not rounded."""

    key: str | None
    flows: Mapping[str, Flows]
    exact: Flows | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One report's sums, and what turns them into the base currency."""

    wanted: FlowFilter
    found: FlowSums
    base: str
    time_zone: str
    rates: RateBook | None
    categories: Mapping[UUID, Category]

    def exact(self, sums: Iterable[FlowSum]) -> Flows | None:
        """These sums in the base currency, not rounded; None when a rate is missing."""
        if self.rates is None:
            return by_currency(sums).get(self.base, Flows())
        return in_base(sums, self.base, self.rates)

    @property
    def rows(self) -> list[Row]:
        """What counts, by key, in the order of the keys; what has none comes last."""
        counted = keyed(each for each in self.found.sums if each.flow is not None)
        based = keyed(self.found.in_base(self.base))
        keys = sorted(counted, key=lambda key: (key is None, key))
        return [Row(key, by_currency(counted[key]), self.exact(based.get(key, ()))) for key in keys]

    @property
    def totals(self) -> dict[str, Any]:  # Any: the fields of TotalsReport
        """What every report says."""
        return {
            "start_date": self.wanted.start,
            "end_date": self.wanted.end,
            "includes_pending": self.wanted.include_pending,
            "by_currency": flow_views(by_currency(self.found.sums)),
            "base_currency": self.base,
            "in_base": base_view(self.exact(self.found.in_base(self.base)), self.base),
        } | self.told

    @property
    def told(self) -> dict[str, Any]:  # Any: likewise
        """What is not in the report."""
        gone = self.found.left_out
        neither = sum(each.count for each in self.found.sums if each.flow is None)
        left_out = LeftOutView(gone.failed, gone.ignored, gone.transfers, gone.pending, neither)
        foreign = self.found.foreign
        missing = [] if self.rates is None else gaps(foreign, self.base, self.rates)
        return {"missing_rates": missing_rates(missing), "left_out": left_out}


async def get_totals(desk: ReportDesk, principal: Principal, wanted: FlowFilter) -> TotalsReport:
    """What was earned and spent, and the difference.

    Raises RangeInvalid, AccountNotFound, NotYours.
    """
    reading = await read(desk, principal.user_id, wanted, Grouping.NOTHING)
    return TotalsReport(**reading.totals)


async def report_by_category(
    desk: ReportDesk, principal: Principal, wanted: FlowFilter
) -> CategoryReport:
    """By category, in the order of the list of categories; what has none comes last.

    Raises as `get_totals`.
    """
    reading = await read(desk, principal.user_id, wanted, Grouping.CATEGORY)
    views = _categories(reading)
    return CategoryReport(**reading.totals, categories=views, total_count=len(views))


async def report_by_merchant(
    desk: ReportDesk, principal: Principal, wanted: FlowFilter
) -> MerchantReport:
    """By merchant, in the order of their names; raises TooManyRows, and as `get_totals`."""
    reading = await read(desk, principal.user_id, wanted, Grouping.MERCHANT)
    views = [
        MerchantFlows(merchant=row.key, by_currency=flow_views(row.flows), in_base=base)
        for row, base in _with_base(reading)
    ]
    return MerchantReport(**reading.totals, merchants=views, total_count=len(views))


async def report_by_account(
    desk: ReportDesk, accounts: AccountLookups, principal: Principal, wanted: FlowFilter
) -> AccountReport:
    """By account, oldest first; raises as `get_totals`."""
    reading = await read(desk, principal.user_id, wanted, Grouping.ACCOUNT)
    known = await accounts.matching(principal.user_id, AccountFilter())
    names = {str(account.id): account.name for account in known}
    views = [
        AccountFlows(
            account_id=UUID(str(row.key)),
            name=names[str(row.key)],
            by_currency=flow_views(row.flows),
            in_base=base,
        )
        for row, base in _with_base(reading)
    ]
    return AccountReport(**reading.totals, accounts=views, total_count=len(views))


async def report_by_tag(desk: ReportDesk, principal: Principal, wanted: FlowFilter) -> TagReport:
    """By tag, in the order of their names: an entry counts under each of its tags.

    The totals count it once. Raises TooManyRows, and as `get_totals`.
    """
    totals = await read(desk, principal.user_id, wanted, Grouping.NOTHING)
    reading = await read(desk, principal.user_id, wanted, Grouping.TAG)
    views = [
        TagFlows(
            tag=row.key,
            by_currency=flow_views(row.flows),
            in_base=base_view(row.exact, reading.base),
        )
        for row in reading.rows
    ]
    return TagReport(**totals.totals, tags=views, total_count=len(views))


async def read(
    desk: ReportDesk,
    user_id: UserId,
    wanted: FlowFilter,
    by: Grouping,
    *,
    base: str | None = None,
) -> Reading:
    """The sums of a report and the rates that they need; in the user's own currency by itself.

    Raises RangeInvalid, AccountNotFound, NotYours, TooManyRows.
    """
    check_range(wanted.start, wanted.end)
    categories = await desk.categories.known(user_id)
    profile = (await desk.profiles.profile(user_id)).view
    base = base or profile.base_currency
    asked = FlowsAsked(wanted, by, Kinds.of(categories.values()), base)
    found = await desk.flows.sums(user_id, asked)
    days = [each.day for each in found.foreign if each.day is not None]
    rates = await desk.rates.book(user_id, min(days), max(days)) if days else None
    return Reading(wanted, found, base, profile.time_zone, rates, categories)


#: What belongs to a category itself: by currency, and rounded in the base currency.
_Own = Mapping[UUID | None, tuple[Mapping[str, Flows], Flows | None]]


def _with_base(reading: Reading) -> Iterator[tuple[Row, BaseFlowView]]:
    rows = reading.rows
    parts = rounded_flows([row.exact for row in rows], reading.base)
    for row, part in zip(rows, parts, strict=True):
        yield row, shown(part, reading.base)


def _categories(reading: Reading) -> list[CategoryFlows]:
    rows, known = reading.rows, reading.categories
    parts = rounded_flows([row.exact for row in rows], reading.base)
    own = {_id(row.key): (row.flows, part) for row, part in zip(rows, parts, strict=True)}
    parents = {category.parent_id for category in known.values() if category.id in own}
    listed = [each for each in known if each in own or each in parents]
    gone = [each for each in own if each is not None and each not in known]
    last = [None] if None in own else []
    return [_category(reading, own, each) for each in (*listed, *gone, *last)]


def _category(reading: Reading, own: _Own, category_id: UUID | None) -> CategoryFlows:
    known, base = reading.categories, reading.base
    category = None if category_id is None else known.get(category_id)
    flows, part = own.get(category_id, ({}, Flows()))
    family = [own[each] for each in own if each == category_id or _parent(known, each, category_id)]
    return CategoryFlows(
        category_id=category_id,
        category=None if category is None else category.value,
        name=None if category is None else category.name,
        icon=None if category is None else category.icon,
        kind=None if category is None else category.kind,
        parent_id=None if category is None else category.parent_id,
        by_currency=flow_views(flows),
        in_base=shown(part, base),
        with_children_by_currency=flow_views(_together([each for each, _ in family])),
        with_children_in_base=shown(_whole([each for _, each in family]), base),
    )


def _parent(known: Mapping[UUID, Category], child: UUID | None, parent: UUID | None) -> bool:
    category = None if child is None or parent is None else known.get(child)
    return category is not None and category.parent_id == parent


def _together(flows: Sequence[Mapping[str, Flows]]) -> dict[str, Flows]:
    currencies = sorted({code for each in flows for code in each})
    return {
        code: sum((each[code] for each in flows if code in each), Flows()) for code in currencies
    }


def _whole(parts: Sequence[Flows | None]) -> Flows | None:
    known = [each for each in parts if each is not None]
    return sum(known, Flows()) if len(known) == len(parts) else None


def _id(key: str | None) -> UUID | None:
    return None if key is None else UUID(key)
