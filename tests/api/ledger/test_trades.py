"""Trades by hand: POST, PATCH and DELETE /transactions with securities in them."""

import asyncio
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from coffers.application.ledger import trades
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from tests.conftest import running, settings_for
from tests.explanations import evaluated
from tests.ledgers import ledger_of, movement, position
from tests.people import Person, settle
from tests.purses import Row, balance, edited, refused, why
from tests.trading import a_depot, a_portfolio_of, a_trade, done, not_done, positions, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eve(service: httpx.AsyncClient) -> Person:
    return await settle(service, "trader")


@pytest.mark.parametrize(
    ("told", "amount", "kind", "quantity"),
    [
        ({}, "-1000.00", "buy", "10.00000000"),
        ({"commission": "4.95"}, "-1004.95", "buy", "10.00000000"),
        ({"amount": "-1004.95", "unit_price": None}, "-1004.95", "buy", "10.00000000"),
        ({"amount": "-1000", "quantity": "3", "unit_price": None}, "-1000.00", "buy", "3.00000000"),
        ({"quantity": "0.333", "unit_price": "10.01"}, "-3.33", "buy", "0.33300000"),
        ({"quantity": "0.333", "unit_price": "10.01", "amount": "-3.34"}, "-3.34", "buy", None),
        ({"subtype": "transfer_in"}, "0.00", "transfer_in", "10.00000000"),
        ({"subtype": "short_sell"}, "1000.00", "short_sell", "-10.00000000"),
        ({"subtype": "dividend", "unit_price": "0.24"}, "2.40", "dividend", "10.00000000"),
        (
            {"subtype": "account_fee", "quantity": None, "unit_price": None, "amount": "-5"},
            "-5.00",
            "account_fee",
            None,
        ),
    ],
)
async def test_the_amount_of_a_trade_follows_from_the_rest(
    eve: Person, told: Row, amount: str, kind: str, quantity: str | None
) -> None:
    depot = await a_depot(eve, "0.00")

    made = await done(eve, depot, **told)

    assert (made["amount_value"], made["subtype"]) == (amount, kind)
    assert quantity in {None, made["quantity"]}
    assert await balance(eve, depot) == amount
    assert (await eve.get(f"/transactions/{made['id']}")).json() == made


@pytest.mark.parametrize(
    ("told", "culprit"),
    [
        ({"symbol": None, "description": "Shares"}, "symbol"),
        ({"symbol": None}, "description"),
        (
            {"symbol": None, "description": "Cash", "subtype": "deposit", "amount": "1"},
            "asset_type",
        ),
        ({"quantity": None, "subtype": "buy"}, "quantity"),
        ({"quantity": "0", "subtype": "buy"}, "quantity"),
        ({"quantity": "-1", "subtype": "buy"}, "quantity"),
        ({"amount": "-1000.01"}, "amount"),
        ({"amount": "-999.99"}, "amount"),
        ({"amount": "1000", "subtype": "buy"}, "amount"),
        ({"unit_price": None}, "amount"),
        ({"unit_price": None, "amount": "0", "subtype": "buy"}, "amount"),
        ({"unit_price": None, "amount": "-1", "subtype": "sell"}, "amount"),
        ({"amount": "-1000", "subtype": "transfer_in"}, "amount"),
        ({"subtype": "deposit", "amount": "1"}, "subtype"),
        ({"unit_price": "-100"}, "unit_price"),
        ({"commission": "-1"}, "commission"),
        ({"acquired_date": "2025-01-01"}, "acquired_date"),
        ({"acquired_date": "2026-01-06", "subtype": "transfer_in"}, "acquired_date"),
        ({"lots": [{"transaction_id": "0" * 32, "quantity": "10"}]}, "lots"),
    ],
)
async def test_a_trade_that_cannot_be_meant_is_refused_and_its_field_named(
    eve: Person, told: Row, culprit: str
) -> None:
    depot = await a_depot(eve)

    assert await not_done(eve, depot, "2026-01-05", **told) == (422, culprit)


async def test_a_symbol_that_nobody_knows_becomes_an_asset(eve: Person) -> None:
    depot = await a_depot(eve)

    await done(eve, depot, symbol="wdgt", asset_type="etf", security_name="Widgets")

    (asset,) = (await eve.get("/assets?q=WDGT")).json()["assets"]
    assert (asset["symbol"], asset["name"], asset["asset_type"]) == ("WDGT", "Widgets", "etf")
    links = (await eve.get("/asset-links")).json()["asset_links"]
    assert asset["id"] in {each["asset_id"] for each in links if each["symbol"] == "WDGT"}


