"""What companies did, in a portfolio of trades by hand."""

from datetime import date
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from tests.market_examples import asset_of
from tests.people import Person, settle
from tests.trading import a_depot, a_portfolio_of, done

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHANGED: Final = date(2026, 3, 9)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eve(service: httpx.AsyncClient) -> Person:
    return await settle(service, "reorganised")


async def linked(eve: Person, symbol: str) -> str:
    """An asset that the symbol of a trade stands for."""
    asset_id = await asset_of(eve, symbol=symbol, currency="USD")
    link = {"symbol": symbol, "currency": "USD", "asset_id": asset_id}
    assert (await eve.put("/asset-links", link)).status_code == 200
    return asset_id


async def quoted(eve: Person, asset_id: str, **closes: str) -> None:
    prices = [{"date": day.replace("_", "-")[1:], "close": close} for day, close in closes.items()]
    assert (await eve.post(f"/assets/{asset_id}/prices", {"prices": prices})).is_success


async def happened(eve: Person, asset_id: str, kind: str, **more: str) -> None:
    action = {"date": str(CHANGED), "kind": kind, **more}
    made = await eve.post(f"/assets/{asset_id}/corporate-actions", action)
    assert made.status_code == 201, made.text


async def held(eve: Person, depot: str) -> dict[str, Any]:
    found = await eve.get(f"{await a_portfolio_of(eve, depot)}/positions")
    return {each["symbol"]: each for each in found.json()["positions"]}


async def test_a_position_and_its_prices_go_on_under_the_new_symbol(eve: Person) -> None:
    depot, old, new = await a_depot(eve), await linked(eve, "FBB"), await linked(eve, "METT")
    await quoted(eve, old, _2026_03_06="110.00", _2026_03_10="1.00")
    await quoted(eve, new, _2026_03_10="120.00")
    await done(eve, depot, symbol="FBB", quantity="10", unit_price="100")
    await happened(eve, old, "symbol_change", new_asset_id=new)

    positions = await held(eve, depot)
    path = await a_portfolio_of(eve, depot)
    days = {"start_date": "2026-03-06", "end_date": "2026-03-10"}
    values = (await eve.get(f"{path}/values", params=days)).json()["values"]

    assert list(positions) == ["METT"]
    assert positions["METT"]["cost_basis"] == "1000.00"
    (lot,) = positions["METT"]["lots"]
    assert positions["METT"]["first_purchase_date"] == lot["acquired"] == "2026-01-05"
    assert lot["transaction_id"] is None
    # On the Monday of the change the last price is the old symbol's.
    money = [float(each["value"]) - float(each["cash"]) for each in values]
    assert money == [1100.0, 1100.0, 1100.0, 1100.0, 1200.0]


async def test_what_came_out_of_another_security_can_be_sold(eve: Person) -> None:
    depot, old, new = await a_depot(eve), await linked(eve, "TGT"), await linked(eve, "ACQ")
    await done(eve, depot, symbol="TGT", quantity="9", unit_price="10")
    await happened(eve, old, "merger", new_asset_id=new, ratio="1", old_units="3", amount="2")

    await done(
        eve, depot, symbol="ACQ", subtype="sell", quantity="1", transaction_date="2026-04-01"
    )

    positions = await held(eve, depot)
    # Nine at ten, less two each in cash: three that cost 72, of which one went.
    assert (positions["ACQ"]["quantity"], positions["ACQ"]["cost_basis"]) == (
        "2.00000000",
        "48.00",
    )


async def test_so_can_what_nothing_was_ever_entered_of(eve: Person) -> None:
    depot, old = await a_depot(eve), await linked(eve, "GONE")
    draft = {"symbol": "HEIR", "name": "Heir", "asset_type": "equity", "currency": "USD"}
    new = (await eve.post("/assets", draft)).json()["id"]
    await done(eve, depot, symbol="GONE", quantity="4", unit_price="10")
    await happened(eve, old, "merger", new_asset_id=new, ratio="1")

    await done(
        eve, depot, symbol="HEIR", subtype="sell", quantity="1", transaction_date="2026-04-01"
    )

    positions = await held(eve, depot)
    assert {symbol: each["quantity"] for symbol, each in positions.items()} == {
        "HEIR": "3.00000000"
    }


async def test_a_spin_off_takes_its_part_of_the_cost(eve: Person) -> None:
    depot, old, new = await a_depot(eve), await linked(eve, "PARENT"), await linked(eve, "CHILD")
    await quoted(eve, old, _2026_03_06="50.00")
    await done(eve, depot, symbol="PARENT", quantity="10", unit_price="40")
    await happened(eve, old, "spin_off", new_asset_id=new, ratio="0.5", amount="10")

    positions = await held(eve, depot)

    costs = {symbol: each["cost_basis"] for symbol, each in positions.items()}
    assert costs == {"PARENT": "320.00", "CHILD": "80.00"}
    assert positions["CHILD"]["quantity"] == "5.00000000"
    # No purchase of its own stands behind the lot: there is nothing to name in a sale.
    assert [lot["transaction_id"] for lot in positions["CHILD"]["lots"]] == [None]


async def test_a_reverse_split_of_one_for_three_leaves_whole_shares(eve: Person) -> None:
    depot, asset = await a_depot(eve), await linked(eve, "THIRD")
    await done(eve, depot, symbol="THIRD", quantity="9", unit_price="1")
    await happened(eve, asset, "split", ratio="1", old_units="3")

    positions = await held(eve, depot)

    assert positions["THIRD"]["quantity"] == "3.00000000"
    assert positions["THIRD"]["cost_basis"] == "9.00"
    (told,) = (await eve.get(f"/assets/{asset}/corporate-actions")).json()["corporate_actions"]
    assert (told["ratio"], told["old_units"]) == ("1", "3")


async def test_a_change_of_symbol_is_neither_a_loss_nor_a_gain(eve: Person) -> None:
    depot, old, new = await a_depot(eve), await linked(eve, "WAS"), await linked(eve, "ISNOW")
    await quoted(eve, old, _2026_03_02="100.00", _2026_03_06="110.00")
    await quoted(eve, new, _2026_03_10="125.00")
    await done(eve, depot, "2026-03-02", symbol="WAS")
    await happened(eve, old, "symbol_change", new_asset_id=new)

    path = await a_portfolio_of(eve, depot)
    days = {"start_date": "2026-03-02", "end_date": "2026-03-10"}
    found = (await eve.get(f"{path}/performance", params=days)).json()

    gains = {each["symbol"]: each["gain"] for each in found["contributions"]}
    assert gains == {"WAS": "100.00", "ISNOW": "150.00", None: "0.00"}
    assert found["gain"] == "250.00"


async def test_a_spin_off_is_a_gain_of_neither(eve: Person) -> None:
    depot, old, new = await a_depot(eve), await linked(eve, "MOTHER"), await linked(eve, "SON")
    await quoted(eve, old, _2026_03_02="50.00", _2026_03_09="40.00")
    await quoted(eve, new, _2026_03_09="20.00", _2026_03_10="22.00")
    await done(eve, depot, "2026-03-02", symbol="MOTHER", unit_price="50")
    await happened(eve, old, "spin_off", new_asset_id=new, ratio="0.5", amount="10")

    path = await a_portfolio_of(eve, depot)
    days = {"start_date": "2026-03-02", "end_date": "2026-03-10"}
    found = (await eve.get(f"{path}/performance", params=days)).json()

    gains = {each["symbol"]: each["gain"] for each in found["contributions"]}
    assert gains == {"MOTHER": "0.00", "SON": "10.00", None: "0.00"}
