"""What accounts hold whose balance is their money alone counts in the net worth, at its price."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest

from coffers.domain.ledger.accounts import AccountType
from tests.explanations import evaluated
from tests.ledgers import ledger_of, position, reported_account
from tests.market_examples import asset_of
from tests.people import Person, settle
from tests.purses import balance
from tests.rates import keep_rate
from tests.statements import imported, portfolio
from tests.trading import a_depot, a_portfolio_of, done, positions, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")
TODAY: Final = datetime.now(UTC).date()


def ago(days: int) -> str:
    return str(TODAY - timedelta(days=days))


async def worth(person: Person, query: str = "") -> Any:
    answer = await person.get(f"/net-worth{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def history(person: Person, first: int, last: int = 0) -> dict[str, Any]:
    """Net worth by day, and all of the answer."""
    query = {"start_date": ago(first), "end_date": ago(last)}
    answer = await person.get("/net-worth/history", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def by_day(found: dict[str, Any]) -> dict[str, str | None]:
    return {day["date"]: day["net_worth"] for day in found["history"]}


async def quoted(person: Person, symbol: str, closes: dict[int, str], **more: str) -> str:
    """The asset that a symbol stands for, with its closes so many days ago."""
    currency = more.get("currency", "USD")
    asset_id = await asset_of(person, symbol=symbol, **({"currency": currency} | more))
    link = {"symbol": symbol, "currency": currency, "asset_id": asset_id}
    assert (await person.put("/asset-links", link)).status_code == 200
    prices = [{"date": ago(days), "close": close} for days, close in closes.items()]
    assert (await person.post(f"/assets/{asset_id}/prices", {"prices": prices})).is_success
    return asset_id


async def test_who_buys_shares_is_not_poorer(service: httpx.AsyncClient) -> None:
    mary = await settle(service, "mary")
    depot = await a_depot(mary)
    before = await worth(mary)

    await done(mary, depot, ago(5))
    after = await worth(mary)

    assert before["net_worth"] == after["net_worth"] == "10000.00"
    assert after["net_worth_by_currency"] == {"USD": "10000.00"}
    quality = after["data_quality"]
    assert (quality["coverage_ratio"], quality["notes"]) == ("1.0000", [])


async def test_what_is_held_counts_at_its_last_price_and_its_multiplier(
    service: httpx.AsyncClient,
) -> None:
    olga = await settle(service, "olga")
    await quoted(olga, "ACME", {3: "120.00", 1: "130.555"})
    depot = await a_depot(olga, "5000.00")
    await done(olga, depot, ago(4), symbol="ACME")
    option = {"symbol": "ACME 250C", "asset_type": "option", "quantity": "1", "unit_price": "2.50"}
    await done(olga, depot, ago(4), **option)

    found = await worth(olga)

    # 5,000 − 1,000 − 250, ten at 130.555, and a hundred times 2.50
    assert found["net_worth"] == "5305.55"
    path = await a_portfolio_of(olga, depot)
    assert (await olga.get(f"{path}/positions")).json()["total_value"] == "5305.55"


async def test_debts_and_short_positions_are_liabilities(service: httpx.AsyncClient) -> None:
    nick = await settle(service, "nick")
    depot = await a_depot(nick, "500.00")
    await done(nick, depot, ago(4))
    await done(nick, depot, ago(4), symbol="BEAR", subtype="short_sell", quantity="2")

    found = await worth(nick)

    # 500 − 1,000 + 200 of money, ten at 100, and two owed at 100
    assert found["assets_by_currency"] == {"USD": "1000.00"}
    assert found["liabilities_by_currency"] == {"USD": "500.00"}
    assert found["net_worth"] == "500.00"


async def test_a_position_entered_directly_counts_where_the_balance_is_not_known(
    service: httpx.AsyncClient,
) -> None:
    paul = await settle(service, "paul")
    depot = await a_depot(paul, None)
    opening = {"symbol": "ACME", "asset_type": "equity", "quantity": "10", "average_cost": "90"}
    day = {"first_purchase_date": ago(30)}
    assert (await paul.post(f"/accounts/{depot}/positions", opening | day)).status_code == 201

    found = await worth(paul)

    assert (found["net_worth"], found["accounts_without_balance"]) == ("900.00", 1)
    assert found["data_quality"]["notes"] == ["Active accounts without a known balance: 1."]
    assert by_day(await history(paul, 31)) == dict.fromkeys(map(ago, range(30, -1, -1)), "900.00")


async def test_without_a_price_there_is_no_total_but_a_reason(service: httpx.AsyncClient) -> None:
    rose = await settle(service, "rose")
    await keep_rate(rose, "EUR", "USD", TODAY, "1.20")
    depot = await a_depot(rose)
    unknown = {"symbol": "DUSTY", "asset_type": "equity", "quantity": "10"}
    day = {"first_purchase_date": ago(2)}
    assert (await rose.post(f"/accounts/{depot}/positions", unknown | day)).status_code == 201
    await a_depot(rose, "7.00", currency="EUR")

    found = await worth(rose, "?explain=true")
    days = await history(rose, 3)

    assert found["net_worth"] is None
    assert found["net_worth_unavailable_reason"] == "No price is known for DUSTY."
    assert found["net_worth_by_currency"] == {"EUR": "7.00", "USD": None}
    assert found["assets_by_currency"] == {"EUR": "7.00", "USD": None}
    quality = found["data_quality"]
    assert (quality["missing_prices"], quality["coverage_ratio"]) == (["DUSTY"], "0.5000")
    assert found["explanation"]["value"] is None
    assert by_day(days) == dict.fromkeys((ago(2), ago(1), ago(0)))
    assert days["net_worth_unavailable_reason"] == "No price is known for DUSTY."
    assert days["data_quality"]["missing_prices"] == ["DUSTY"]


async def test_each_day_has_its_own_quantity_price_and_rate(service: httpx.AsyncClient) -> None:
    tess = await settle(service, "tess")
    await quoted(tess, "EURO", {5: "10.00", 3: "12.00", 0: "11.00"}, currency="EUR")
    for back, rate in ((6, "1.10"), (4, "1.20"), (1, "1.50")):
        await keep_rate(tess, "EUR", "USD", TODAY - timedelta(days=back), rate)
    depot = await a_depot(tess, "100.00", currency="EUR")
    bought = await done(tess, depot, ago(5), symbol="EURO", quantity="10", unit_price="9.00")
    await sold(tess, depot, "10", ago(2), symbol="EURO", unit_price="12.00")
    await tess.patch(f"/transactions/{bought['id']}", {"notes": "kept"})

    days = by_day(await history(tess, 6))

    assert days == {
        # Before its first movement nothing is known of the account.
        ago(5): "121.00",  # (100 − 90 + 10 × 10) × 1.10
        ago(4): "132.00",  # × 1.20
        ago(3): "156.00",  # (10 + 10 × 12) × 1.20
        ago(2): "156.00",  # sold at that price
        ago(1): "195.00",  # × 1.50
        ago(0): "195.00",
    }
    assert (await worth(tess))["net_worth"] == "195.00"


async def test_a_trade_that_is_entered_late_is_no_bump_in_the_history(
    service: httpx.AsyncClient,
) -> None:
    vera = await settle(service, "vera")
    depot = await a_depot(vera)
    await done(vera, depot, ago(5))
    await done(vera, depot, ago(-3), symbol="LATER", quantity="1", unit_price="70")

    days = by_day(await history(vera, 9))

    assert days == dict.fromkeys(map(ago, range(5, -1, -1)), "10000.00")
    assert by_day(await history(vera, 3, 2)) == dict.fromkeys((ago(3), ago(2)), "10000.00")


async def test_the_net_worth_of_a_depot_can_be_made_again_from_its_explanation(
    service: httpx.AsyncClient,
) -> None:
    walt = await settle(service, "walt")
    await keep_rate(walt, "EUR", "USD", TODAY, "1.2345")
    await quoted(walt, "EURO", {1: "33.333"}, currency="EUR")
    depot = await a_depot(walt, "1000.00", currency="EUR")
    await done(walt, depot, ago(4), symbol="EURO", quantity="7.77", unit_price="10")
    option = {"symbol": "ACME 250C", "asset_type": "option", "quantity": "1", "unit_price": "2.50"}
    await done(walt, await a_depot(walt), ago(4), **option)

    found = await worth(walt, "?explain=true")

    tree = found["explanation"]
    assert evaluated(tree) == Decimal(tree["value"]) == Decimal(found["net_worth"])
    euros = tree["inputs"][1]["inputs"][0]["inputs"][0]["inputs"][0]
    (share,) = [each for each in euros["inputs"] if each["name"] == "EURO"]
    assert share["value"] == "259.00"  # 7.77 × 33.333 = 258.99741
    quantity, price = share["inputs"][0]["inputs"]
    assert (quantity["value"], quantity["note"]) == ("7.77000000", "Depot")
    assert (price["value"], price["as_of"], price["source"]) == ("33.333", ago(1), "market")
    (option_tree,) = [each for each in tree["inputs"][0]["inputs"] if each["name"] == "ACME 250C"]
    assert [each["value"] for each in option_tree["inputs"][0]["inputs"]][2] == "100"


async def test_what_a_provider_s_balance_holds_already_is_not_counted_twice(
    service: httpx.AsyncClient,
) -> None:
    yves = await settle(service, "yves")
    async with ledger_of(yves) as ledger:
        row = reported_account("b1", account_type=AccountType.BROKERAGE, balance=Decimal(5000))
        (broker,) = await ledger.accounts(row)
        await ledger.hold(broker, position("AAPL", quantity=Decimal(10)))

    assert (await worth(yves))["net_worth"] == "5000.00"


async def test_after_a_sale_of_everything_only_the_money_is_left(
    service: httpx.AsyncClient,
) -> None:
    zoe = await settle(service, "zoe")
    depot = await a_depot(zoe)
    await done(zoe, depot, ago(4))
    await sold(zoe, depot, "10", ago(2), unit_price="110")

    assert (await worth(zoe))["net_worth"] == "10100.00"
    assert by_day(await history(zoe, 4))[ago(0)] == "10100.00"
    assert await positions(zoe, await a_portfolio_of(zoe, depot)) == {}


async def test_a_file_that_tells_money_and_positions_is_not_counted_twice(
    service: httpx.AsyncClient,
) -> None:
    bill = await settle(service, "bill")
    await imported(bill, portfolio(("AAPL", "5", "700.00")))
    (account,) = (await bill.get("/accounts")).json()["accounts"]
    path = await a_portfolio_of(bill, account["id"])

    found = (await bill.get(f"{path}/positions")).json()

    assert (account["balance_amount"], (await worth(bill))["net_worth"]) == ("800.00", "800.00")
    # The file prices AAPL at 1.
    assert (found["cash"], found["total_value"]) == ("100.00", "105.00")
    assert (await history(bill, 1))["history"][-1]["net_worth"] == "800.00"


async def test_of_such_a_file_an_account_kept_by_hand_takes_the_money_and_the_positions(
    service: httpx.AsyncClient,
) -> None:
    cora = await settle(service, "cora")
    depot = await a_depot(cora, None)

    day = TODAY - timedelta(days=1)
    await imported(cora, portfolio(("AAPL", "5", "5.00"), balance_day=day), account_id=depot)

    assert await balance(cora, depot) == "100.00"
    assert (await worth(cora))["net_worth"] == "105.00"
    assert by_day(await history(cora, 1))[ago(0)] == "105.00"
