from decimal import Decimal

import pytest

from tests.ledgers import ledger_of, position, reported_account
from tests.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_totals_are_per_currency_and_never_added_across(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        euros = position("SAP", currency="EUR", market_value=Decimal(10))
        await ledger.hold(await ledger.account(), position(), position("MSFT"), euros)

    answer = (await ada.get("/holdings")).json()

    assert answer["total_market_value_by_currency"] == {"EUR": "10.00", "USD": "35000.00"}


async def test_a_position_without_a_basis_is_left_out_of_basis_and_gain(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        unknown = position("FILE", cost_basis=None)
        await ledger.hold(await ledger.account(), position(), unknown)

    answer = (await ada.get("/holdings")).json()

    (holding,) = (each for each in answer["holdings"] if each["symbol"] == "FILE")
    assert holding["unrealized_gain_loss"] is None
    assert holding["unrealized_gain_loss_percent"] is None
    assert holding["is_profitable"] is False
    assert answer["total_market_value_by_currency"] == {"USD": "35000.00"}
    assert answer["total_cost_basis_by_currency"] == {"USD": "15000.00"}
    assert answer["total_unrealized_gain_loss_by_currency"] == {"USD": "2500.00"}


async def test_a_short_position_profits_when_its_price_falls(ada: Person) -> None:
    short = position(quantity=Decimal(-5), cost_basis=Decimal(-500), market_value=Decimal("-450.5"))
    async with ledger_of(ada) as ledger:
        await ledger.hold(await ledger.account(), short)

    (holding,) = (await ada.get("/holdings")).json()["holdings"]

    assert holding["quantity"] == "-5.00000000"
    assert holding["unrealized_gain_loss"] == "49.50"
    assert holding["unrealized_gain_loss_percent"] == "9.90"
    assert holding["is_profitable"] is True


async def test_a_gift_has_a_gain_but_no_percentage(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.hold(await ledger.account(), position(cost_basis=Decimal(0)))

    (holding,) = (await ada.get("/holdings")).json()["holdings"]

    assert holding["unrealized_gain_loss"] == "17500.00"
    assert holding["unrealized_gain_loss_percent"] is None
    assert holding["is_profitable"] is True


async def test_closed_positions_show_only_when_asked_for_and_count_in_no_total(
    ada: Person,
) -> None:
    async with ledger_of(ada) as ledger:
        account = await ledger.account()
        await ledger.hold(account, position(), position("SOLD"))
        await ledger.hold(account, position())

    active = (await ada.get("/holdings")).json()
    every = (await ada.get("/holdings?active_only=false")).json()

    assert (active["total_count"], active["active_count"]) == (1, 1)
    assert (every["total_count"], every["active_count"]) == (2, 1)
    assert every["total_market_value_by_currency"] == {"USD": "17500.00"}


@pytest.mark.parametrize(
    ("query", "found"), [("asset_type=equity", 2), ("asset_type=etf", 0), ("symbol=msft", 1)]
)
async def test_holdings_are_filtered(ada: Person, query: str, found: int) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.hold(await ledger.account(), position(), position("MSFT"))

    answer = await ada.get(f"/holdings?{query}")

    assert answer.json()["total_count"] == found


@pytest.mark.parametrize("query", ["asset_type=stocks", "active_only=maybe", "symbols=AAPL"])
async def test_an_unknown_filter_is_refused_never_ignored(ada: Person, query: str) -> None:
    assert (await ada.get(f"/holdings?{query}")).status_code == 422


async def test_an_account_s_holdings_are_its_own(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        one, two = await ledger.accounts(reported_account("a1"), reported_account("a2"))
        await ledger.hold(one, position())
        await ledger.hold(two, position("MSFT"))

    answer = (await ada.get(f"/accounts/{two.id}/holdings")).json()

    assert [holding["symbol"] for holding in answer["holdings"]] == ["MSFT"]


async def test_a_holding_says_its_version(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.hold(await ledger.account(), position())
    (holding,) = (await ada.get("/holdings")).json()["holdings"]
    path = f"/holdings/{holding['id']}"
    etag = (await ada.get(path)).headers["etag"]

    again = await ada.get(path, headers={"If-None-Match": etag})

    assert again.status_code == 304
