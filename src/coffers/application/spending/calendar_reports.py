"""Reports over time: day by day, by weeks, by months; and this week against the average week."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from coffers.application.spending.flows import FlowFilter, Grouping
from coffers.application.spending.report_views import (
    BaseFlowView,
    SpanFlows,
    TimeReport,
    WeekReport,
    base_view,
    change_percent,
    flow_views,
    rounded_flows,
    shown,
)
from coffers.application.spending.reports import Reading, ReportDesk, Row, read
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.markets.rates import rounded
from coffers.domain.paging import TooManyRows
from coffers.domain.spending.flows import Flows

#: One answer has at most this many days, weeks or months.
MAX_SPANS: Final = 3_660
#: How many weeks an average is made of, unless asked otherwise, and at most.
DEFAULT_WEEKS: Final = 12
MAX_WEEKS: Final = 52
WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)


class Interval(StrEnum):
    """How long a span of a report is."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


async def report_over_time(
    desk: ReportDesk, principal: Principal, wanted: FlowFilter, interval: Interval
) -> TimeReport:
    """Without gaps from the start, or the first entry, to the end, or today where the user lives.

    Raises as `get_totals`, and TooManyRows.
    """
    reading = await read(desk, principal.user_id, wanted, Grouping(interval.value))
    rows = {date.fromisoformat(str(row.key)): row for row in reading.rows}
    firsts = list(_firsts(wanted, rows, interval, _today(desk, reading)))
    found = [rows.get(first, Row(None, {}, Flows())) for first in firsts]
    parts = rounded_flows([row.exact for row in found], reading.base)
    spans = [
        _span(first, interval, row, shown(part, reading.base))
        for first, row, part in zip(firsts, found, parts, strict=True)
    ]
    return TimeReport(
        **reading.totals,
        interval=interval.value,
        time_zone=reading.time_zone,
        spans=spans,
        total_count=len(spans),
    )


async def compare_week(
    desk: ReportDesk, principal: Principal, wanted: FlowFilter, weeks: int
) -> WeekReport:
    """This week so far beside the average of the weeks before, at most as many as asked.

    The range of the filter does not count. Raises AccountNotFound, NotYours.
    """
    today = await _today_of(desk, principal.user_id)
    monday = today - timedelta(days=today.weekday())
    reading = await read(
        desk,
        principal.user_id,
        replace(wanted, start=monday - weeks * WEEK, end=monday + WEEK - _DAY),
        Grouping.WEEK,
    )
    rows = {date.fromisoformat(str(row.key)): row for row in reading.rows}
    this = rows.pop(monday, Row(None, {}, Flows()))
    average = _average(reading, rows, (monday - min(rows, default=monday)) // WEEK)
    return WeekReport(
        this_week=_span(monday, Interval.WEEK, this, base_view(this.exact, reading.base)),
        average_week=SpanFlows(
            start_date=monday - max(average.weeks, 0) * WEEK,
            end_date=monday - _DAY,
            by_currency=flow_views(average.flows),
            in_base=base_view(average.exact, reading.base),
        ),
        week_count=average.weeks,
        spent_change_percent_by_currency=_changes(this.flows, average.flows),
        spent_change_percent=_change(this.exact, average.exact),
        time_zone=reading.time_zone,
        includes_pending=wanted.include_pending,
        base_currency=reading.base,
        **reading.told,
    )


@dataclass(frozen=True, slots=True)
class _Average:
    weeks: int
    flows: Mapping[str, Flows]
    exact: Flows | None


def _average(reading: Reading, rows: Mapping[date, Row], weeks: int) -> _Average:
    currencies = sorted({code for row in rows.values() for code in row.flows})
    flows = {
        code: _share([row.flows[code] for row in rows.values() if code in row.flows], weeks, code)
        for code in currencies
    }
    known = [row.exact for row in rows.values() if row.exact is not None]
    exact = _share(known, weeks, reading.base) if len(known) == len(rows) else None
    return _Average(weeks, flows, exact)


def _share(flows: Sequence[Flows], weeks: int, currency: str) -> Flows:
    whole = sum(flows, Flows())
    if not weeks:
        return whole
    earned, spent = (
        rounded(each / Decimal(weeks), currency) for each in (whole.earned, whole.spent)
    )
    return Flows(earned, spent, whole.count)


def _changes(this: Mapping[str, Flows], average: Mapping[str, Flows]) -> dict[str, str | None]:
    return {
        code: _change(this.get(code, Flows()), average.get(code, Flows()))
        for code in sorted({*this, *average})
    }


def _change(this: Flows | None, average: Flows | None) -> str | None:
    if this is None or average is None:
        return None
    return change_percent(this.spent, average.spent)


def _firsts(
    wanted: FlowFilter, rows: Mapping[date, Row], interval: Interval, today: date
) -> Iterator[date]:
    """The first days of the spans; none when nothing says where to begin."""
    if wanted.start is None and not rows:
        return
    first = _first(wanted.start, interval) if wanted.start else min(rows)
    last = wanted.end or max([today, *rows])
    for _ in range(MAX_SPANS):
        if first > last:
            return
        yield first
        first = _next(first, interval)
    if first <= last:
        raise TooManyRows(f"At most {MAX_SPANS} {interval.value}s: choose a shorter range.")


def _first(day: date, interval: Interval) -> date:
    if interval is Interval.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval is Interval.MONTH else day


def _next(first: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return (first + timedelta(days=31)).replace(day=1)
    return first + (WEEK if interval is Interval.WEEK else _DAY)


def _span(first: date, interval: Interval, row: Row, in_base: BaseFlowView) -> SpanFlows:
    return SpanFlows(
        start_date=first,
        end_date=_next(first, interval) - _DAY,
        by_currency=flow_views(row.flows),
        in_base=in_base,
    )


def _today(desk: ReportDesk, reading: Reading) -> date:
    return desk.clock.now().astimezone(ZoneInfo(reading.time_zone)).date()


async def _today_of(desk: ReportDesk, user_id: UserId) -> date:
    zone = (await desk.profiles.profile(user_id)).view.time_zone
    return desk.clock.now().astimezone(ZoneInfo(zone)).date()
