"""Series of portfolios over HTTP: in any currency, and as columns for a chart."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.explanations import evaluated
from tests.ledgers import ledger_of, movement
from tests.people import Person, settle
from tests.purses import a_purse, entered
from tests.trading import a_portfolio_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY: Final = datetime.now(UTC).date()
DAYS: Final = 40
BEGUN: Final = TODAY - timedelta(days=DAYS)
BOUGHT: Final = BEGUN + timedelta(days=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(service: httpx.AsyncClient) -> tuple[Person, str]:
    """1,000 dollars paid in, ten bought for 600; a dollar is 0.50 francs, from day 20 on 0.80."""
    person = await settle(service, "charted")
    async with ledger_of(person) as ledger:
        account = await ledger.purse(balance=Decimal("400.00"))
        await ledger.move(
            account,
            moved("1", TransactionType.TRANSFER, TransactionSubtype.DEPOSIT, "1000.00"),
            moved("2", TransactionType.TRADE, TransactionSubtype.BUY, "-600.00", **TEN),
        )
    index = await quoted(person)
    draft = {"name": "Shares", "base_currency": "USD", "account_ids": [str(account.id)]}
    made = await person.post("/portfolios", {**draft, "benchmark_asset_id": index})
    return person, f"/portfolios/{made.json()['id']}"


TEN: Final[dict[str, Any]] = {
    "symbol": "INDX",
    "quantity": Decimal(10),
    "unit_price": Decimal("60.00"),
}


def moved(
    number: str, kind: TransactionType, subtype: TransactionSubtype, amount: str, **more: Any
) -> Any:
    fields = {"transaction_type": kind, "subtype": subtype, "amount": Decimal(amount)}
    return movement(number, transaction_date=BOUGHT, **fields, **more)


async def quoted(person: Person) -> str:
    """An index at 60, from day 10 on at 90, from day 30 on at 45; rates of the dollar."""
    asset = {"symbol": "INDX", "name": "Index", "asset_type": "etf", "currency": "USD"}
    index = str((await person.post("/assets", asset)).json()["id"])
    link = {"symbol": "INDX", "currency": "USD", "asset_id": index}
    assert (await person.put("/asset-links", link)).status_code == 200
    for place, close in ((0, "60.00"), (10, "90.00"), (30, "45.00")):
        day = BEGUN + timedelta(days=place)
        kept = await person.put(f"/assets/{index}/prices/{day}", {"close": close})
        assert kept.status_code == 200
    rates = [
        {
            "base_currency": "USD",
            "quote_currency": "XAF",
            "date": str(BEGUN + timedelta(days=place)),
            "rate": "0.50" if place < 20 else "0.80",
        }
        for place in range(0, DAYS + 1, 5)
    ]
    assert (await person.post("/exchange-rates", {"exchange_rates": rates})).status_code == 201
    return index


async def test_a_series_in_another_currency_has_each_day_at_its_own_rate(
    told: tuple[Person, str],
) -> None:
    person, path = told

    own = (await person.get(f"{path}/values?period=max")).json()
    other = (await person.get(f"{path}/values?period=max&currency=XAF")).json()

    places = (1, 10, 20, DAYS)
    assert (own["base_currency"], other["base_currency"]) == ("USD", "XAF")
    assert [own["values"][n]["value"] for n in places] == [
        *("1000.00", "1300.00", "1300.00", "850.00")
    ]
    assert [other["values"][n]["value"] for n in places] == ["500", "650", "1040", "680"]
    assert [other["values"][n]["cash"] for n in places] == ["200", "200", "320", "320"]
    # What was bought at the rate of its day costs what it cost then.
    assert {other["values"][n]["cost_basis"] for n in places} == {"300"}
    assert other["values"][1]["inflow"] == "500"


async def test_a_chart_has_columns_of_one_length_with_the_return_and_the_fall(
    told: tuple[Person, str],
) -> None:
    person, path = told

    found = (await person.get(f"{path}/chart?start_date={BOUGHT}")).json()

    columns = [value for value in found.values() if isinstance(value, list)]
    assert {len(column) for column in columns} == {DAYS}
    assert found["dates"] == [str(BOUGHT + timedelta(days=n)) for n in range(DAYS)]
    assert (found["value"][0], found["value"][-1]) == ("1000.00", "850.00")
    assert {*found["net_invested"]} == {"1000.00"}
    assert (found["return_percent"][0], found["return_percent"][9]) == ("0.000000", "30.000000")
    assert found["return_percent"][-1] == "-15.000000"
    # 850 after 1,300 is 34.6 percent less.
    assert (found["drawdown_percent"][28], found["drawdown_percent"][-1]) == (
        *("0.000000", "-34.615385"),
    )
    assert (found["benchmark_return_percent"][9], found["benchmark_return_percent"][-1]) == (
        *("50.000000", "-25.000000"),
    )


@pytest.mark.parametrize("interval", ["week", "month"])
async def test_points_of_a_chart_are_the_last_days_and_the_ends(
    told: tuple[Person, str], interval: str
) -> None:
    person, path = told

    days = (await person.get(f"{path}/chart?period=max")).json()
    found = (await person.get(f"{path}/chart?period=max&interval={interval}")).json()

    assert found["dates"] == [
        day
        for place, day in enumerate(days["dates"])
        if place in {0, len(days["dates"]) - 1} or is_end(day, interval)
    ]
    by_day = dict(zip(days["dates"], days["value"], strict=True))
    assert found["value"] == [by_day[day] for day in found["dates"]]


def is_end(text: str, interval: str) -> bool:
    day = datetime.fromisoformat(text).date()
    return day.weekday() == 6 if interval == "week" else (day + timedelta(days=1)).day == 1


async def test_where_no_rate_is_known_a_series_is_null(told: tuple[Person, str]) -> None:
    person, path = told

    found = (await person.get(f"{path}/chart?start_date={BOUGHT}&currency=XAU")).json()

    assert {*found["value"], *found["return_percent"]} == {None}
    assert found["data_quality"]["missing_rates"] != []


async def test_what_is_pending_was_not_there_all_the_time(told: tuple[Person, str]) -> None:
    person, _ = told
    purse = await a_purse(person, "100.00")
    await entered(person, purse, "50.00", transaction_date=str(BOUGHT))
    await entered(person, purse, "1000.00", transaction_date=str(BOUGHT), status="pending")
    path = await a_portfolio_of(person, purse)

    days = (await person.get(f"{path}/values?start_date={BEGUN}")).json()["values"]
    found = (await person.get(f"{path}/performance?start_date={BEGUN}&explain=true")).json()

    assert [each["value"] for each in (days[0], days[-1])] == ["100.00", "150.00"]
    named = {each["name"]: each for each in found["explanations"]}
    assert (found["start_value"], found["end_value"]) == ("100.00", "150.00")
    for name in ("start_value", "end_value"):
        assert evaluated(named[name], found["explanations"]) == Decimal(found[name])
