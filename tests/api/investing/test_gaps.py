"""Histories with gaps: what is not known is told, and what is known is compared with the same."""

from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.explanations import evaluated
from tests.ledgers import ledger_of, position
from tests.market_examples import asset_of
from tests.people import Person, settle
from tests.purses import a_purse, entered
from tests.rates import keep_rate
from tests.trading import a_depot, a_portfolio_of, done, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gil(service: httpx.AsyncClient) -> Person:
    return await settle(service, "gaps")


async def priced(person: Person, symbol: str, closes: dict[str, str]) -> str:
    """An asset of this symbol in dollars with these closes."""
    asset_id = await asset_of(person, symbol=symbol, currency="USD", asset_type="equity")
    prices = [{"date": day, "close": close} for day, close in closes.items()]
    kept = await person.post(f"/assets/{asset_id}/prices", {"prices": prices})
    assert kept.status_code == 201, kept.text
    return asset_id


async def told(person: Person, path: str) -> Any:
    answer = await person.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_flows_of_an_unknown_rate_leave_the_returns_unknown(gil: Person) -> None:
    dongs = await a_purse(gil, "0", currency="VND")
    await entered(gil, dongs, "1000", transaction_date="2026-03-03")
    await entered(gil, dongs, "-1000", transaction_date="2026-03-03", transaction_type="fee")
    dollars = await a_purse(gil)
    await entered(gil, dollars, "50.00", transaction_date="2026-03-05")
    path = await a_portfolio_of(gil, dongs, dollars)

    found = await told(gil, f"{path}/performance?end_date=2026-03-10")

    assert found["end_value"] == "150.00"
    assert (found["inflow"], found["gain"]) == (None, None)
    for name in ("time_weighted_return", "money_weighted_return", "modified_dietz_return"):
        assert (found[name]["percent"], found[name]["reason"]) == (None, "missing_value")
    chart = await told(gil, f"{path}/chart?end_date=2026-03-04")
    assert chart["return_percent"] == ["0.000000", None, None]


async def test_modified_dietz_is_of_the_gain_that_is_told(gil: Person) -> None:
    purse = await a_purse(gil, "0.00", currency="USD")
    for day in ("2026-03-03", "2026-03-05"):
        await entered(gil, purse, "0.03", transaction_date=day)
    path = await a_portfolio_of(gil, purse, base_currency="EUR")

    found = await told(gil, f"{path}/performance?start_date=2026-03-02&end_date=2026-03-05")

    assert (found["end_value"], found["inflow"], found["gain"]) == ("0.05", "0.05", "0.00")
    assert found["modified_dietz_return"]["percent"] == "0.000000"


async def test_a_price_that_has_become_old_is_named_beside_every_series(gil: Person) -> None:
    await priced(gil, "OLD", {"2026-06-01": "10", "2026-06-02": "11"})
    depot = await a_depot(gil)
    await done(gil, depot, "2026-06-01", symbol="OLD", unit_price="10")
    path = await a_portfolio_of(gil, depot)

    async def stale(what: str, end: str) -> Any:
        asked = f"{path}/{what}?start_date=2026-06-01&end_date={end}"
        return (await told(gil, asked))["data_quality"]["stale_prices"]

    for what in ("performance", "values", "risk", "chart"):
        assert await stale(what, "2026-06-03") == []
        assert await stale(what, "2026-06-30") == [{"symbol": "OLD", "price_date": "2026-06-02"}]