async def test_a_contract_counts_a_hundred_times_unless_its_asset_says_otherwise(
    eve: Person,
) -> None:
    depot = await a_depot(eve)
    mini = {"symbol": "MINI", "name": "Mini", "asset_type": "option", "currency": "USD"}
    made = await eve.post("/assets", mini | {"multiplier": "10"})
    assert made.json()["multiplier"] == "10"
    path = await a_portfolio_of(eve, depot)

    usual = await done(eve, depot, symbol="AAPL C", asset_type="option", unit_price="2.50")
    other = await done(eve, depot, symbol="MINI", asset_type=None, unit_price="2.50")

    assert (usual["amount_value"], other["amount_value"]) == ("-2500.00", "-250.00")
    held = await positions(eve, path)
    assert held["AAPL C"]["market_price"] == "2.50"
    assert held["AAPL C"]["market_value"] == held["AAPL C"]["cost_basis"] == "2500.00"
    assert held["MINI"]["market_value"] == held["MINI"]["cost_basis"] == "250.00"
    (mini, _) = (await eve.get(f"{path}/positions?explain=true")).json()["positions"][::-1]
    (value, *_) = mini["explanations"]
    assert evaluated(value) == Decimal(mini["market_value"]) == 250


async def test_editing_or_deleting_an_entry_changes_all_that_follows(eve: Person) -> None:
    depot = await a_depot(eve)
    path = await a_portfolio_of(eve, depot)
    bought = await done(eve, depot)
    sale = await sold(eve, depot, "4", "2026-02-02", unit_price="150")
    await done(eve, depot, "2026-02-03", subtype="split", quantity="6", unit_price=None)

    held = (await positions(eve, path))["AAPL"]
    assert (held["quantity"], held["cost_basis"]) == ("12.00000000", "600.00")
    assert held["realized_gain_loss"] == "200.00"

    await edited(eve, bought, unit_price="110", commission="1")
    held = (await positions(eve, path))["AAPL"]
    assert (held["cost_basis"], held["realized_gain_loss"]) == ("660.60", "159.60")
    assert await balance(eve, depot) == "9499.00"

    assert (await eve.delete(f"/transactions/{sale['id']}")).status_code == 204
    held = (await positions(eve, path))["AAPL"]
    assert (held["quantity"], held["cost_basis"]) == ("16.00000000", "1101.00")
    assert await balance(eve, depot) == "8899.00"


async def test_what_a_trade_is_may_change_with_its_sign_and_amount(eve: Person) -> None:
    depot = await a_depot(eve)
    await done(eve, depot)
    trade = await done(eve, depot, "2026-01-06", quantity="2", commission="1")

    changed = await edited(eve, trade, subtype="sell")

    assert (changed["quantity"], changed["amount_value"]) == ("-2.00000000", "199.00")
    assert await balance(eve, depot) == "9199.00"


async def test_a_price_that_is_forgotten_leaves_the_amount(eve: Person) -> None:
    trade = await done(eve, await a_depot(eve))

    assert await refused(eve, trade, amount="-1200") == (422, "amount")
    changed = await edited(eve, trade, amount="-1200", unit_price=None)

    assert (changed["amount_value"], changed["unit_price_amount"]) == ("-1200.00", None)


OVERSOLD = (409, "oversold")


async def test_more_than_is_held_is_not_sold(eve: Person) -> None:
    depot = await a_depot(eve)
    await done(eve, depot)
    sell: dict[str, Any] = {"subtype": "sell", "quantity": "10.00000001"}

    assert await not_done(eve, depot, "2026-02-02", **sell) == OVERSOLD
    assert await not_done(eve, depot, "2026-01-04", **sell | {"quantity": "1"}) == OVERSOLD
    assert await not_done(eve, depot, "2026-02-02", **sell | {"subtype": "transfer_out"}) == (
        OVERSOLD
    )
    assert await balance(eve, depot) == "9000.00"
    await sold(eve, depot, "10", "2026-02-02")


async def test_the_oldest_lots_go_first_and_no_more_than_there_are(eve: Person) -> None:
    depot = await a_depot(eve)
    for day, quantity, price in (("02", "5", "111.11"), ("01", "4", "100"), ("03", "6", "122.22")):
        await done(eve, depot, f"2026-01-{day}", quantity=quantity, unit_price=price)

    assert await not_done(eve, depot, "2026-02-02", subtype="sell", quantity="16") == OVERSOLD
    await sold(eve, depot, "12", "2026-02-02")

    held = (await positions(eve, await a_portfolio_of(eve, depot)))["AAPL"]
    assert (held["quantity"], held["cost_basis"]) == ("3.00000000", "366.66")


