"""Positions of what had another symbol for a while, and then its own again."""

import httpx
import pytest

from tests.explanations import evaluated
from tests.market_examples import asset_of
from tests.people import settle
from tests.trading import a_depot, a_portfolio_of, done, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")

CLOSES = {"2026-01-05": "10", "2026-02-02": "11", "2026-03-02": "12", "2026-04-01": "15"}


@pytest.mark.parametrize("base_currency", ["USD", "EUR"])
async def test_a_position_comes_back_with_its_symbol(
    service: httpx.AsyncClient, base_currency: str
) -> None:
    rita = await settle(service, f"returning-{base_currency.lower()}")
    first = await asset_of(rita, symbol="FIRST", currency="USD", asset_type="equity")
    other = await asset_of(rita, symbol="OTHER", currency="USD", asset_type="equity")
    for asset_id in (first, other):
        prices = [{"date": day, "close": close} for day, close in CLOSES.items()]
        kept = await rita.post(f"/assets/{asset_id}/prices", {"prices": prices})
        assert kept.status_code == 201, kept.text
    depot = await a_depot(rita, "1000.00")
    await done(rita, depot, "2026-01-05", symbol="FIRST", quantity="100", unit_price="10")
    for old, new, day in ((first, other, "2026-02-02"), (other, first, "2026-03-02")):
        change = {"date": day, "kind": "symbol_change", "new_asset_id": new}
        assert (await rita.post(f"/assets/{old}/corporate-actions", change)).status_code == 201
    await sold(rita, depot, "40", "2026-03-16", symbol="FIRST", unit_price="12")
    path = await a_portfolio_of(rita, depot, base_currency=base_currency)

    found = (await rita.get(f"{path}/positions?explain=true")).json()
    values = (await rita.get(f"{path}/values?start_date=2026-01-05&currency=USD")).json()["values"]
    did = (await rita.get(f"{path}/performance?period=max&end_date=2026-04-01")).json()

    (held,) = found["positions"]
    assert (held["symbol"], held["quantity"], held["cost_basis"]) == (
        "FIRST",
        "60.00000000",
        "600.00",
    )
    assert (held["realized_gain_loss"], held["first_purchase_date"]) == ("80.00", "2026-01-05")
    assert found["data_quality"]["unreadable_histories"] == []
    trees = {each["name"]: each for each in held["explanations"]}
    assert f"{evaluated(trees['base_cost_basis']):.2f}" == held["base_cost_basis"]
    by_day = {each["date"]: each["value"] for each in values}
    assert [by_day[day] for day in CLOSES] == ["1000.00", "1100.00", "1200.00", "1380.00"]
    if base_currency == "USD":
        assert did["gain"] == "380.00"
