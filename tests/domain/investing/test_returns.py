from datetime import date, timedelta
from decimal import Decimal

import pytest
import pyxirr
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.investing.returns import (
    DayValue,
    Flow,
    Period,
    Undefined,
    annualised,
    daily_returns,
    linked,
    modified_dietz,
    period_rate,
    simple_return,
    time_weighted,
    xirr,
)

START = date(2020, 1, 1)


def flows(*told: tuple[str, str]) -> list[Flow]:
    return [Flow(date.fromisoformat(day), Decimal(amount)) for day, amount in told]


EXCEL = flows(
    ("2008-01-01", "-10000"),
    ("2008-03-01", "2750"),
    ("2008-10-30", "4250"),
    ("2009-02-15", "3250"),
    ("2009-04-01", "2750"),
)
TEN_YEARS = flows(
    ("2002-11-30", "-4398"),
    ("2007-06-11", "200"),
    ("2008-05-11", "270"),
    ("2009-05-01", "280"),
    ("2010-06-01", "280"),
    ("2011-05-02", "300"),
    ("2012-04-30", "330"),
    ("2012-12-06", "14508"),
)


@pytest.mark.parametrize(
    ("told", "rate", "within"),
    [
        # Excel's documentation of XIRR; it stops within 1e-8.
        (EXCEL, "0.373362535", "1e-8"),
        # Portfolio Performance.
        (flows(("2010-01-01", "-200"), ("2010-12-31", "210")), "0.0501407", "1e-7"),
        (TEN_YEARS, "0.14443898947158", "1e-11"),
    ],
)
def test_xirr_is_the_published_one(told: list[Flow], rate: str, within: str) -> None:
    found = xirr(told)

    assert found.value is not None
    assert abs(found.value - Decimal(rate)) < Decimal(within)
    assert not found.others


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ([], Undefined.NO_FLOWS),
        (flows(("2020-01-01", "-1"), ("2021-01-01", "-1")), Undefined.ONE_SIGN),
        (flows(("2020-01-01", "-1"), ("2020-01-01", "2")), Undefined.ZERO_SPAN),
        (
            flows(("2020-01-01", "100"), ("2021-01-01", "-150"), ("2022-01-01", "100")),
            Undefined.NO_ROOT,
        ),
    ],
)
def test_without_a_rate_there_is_a_reason(told: list[Flow], reason: Undefined) -> None:
    found = xirr(told)

    assert (found.value, found.reason) == (None, reason)


def test_several_roots_are_told() -> None:
    # -1000 + 2300 x - 1320 x^2 with x = 1 / (1 + r): rates of 10 % and 20 %.
    told = flows(("2021-01-01", "-1000"), ("2022-01-01", "2300"), ("2023-01-01", "-1320"))

    found = xirr(told)

    assert found.value == Decimal("0.1")
    assert found.others == (Decimal("0.2"),)


def test_nearly_everything_lost_and_a_rise_of_a_million_have_a_rate() -> None:
    lost = xirr(flows(("2020-01-01", "-1000000"), ("2021-01-01", "0.01"))).value
    won = xirr(flows(("2020-01-01", "-1"), ("2021-01-01", "200000000000000000"))).value

    assert lost is not None
    assert won is not None
    assert won > 10**17
    assert -1 < lost < Decimal("-0.9999")


def test_time_weighted_returns_are_linked_at_every_flow() -> None:
    # The sample of Portfolio Performance.
    told = [
        ("10000", "0", "0"),
        ("10230", "0", "0"),
        ("10630", "200", "0"),
        ("9995.59", "0", "400"),
        ("10289.58", "0", "0"),
        ("10583.57", "0", "0"),
        ("16179.56", "5400", "0"),
        ("11600", "0", "3697.04"),
        ("10596.15", "0", "0"),
    ]
    days = [
        DayValue(START + timedelta(days=n), Decimal(value), Decimal(came), Decimal(went))
        for n, (value, came, went) in enumerate(told)
    ]

    published = (
        *("0.023", "0.019175455", "-0.0220517", "0.0294117647"),
        *("0.0285714286", "0.012261967", "-0.0545454545", "-0.0865384615"),
    )
    for found, told_return in zip(daily_returns(days), published, strict=True):
        # The sample's own amounts are rounded to cents.
        assert found is not None
        assert abs(found - Decimal(told_return)) < Decimal("1e-6")
    assert abs((time_weighted(days).value or 0) - Decimal("-0.056182678")) < Decimal("1e-6")


