"""A hundred shares at 150, now at 175.50: every number that portfolio trackers show of them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest_asyncio

from tests.market_examples import asset_of
from tests.people import Person, settle
from tests.trading import a_depot, a_portfolio_of

TODAY: Final = datetime.now(UTC).date()
BOUGHT: Final = TODAY - timedelta(days=366)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(service: httpx.AsyncClient) -> dict[str, Any]:
    """What is answered about it, by path."""
    eve = await settle(service, "tracker")
    apple, path = await kept(eve)
    period = f"start_date={BOUGHT}&end_date={TODAY}"
    paths = {
        "asset": f"/assets/{apple}",
        "search": "/assets?q=apple&asset_type=equity&exchange=NASDAQ&sector=Technology&limit=20",
        "positions": f"{path}/positions",
        "performance": f"{path}/performance?{period}",
        "risk": f"{path}/risk?{period}&benchmark_id={apple}",
        "allocation": f"{path}/allocation?group_by=sector",
        "metrics": f"/assets/{apple}/metrics",
        "indicators": f"/assets/{apple}/indicators?names=rsi_14,sma_20,macd_12_26_9",
        "prices": f"/assets/{apple}/prices?{period}",
        "portfolio": path,
    }
    return {name: (await told(eve, where)) for name, where in paths.items()}


async def told(eve: Person, where: str) -> Any:
    answer = await eve.get(where)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def kept(eve: Person) -> tuple[str, str]:
    apple = await asset_of(
        eve,
        symbol="AAPL",
        name="Apple Inc.",
        asset_type="equity",
        currency="USD",
        exchange="NASDAQ",
        sector="Technology",
        industry="Consumer Electronics",
        market_cap="2750000000000.00",
    )
    link = {"symbol": "AAPL", "currency": "USD", "asset_id": apple}
    assert (await eve.put("/asset-links", link)).is_success
    prices = [
        {"date": str(BOUGHT + timedelta(days=day)), "close": f"{150 + day % 7}.00"}
        for day in range(365)
    ]
    last = {"open": "174.90", "high": "176.25", "low": "174.80", "volume": "52847392"}
    prices.append({"date": str(TODAY - timedelta(days=1)), "close": "173.00"})
    prices.append({"date": str(TODAY), "close": "175.50", **last})
    assert (await eve.post(f"/assets/{apple}/prices", {"prices": prices})).is_success
    depot = await a_depot(eve, "0.00")
    position = {"symbol": "AAPL", "quantity": "100.0", "average_cost": "150.0"}
    position |= {"first_purchase_date": str(BOUGHT)}
    entered = await eve.post(f"/accounts/{depot}/positions", position)
    assert entered.status_code == 201, entered.text
    more = {"name": "Growth Portfolio", "description": "Long-term growth"}
    return apple, await a_portfolio_of(eve, depot, **more)


def test_an_asset_has_its_quote(found: dict[str, Any]) -> None:
    asset = found["asset"]

    assert {name: asset[name] for name in QUOTE} == QUOTE
    assert asset["last_price_update"].endswith("Z")
    assert [each["symbol"] for each in found["search"]["assets"]] == ["AAPL"]


QUOTE: Final = {
    "symbol": "AAPL",
    "name": "Apple Inc.",
    "asset_type": "equity",
    "currency": "USD",
    "exchange": "NASDAQ",
    "price": "175.50",
    "previous_close": "173.00",
    "change": "2.50",
    "change_percent": 1.45,
    "day_high": "176.25",
    "day_low": "174.80",
    "volume": "52847392",
    "market_cap": "2750000000000.00",
    "sector": "Technology",
    "industry": "Consumer Electronics",
}


def test_a_position_has_its_cost_value_and_gain(found: dict[str, Any]) -> None:
    (position,) = found["positions"]["positions"]

    assert {name: position[name] for name in POSITION} == POSITION
    assert position["first_purchase_date"] == str(BOUGHT)


POSITION: Final = {
    "symbol": "AAPL",
    "quantity": "100.00000000",
    "average_cost": "150.00000000",
    "cost_basis": "15000.00",
    "market_price": "175.50",
    "market_value": "17550.00",
    "unrealized_gain_loss": "2550.00",
    "unrealized_gain_loss_percent": "17.00",
}


def test_a_portfolio_has_its_totals(found: dict[str, Any]) -> None:
    totals = found["positions"]

    assert found["portfolio"]["name"] == "Growth Portfolio"
    assert found["portfolio"]["description"] == "Long-term growth"
    assert (totals["total_value"], totals["total_cost_basis"]) == ("17550.00", "15000.00")
    assert (totals["total_gain_loss"], totals["total_gain_loss_percent"]) == ("2550.00", "17.00")
    assert totals["total_count"] == 1


def test_performance_and_risk_have_every_number(found: dict[str, Any]) -> None:
    performance, risk = found["performance"], found["risk"]

    assert performance["gain"] == "2550.00"
    assert performance["simple_return"]["percent"] == "17.000000"
    assert performance["days"] == 366
    assert performance["time_weighted_annual_percent"] is not None
    for name in ("volatility_percent", "sharpe_ratio", "sortino_ratio", "calmar_ratio"):
        assert risk[name] is not None
    assert Decimal(risk["max_drawdown"]["percent"]) < 0
    assert Decimal(risk["losses"][0]["historical_var_amount"]) < 0
    against = risk["against_benchmark"]
    assert (against["beta_ratio"], against["alpha_percent"]) == ("1.000000", "0.000000")


def test_an_asset_has_its_own_analyses(found: dict[str, Any]) -> None:
    metrics, indicators = found["metrics"], found["indicators"]

    assert {each["period"] for each in metrics["returns"]} >= {
        "day",
        "week",
        "month",
        "ytd",
        "year",
    }
    assert metrics["volatility_percent"] is not None
    assert [each["name"] for each in indicators["indicators"]] == [
        "rsi_14",
        "sma_20",
        "macd_12_26_9",
    ]
    assert found["prices"]["total_count"] == 367
    assert found["allocation"]["slices"][0]["name"] == "Technology"
