"""What is held without a price: the whole is not known, and nothing pretends that it is."""

import httpx
import pytest
import pytest_asyncio

from tests.people import Person, settle
from tests.trading import a_depot, a_portfolio_of, done

pytestmark = pytest.mark.asyncio(loop_scope="module")
TARGETS = {"equity": "0.5", "cash_equivalent": "0.5"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(service: httpx.AsyncClient) -> tuple[Person, str]:
    """Money, shares with a price, and shares that came from elsewhere and have none."""
    eve = await settle(service, "unvalued")
    depot = await a_depot(eve)
    await done(eve, depot)
    await done(eve, depot, symbol="GIFT", subtype="transfer_in", unit_price=None, amount="0")
    return eve, await a_portfolio_of(eve, depot, targets=TARGETS)


async def test_a_whole_with_an_unknown_part_has_no_weights(place: tuple[Person, str]) -> None:
    eve, path = place

    found = (await eve.get(f"{path}/allocation")).json()

    assert [(each["name"], each["weight_ratio"]) for each in found["slices"]] == [
        ("cash_equivalent", None),
        ("equity", None),
    ]
    assert (found["total_value"], found["concentration_ratio"]) == (None, None)
    assert found["unvalued"] == found["data_quality"]["missing_prices"] == ["GIFT"]


async def test_nor_is_anything_bought_or_sold_to_get_to_the_targets(
    place: tuple[Person, str],
) -> None:
    eve, path = place

    found = (await eve.get(f"{path}/rebalancing?contribution=100")).json()

    assert (found["reason"], found["unvalued"]) == ("missing_value", ["GIFT"])
    assert found["drifts"] == found["full_proposals"] == found["contribution_proposals"] == []


async def test_a_shock_is_told_of_the_parts_that_are_known(place: tuple[Person, str]) -> None:
    eve, path = place

    shocks = {"shocks": [{"by": "all", "change": "-0.5"}]}
    found = (await eve.post(f"{path}/scenarios", shocks)).json()

    assert (found["before"], found["after"], found["change_percent"]) == (None, None, None)
    assert {each["symbol"]: each["change"] for each in found["outcomes"]} == {
        "AAPL": "-500.00",
        "cash Depot": "-4500.00",
    }
    assert found["unvalued"] == ["GIFT"]


async def test_chance_does_not_begin_with_a_part(place: tuple[Person, str]) -> None:
    eve, path = place

    plan = {"mean": "0.05", "deviation": "0.1", "months": 12, "goal": "1", "paths": 10}
    found = (await eve.post(f"{path}/simulations", plan)).json()

    assert (found["start_value"], found["percentiles"]) == (None, [])
    assert (found["goal_probability_ratio"], found["reason"]) == (None, "missing_value")


async def test_a_flow_that_is_not_known_is_not_left_out_of_what_explains_the_flows(
    place: tuple[Person, str],
) -> None:
    eve, path = place

    found = (await eve.get(f"{path}/performance?period=max&explain=true")).json()

    trees = {each["name"]: each["value"] for each in found["explanations"]}
    assert (found["inflow"], trees["inflow"]) == (None, None)
    assert (found["outflow"], trees["outflow"]) == (None, None)
