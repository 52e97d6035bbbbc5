import math
from decimal import Decimal

import pytest

from coffers.domain.investing.scenarios import (
    HISTORICAL,
    MAX_PATHS,
    Held,
    Plan,
    PlanInvalid,
    Scenario,
    Shock,
    ShockBy,
    ShockInvalid,
    applied,
    simulate,
)

APPLE = Held(
    "AAPL",
    Decimal(1000),
    {ShockBy.TYPE: "equity", ShockBy.SECTOR: "Technology", ShockBy.CURRENCY: "USD"},
)
BOND = Held("BUND", Decimal(500), {ShockBy.TYPE: "fixed_income", ShockBy.CURRENCY: "EUR"})
CASH = Held("cash", Decimal(100))


def scenario(*shocks: tuple[ShockBy, str, str]) -> Scenario:
    return Scenario("own", "Own", [Shock(by, name, Decimal(change)) for by, name, change in shocks])


def test_a_shock_changes_what_it_is_aimed_at() -> None:
    outcomes = applied(scenario((ShockBy.TYPE, "equity", "-0.2")), [APPLE, BOND, CASH])

    assert [each.after for each in outcomes] == [Decimal(800), Decimal(500), Decimal(100)]


def test_of_several_shocks_the_narrowest_holds() -> None:
    shocks = scenario(
        (ShockBy.ALL, "", "-0.1"),
        (ShockBy.TYPE, "equity", "-0.2"),
        (ShockBy.SECTOR, "Technology", "-0.3"),
        (ShockBy.ASSET, "AAPL", "-0.4"),
    )

    assert [each.after for each in applied(shocks, [APPLE, BOND])] == [Decimal(600), Decimal(450)]


def test_a_shock_by_currency_comes_on_top() -> None:
    shocks = scenario((ShockBy.TYPE, "equity", "-0.2"), (ShockBy.CURRENCY, "USD", "0.1"))

    assert applied(shocks, [APPLE])[0].after == Decimal(880)


def test_nothing_loses_more_than_everything() -> None:
    with pytest.raises(ShockInvalid):
        applied(scenario((ShockBy.ALL, "", "-1.01")), [APPLE])


@pytest.mark.parametrize("known", HISTORICAL, ids=lambda each: each.slug)
def test_every_named_scenario_can_be_applied(known: Scenario) -> None:
    (outcome,) = applied(known, [APPLE])

    assert 0 < outcome.after < outcome.before


PLAN = Plan(wealth=10_000, monthly=0, mean=0.06, deviation=0.15, months=120)


def test_the_same_seed_gives_the_same_answer_and_another_one_another() -> None:
    assert simulate(PLAN, seed=1, paths=100) == simulate(PLAN, seed=1, paths=100)
    assert simulate(PLAN, seed=1, paths=100) != simulate(PLAN, seed=2, paths=100)


def test_the_median_is_that_of_the_log_normal_distribution() -> None:
    prospect = simulate(PLAN, seed=1, paths=MAX_PATHS)

    variance = math.log1p((0.15 / 1.06) ** 2)
    median = 10_000 * math.exp(10 * (math.log(1.06) - variance / 2))
    assert prospect.by_month[120][2] == pytest.approx(median, rel=0.02)
    assert list(prospect.by_month) == [12 * year for year in range(1, 11)]


def test_without_chance_wealth_grows_by_the_mean_and_the_contributions() -> None:
    plan = Plan(wealth=0, monthly=100, mean=0.0, deviation=0.0, months=18)

    prospect = simulate(plan, seed=1, paths=10, goal=1800)

    assert prospect.by_month == {12: [1200.0] * 5, 18: [1800.0] * 5}
    assert prospect.goal_probability == 1


def test_the_probability_of_a_goal_is_the_part_of_paths_that_reach_it() -> None:
    assert simulate(PLAN, seed=1, paths=1000, goal=10**9).goal_probability == 0
    middle = simulate(PLAN, seed=1, paths=1000).by_month[120][2]
    assert simulate(PLAN, seed=1, paths=1000, goal=middle).goal_probability == pytest.approx(0.5)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(1, 0, -1.0, 0.1, 12),
        Plan(1, 0, 0.1, -0.1, 12),
        Plan(-1, 0, 0.1, 0.1, 12),
        Plan(1, 0, 0.1, 0.1, 0),
        Plan(1, 0, 0.1, 0.1, 721),
    ],
)
def test_what_cannot_be_simulated_is_refused(plan: Plan) -> None:
    with pytest.raises(PlanInvalid):
        simulate(plan, seed=1, paths=10)


def test_too_many_paths_are_refused() -> None:
    with pytest.raises(PlanInvalid):
        simulate(PLAN, seed=1, paths=MAX_PATHS + 1)
