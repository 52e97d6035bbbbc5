"""A symbol's prices are in its own currency: a number of another is not taken for them."""

import json

import httpx
import pytest

from tests.exporting import exported, restored
from tests.market_examples import asset_of
from tests.people import settle
from tests.purses import why
from tests.trading import a_depot, a_portfolio_of, done, positions

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_symbol_does_not_stand_for_an_asset_in_another_currency(
    service: httpx.AsyncClient,
) -> None:
    ida, bob = await settle(service, "twins"), await settle(service, "twins-again")
    depot = await a_depot(ida)
    await done(ida, depot, symbol="TWIN", unit_price="10")
    await a_portfolio_of(ida, depot)
    francs = await asset_of(ida, symbol="TWIN", currency="CHF")
    told = await ida.put(f"/assets/{francs}/prices/2026-02-02", {"close": "77"})
    assert told.status_code == 200
    link = {"symbol": "TWIN", "currency": "USD", "asset_id": francs}

    refused = await ida.put("/asset-links", link)

    assert (refused.status_code, why(refused.json())) == (422, "asset_id")
    # As versions that did not look at currencies left it.
    file = json.loads(await exported(ida))
    file["asset_links"][0]["asset_id"] = francs
    assert (await restored(bob, json.dumps(file))).status_code == 201
    (portfolio,) = (await bob.get("/portfolios")).json()["portfolios"]
    found = (await positions(bob, f"/portfolios/{portfolio['id']}"))["TWIN"]
    assert (found["market_price"], found["market_value"]) == ("10.00", "100.00")
