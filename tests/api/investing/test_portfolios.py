from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.explanations import evaluated
from tests.ledgers import Ledger, ledger_of, movement, position
from tests.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY = datetime.now(UTC).date()
YEAR_AGO = TODAY - timedelta(days=400)


def traded(
    number: str, subtype: TransactionSubtype, quantity: str, amount: str, day: date, **more: Any
) -> ReportedTransaction:
    total = Decimal(amount)
    return movement(
        number,
        transaction_type=TransactionType.TRADE,
        subtype=subtype,
        symbol="AAPL",
        quantity=Decimal(quantity),
        amount=total,
        unit_price=abs(total) / Decimal(quantity),
        transaction_date=day,
        **more,
    )


BOUGHT = traded("b1", TransactionSubtype.BUY, "10", "-1500.00", YEAR_AGO)
SOLD = traded("s1", TransactionSubtype.SELL, "4", "800.00", TODAY - timedelta(days=100))
DIVIDEND = movement(
    "d1",
    transaction_type=TransactionType.INCOME,
    subtype=TransactionSubtype.DIVIDEND,
    symbol="AAPL",
    amount=Decimal("12.00"),
    transaction_date=TODAY - timedelta(days=50),
)
DEPOSIT = movement(
    "m1",
    transaction_type=TransactionType.TRANSFER,
    subtype=TransactionSubtype.DEPOSIT,
    amount=Decimal("2000.00"),
    transaction_date=YEAR_AGO,
)


async def shares(ledger: Ledger) -> str:
    """2,000 paid in; 10 bought at 150, 4 sold at 200, 12 of dividends; 6 at 250 and 1,312 left."""
    ledger.now = datetime.now(UTC)
    account = await ledger.account("p1", cash_balance=Decimal("1312.00"), currency="USD")
    await ledger.hold(account, held("6"))
    await ledger.move(account, BOUGHT, SOLD, DIVIDEND, DEPOSIT)
    return str(account.id)


def held(quantity: str) -> Any:
    return position(
        "AAPL",
        quantity=Decimal(quantity),
        cost_basis=Decimal("900.00"),
        market_value=Decimal("1500.00"),
        current_price=Decimal("250.00"),
    )


async def made(person: Person, *account_ids: str, **more: Any) -> str:
    draft = {"name": "Shares", "base_currency": "USD", "account_ids": account_ids, **more}
    answer = await person.post("/portfolios", draft)
    assert answer.status_code == 201, answer.text
    return f"/portfolios/{answer.json()['id']}"


async def test_a_portfolio_is_made_changed_and_deleted(eve: Person) -> None:
    path = await made(eve, targets={"equity": "0.6", "fixed_income": "0.4"})

    read = await eve.get(path)
    assert read.json()["targets"] == {"equity": "0.6", "fixed_income": "0.4"}
    assert read.json()["lot_method"] == "fifo"
    changed = await eve.patch(path, {"name": "All", "lot_method": "average", "targets": {}})
    assert (changed.status_code, changed.json()["name"]) == (200, "All")
    assert changed.headers["ETag"] == '"2"'
    assert (await eve.get("/portfolios")).json()["total_count"] == 1
    assert (await eve.delete(path)).status_code == 204
    assert (await eve.get(path)).status_code == 404


async def test_only_accounts_of_one_s_own_and_targets_of_one_whole(eve: Person) -> None:
    draft = {"name": "x", "base_currency": "USD"}
    unknown = "01900000-0000-7000-8000-00000000dead"

    strange = await eve.post("/portfolios", {**draft, "account_ids": [unknown]})
    half = await eve.post("/portfolios", {**draft, "targets": {"equity": "0.5"}})

    assert strange.status_code == 404
    assert half.status_code == 422


