from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.investing.lots import Step
from coffers.domain.investing.returns import time_weighted
from coffers.domain.investing.spreads import held_steps
from coffers.domain.investing.valuations import (
    Asset,
    Cash,
    Days,
    Holdings,
    Movement,
    Rates,
    Valuation,
    spread,
    valued,
)

START = date(2026, 1, 1)
EUR: Rates = {"EUR": [(date(1900, 1, 1), Decimal(1))]}


def on(day: int) -> date:
    return START + timedelta(days=day)


def days(count: int) -> Days:
    return Days(START, on(count - 1))


def asset(*steps: tuple[int, str, str], closes: dict[int, str], currency: str = "EUR") -> Asset:
    told = [Step(on(day), Decimal(quantity), Decimal(cost)) for day, quantity, cost in steps]
    return Asset(
        currency,
        held_steps(told, told),
        [(on(day), Decimal(price)) for day, price in closes.items()],
    )


def test_a_price_holds_until_the_next_and_before_the_first_nothing_is_known() -> None:
    found = spread([(on(1), Decimal(5)), (on(3), Decimal(7))], days(5))

    assert np.isnan(found[0])
    assert found[1:].tolist() == [5, 5, 7, 7]


def test_what_began_before_the_first_day_is_known_on_it() -> None:
    assert spread([(on(-9), Decimal(5))], days(2)).tolist() == [5, 5]


def test_value_is_quantity_at_the_price_and_rate_of_the_day_and_money() -> None:
    held = Holdings(
        [asset((1, "10", "900"), closes={0: "100", 2: "110"}, currency="USD")],
        [Cash("EUR", [(on(0), Decimal(50)), (on(2), Decimal(60))])],
        [],
        [],
    )
    rates = {**EUR, "USD": [(on(0), Decimal("0.9")), (on(2), Decimal("0.8"))]}

    series = valued(days(3), held, rates)

    assert series.value.tolist() == pytest.approx([50, 950, 940])
    assert series.cost.tolist() == [0, 900, 900]
    assert series.cash.tolist() == [50, 50, 60]
    # 1,000 dollars fell by a tenth of a euro each.
    assert series.currency_gain.tolist() == pytest.approx([0, 0, -100])


def test_a_price_that_is_not_known_leaves_the_value_unknown_only_while_something_is_held() -> None:
    held = Holdings([asset((1, "1", "5"), (3, "0", "0"), closes={2: "5"})], [], [], [])

    value = valued(days(4), held, EUR).value

    assert value[0] == 0
    assert np.isnan(value[1])
    assert value[2:].tolist() == [5, 0]


def test_nothing_has_cost_nothing_be_its_rate_known_or_not() -> None:
    told = [Step(on(0), Decimal(1), Decimal(5)), Step(on(1), Decimal(0), Decimal(0))]
    held = Asset("EUR", held_steps(told, None), [(on(0), Decimal(5))])

    cost = valued(days(3), Holdings([held], [], [], []), EUR).cost

    assert np.isnan(cost[0])
    assert cost[1:].tolist() == [0, 0]


def test_a_split_changes_the_quantity_and_the_raw_price_and_not_the_value() -> None:
    held = Holdings([asset((0, "10", "1"), (1, "50", "1"), closes={0: "100", 1: "20"})], [], [], [])

    assert valued(days(2), held, EUR).value.tolist() == [1000, 1000]


def test_flows_of_a_day_are_netted_and_income_stands_apart() -> None:
    flows = [
        Movement(on(1), "EUR", Decimal(100)),
        Movement(on(1), "EUR", Decimal(-30)),
        Movement(on(2), "EUR", Decimal(-20)),
        Movement(on(9), "EUR", Decimal(999)),
    ]
    income = [Movement(on(2), "EUR", Decimal(7))]

    series = valued(days(3), Holdings([], [], flows, income), EUR)

    assert series.inflow.tolist() == [0, 70, 0]
    assert series.outflow.tolist() == [0, 0, 20]
    assert series.income.tolist() == [0, 0, 7]


def test_what_goes_again_on_its_day_is_no_flow_however_floats_add_up() -> None:
    flows = [Movement(on(1), "EUR", Decimal(each)) for each in ("0.1", "0.2", "-0.3")]
    money = [Cash("EUR", [(on(0), Decimal(0)), (on(2), Decimal(5))])]
    flows.append(Movement(on(2), "EUR", Decimal(5)))

    series = valued(days(4), Holdings([], money, flows, []), EUR)

    assert series.inflow.tolist() == [0, 0, 5, 0]
    # Not a loss of everything on a day on which nothing was invested.
    assert time_weighted(series.turning_days()).value == 0


def test_nothing_flows_of_a_currency_without_a_rate_where_nothing_moved() -> None:
    flows = [Movement(on(1), "VND", Decimal(0)), Movement(on(2), "VND", Decimal(1))]

    series = valued(days(3), Holdings([], [], flows, []), {"VND": [(on(0), Decimal("NaN"))]})

    assert series.inflow[:2].tolist() == [0, 0]
    assert np.isnan(series.inflow[2])


def test_the_series_gives_the_return_that_flows_do_not_change() -> None:
    closes = {0: "100", 1: "110", 2: "99"}
    money = [Cash("EUR", [(on(0), Decimal(0)), (on(1), Decimal(500))])]
    plain = Holdings([asset((0, "1", "100"), closes=closes)], [], [], [])
    more = Holdings(
        [asset((0, "1", "100"), (1, "3", "300"), closes=closes)],
        [],
        [Movement(on(1), "EUR", Decimal(200))],
        [],
    )

    returns = valued(days(3), plain, EUR).returns

    assert returns.tolist() == pytest.approx([0.1, -0.1])
    assert time_weighted(valued(days(3), plain, EUR).day_values()).value == Decimal("-0.01")
    # Two more at 100 in the morning, 110 in the evening.
    assert valued(days(3), more, EUR).returns[0] == pytest.approx(0.1)
    assert valued(days(3), Holdings([], money, [], []), EUR).returns[1] == 0
    assert np.isnan(valued(days(3), Holdings([], money, [], []), EUR).returns[0])


AMOUNTS = st.sampled_from([0.0, 0.0, 0.1, 1.5, 2e16, 1e-7, 12345.678901234567, float("nan")])


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS), min_size=1, max_size=12))
def test_days_without_flows_leave_linked_returns_as_they_are(
    told: list[tuple[float, float, float]],
) -> None:
    value, inflow, outflow = (np.array(column) for column in zip(*told, strict=True))
    none = np.zeros(value.size)
    made = Valuation(days(value.size), value, none, none, inflow, outflow, none, none)

    over_all, over_few = (time_weighted(each) for each in (made.day_values(), made.turning_days()))

    assert over_few.reason is over_all.reason
    if over_all.value is not None:
        assert over_few.value == pytest.approx(
            over_all.value, rel=Decimal("1e-20"), abs=Decimal("1e-12")
        )
