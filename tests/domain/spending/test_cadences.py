"""Cadences: the day after the day, the ends of months among them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.spending.cadences import (
    MONTH_END,
    RHYTHMS,
    Cadence,
    add_months,
    anchor_of,
    due_days,
    following,
    regular_steps,
    step,
)

starts = st.dates(date(2000, 1, 1), date(2040, 12, 31))
cadences = st.sampled_from(list(Cadence))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 12, 15), 1, date(2027, 1, 15)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
    ],
)
def test_a_month_later_is_the_same_day_or_the_last_of_a_shorter_month(
    day: date, months: int, expected: date
) -> None:
    assert add_months(day, months) == expected


def test_the_end_of_the_month_stays_the_end_of_the_month() -> None:
    days = list(due_days(Cadence.MONTHLY, date(2026, 1, 31), MONTH_END, date(2026, 5, 31)))

    assert days == [date(2026, m, d) for m, d in ((1, 31), (2, 28), (3, 31), (4, 30), (5, 31))]


def test_a_payment_before_the_weekend_does_not_move_the_next_one() -> None:
    # Due on the 1st, paid on Friday 27 February 2026.
    assert following(Cadence.MONTHLY, date(2026, 2, 27), 1) == date(2026, 4, 1)
    # Due on the 1st, paid on Monday the 3rd.
    assert following(Cadence.MONTHLY, date(2026, 8, 3), 1) == date(2026, 9, 1)


@given(cadences, starts, st.integers(2, 8))
def test_what_keeps_to_a_cadence_is_told_as_regular_and_goes_on_so(
    cadence: Cadence, start: date, count: int
) -> None:
    days = [step(cadence, start, number) for number in range(count + 1)]
    anchor = anchor_of(days[:-1])

    assert regular_steps(cadence, days) == count
    if start.day <= 28:
        assert following(cadence, days[-2], anchor) == days[-1]


@given(cadences, starts, st.integers(1, MONTH_END))
def test_days_that_are_due_go_forward_and_are_regular(
    cadence: Cadence, start: date, anchor: int
) -> None:
    first = following(cadence, start, anchor)

    days = list(due_days(cadence, first, anchor, first + timedelta(days=800)))

    assert days == sorted(set(days))
    assert regular_steps(cadence, days) == len(days) - 1


@given(cadences, starts, st.integers(2, 12), st.data())
def test_a_day_early_or_late_within_the_grace_is_still_regular(
    cadence: Cadence, start: date, count: int, data: st.DataObject
) -> None:
    # Two neighbours may be early and late: half of the grace each.
    half = RHYTHMS[cadence].grace // 2
    shifts = data.draw(st.lists(st.integers(0, half), min_size=count, max_size=count))
    nominal = [step(cadence, start, number) for number in range(count)]
    days = [day + timedelta(days=shift) for day, shift in zip(nominal, shifts, strict=True)]

    if start.day <= 28:
        assert regular_steps(cadence, days) == count - 1
