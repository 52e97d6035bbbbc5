"""Costs and gains of what is out of the ordinary, made again from their explanations."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from tests.api.investing.conftest import rates
from tests.explanations import evaluated
from tests.market_examples import asset_of
from tests.people import Person, settle
from tests.trading import a_depot, a_portfolio_of, done, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY: Final = datetime.now(UTC).date()
LONG_AGO, BEFORE, CHANGED, LATELY = (str(TODAY - timedelta(days=n)) for n in (310, 160, 100, 45))
NAMES: Final = [
    *("cost_basis", "realized_gain_loss", "unrealized_gain_loss"),
    *("base_cost_basis", "base_realized_gain_loss", "base_unrealized_gain_loss"),
]


async def linked(person: Person, symbol: str) -> str:
    asset_id = await asset_of(person, symbol=symbol, currency="USD")
    link = {"symbol": symbol, "currency": "USD", "asset_id": asset_id}
    assert (await person.put("/asset-links", link)).status_code == 200
    return asset_id


async def happened(person: Person, asset_id: str, **action: str) -> None:
    told = {"date": CHANGED, **action}
    made = await person.post(f"/assets/{asset_id}/corporate-actions", told)
    assert made.status_code == 201, made.text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def odd(service: httpx.AsyncClient) -> tuple[Person, list[str]]:
    """In two accounts: what is short, moved away, split, and came out of a merger."""
    person = await settle(service, "odd-lots")
    await rates(person)
    old, new, cut = [await linked(person, symbol) for symbol in ("OLD", "NEW", "CUT")]
    closes = {"prices": [{"date": LATELY, "close": "210.17"}]}
    assert (await person.post(f"/assets/{new}/prices", closes)).status_code == 201
    one, other = await a_depot(person), await a_depot(person)
    for account, price in ((one, "50.01"), (other, "70.07")):
        for symbol in ("OLD", "CUT"):
            await done(person, account, LONG_AGO, symbol=symbol, unit_price=price)
            await done(person, account, BEFORE, symbol=symbol, unit_price="61.13")
    short: dict[str, Any] = {"symbol": "SHRT", "unit_price": "33.33"}
    for day in (LONG_AGO, BEFORE):
        await done(person, one, day, subtype="short_sell", **short)
    await done(person, one, LATELY, subtype="buy_to_cover", **short | {"quantity": "13"})
    await done(person, one, BEFORE, subtype="transfer_out", symbol="CUT", quantity="3")
    await happened(person, cut, kind="split", ratio="3")
    await happened(person, old, kind="merger", ratio="0.5", amount="1.5", new_asset_id=new)
    for symbol in ("NEW", "CUT"):
        await sold(person, other, "2", LATELY, symbol=symbol, unit_price="210.17")
    return person, [one, other]


@pytest.mark.parametrize("method", ["fifo", "average"])
async def test_what_is_short_moved_split_or_merged_is_explained_to_the_cent(
    odd: tuple[Person, list[str]], method: str
) -> None:
    person, accounts = odd
    path = await a_portfolio_of(person, *accounts, base_currency="CHF", lot_method=method)

    found = (await person.get(f"{path}/positions?explain=true")).json()

    assert [each["symbol"] for each in found["positions"]] == ["CUT", "NEW", "SHRT"]
    for held in found["positions"]:
        trees = {each["name"]: each for each in held["explanations"]}
        for name in NAMES:
            assert held[name] is not None, (held["symbol"], name)
            assert evaluated(trees[name]) == Decimal(held[name]), (held["symbol"], name)


async def test_a_short_sale_is_told_with_its_own_day_and_the_cover_with_its(
    odd: tuple[Person, list[str]],
) -> None:
    person, accounts = odd
    path = await a_portfolio_of(person, *accounts, base_currency="CHF")

    found = (await person.get(f"{path}/positions?explain=true")).json()

    trees = {each["name"]: each for each in found["positions"][-1]["explanations"]}
    first = trees["base_realized_gain_loss"]["inputs"][0]["inputs"][0]
    sides = [[each["as_of"] for each in side["inputs"]] for side in first["inputs"]]
    assert sides == [[LONG_AGO, LONG_AGO], [LATELY, LATELY]]
    own = trees["realized_gain_loss"]["inputs"][0]["inputs"][0]["inputs"]
    assert [each["as_of"] for each in own] == [LONG_AGO, LATELY]
