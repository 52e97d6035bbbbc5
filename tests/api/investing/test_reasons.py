"""Numbers that cannot be computed: null, with a reason of their own."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from tests.explanations import evaluated
from tests.market_examples import asset_of
from tests.people import Person, settle
from tests.purses import entered
from tests.trading import a_depot, a_portfolio_of, done

pytestmark = pytest.mark.asyncio(loop_scope="module")
FIRST: Final = date(2026, 6, 1)
JUNE: Final = "start_date=2026-06-01&end_date=2026-06-30"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ray(service: httpx.AsyncClient) -> Person:
    """Somebody who knows of a share whose price goes up and down all through June."""
    person = await settle(service, "reasons")
    asset = await asset_of(person, symbol="SWING", currency="USD", asset_type="equity")
    prices = [{"date": str(FIRST + timedelta(days=n)), "close": f"1{n % 5}0.00"} for n in range(30)]
    assert (await person.post(f"/assets/{asset}/prices", {"prices": prices})).status_code == 201
    return person


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def depot(ray: Person) -> str:
    """Such shares."""
    account = await a_depot(ray)
    await done(ray, account, str(FIRST), symbol="SWING", unit_price="100")
    return account


async def told(person: Person, path: str) -> Any:
    answer = await person.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_less_than_a_year_is_the_reason_for_no_yearly_percent(
    ray: Person, depot: str
) -> None:
    path = await a_portfolio_of(ray, depot)

    found = await told(ray, f"{path}/performance?{JUNE}")

    assert found["time_weighted_annual_percent"] is None
    assert found["time_weighted_annual_reason"] == "less_than_a_year"
    assert {each["reason"] for each in found["contributions"]} == {None}


@pytest.mark.parametrize("is_rate_missing", [False, True])
async def test_what_can_be_computed_is_explained_beside_what_cannot(
    ray: Person, *, is_rate_missing: bool
) -> None:
    """A price that only rises has no Sortino ratio; money of no rate at the end no amounts."""
    symbol = f"RISE{is_rate_missing}".upper()
    asset = await asset_of(ray, symbol=symbol, currency="USD", asset_type="equity")
    prices = [{"date": str(FIRST + timedelta(days=n)), "close": str(100 + n)} for n in range(30)]
    assert (await ray.post(f"/assets/{asset}/prices", {"prices": prices})).status_code == 201
    depots = [await a_depot(ray)]
    await done(ray, depots[0], str(FIRST), symbol=symbol, unit_price="100")
    if is_rate_missing:
        depots.append(await a_depot(ray, "0", currency="VND"))
        await entered(ray, depots[1], "1000", transaction_date="2026-06-30")
    path = await a_portfolio_of(ray, *depots)

    found = await told(ray, f"{path}/risk?{JUNE}&explain=true")

    trees = {each["name"]: each for each in found["explanations"]}
    assert found["reason"] == ("missing_value" if is_rate_missing else "no_variation")
    assert found["sortino_ratio"] is None
    assert "sortino_ratio" not in trees
    for name in ("volatility_percent", "sharpe_ratio", "annual_return_percent"):
        made_again = evaluated(trees[name], found["explanations"])
        assert abs(made_again - Decimal(found[name])) <= Decimal("0.000001")
    (loss, _) = found["losses"]
    assert (loss["parametric_var_amount"] is None) is is_rate_missing
    assert ("parametric_var_amount 0.95" in trees) is not is_rate_missing


async def test_an_empty_portfolio_has_no_return_contribution_or_concentration(ray: Person) -> None:
    path = await a_portfolio_of(ray, await a_depot(ray, "0"))

    found = await told(ray, f"{path}/performance?{JUNE}")
    chart = await told(ray, f"{path}/chart?{JUNE}")
    allocation = await told(ray, f"{path}/allocation")

    reasons = {found["time_weighted_return"]["reason"], found["time_weighted_annual_reason"]}
    assert reasons == {"nothing_invested"}
    (rest,) = found["contributions"]
    assert (rest["contribution_percent"], rest["reason"]) == (None, "nothing_invested")
    assert {*chart["return_percent"], *chart["drawdown_percent"]} == {None}
    assert allocation["concentration_ratio"] is None
    assert allocation["concentration_reason"] == "nothing_invested"


async def test_a_chart_has_a_return_from_the_first_investment_on(ray: Person) -> None:
    depot = await a_depot(ray, None)
    await done(ray, depot, "2026-06-03", symbol="SWING", unit_price="100")
    path = await a_portfolio_of(ray, depot)

    chart = await told(ray, f"{path}/chart?start_date=2026-06-02&end_date=2026-06-04")

    assert chart["return_percent"] == [None, "20.000000", "30.000000"]


async def test_a_short_position_is_the_reason_for_no_concentration(ray: Person) -> None:
    account = await a_depot(ray)
    await done(ray, account, str(FIRST), subtype="short_sell", symbol="SWING", unit_price="100")
    path = await a_portfolio_of(ray, account)

    short = await told(ray, f"{path}/allocation")

    assert (short["concentration_ratio"], short["concentration_reason"]) == (None, "short_position")


async def test_a_benchmark_without_prices_is_the_reason_for_its_figures(
    ray: Person, depot: str
) -> None:
    index = await asset_of(ray, symbol="SILENT", currency="USD")
    path = await a_portfolio_of(ray, depot, benchmark_asset_id=index)

    benchmark = (await told(ray, f"{path}/performance?{JUNE}"))["benchmark"]
    against = (await told(ray, f"{path}/risk?{JUNE}"))["against_benchmark"]
    rolling = await told(ray, f"{path}/risk/rolling?{JUNE}&window=10")

    for found in (benchmark, against):
        assert found.pop("reason") == "missing_benchmark"
        assert {found.pop("symbol"), found.pop("asset_id")} == {"SILENT", index}
        assert {*found.values()} == {None}
    assert rolling["benchmark_reason"] == "missing_benchmark"


async def test_ratios_to_nothing_say_so(ray: Person, depot: str) -> None:
    money = await a_depot(ray)
    await entered(ray, money, "5.00", transaction_date="2026-06-01")
    path = await a_portfolio_of(ray, money)

    still = await told(ray, f"{path}/risk?{JUNE}")
    few = await told(ray, f"{path}/risk?start_date=2026-06-01&end_date=2026-06-05")
    moved = await told(ray, f"{await a_portfolio_of(ray, depot)}/risk?{JUNE}")

    assert (still["sharpe_ratio"], still["reason"]) == (None, "no_variation")
    assert few["reason"] == "too_few_returns"
    assert moved["reason"] is None


async def test_an_unknown_value_at_the_end_is_the_reason_for_no_amount_at_risk(
    ray: Person,
) -> None:
    account = await a_depot(ray)
    await done(ray, account, str(FIRST), symbol="SWING", unit_price="100")
    gift = {"subtype": "transfer_in", "unit_price": None, "amount": "0"}
    await done(ray, account, "2026-06-30", symbol="GIFT", **gift)

    found = await told(ray, f"{await a_portfolio_of(ray, account)}/risk?{JUNE}")

    loss = found["losses"][0]
    assert loss["historical_var_percent"] is not None
    assert (loss["historical_var_amount"], found["reason"]) == (None, "missing_value")
