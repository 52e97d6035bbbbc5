"""Parts of a whole: told apart, and amounts that add up in any currency."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
import pytest_asyncio

from tests.people import Person, settle
from tests.rates import keep_rate
from tests.trading import a_depot, a_portfolio_of, done

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pat(service: httpx.AsyncClient) -> Person:
    return await settle(service, "allocations")


async def test_two_accounts_of_one_name_are_two_parts(pat: Person) -> None:
    path = await a_portfolio_of(pat, await a_depot(pat, "75.00"), await a_depot(pat, "25.00"))

    found = (await pat.get(f"{path}/allocation?group_by=account")).json()

    assert [(each["name"], each["value"]) for each in found["slices"]] == [
        ("Depot (1)", "75.00"),
        ("Depot (2)", "25.00"),
    ]
    assert found["concentration_ratio"] == "0.62500000"


async def test_values_of_many_digits_have_amounts_that_add_up(pat: Person) -> None:
    await keep_rate(pat, "EUR", "USD", datetime.now(UTC).date(), "1.1")
    depot = await a_depot(pat)
    for symbol, quantity, price in (("ONE", "36.0123456", "31.3371234"), ("TWO", "7.77", "7.125")):
        await done(pat, depot, symbol=symbol, quantity=quantity, unit_price=price)
    targets = {"equity": "0.33", "etf": "0.33", "cash_equivalent": "0.34"}
    path = await a_portfolio_of(pat, depot, base_currency="EUR", targets=targets)

    told = await pat.get(f"{path}/rebalancing?contribution=1000.01")
    whole = (await pat.get(f"{path}/allocation")).json()

    assert told.status_code == 200, told.text
    proposed = [told.json()[f"{kind}_proposals"] for kind in ("full", "contribution")]
    sums = [sum(Decimal(each["amount"]) for each in proposals) for proposals in proposed]
    assert sums == [Decimal(0), Decimal("1000.01")]
    parts = sum(Decimal(each["value"]) for each in whole["slices"])
    assert parts == Decimal(whole["total_value"])


async def test_all_can_be_taken_out_and_no_more(pat: Person) -> None:
    path = await a_portfolio_of(pat, await a_depot(pat, "100.00"), targets={"equity": "1"})

    answers = [
        await pat.get(f"{path}/rebalancing?contribution={amount}")
        for amount in ("-100.00", "-100.01")
    ]

    assert [each.status_code for each in answers] == [200, 422]
    taken = [{"name": "cash_equivalent", "amount": "-100.00"}]
    assert answers[0].json()["contribution_proposals"] == taken
    assert [each["field"] for each in answers[1].json()["errors"]] == ["contribution"]


async def test_new_money_of_less_than_a_cent_is_refused(pat: Person) -> None:
    path = await a_portfolio_of(pat, targets={"equity": "1"})

    refused = await pat.get(f"{path}/rebalancing?contribution=0.001")

    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == ["contribution"]


@pytest.mark.parametrize(
    ("route", "body", "field"),
    [
        ("simulations", {"mean": "-1", "deviation": "0.1", "months": 12}, "mean"),
        ("simulations", {"mean": "0.1", "deviation": "10.01", "months": 12}, "deviation"),
        ("simulations", {"mean": "0.1", "deviation": "-0.1", "months": 12}, "deviation"),
        ("scenarios", {"shocks": [{"by": "all", "change": "-1.01"}]}, "shocks"),
        ("scenarios", {}, "scenario"),
    ],
)
async def test_what_cannot_be_is_refused_by_its_name(
    pat: Person, route: str, body: dict[str, object], field: str
) -> None:
    path = await a_portfolio_of(pat)

    refused = await pat.post(f"{path}/{route}", body)

    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == [field]


async def test_targets_that_do_not_add_up_are_refused_by_their_name(pat: Person) -> None:
    half = {"name": "Half", "base_currency": "USD", "targets": {"equity": "0.5"}}

    refused = await pat.post("/portfolios", half)

    assert [each["field"] for each in refused.json()["errors"]] == ["targets"]
