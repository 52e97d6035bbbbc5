"""Numbers of performance and risk, made again from the trees that explain them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
import pytest_asyncio

from coffers.application.investing import performance_explained, risk_explained
from tests.explanations import evaluated
from tests.people import Person
from tests.trading import a_depot, a_portfolio_of, done, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY: Final = datetime.now(UTC).date()

AMOUNTS: Final = [
    *("start_value", "end_value", "inflow", "outflow"),
    *("gain", "price_gain", "income", "currency_gain"),
]
RISKS: Final = [
    *("volatility_percent", "downside_percent", "sharpe_ratio", "sortino_ratio"),
    *("annual_return_percent", "calmar_ratio"),
]
AGAINST: Final = [
    *("beta_ratio", "correlation_ratio", "alpha_percent", "jensen_alpha_percent"),
    *("tracking_error_percent", "information_ratio"),
]
POSITIONS: Final = [
    *("cost_basis", "realized_gain_loss", "unrealized_gain_loss"),
    *("base_cost_basis", "base_realized_gain_loss", "base_unrealized_gain_loss"),
]
RATES: Final = [
    *("simple_return", "time_weighted_return", "money_weighted_return"),
    "modified_dietz_return",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def depot(path: tuple[Person, str]) -> tuple[Person, str]:
    """Purchases at several rates, of which parts were sold, and a part of the money given back."""
    person, _ = path
    account = await a_depot(person)
    for days, price in ((390, "100"), (300, "130.01"), (200, "110")):
        await done(person, account, str(TODAY - timedelta(days=days)), unit_price=price)
    for days, quantity in ((150, "7"), (40, "8")):
        day = str(TODAY - timedelta(days=days))
        await sold(person, account, quantity, day, unit_price="140.03")
    back: dict[str, Any] = {"symbol": "BACK", "unit_price": "100"}
    for days in (90, 60):
        await done(person, account, str(TODAY - timedelta(days=days)), **back)
    back |= {"transaction_type": "income", "subtype": "return_of_capital", "unit_price": None}
    back |= {"quantity": None, "amount": "20"}
    await done(person, account, str(TODAY - timedelta(days=30)), **back)
    await sold(person, account, "5", str(TODAY - timedelta(days=20)), symbol="BACK")
    return person, account


@pytest.mark.parametrize("method", ["fifo", "lifo", "hifo", "average"])
async def test_costs_and_gains_of_a_position_can_be_made_again(
    depot: tuple[Person, str], method: str
) -> None:
    person, account = depot
    path = await a_portfolio_of(person, account, base_currency="CHF", lot_method=method)

    found = (await person.get(f"{path}/positions?explain=true")).json()

    assert len(found["positions"]) == 2
    for held in found["positions"]:
        trees = {each["name"]: each for each in held["explanations"]}
        for name in POSITIONS:
            assert evaluated(trees[name]) == Decimal(held[name]), name
        for name in ("base_cost_basis", "base_realized_gain_loss"):
            assert trees[name]["note"].startswith(f"Lots by {method};")
        leaves = leaves_of(trees["base_cost_basis"])
        rates = [each for each in leaves if each["name"] == "rate USD/CHF"]
        assert {each["source"] for each in rates} == {"own"}
        assert all(each["as_of"] for each in rates)
        told = {each.get("transaction_id") for each in leaves}
        assert {each["transaction_id"] for each in held["lots"]} <= told


async def test_a_rate_that_is_missing_is_named_where_it_leaves_a_cost_unknown(
    depot: tuple[Person, str],
) -> None:
    person, account = depot
    path = await a_portfolio_of(person, account, base_currency="VND")

    found = (await person.get(f"{path}/positions?explain=true")).json()

    trees = {each["name"]: each for each in found["positions"][0]["explanations"]}
    for name in ("base_cost_basis", "base_realized_gain_loss", "base_unrealized_gain_loss"):
        assert (trees[name]["value"], found["positions"][0][name]) == (None, None)
    first = leaves_of(trees["base_cost_basis"])[0]
    bought = str(TODAY - timedelta(days=390))
    assert (first["name"], first["value"], first["as_of"]) == ("rate USD/VND", None, bought)


def leaves_of(node: dict[str, Any]) -> list[dict[str, Any]]:
    inputs = node.get("inputs", [])
    return [leaf for each in inputs for leaf in leaves_of(each)] if inputs else [node]


@pytest.mark.parametrize("period", ["max", "6m"])
async def test_performance_can_be_made_again_from_its_explanations(
    path: tuple[Person, str], period: str
) -> None:
    person, place = path

    found = (await person.get(f"{place}/performance?explain=true&period={period}")).json()

    trees = found["explanations"]
    by_name = {each["name"]: each for each in trees}
    assert found["gain"] is not None
    for name in AMOUNTS:
        assert evaluated(by_name[name], trees) == Decimal(found[name]), name
    for name in RATES:
        made, told = evaluated(by_name[name], trees), Decimal(found[name]["percent"])
        assert abs(made - told) <= Decimal("0.000001"), name


async def test_the_benchmark_can_be_made_again_too(path: tuple[Person, str]) -> None:
    person, place = path

    found = (await person.get(f"{place}/performance?explain=true&period=max")).json()

    trees = found["explanations"]
    by_name = {each["name"]: each for each in trees}
    for name in ("return_percent", "excess_return_percent", "same_flows_end_value"):
        made, told = evaluated(by_name[f"benchmark_{name}"], trees), found["benchmark"][name]
        assert abs(made - Decimal(told)) <= Decimal("0.000001"), name
    gain = evaluated(by_name["benchmark_same_flows_gain"], trees)
    assert gain == Decimal(found["benchmark"]["same_flows_gain"])


async def test_yearly_rates_are_explained_where_there_are_some(path: tuple[Person, str]) -> None:
    person, place = path

    found = (await person.get(f"{place}/performance?explain=true&period=max")).json()

    trees = found["explanations"]
    by_name = {each["name"]: each for each in trees}
    made = evaluated(by_name["money_weighted_annual_return"], trees)
    told = Decimal(found["money_weighted_annual_return"]["percent"])
    assert abs(made - told) <= Decimal("0.000001")
    linked = evaluated(by_name["time_weighted_annual_percent"], trees)
    assert abs(linked - Decimal(found["time_weighted_annual_percent"])) <= Decimal("0.000001")


async def test_a_value_is_explained_down_to_price_and_rate(path: tuple[Person, str]) -> None:
    person, place = path

    found = (await person.get(f"{place}/performance?explain=true")).json()

    (value,) = (each for each in found["explanations"] if each["name"] == f"value {TODAY}")
    shares, money = value["inputs"]
    (quantity, price), rate = shares["inputs"][0]["inputs"], shares["inputs"][1]
    assert (quantity["value"], price["value"]) == ("6.00000000", "250.00")
    assert (price["as_of"], price["source"]) == (str(TODAY), "ledger")
    assert (rate["name"], rate["source"]) == ("rate USD/CHF", "own")
    assert money["inputs"][0]["value"] == "1212.00"


async def test_too_many_days_are_not_explained(path: tuple[Person, str]) -> None:
    person, place = path

    with pytest.MonkeyPatch.context() as changed:
        # The ends, and the days of three flows with those before; one line and one account.
        changed.setattr(performance_explained, "MAX_EXPLAINED", 14)
        kept = await person.get(f"{place}/performance?explain=true&period=max")
        changed.setattr(performance_explained, "MAX_EXPLAINED", 13)
        refused = await person.get(f"{place}/performance?explain=true&period=max")

    assert (kept.status_code, refused.status_code) == (200, 422)


async def test_risk_can_be_made_again_from_its_explanations(path: tuple[Person, str]) -> None:
    person, place = path

    found = (await person.get(f"{place}/risk?explain=true&period=max")).json()

    trees = found["explanations"]
    by_name = {each["name"]: each for each in trees}
    told = {name: found[name] for name in RISKS}
    told["max_drawdown_percent"] = found["max_drawdown"]["percent"]
    for loss in found["losses"]:
        level = loss.pop("confidence")
        told |= {f"{name} {level}": text for name, text in loss.items()}
    told |= {name: found["against_benchmark"][name] for name in AGAINST}
    assert None not in told.values()
    for name, text in told.items():
        nearly = Decimal("0.01") if "amount" in name else Decimal("0.000001")
        assert abs(evaluated(by_name[name], trees) - Decimal(text)) <= nearly, name


async def test_returns_say_of_which_values_they_are(path: tuple[Person, str]) -> None:
    person, place = path

    found = (await person.get(f"{place}/risk?explain=true&period=1m")).json()

    (returns,) = (each for each in found["explanations"] if each["name"] == "returns")
    assert len(returns["inputs"]) == found["return_count"]
    growth, one = returns["inputs"][-1]["inputs"]
    value = growth["inputs"][0]["inputs"][0]["inputs"][0]
    assert (value["name"], value["source"], value["currency"]) == ("value", "values", "CHF")
    assert one["value"] == "1"


async def test_risk_over_more_days_than_that_is_not_explained(path: tuple[Person, str]) -> None:
    person, place = path

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(risk_explained, "MAX_EXPLAINED_DAYS", 30)
        first, before = TODAY - timedelta(days=30), TODAY - timedelta(days=31)
        kept = await person.get(f"{place}/risk?explain=true&start_date={first}")
        refused = await person.get(f"{place}/risk?explain=true&start_date={before}")

    assert (kept.status_code, refused.status_code) == (200, 422)