async def test_a_value_that_stood_still_for_want_of_prices_is_told_with_its_period(
    gil: Person,
) -> None:
    closes = {"2026-03-02": "10", "2026-03-09": "10", "2026-04-20": "12", "2026-04-30": "12"}
    await priced(gil, "HOLE", closes)
    depot = await a_depot(gil)
    await done(gil, depot, "2026-03-02", symbol="HOLE", unit_price="10")
    await sold(gil, depot, "10", "2026-04-24", symbol="HOLE", unit_price="12")
    path = await a_portfolio_of(gil, depot)
    hole = {"price_date": "2026-03-09", "next_price_date": "2026-04-20", "days": 42}
    late = {"price_date": "2026-04-20", "next_price_date": "2026-04-30", "days": 10}

    async def gaps(what: str, start: str, end: str) -> Any:
        asked = f"{path}/{what}?start_date={start}&end_date={end}"
        return (await told(gil, asked))["data_quality"]["price_gaps"]

    for what in ("performance", "values", "risk", "risk/rolling", "chart"):
        assert await gaps(what, "2026-03-02", "2026-05-29") == [{"symbol": "HOLE", **hole}]
    assert await gaps("values", "2026-04-10", "2026-04-20") == [{"symbol": "HOLE", **hole}]
    assert await gaps("values", "2026-04-20", "2026-04-29") == [{"symbol": "HOLE", **late}]
    # A price a week is a price, and of what is not held none is missed.
    assert await gaps("values", "2026-03-02", "2026-03-09") == []
    assert await gaps("values", "2026-04-24", "2026-05-29") == []


async def test_old_and_missing_prices_of_what_is_compared_with_are_told_as_well(
    gil: Person,
) -> None:
    index = await priced(gil, "INDEX", {"2026-01-02": "50", "2026-02-02": "50"})
    depot = await a_depot(gil)
    await entered(gil, depot, "10", transaction_date="2026-01-02")
    path = await a_portfolio_of(gil, depot)
    asked = f"start_date=2026-01-02&end_date=2026-03-31&benchmark_id={index}"
    gap = {"price_date": "2026-01-02", "next_price_date": "2026-02-02", "days": 31}

    for what in ("performance", "risk", "risk/rolling", "chart"):
        quality = (await told(gil, f"{path}/{what}?{asked}"))["data_quality"]
        assert quality["stale_prices"] == [{"symbol": "INDEX", "price_date": "2026-02-02"}]
        assert quality["price_gaps"] == [{"symbol": "INDEX", **gap}]
        assert quality["missing_prices"] == []


async def test_contributions_that_make_up_for_each_other_are_told(gil: Person) -> None:
    await priced(gil, "RISEN", {"2026-06-01": "10", "2026-06-02": "11"})
    await priced(gil, "FALLEN", {"2026-06-01": "10", "2026-06-02": "9"})
    depot = await a_depot(gil, "200.00")
    for symbol in ("RISEN", "FALLEN"):
        await done(gil, depot, "2026-06-01", symbol=symbol, unit_price="10")
    path = await a_portfolio_of(gil, depot)

    found = await told(gil, f"{path}/performance?start_date=2026-06-01&end_date=2026-06-02")

    assert found["gain"] == "0.00"
    parts = {each["symbol"]: each["contribution_percent"] for each in found["contributions"]}
    assert parts == {"FALLEN": "-5.000000", "RISEN": "5.000000", None: "0.000000"}


async def test_the_benchmark_is_measured_on_the_days_on_which_something_was_invested(
    gil: Person,
) -> None:
    closes = {f"2026-06-{day:02}": f"{100 + day * day % 17}.00" for day in range(1, 31)}
    index = await priced(gil, "GAPPED", closes)
    depot = await a_depot(gil, None)
    # Money that comes in at the start of a day buys at the close of the day before.
    for first, last in (("2026-06-02", "2026-06-10"), ("2026-06-24", "2026-06-29")):
        before = f"2026-06-{int(first[-2:]) - 1:02}"
        await done(gil, depot, first, symbol="GAPPED", unit_price=closes[before])
        await sold(gil, depot, "10", last, symbol="GAPPED", unit_price=closes[last])
    path = await a_portfolio_of(gil, depot, benchmark_asset_id=index)

    found = await told(gil, f"{path}/risk?end_date=2026-06-30&explain=true")

    assert found["return_count"] == 11
    against = found["against_benchmark"]
    assert (against["beta_ratio"], against["tracking_error_percent"]) == ("1.000000", "0.000000")
    beta = next(each for each in found["explanations"] if each["name"] == "beta_ratio")
    assert round(evaluated(beta, found["explanations"]), 6) == 1


