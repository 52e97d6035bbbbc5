"""Accounts and assets that portfolios speak of, and that are deleted."""

import json

import httpx
import pytest

from tests.exporting import exported, restored
from tests.market_examples import asset_of
from tests.people import settle
from tests.trading import a_depot, a_portfolio_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_deleted_account_is_in_no_portfolio_and_the_rest_can_be_edited(
    service: httpx.AsyncClient,
) -> None:
    ida = await settle(service, "left")
    kept, gone = await a_depot(ida), await a_depot(ida)
    path = await a_portfolio_of(ida, gone, kept)
    before = (await ida.get(path)).headers["ETag"]

    assert (await ida.delete(f"/accounts/{gone}")).status_code == 204

    found = await ida.get(path)
    assert found.json()["account_ids"] == [kept]
    assert found.headers["ETag"] != before
    renamed = await ida.patch(path, {"name": "Rest"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "Rest")


async def test_what_a_portfolio_is_compared_with_is_not_deleted_under_it(
    service: httpx.AsyncClient,
) -> None:
    ida = await settle(service, "compared")
    index = await asset_of(ida)
    path = await a_portfolio_of(ida, await a_depot(ida), benchmark_asset_id=index)

    refused = await ida.delete(f"/assets/{index}")
    await ida.patch(path, {"benchmark_asset_id": None})
    gone = await ida.delete(f"/assets/{index}")

    assert refused.json()["type"].endswith("/errors/asset_in_use")
    assert (refused.status_code, gone.status_code) == (409, 204)


async def test_an_export_that_speaks_of_a_deleted_account_can_be_restored(
    service: httpx.AsyncClient,
) -> None:
    ida, bob = await settle(service, "leaving"), await settle(service, "coming")
    depot = await a_depot(ida)
    await a_portfolio_of(ida, depot)
    file = json.loads(await exported(ida))
    # As versions that did not look after portfolios left it.
    file["portfolios"][0]["account_ids"].append("01900000-0000-7000-8000-0000000000ff")

    answer = await restored(bob, json.dumps(file))

    assert answer.status_code == 201, answer.text
    (portfolio,) = (await bob.get("/portfolios")).json()["portfolios"]
    assert (await bob.get(f"/portfolios/{portfolio['id']}/positions")).status_code == 200
