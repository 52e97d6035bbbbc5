"""Requests that say two things of which only one can be meant are refused, and change nothing."""

import pytest

from tests.market_examples import asset_of
from tests.people import Person
from tests.priced_assets import asked

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAY = {"date": "2026-01-05", "close": "10"}


@pytest.mark.parametrize(
    ("field", "value"), [("symbol", "NONE"), ("currency", "USD"), ("exchange", "XLON")]
)
async def test_a_price_is_not_kept_of_an_asset_that_is_another_than_the_row_says(
    eve: Person, field: str, value: str
) -> None:
    asset_id = await asset_of(eve, exchange="XETRA")
    file = {"file": ("prices.csv", f"date,close,{field}\n2026-01-05,10,{value}\n".encode())}

    in_a_body = await eve.post("/prices", {"prices": [{"asset_id": asset_id, field: value, **DAY}]})
    in_a_file = await eve.post("/price-uploads", files=file, data={"asset_id": asset_id})

    for refused in (in_a_body, in_a_file):
        assert refused.status_code == 422
        assert [each["field"] for each in refused.json()["errors"]] == [f"row 1.{field}"]
    assert (await eve.get(f"/assets/{asset_id}/prices/2026-01-05")).status_code == 404


async def test_what_a_row_says_beside_the_id_may_be_true(eve: Person) -> None:
    asset_id = await asset_of(eve, symbol="CRU", exchange="XETRA")
    row = {"asset_id": asset_id, "symbol": "cru", "currency": "EUR", "exchange": "xetra", **DAY}

    kept = await eve.post("/prices", {"prices": [row]})

    assert kept.status_code == 201


async def test_a_price_from_before_all_histories_is_refused(eve: Person) -> None:
    path = f"/assets/{await asset_of(eve)}/prices"

    assert (await eve.put(f"{path}/1900-12-31", {"close": "1"})).status_code == 422
    assert (await eve.put(f"{path}/1901-01-01", {"close": "1"})).status_code == 200


@pytest.mark.parametrize("other", ["start_date", "end_date"])
async def test_rates_are_of_one_day_or_of_a_range(ada: Person, other: str) -> None:
    query = {"base": "EUR", "quote": "USD", "date": "2026-03-02", other: "2026-03-01"}

    refused = await asked(ada, "/exchange-rates", 422, **query)

    assert [each["field"] for each in refused["errors"]] == ["date"]


async def test_a_new_symbol_is_priced_in_the_currency_of_the_old_one(eve: Person) -> None:
    before, after = await asset_of(eve), await asset_of(eve, currency="USD")
    change = {"date": "2026-01-07", "kind": "symbol_change", "new_asset_id": after}

    refused = await eve.post(f"/assets/{before}/corporate-actions", change)

    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == ["new_asset_id"]


async def test_a_dividend_beyond_the_price_is_not_said_to_be_worked_in(eve: Person) -> None:
    asset_id = await asset_of(eve)
    prices = [DAY, DAY | {"date": "2026-01-06"}]
    await eve.post(f"/assets/{asset_id}/prices", {"prices": prices})
    dividend = {"date": "2026-01-06", "kind": "dividend", "amount": "10"}
    await eve.post(f"/assets/{asset_id}/corporate-actions", dividend)

    told = await asked(eve, f"/assets/{asset_id}/prices", start_date="2026-01-01")

    assert [each["close"] for each in told["prices"]] == ["10.00", "10.00"]
    assert told["adjusted_for"] == []


async def test_what_an_asset_became_is_not_deleted_under_it(eve: Person) -> None:
    before, after = await asset_of(eve), await asset_of(eve)
    actions = f"/assets/{before}/corporate-actions"
    merger = {"date": "2026-01-07", "kind": "merger", "ratio": "2", "new_asset_id": after}
    action_id = (await eve.post(actions, merger)).json()["id"]

    refused = await eve.delete(f"/assets/{after}")
    await eve.delete(f"{actions}/{action_id}")

    assert (refused.status_code, refused.json()["type"].rsplit("/")[-1]) == (409, "asset_in_use")
    assert (await eve.delete(f"/assets/{after}")).status_code == 204
