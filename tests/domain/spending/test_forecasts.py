"""Forecasts: a balance moved on from day to day."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.spending.forecasts import Expected, days_ahead

TODAY = date(2026, 11, 21)
amounts = st.decimals(-10_000, 10_000, places=2, allow_nan=False, allow_infinity=False)
expected = st.lists(
    st.builds(
        lambda n, amount: Expected(TODAY + timedelta(days=n), amount), st.integers(-5, 90), amounts
    )
)


@given(amounts, expected)
def test_the_end_is_the_beginning_and_all_that_came_and_went(
    balance: Decimal, items: list[Expected]
) -> None:
    days = days_ahead(balance, items, TODAY, TODAY + timedelta(days=90))

    assert days[-1].balance == balance + sum(item.amount for item in items)
    assert sum(day.income + day.expense for day in days) == sum(item.amount for item in items)
    assert [day.day for day in days] == [TODAY + timedelta(days=n) for n in range(91)]


def test_what_is_overdue_is_expected_today() -> None:
    late = Expected(TODAY - timedelta(days=2), Decimal("-9.99"))

    (today,) = days_ahead(Decimal(10), [late], TODAY, TODAY)

    assert (today.expense, today.balance) == (Decimal("-9.99"), Decimal("0.01"))


def test_an_unknown_balance_stays_unknown() -> None:
    days = days_ahead(None, [Expected(TODAY, Decimal(5))], TODAY, TODAY)

    assert [(day.income, day.balance) for day in days] == [(Decimal(5), None)]
