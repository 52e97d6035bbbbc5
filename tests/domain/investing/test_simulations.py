import math

import pytest

from coffers.domain.investing.scenarios import PlanInvalid
from coffers.domain.investing.simulations import MAX_PATHS, MAX_RATE, Plan, simulate

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
        Plan(1, 0, MAX_RATE + 1, 0.1, 12),
        Plan(1, 0, 0.1, MAX_RATE + 1, 12),
        Plan(0, 1, 1e300, 1e300, 12),
        Plan(10_000, 0, MAX_RATE, 0.1, 720),
    ],
)
def test_what_cannot_be_simulated_is_refused(plan: Plan) -> None:
    with pytest.raises(PlanInvalid):
        simulate(plan, seed=1, paths=10)


def test_too_many_paths_are_refused() -> None:
    with pytest.raises(PlanInvalid):
        simulate(PLAN, seed=1, paths=MAX_PATHS + 1)
