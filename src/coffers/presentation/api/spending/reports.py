"""/reports: what was earned and spent."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from coffers.application.spending import calendar_reports, reports
from coffers.application.spending.calendar_reports import DEFAULT_WEEKS, MAX_WEEKS, Interval
from coffers.application.spending.flows import FlowFilter
from coffers.application.spending.report_views import (
    AccountReport,
    CategoryReport,
    MerchantReport,
    TagReport,
    TimeReport,
    TotalsReport,
    WeekReport,
)
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import WHOLE, CodeIn, DateIn

From = Annotated[DateIn | None, Query(description="The first day; by itself all time.")]
To = Annotated[DateIn | None, Query(description="The last day; by itself all time.")]
OfAccount = Annotated[UUID | None, Query(description="Only of this account.")]
InCurrency = Annotated[CodeIn | None, Query(description="Only in this currency.")]
Pending = Annotated[bool, Query(description="Count what is not settled yet, too.")]
By = Annotated[Interval, Query(description="How long each span is.")]
Weeks = Annotated[
    int, Query(ge=1, le=MAX_WEEKS, description="Of how many weeks the average is, at most."), WHOLE
]


async def _wanted(
    start_date: From = None,
    end_date: To = None,
    account_id: OfAccount = None,
    currency: InCurrency = None,
    include_pending: Pending = False,  # noqa: FBT002 - a query parameter
) -> FlowFilter:
    return FlowFilter(start_date, end_date, account_id, currency, include_pending)


#: What every report can be asked for.
Wanted = Annotated[FlowFilter, Depends(_wanted)]


async def get_totals_report(call: Caller, wanted: Wanted) -> TotalsReport:
    """Earned, spent and the difference: of all time, or of any period."""
    return await reports.get_totals(call.services.report_desk, call.principal, wanted)


async def report_by_category(call: Caller, wanted: Wanted) -> CategoryReport:
    """Earned and spent by category, and by category with those below it."""
    return await reports.report_by_category(call.services.report_desk, call.principal, wanted)


async def report_by_merchant(call: Caller, wanted: Wanted) -> MerchantReport:
    """Earned and spent by merchant."""
    return await reports.report_by_merchant(call.services.report_desk, call.principal, wanted)


async def report_by_account(call: Caller, wanted: Wanted) -> AccountReport:
    """Earned and spent by account."""
    desk, accounts = call.services.report_desk, call.services.account_lookups
    return await reports.report_by_account(desk, accounts, call.principal, wanted)


async def report_by_tag(call: Caller, wanted: Wanted) -> TagReport:
    """Earned and spent by tag."""
    return await reports.report_by_tag(call.services.report_desk, call.principal, wanted)


async def report_over_time(
    call: Caller, wanted: Wanted, interval: By = Interval.MONTH
) -> TimeReport:
    """Earned and spent day by day, week by week or month by month."""
    desk = call.services.report_desk
    return await calendar_reports.report_over_time(desk, call.principal, wanted, interval)


async def report_week(
    call: Caller,
    account_id: OfAccount = None,
    currency: InCurrency = None,
    include_pending: Pending = False,  # noqa: FBT002 - a query parameter
    weeks: Weeks = DEFAULT_WEEKS,
) -> WeekReport:
    """This week against the average week."""
    wanted = FlowFilter(None, None, account_id, currency, include_pending)
    desk = call.services.report_desk
    return await calendar_reports.compare_week(desk, call.principal, wanted, weeks)
