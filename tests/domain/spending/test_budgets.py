from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.ids import SYSTEM, new_id
from coffers.domain.spending.budgets import (
    MAX_PERIODS,
    MAX_THRESHOLD,
    Budget,
    BudgetInvalid,
    BudgetNotBegun,
    Period,
    Span,
    Standing,
    check_budget,
    standing,
)
from tests.ledgers import NOON

MARCH = Span(date(2026, 3, 1), date(2026, 3, 31))
USUAL = Budget(
    id=new_id(),
    user_id=SYSTEM,
    name="Food",
    amount=Decimal(310),
    currency="USD",
    period=Period.MONTH,
    starts_on=date(2026, 1, 10),
    created_at=NOON,
    updated_at=NOON,
)
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
LENGTHS = st.integers(1, 400)
PERIODS = st.sampled_from(list(Period))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.WEEK, "2026-03-30", "2026-04-05"),
        (Period.MONTH, "2026-04-01", "2026-04-30"),
        (Period.QUARTER, "2026-04-01", "2026-06-30"),
        (Period.YEAR, "2026-01-01", "2026-12-31"),
    ],
)
def test_periods_are_those_of_the_calendar(period: Period, first: str, last: str) -> None:
    span = replace(USUAL, period=period).span_of(date(2026, 4, 1))

    assert (str(span.first), str(span.last)) == (first, last)


def test_a_custom_period_begins_on_its_start_and_comes_again_and_again() -> None:
    fortnight = replace(USUAL, period=Period.CUSTOM, length_days=14)

    assert fortnight.span_of(date(2026, 1, 24)) == Span(date(2026, 1, 24), date(2026, 2, 6))
    assert fortnight.span_of(date(2026, 1, 23)) == Span(date(2026, 1, 10), date(2026, 1, 23))


@given(period=PERIODS, length=LENGTHS, start=DAYS, day=DAYS)
def test_every_day_lies_in_exactly_one_period(
    period: Period, length: int, start: date, day: date
) -> None:
    budget = replace(USUAL, period=period, length_days=length, starts_on=start)

    span = budget.span_of(day)

    assert span.first <= day <= span.last
    assert budget.span_of(span.last + timedelta(days=1)).first == span.last + timedelta(days=1)
    assert budget.span_of(span.first - timedelta(days=1)).last == span.first - timedelta(days=1)


def test_before_its_first_period_a_budget_has_not_begun() -> None:
    assert USUAL.spans_until(date(2026, 1, 1)) == [Span(date(2026, 1, 1), date(2026, 1, 31))]
    with pytest.raises(BudgetNotBegun):
        USUAL.spans_until(date(2025, 12, 31))


def test_a_rollover_goes_over_every_period_since_the_first() -> None:
    rolling = replace(USUAL, has_rollover=True)

    assert [span.first.month for span in rolling.spans_until(date(2026, 3, 5))] == [1, 2, 3]


def test_a_rollover_over_too_many_periods_is_refused() -> None:
    daily = replace(USUAL, period=Period.CUSTOM, length_days=1, has_rollover=True)
    last = daily.starts_on + timedelta(days=MAX_PERIODS - 1)

    assert len(daily.spans_until(last)) == MAX_PERIODS
    with pytest.raises(BudgetInvalid):
        daily.spans_until(last + timedelta(days=1))


def test_what_is_left_and_what_was_too_much_both_roll_over() -> None:
    spans = replace(USUAL, has_rollover=True).spans_until(date(2026, 3, 5))
    spent = [Decimal(300), Decimal(400), Decimal(50)]

    found = standing(USUAL, spans, spent, date(2026, 3, 5))

    amounts = found.rolled_over, found.available, found.remaining
    assert amounts == (Decimal(-80), Decimal(230), Decimal(180))


def test_the_pace_is_that_of_the_calendar() -> None:
    found = Standing(MARCH, Decimal(310), Decimal(0), Decimal(200), date(2026, 3, 10))

    assert found.expected("USD") == Decimal(100)
    assert found.projected("USD") == Decimal(620)


def test_what_cannot_be_divided_is_rounded_once() -> None:
    found = Standing(MARCH, Decimal(100), Decimal(0), Decimal(10), date(2026, 3, 3))

    assert (str(found.expected("USD")), str(found.projected("USD"))) == ("9.68", "103.33")


@pytest.mark.parametrize(("spent", "reached"), [("79.99", False), ("80", True), ("120", True)])
def test_a_threshold_is_reached_at_its_very_percent(spent: str, reached: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    found = Standing(MARCH, Decimal(100), Decimal(0), Decimal(spent), MARCH.last)

    assert found.has_reached(80) is reached


def test_a_budget_that_was_used_up_before_is_reached_by_the_first_expense() -> None:
    used_up = Standing(MARCH, Decimal(100), Decimal(-100), Decimal(0), MARCH.last)

    assert not used_up.has_reached(100)
    assert replace(used_up, spent=Decimal("0.01")).has_reached(100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": Decimal(0)},
        {"amount": Decimal(-1)},
        {"period": Period.CUSTOM},
        {"length_days": 5},
        {"thresholds": (0,)},
        {"thresholds": (MAX_THRESHOLD + 1,)},
    ],
)
def test_what_no_budget_can_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BudgetInvalid):
        check_budget(replace(USUAL, **wrong))  # type: ignore[arg-type]  # by field name


@given(st.lists(st.decimals("0", "1000", places=2), min_size=1, max_size=20))
def test_with_a_rollover_nothing_is_lost_between_periods(spent: list[Decimal]) -> None:
    span = USUAL.span_of(USUAL.starts_on)

    found = standing(USUAL, [span] * len(spent), spent, span.last)

    assert found.remaining == USUAL.amount * len(spent) - sum(spent)