async def test_positions_say_what_is_held_what_it_cost_and_what_it_gained(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        path = await made(eve, await shares(ledger))

    found = (await eve.get(f"{path}/positions")).json()

    (apple,) = found["positions"]
    assert (apple["quantity"], apple["average_cost"]) == ("6.00000000", "150.00000000")
    assert apple["first_purchase_date"] == str(YEAR_AGO)
    assert (apple["cost_basis"], apple["market_value"]) == ("900.00", "1500.00")
    assert apple["unrealized_gain_loss"] == "600.00"
    assert apple["unrealized_gain_loss_percent"] == "66.67"
    assert apple["realized_gain_loss"] == "200.00"
    assert apple["unexplained_quantity"] == "0.00000000"
    assert (found["cash"], found["total_value"]) == ("1312.00", "2812.00")
    assert found["data_quality"]["coverage_ratio"] == "1.0000"


async def test_what_the_movements_do_not_explain_is_told_and_its_cost_is_not_known(
    eve: Person,
) -> None:
    async with ledger_of(eve) as ledger:
        account = await ledger.account("p1", cash_balance=Decimal(0))
        await ledger.hold(account, held("16"))
        await ledger.move(account, BOUGHT)
        path = await made(eve, str(account.id))

    found = (await eve.get(f"{path}/positions")).json()

    (apple,) = found["positions"]
    assert (apple["quantity"], apple["unexplained_quantity"]) == ("16.00000000", "6.00000000")
    assert apple["cost_basis"] is None
    assert apple["unrealized_gain_loss"] is None
    assert found["total_gain_loss"] is None
    assert found["data_quality"]["missing_basis"] == ["AAPL"]
    assert found["data_quality"]["unexplained_quantities"] == [
        {"symbol": "AAPL", "quantity": "6.00000000", "since": "2026-03-02"}
    ]
    assert apple["unexplained_since"] == "2026-03-02"


async def test_performance_adds_up_to_the_cent(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        path = await made(eve, await shares(ledger))

    found = (await eve.get(f"{path}/performance?period=max")).json()

    assert (found["start_value"], found["end_value"]) == ("0.00", "2812.00")
    assert (found["inflow"], found["outflow"]) == ("2000.00", "0.00")
    assert (found["gain"], found["income"], found["currency_gain"]) == ("812.00", "12.00", "0.00")
    assert found["price_gain"] == "800.00"
    assert found["simple_return"]["percent"] == "40.600000"
    assert found["time_weighted_return"]["percent"] is not None
    assert found["money_weighted_annual_return"]["reason"] is None


async def test_less_than_a_year_is_not_annualised(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        path = await made(eve, await shares(ledger))

    found = (await eve.get(f"{path}/performance?period=3m")).json()

    assert found["money_weighted_annual_return"] == {
        "percent": None,
        "reason": "less_than_a_year",
        "other_percents": [],
    }
    assert found["time_weighted_annual_percent"] is None


async def test_the_series_begins_before_anything_is_known_and_ends_today(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        path = await made(eve, await shares(ledger))

    found = (await eve.get(f"{path}/values?period=max")).json()

    values = found["values"]
    assert found["total_count"] == len(values) == 402
    assert values[0]["value"] == "0.00"
    assert values[1] == {
        "date": str(YEAR_AGO),
        "value": "2000.00",
        "cost_basis": "1500.00",
        "cash": "500.00",
        "inflow": "2000.00",
        "outflow": "0.00",
        "income": "0.00",
    }
    assert values[-1]["value"] == "2812.00"


async def test_a_missing_rate_leaves_the_numbers_unknown_never_one(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        path = await made(eve, await shares(ledger), base_currency="XAU")

    found = (await eve.get(f"{path}/positions")).json()
    series = (await eve.get(f"{path}/performance?period=max")).json()

    assert found["total_value"] is None
    assert found["data_quality"]["missing_rates"]
    assert series["end_value"] is None
    assert series["time_weighted_return"]["reason"] == "missing_value"


async def test_allocation_is_of_everything_and_rebalancing_needs_targets(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        account_id = await shares(ledger)
    path = await made(eve, account_id, targets={"equity": "0.5", "cash_equivalent": "0.5"})
    bare = await made(eve, account_id)

    found = (await eve.get(f"{path}/allocation?group_by=asset_type")).json()
    advice = (await eve.get(f"{path}/rebalancing?contribution=188.00")).json()

    assert [(each["name"], each["value"]) for each in found["slices"]] == [
        ("equity", "1500.00"),
        ("cash_equivalent", "1312.00"),
    ]
    assert sum(Decimal(each["weight_ratio"]) for each in found["slices"]) == 1
    assert advice["contribution_proposals"] == [{"name": "cash_equivalent", "amount": "188.00"}]
    assert {each["name"]: each["amount"] for each in advice["full_proposals"]} == {
        "equity": "-94.00",
        "cash_equivalent": "94.00",
    }
    assert (await eve.get(f"{bare}/rebalancing")).json()["type"].endswith("/no_targets")


async def test_risk_says_what_it_is_made_of(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        path = await made(eve, await shares(ledger))

    found = (await eve.get(f"{path}/risk?period=1y")).json()

    assert found["return_count"] > 200
    assert found["volatility_percent"] is not None
    assert [each["confidence"] for each in found["losses"]] == ["0.95", "0.99"]


async def test_too_short_a_history_has_no_risk_and_a_reason(eve: Person) -> None:
    found = (await eve.get(f"{await made(eve)}/risk")).json()

    assert found["reason"] == "too_few_returns"
    assert found["sharpe_ratio"] is None


async def test_a_shock_and_chance(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        path = await made(eve, await shares(ledger))

    named = await eve.post(f"{path}/scenarios", {"scenario": "covid_2020"})
    shocks = [{"by": "all", "change": "-0.10"}, {"by": "asset", "name": "APPL", "change": "-1"}]
    own = await eve.post(f"{path}/scenarios", {"shocks": shocks})
    plan = {"mean": "0.05", "deviation": "0.10", "months": 24, "goal": "1.00", "seed": 7}
    chance = [await eve.post(f"{path}/simulations", plan) for _ in range(2)]

    assert (named.json()["change"], named.json()["unmet_shocks"]) == ("-510.00", [])
    assert own.json()["unmet_shocks"] == ["asset APPL"]
    assert own.json()["after"] == "2530.80"
    assert chance[0].json()["percentiles"] == chance[1].json()["percentiles"]
    assert chance[0].json()["goal_probability_ratio"] == "1.0000"


@pytest.mark.parametrize(
    "body", [{}, {"scenario": "covid_2020", "shocks": [{"by": "all", "change": "-1"}]}]
)
async def test_a_scenario_is_named_or_one_s_own(eve: Person, body: Any) -> None:
    assert (await eve.post(f"{await made(eve)}/scenarios", body)).status_code == 422


async def test_no_such_scenario(eve: Person) -> None:
    answer = await eve.post(f"{await made(eve)}/scenarios", {"scenario": "flood"})

    assert answer.status_code == 404


async def test_contributions_add_up_to_the_gain(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        path = await made(eve, await shares(ledger))

    found = (await eve.get(f"{path}/performance?period=max")).json()

    gains = {each["symbol"]: each["gain"] for each in found["contributions"]}
    assert gains == {"AAPL": "812.00", None: "0.00"}
    assert sum(Decimal(each) for each in gains.values()) == Decimal(found["gain"])


async def test_a_portfolio_of_nothing_but_its_benchmark_returns_the_benchmark(
    eve: Person,
) -> None:
    bought, days = TODAY - timedelta(days=30), 31
    async with ledger_of(eve) as ledger:
        ledger.now = datetime.now(UTC)
        account = await ledger.account("i1", cash_balance=Decimal(0))
        await ledger.hold(account, position("INDX", quantity=Decimal(10), current_price=None))
        paid = movement(
            "m2",
            transaction_type=TransactionType.TRANSFER,
            subtype=TransactionSubtype.DEPOSIT,
            amount=Decimal(1000),
            transaction_date=bought,
        )
        trade = traded("b2", TransactionSubtype.BUY, "10", "-1000.00", bought)
        await ledger.move(account, paid, replace(trade, symbol="INDX"))
    asset = {"symbol": "INDX", "name": "Index", "asset_type": "etf", "currency": "USD"}
    index = (await eve.post("/assets", asset)).json()["id"]
    link = {"symbol": "INDX", "currency": "USD", "asset_id": index}
    assert (await eve.put("/asset-links", link)).status_code == 200
    for number in range(days):
        price = {"close": f"{100 + number % 7}.00"}
        day = bought + timedelta(days=number)
        assert (await eve.put(f"/assets/{index}/prices/{day}", price)).status_code == 200
    path = await made(eve, str(account.id), benchmark_asset_id=index)

    found = (await eve.get(f"{path}/performance?start_date={bought}")).json()

    benchmark = found["benchmark"]
    assert benchmark["return_percent"] == found["time_weighted_return"]["percent"] == "2.000000"
    assert benchmark["excess_return_percent"] == "0.000000"
    assert benchmark["same_flows_end_value"] == found["end_value"] == "1020.00"
    assert benchmark["same_flows_gain"] == found["gain"] == "20.00"
    risk = (await eve.get(f"{path}/risk?start_date={bought}")).json()["against_benchmark"]
    assert (risk["beta_ratio"], risk["correlation_ratio"]) == ("1.000000", "1.000000")
    assert (risk["alpha_percent"], risk["tracking_error_percent"]) == ("0.000000", "0.000000")
    assert risk["information_ratio"] is None


async def test_numbers_can_be_made_again_from_their_explanations(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        account_id = await shares(ledger)
    rates = [
        {"base_currency": "USD", "quote_currency": "CHF", "date": str(day), "rate": "0.9137"}
        for day in (YEAR_AGO, TODAY - timedelta(days=100), TODAY - timedelta(days=50), TODAY)
    ]
    kept = await eve.post("/exchange-rates", {"exchange_rates": rates})
    assert kept.status_code == 201
    path = await made(eve, account_id, base_currency="CHF")

    found = (await eve.get(f"{path}/positions?explain=true")).json()

    (apple,) = found["positions"]
    trees = {each["name"]: each for each in apple["explanations"]}
    assert trees["cost_basis"]["note"] == "Lots by fifo."
    assert trees["base_market_value"]["note"].startswith("At the last price")
    assert evaluated(trees["base_market_value"]) == Decimal(apple["base_market_value"])
    assert evaluated(trees["cost_basis"]) == Decimal(apple["cost_basis"])
    assert evaluated(trees["unrealized_gain_loss"]) == Decimal(apple["unrealized_gain_loss"])
    assert evaluated(found["explanation"]) == Decimal(found["total_value"])
    assert "explanation" not in (await eve.get(f"{path}/positions")).json()