async def test_long_histories_are_judged_beside_the_event_loop(
    eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trades, "AT_ONCE", 0)
    depot = await a_depot(eve)
    await done(eve, depot)

    assert await not_done(eve, depot, "2026-02-02", subtype="sell", quantity="11") == OVERSOLD


async def test_an_edit_or_a_deletion_that_makes_a_later_sale_oversold_is_refused(
    eve: Person,
) -> None:
    depot, other = await a_depot(eve), await a_depot(eve)
    bought = await done(eve, depot)
    await sold(eve, depot, "8", "2026-02-02")

    refusals = [
        await refused(eve, bought, **change)
        for change in (
            {"quantity": "7"},
            {"transaction_date": "2026-02-03"},
            {"symbol": "MSFT"},
            {"account_id": other},
            {"status": "cancelled"},
            {"subtype": "sell"},
        )
    ]
    gone = await eve.delete(f"/transactions/{bought['id']}")

    assert refusals == [OVERSOLD] * 6
    assert (gone.status_code, why(gone.json())) == OVERSOLD
    assert (await edited(eve, bought, quantity="8"))["amount_value"] == "-800.00"


async def test_of_two_sales_at_once_of_the_same_shares_one_is_refused(
    module_database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(module_database_url, tmp_path)) as client:
        person = await settle(client, "hasty")
        depot = await a_depot(person)
        await done(person, depot)
        sale = a_trade(depot, "2026-02-02", subtype="sell", quantity="10")

        answers = await asyncio.gather(*(person.post("/transactions", sale) for _ in range(2)))

        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert await balance(person, depot) == "10000.00"


async def test_short_sales_are_sales_of_what_is_not_held(eve: Person) -> None:
    depot = await a_depot(eve)
    await done(eve, depot, subtype="short_sell", quantity="5")

    assert await not_done(eve, depot, "2026-01-06", subtype="buy", quantity="1") == OVERSOLD
    assert await not_done(eve, depot, "2026-01-06", subtype="buy_to_cover", quantity="6") == (
        OVERSOLD
    )
    await done(eve, depot, "2026-01-07", subtype="buy_to_cover", quantity="5", unit_price="90")
    await done(eve, depot, "2026-01-08", quantity="1")
    assert await not_done(eve, depot, "2026-01-09", subtype="short_sell", quantity="1") == OVERSOLD


async def test_a_split_of_the_market_makes_more_to_sell(eve: Person) -> None:
    depot = await a_depot(eve)
    await done(eve, depot, symbol="SPLT")
    (asset,) = (await eve.get("/assets?q=SPLT")).json()["assets"]
    split = {"kind": "split", "date": "2026-01-20", "ratio": "3"}
    made = await eve.post(f"/assets/{asset['id']}/corporate-actions", split)
    assert made.status_code == 201, made.text

    assert await not_done(eve, depot, "2026-01-19", symbol="SPLT", quantity="-11") == OVERSOLD
    await sold(eve, depot, "30", "2026-01-21", symbol="SPLT")


async def test_what_files_and_providers_tell_is_not_judged(eve: Person) -> None:
    depot = await a_depot(eve)
    async with ledger_of(eve) as ledger:
        told = movement(
            "s1",
            transaction_type=TransactionType.TRADE,
            subtype=TransactionSubtype.SELL,
            symbol="AAPL",
            quantity=Decimal(-5),
            amount=Decimal(500),
            transaction_date=date(2026, 1, 5),
        )
        await ledger.move(await ledger.known(UUID(depot)), told)

    bought = await done(eve, depot, "2026-01-04", quantity="3")
    assert await not_done(eve, depot, "2026-01-06", subtype="sell", quantity="1") == OVERSOLD
    assert (await eve.delete(f"/transactions/{bought['id']}")).status_code == 204


async def test_a_trade_moves_nothing_in_an_account_that_a_provider_reports(eve: Person) -> None:
    async with ledger_of(eve) as ledger:
        account = await ledger.account("linked")
        await ledger.hold(account, position("AAPL"))
        await ledger.move(account, movement("m1"))

    answer = await eve.post("/transactions", a_trade(str(account.id)))

    assert (answer.status_code, why(answer.json())) == (409, "account_not_manual")
