from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from starlette.applications import Starlette

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.linking.providers import (
    CredentialFieldsInvalid,
    Credentials,
    ProviderAnsweredNonsense,
    ProviderRefusedCredentials,
)
from coffers.infrastructure.providers.alpaca.activities import PAGE_SIZE, read_page
from coffers.infrastructure.providers.alpaca.provider import BASE_URLS, Alpaca
from coffers.infrastructure.providers.http import HttpClient
from tests.infrastructure.providers.alpaca_double import (
    KEY_ID,
    SECRET_KEY,
    alpaca_double,
    entry,
    fill,
)
from tests.provider_conformance import StillClock
from tests.provider_upstream import Upstream, serve

KEYS = {"key_id": KEY_ID, "secret_key": SECRET_KEY, "environment": "paper"}


@dataclass(frozen=True, slots=True)
class Linked:
    alpaca: Alpaca
    credentials: Credentials
    upstream: Upstream


@asynccontextmanager
async def linked(application: Starlette) -> AsyncIterator[Linked]:
    with serve(application) as upstream:
        async with HttpClient(StillClock(), listed_origins=[upstream.origin]) as http:
            alpaca = Alpaca(http, base_urls={"paper": upstream.origin})
            yield Linked(alpaca, await alpaca.connect(KEYS), upstream)


def read(row: dict[str, Any]) -> ReportedTransaction:
    [movement] = read_page([row]).rows
    return movement


async def test_keys_are_checked_before_they_are_kept() -> None:
    async with linked(alpaca_double()) as link:
        with pytest.raises(ProviderRefusedCredentials):
            await link.alpaca.connect(KEYS | {"secret_key": "wrong"})


async def test_there_are_two_environments_and_no_third() -> None:
    assert sorted(BASE_URLS) == ["live", "paper"]

    async with linked(alpaca_double()) as link:
        with pytest.raises(CredentialFieldsInvalid) as refusal:
            await link.alpaca.connect(KEYS | {"environment": "dream"})

    assert refusal.value.field == "environment"


async def test_the_account_is_worth_its_equity() -> None:
    async with linked(alpaca_double()) as link:
        [account] = await link.alpaca.accounts(link.credentials)

    assert account.balance == Decimal("103820.56")
    assert account.cash_balance == Decimal("4000.32")
    assert account.name == "Alpaca …F123"


async def test_the_side_decides_the_sign_whatever_the_quantity_says() -> None:
    async with linked(alpaca_double()) as link:
        [account] = await link.alpaca.accounts(link.credentials)
        long_one, short, crypto = await link.alpaca.holdings(link.credentials, account)

    assert [long_one.quantity, long_one.cost_basis, long_one.market_value] == [5, 500, 600]
    assert [short.quantity, short.cost_basis, short.market_value] == [-10, -2505, -2400]
    assert crypto.asset_type is AssetType.CRYPTOCURRENCY
    assert crypto.quantity == Decimal("0.000000001")


async def test_no_positions_are_an_empty_list_because_alpaca_says_so() -> None:
    async with linked(alpaca_double(positions=[])) as link:
        [account] = await link.alpaca.accounts(link.credentials)

        assert await link.alpaca.holdings(link.credentials, account) == []


@pytest.mark.parametrize(
    ("side", "subtype", "quantity", "amount"),
    [
        ("buy", "buy", "2", "-3.26"),
        ("sell", "sell", "-2", "3.26"),
        ("sell_short", "short_sell", "-2", "3.26"),
    ],
)
def test_a_fill_moves_money_and_securities_in_opposite_directions(
    side: str, subtype: str, quantity: str, amount: str
) -> None:
    trade = read(fill(1, "2026-05-24", side=side, qty="2"))

    assert (trade.transaction_type, trade.subtype) == ("trade", subtype)
    assert trade.quantity == Decimal(quantity)
    assert trade.amount == Decimal(amount)
    assert trade.transaction_date == date(2026, 5, 24)


def test_a_fill_without_a_known_side_could_be_either_and_is_nonsense() -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        read(fill(1, "2026-05-24", side="sideways"))


def test_an_option_is_a_hundred_shares() -> None:
    trade = read(fill(1, "2026-05-24", symbol="AAPL260619C00200000", price="2.5"))

    assert trade.asset_type is AssetType.OPTION
    assert trade.amount == -250


def test_the_evening_in_new_york_is_the_day_of_the_trade() -> None:
    late = fill(1, "2026-05-24", transaction_time="2026-05-25T01:00:00Z", symbol="BTC/USD")

    assert read(late).transaction_date == date(2026, 5, 24)


@pytest.mark.parametrize(
    ("code", "amount", "expected"),
    [
        ("DIV", "1.02", ("income", "dividend")),
        ("DIVNRA", "-0.15", ("income", "dividend")),
        ("DIVTXEX", "1.02", ("income", "dividend")),
        ("DIVCGL", "1.02", ("income", "capital_gain")),
        ("DIVCGS", "1.02", ("income", "capital_gain")),
        ("DIVROC", "1.02", ("income", "return_of_capital")),
        ("DIVFEE", "-0.02", ("fee", "other_fee")),
        ("INT", "0.5", ("income", "interest")),
        ("INT", "-0.5", ("fee", "margin_interest")),
        ("FEE", "-0.1", ("fee", "other_fee")),
        ("CSD", "100", ("transfer", "deposit")),
        ("CSW", "-100", ("transfer", "withdrawal")),
        ("TRANS", "-100", ("transfer", "withdrawal")),
        ("JNLC", "100", ("other", "journal")),
        ("JNLS", "0", ("other", "journal")),
        ("ACATC", "100", ("transfer", "transfer_in")),
        ("ACATC", "-100", ("transfer", "transfer_out")),
        ("SPLIT", "0", ("trade", "split")),
        ("OPEXP", "0", ("trade", "expiration")),
        ("OPASN", "0", ("trade", "assignment")),
        ("OPEXC", "0", ("trade", "exercise")),
        ("MA", "0", ("other", "adjustment")),
        ("NEWCODE", "1", ("other", "unknown")),
    ],
)
def test_every_activity_has_its_kind(code: str, amount: str, expected: tuple[str, str]) -> None:
    movement = read(entry(1, "2026-05-24", code, amount))

    assert (movement.transaction_type, movement.subtype) == expected
    assert movement.amount == Decimal(amount)


def test_securities_that_are_transferred_out_have_a_negative_quantity() -> None:
    movement = read(entry(1, "2026-05-24", "ACATS", "0", symbol="T", qty="-5"))

    assert movement.subtype is TransactionSubtype.TRANSFER_OUT
    assert movement.quantity == -5


def test_the_shares_that_earned_a_dividend_do_not_move() -> None:
    dividend = read(entry(1, "2026-05-24", "DIV", "1.02", symbol="T", qty="2"))

    assert dividend.quantity is None


def test_an_activity_that_was_taken_back_is_cancelled() -> None:
    assert read(entry(1, "2026-05-24", "CSD", "1", status="canceled")).status == "cancelled"


@pytest.mark.parametrize("count", [PAGE_SIZE - 1, PAGE_SIZE, PAGE_SIZE + 1, 2 * PAGE_SIZE])
async def test_every_activity_comes_once_whatever_the_pages(count: int) -> None:
    rows = [fill(number, "2026-05-24") for number in range(count)]
    async with linked(alpaca_double(rows)) as link:
        [account] = await link.alpaca.accounts(link.credentials)
        pages = link.alpaca.transactions(link.credentials, account, None, date(2026, 6, 30))

        told = [row.provider_transaction_id async for page in pages for row in page]

    assert told == [row["id"] for row in rows]
