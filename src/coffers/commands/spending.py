"""`coffers spending`: a month by category, beside the average month."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Final
from uuid import UUID

import typer

from coffers.application.spending.budget_progress import today_of
from coffers.application.spending.calendar_reports import Interval, report_over_time
from coffers.application.spending.flows import FlowFilter
from coffers.application.spending.report_views import CategoryReport, TimeReport
from coffers.application.spending.reports import report_by_category
from coffers.commands.persons import Owner, UserOption, owner
from coffers.commands.spending_tables import (
    SpendingLine,
    SpendingSheet,
    print_table,
    spending_table,
    totals,
)
from coffers.commands.terminal import out, with_services
from coffers.domain.money import minor_units
from coffers.services import Services
from coffers.settings import Settings

#: Months before, of which the average is made.
MONTHS: Final = 12
UNCATEGORISED: Final = "Without a category"

_Month = Annotated[
    datetime | None, typer.Option("--month", formats=["%Y-%m"], help="This month by itself.")
]
_Pending = Annotated[bool, typer.Option("--pending", help="Count what is not settled yet.")]


def spending(user: UserOption, month: _Month = None, pending: _Pending = False) -> None:  # noqa: FBT002 - a flag
    """What a month went on: each category with its share, and what is usual."""

    async def run(services: Services, _settings: Settings) -> None:
        person = await owner(services, user)
        day = await today_of(services.report_desk, person.principal.user_id)
        first = (day if month is None else month.date()).replace(day=1)
        sheets = await _sheets(person, first, pending=pending)
        for sheet in sheets:
            print_table(spending_table(sheet))
            out.print(totals(sheet), highlight=False)
        if not sheets:
            out.print(f"Nothing was earned or spent in {first:%B %Y}.", highlight=False)

    with_services(run)


async def _sheets(person: Owner, first: date, *, pending: bool) -> list[SpendingSheet]:
    """The month in each currency."""
    desk = person.services.report_desk
    this = FlowFilter(first, _last(first), include_pending=pending)
    before = FlowFilter(_earlier(first, MONTHS), first - timedelta(days=1), include_pending=pending)
    report = await report_by_category(desk, person.principal, this)
    usual = await report_by_category(desk, person.principal, before)
    history = await report_over_time(desk, person.principal, before, Interval.MONTH)
    return [
        _sheet(report, usual, currency, f"{first:%B %Y}", _months(history, currency))
        for currency in sorted(report.by_currency)
    ]


def _months(history: TimeReport, currency: str) -> int:
    """How many there are, from the first with anything in this currency."""
    used = [currency in span.by_currency for span in history.spans]
    return len(used) - used.index(True) if True in used else 0


def _sheet(
    report: CategoryReport, usual: CategoryReport, currency: str, month: str, months: int
) -> SpendingSheet:
    average = _averages(usual, currency, months)
    nothing = _share(Decimal(0), max(months, 1), currency)
    lines = [
        SpendingLine(
            f"{each.icon or ' '} {each.name or UNCATEGORISED}",
            Decimal(each.by_currency[currency].spent),
            average.get(each.category_id, nothing) if months else None,
        )
        for each in report.categories
        if currency in each.by_currency and Decimal(each.by_currency[currency].spent)
    ]
    flows, before = report.by_currency[currency], usual.by_currency.get(currency)
    spent_before = Decimal(0) if before is None else Decimal(before.spent)
    return SpendingSheet(
        month=month,
        currency=currency,
        lines=sorted(lines, key=lambda line: -line.spent),
        earned=Decimal(flows.earned),
        spent=Decimal(flows.spent),
        average=_share(spent_before, months, currency) if months else None,
        months=months,
    )


def _averages(usual: CategoryReport, currency: str, months: int) -> Mapping[UUID | None, Decimal]:
    return {
        each.category_id: _share(Decimal(each.by_currency[currency].spent), months, currency)
        for each in usual.categories
        if months and currency in each.by_currency
    }


def _share(total: Decimal, months: int, currency: str) -> Decimal:
    unit = Decimal((0, (1,), -minor_units(currency)))
    return (total / months).quantize(unit, ROUND_HALF_EVEN)


def _last(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _earlier(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