async def test_what_came_in_before_its_first_price_is_no_gain(gil: Person) -> None:
    await priced(gil, "LATER", {"2026-06-01": "12", "2026-06-02": "13"})
    depot = await a_depot(gil, "0")
    held = {"symbol": "LATER", "quantity": "10", "average_cost": "10"}
    came = held | {"first_purchase_date": "2026-05-04"}
    assert (await gil.post(f"/accounts/{depot}/positions", came)).status_code == 201
    path = await a_portfolio_of(gil, depot)

    whole = await told(gil, f"{path}/performance?end_date=2026-06-02&explain=true")
    since = await told(gil, f"{path}/performance?start_date=2026-06-01&end_date=2026-06-02")

    assert (whole["end_value"], whole["inflow"], whole["gain"]) == ("130.00", None, None)
    assert whole["simple_return"]["reason"] == "missing_value"
    assert whole["data_quality"]["missing_prices"] == ["LATER"]
    assert since["gain"] == "10.00"


async def test_an_unknown_cost_is_null_for_as_long_as_something_of_it_is_held(gil: Person) -> None:
    await priced(gil, "COSTLESS", {"2026-06-01": "10"})
    depot = await a_depot(gil)
    came = {"symbol": "COSTLESS", "subtype": "transfer_in", "unit_price": None, "amount": "0"}
    await done(gil, depot, "2026-06-02", **came)
    await done(gil, depot, "2026-06-03", symbol="COSTLESS", unit_price="10")
    await sold(gil, depot, "10", "2026-06-04", symbol="COSTLESS", unit_price="10")
    path = await a_portfolio_of(gil, depot)

    found = await told(gil, f"{path}/values?start_date=2026-06-01&end_date=2026-06-04")

    costs = [each["cost_basis"] for each in found["values"]]
    assert costs == ["0.00", None, None, "100.00"]


async def test_a_period_of_no_days_has_no_return(gil: Person) -> None:
    path = await a_portfolio_of(gil, await a_depot(gil))

    found = await told(gil, f"{path}/performance?start_date=2026-06-01&end_date=2026-06-01")

    assert (found["days"], found["start_value"]) == (0, "10000.00")
    assert {each["reason"] for each in found["contributions"]} == {"zero_span"}
    assert found["time_weighted_annual_reason"] == "zero_span"
    for name in ("simple_return", "time_weighted_return", "modified_dietz_return"):
        assert (found[name]["percent"], found[name]["reason"]) == (None, "zero_span")


async def test_a_fall_from_the_start_begins_on_the_first_day_be_it_a_saturday(gil: Person) -> None:
    closes = {f"2026-03-{day:02}": f"{200 - day}" for day in range(6, 28)}
    await priced(gil, "DOWN", closes)
    depot = await a_depot(gil)
    await done(gil, depot, "2026-03-02", symbol="DOWN", unit_price="194")
    path = await a_portfolio_of(gil, depot)

    found = await told(gil, f"{path}/risk?start_date=2026-03-07&end_date=2026-03-27")

    fall = found["max_drawdown"]
    assert (fall["peak_date"], fall["trough_date"]) == ("2026-03-07", "2026-03-27")


