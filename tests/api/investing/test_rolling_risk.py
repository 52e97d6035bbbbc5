from datetime import timedelta
from decimal import Decimal

import httpx
import pytest

from coffers.application.investing.rolling_risk import MAX_WINDOW, MIN_WINDOW
from tests.api.investing.conftest import TODAY
from tests.ledgers import ledger_of, position
from tests.market_examples import asset_of
from tests.people import Person, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_last_stretch_is_what_risk_says_of_its_days(path: tuple[Person, str]) -> None:
    person, place = path
    whole = (await person.get(f"{place}/risk?period=3m")).json()
    count = whole["return_count"]

    found = (await person.get(f"{place}/risk/rolling?period=max&window={count}")).json()

    last = found["stretches"][-1]
    for name in ("volatility_percent", "sharpe_ratio", "sortino_ratio", "annual_return_percent"):
        assert Decimal(last[name]) == pytest.approx(Decimal(whole[name]), abs=Decimal("0.00001"))
    assert last["max_drawdown_percent"] == whole["max_drawdown"]["percent"]
    assert last["beta_ratio"] == whole["against_benchmark"]["beta_ratio"]
    assert found["benchmark_symbol"] == "INDX"
    assert found["total_count"] == found["return_count"] - count + 1


async def test_too_few_days_have_no_stretch_and_a_reason(path: tuple[Person, str]) -> None:
    person, place = path

    found = (await person.get(f"{place}/risk/rolling?period=1m&window=200")).json()

    assert (found["stretches"], found["reason"]) == ([], "too_few_returns")


@pytest.mark.parametrize("window", [MIN_WINDOW - 1, MAX_WINDOW + 1])
async def test_a_window_is_of_two_weeks_to_two_years(path: tuple[Person, str], window: int) -> None:
    person, place = path

    assert (await person.get(f"{place}/risk/rolling?window={window}")).status_code == 422


async def test_positions_without_an_asset_are_named_beside_the_matrix(
    path: tuple[Person, str],
) -> None:
    person, place = path

    found = (await person.get(f"{place}/correlations")).json()

    assert found["start_date"] == str(TODAY - timedelta(days=365))
    assert (found["assets"], found["matrix"]) == ([], [])
    assert found["data_quality"] == {
        "coverage_ratio": None,
        "stale_prices": [],
        "missing_prices": [],
        "notes": ["No asset stands for AAPL: it has no row."],
    }


async def test_positions_that_have_prices_are_correlated(service: httpx.AsyncClient) -> None:
    person, held = await settle(service, "correlated"), ["ONE", "TWO"]
    async with ledger_of(person) as ledger:
        account = await ledger.account("c1", cash_balance=Decimal(0))
        await ledger.hold(account, *(position(symbol) for symbol in held))
    for turn, symbol in enumerate(held):
        asset_id = await asset_of(person, symbol=symbol, currency="USD")
        link = {"symbol": symbol, "currency": "USD", "asset_id": asset_id}
        assert (await person.put("/asset-links", link)).status_code == 200
        closes = ["10", "12", "9", "11", "13"] if turn else ["5", "6", "4.5", "5.5", "6.5"]
        prices = [
            {"asset_id": asset_id, "date": str(TODAY - timedelta(days=place)), "close": close}
            for place, close in enumerate(closes)
        ]
        assert (await person.post("/prices", {"prices": prices})).is_success
    draft = {"name": "x", "base_currency": "USD", "account_ids": [str(account.id)]}
    made = (await person.post("/portfolios", draft)).json()

    found = (await person.get(f"/portfolios/{made['id']}/correlations")).json()

    assert [each["symbol"] for each in found["assets"]] == held
    assert found["matrix"] == [["1.000000", "1.000000"]] * 2
    assert found["data_quality"]["coverage_ratio"] == "1.0000"


@pytest.mark.parametrize("name", ["performance", "risk", "risk/rolling", "chart"])
async def test_any_asset_can_be_compared_with(path: tuple[Person, str], name: str) -> None:
    person, place = path
    other = await asset_of(person, symbol=f"OTHER{len(name)}", currency="USD")
    theirs = await asset_of(await settle(person.client, f"rival{len(name)}"))

    told = (await person.get(f"{place}/{name}?benchmark_id={other}")).text
    refused = await person.get(f"{place}/{name}?benchmark_id={theirs}")

    assert f'"OTHER{len(name)}"' in told
    assert '"INDX"' not in told
    assert f'"missing_prices":["OTHER{len(name)}"]' in told
    assert refused.status_code == 403