def test_three_ways_to_measure_one_month() -> None:
    half, end = START + timedelta(days=15), START + timedelta(days=30)
    days = [
        DayValue(START, Decimal(100)),
        DayValue(START + timedelta(days=14), Decimal(110)),
        DayValue(half, Decimal(160), inflow=Decimal(50)),
        DayValue(end, Decimal(165)),
    ]
    told = [Flow(START, Decimal(-100)), Flow(half, Decimal(-50)), Flow(end, Decimal(165))]

    assert time_weighted(days).value == Decimal("0.134375")
    period = Period(START, end, Decimal(100), Decimal(165))
    assert modified_dietz(period, [Flow(half, Decimal(50))]).value == Decimal("0.12")
    exact = ((Decimal(68500).sqrt() - 50) / 200) ** 2 - 1
    assert period_rate(told).value == round(exact, 12)


def test_a_full_sale_is_no_loss() -> None:
    days = [
        DayValue(START, Decimal(100)),
        DayValue(START + timedelta(days=1), Decimal(0), outflow=Decimal(110)),
        DayValue(START + timedelta(days=2), Decimal(0)),
        DayValue(START + timedelta(days=3), Decimal(50), inflow=Decimal(50)),
    ]

    assert time_weighted(days).value == Decimal("0.1")


def test_a_missing_value_leaves_the_return_unknown() -> None:
    days = [DayValue(START, Decimal(1)), DayValue(START + timedelta(days=1), None)]

    found = time_weighted(days)

    assert (found.value, found.reason) == (None, Undefined.MISSING_VALUE)


RETURNS = st.decimals("-0.5", "0.5", places=4)
INFLOWS = st.decimals("0", "1000000", places=2)


@given(st.lists(st.tuples(RETURNS, INFLOWS), min_size=1, max_size=20))
def test_a_flow_of_any_size_leaves_the_time_weighted_return_unchanged(
    told: list[tuple[Decimal, Decimal]],
) -> None:
    value, days = Decimal(1000), [DayValue(START, Decimal(1000))]
    for number, (change, inflow) in enumerate(told, 1):
        value = (value + inflow) * (1 + change)
        days.append(DayValue(START + timedelta(days=number), value, inflow))

    found = time_weighted(days).value

    assert found is not None
    assert abs(found - linked(change for change, _ in told)) < Decimal("1e-9")


def test_a_deposit_at_the_end_is_neutral() -> None:
    day = START + timedelta(days=1)
    plain = [DayValue(START, Decimal(100)), DayValue(day, Decimal(100))]
    with_deposit = [DayValue(START, Decimal(100)), DayValue(day, Decimal(600), Decimal(500))]

    assert time_weighted(plain).value == time_weighted(with_deposit).value == 0


def test_income_belongs_to_the_return() -> None:
    # Portfolio Performance: four dividends of 162.55 less 42.26 tax on 15,005.
    gain = 4 * (Decimal("162.55") - Decimal("42.26"))

    assert gain == Decimal("481.16")
    assert round(simple_return(gain, Decimal(15005)).value or 0, 6) == Decimal("0.032067")


def test_less_than_a_year_is_not_annualised() -> None:
    assert annualised(Decimal("0.05"), 364) is None
    assert annualised(Decimal("0.05"), 365) == Decimal("0.05")
    assert annualised(Decimal("0.21"), 730) == Decimal("0.1")
    assert annualised(Decimal(-1), 730) is None


def test_nothing_invested_is_no_return() -> None:
    period = Period(START, START, Decimal(1), Decimal(1))

    assert simple_return(Decimal(1), Decimal(0)).reason is Undefined.NOTHING_INVESTED
    assert modified_dietz(period, []).reason is Undefined.ZERO_SPAN


@given(
    st.decimals("100", "10000", places=2),
    st.lists(
        st.tuples(st.integers(1, 3650), st.decimals("1", "5000", places=2)), min_size=1, max_size=30
    ),
)
def test_pyxirr_says_the_same(paid: Decimal, came: list[tuple[int, Decimal]]) -> None:
    told = [Flow(START, -paid), *(Flow(START + timedelta(days=day), got) for day, got in came)]

    wanted = pyxirr.xirr([flow.day for flow in told], [float(flow.amount) for flow in told])

    found = xirr(told).value
    if wanted is not None and wanted < 10**6 and found is not None:
        assert float(found) == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_what_lost_more_than_everything_has_no_return_that_gains_could_be_linked_to() -> None:
    values = [("100", "0"), ("-50", "0"), ("450", "500"), ("495", "0")]
    days = [
        DayValue(date(2024, 1, number), Decimal(value), Decimal(inflow))
        for number, (value, inflow) in enumerate(values, 1)
    ]

    found = time_weighted(days)

    assert (found.value, found.reason) == (None, Undefined.ALL_LOST)


def test_money_that_went_and_never_came_back_is_of_one_sign() -> None:
    flows = [Flow(date(2024, 1, 1), Decimal(-100)), Flow(date(2025, 1, 1), Decimal(0))]

    assert xirr(flows).reason is Undefined.ONE_SIGN
    assert xirr(flows[:1]).reason is Undefined.ZERO_SPAN