async def test_what_grows_beyond_measure_is_answered(gil: Person) -> None:
    await priced(gil, "ROCKET", {"2026-06-01": "0.000000000000000001", "2026-06-09": "1000000"})
    depot = await a_depot(gil, "0")
    await done(gil, depot, "2026-06-01", symbol="ROCKET", quantity="1", unit_price="1")
    path = await a_portfolio_of(gil, depot, targets={"equity": "1"})
    days = "start_date=2026-06-01&end_date=2026-06-16"
    await entered(gil, depot, "1", transaction_date="2026-06-01")

    found = await told(gil, f"{path}/performance?{days}&explain=true")
    risk = await told(gil, f"{path}/risk?{days}&explain=true")
    chart = await told(gil, f"{path}/chart?{days}")

    assert found["time_weighted_return"]["percent"] == f"{10**26 - 100}.000000"
    assert chart["return_percent"][-1] == f"{10**26}.000000"
    assert (risk["annual_return_percent"], risk["reason"]) == (None, "too_large")
    assert (await told(gil, f"{path}/rebalancing"))["full_proposals"] == []
    assert (await told(gil, f"{path}/risk/rolling?{days}&window=10"))["total_count"] == 2


async def test_dust_that_was_dear_has_an_average_cost(gil: Person) -> None:
    depot, dear = await a_depot(gil), f"{'9' * 20}"
    dust = {"quantity": "0.000000000000000001", "unit_price": dear, "amount": "-100"}
    await done(gil, depot, symbol="DUST", **dust)
    path = await a_portfolio_of(gil, depot)

    (found,) = (await told(gil, f"{path}/positions"))["positions"]

    assert found["average_cost"] == f"1{'0' * 20}.00000000"


async def test_rates_are_known_since_something_was_reported_without_a_movement(gil: Person) -> None:
    async with ledger_of(gil) as ledger:
        account = await ledger.account("long ago", currency="UAH")
        await ledger.hold(account, position("PHO", currency="UAH", quantity=Decimal(2)))
    kept = {"base_currency": "UAH", "quote_currency": "USD", "date": "2026-03-01", "rate": "0.01"}
    assert (await gil.post("/exchange-rates", {"exchange_rates": [kept]})).status_code == 201
    path = await a_portfolio_of(gil, str(account.id))

    (_, found) = (await told(gil, f"{path}/values?end_date=2026-03-02"))["values"]

    assert (found["date"], found["value"]) == ("2026-03-02", "3.50")


async def test_so_they_are_since_the_first_movement_however_long_ago(gil: Person) -> None:
    purse = await a_purse(gil, "0", currency="UAH")
    await entered(gil, purse, "500", transaction_date="1995-05-02")
    kept = {"base_currency": "UAH", "quote_currency": "USD", "date": "1995-05-01", "rate": "0.01"}
    assert (await gil.post("/exchange-rates", {"exchange_rates": [kept]})).status_code == 201
    path = await a_portfolio_of(gil, purse)

    (_, found) = (await told(gil, f"{path}/values?end_date=1995-05-02"))["values"]

    assert (found["date"], found["value"]) == ("1995-05-02", "5.00")


async def test_a_split_long_before_the_first_purchase_does_not_begin_the_history(
    gil: Person,
) -> None:
    asset_id = await priced(gil, "VETERAN", {"2026-03-02": "10"})
    split = {"date": "1987-06-16", "kind": "split", "ratio": "2"}
    assert (await gil.post(f"/assets/{asset_id}/corporate-actions", split)).status_code == 201
    depot = await a_depot(gil)
    await done(gil, depot, "2026-03-03", symbol="VETERAN", unit_price="10")
    path = await a_portfolio_of(gil, depot)

    found = await told(gil, f"{path}/performance?period=max")

    assert found["start_date"] == "2026-03-02"


async def test_ones_own_rates_count_before_anything_moved(gil: Person) -> None:
    purse = await a_purse(gil, "100.000", currency="KWD")
    await keep_rate(gil, "KWD", "EUR", date(1995, 3, 6), "3.00")
    path = await a_portfolio_of(gil, purse, base_currency="EUR")

    found = await told(gil, f"{path}/values?start_date=1995-03-07&end_date=1995-03-07")

    assert [each["value"] for each in found["values"]] == ["300.00"]
