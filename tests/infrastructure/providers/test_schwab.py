import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.ledger.transactions import TransactionStatus
from coffers.domain.linking.providers import (
    Credentials,
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderRefusedCredentials,
)
from coffers.infrastructure.providers.http import HttpClient
from coffers.infrastructure.providers.schwab.provider import (
    MAX_ROWS,
    OFFERED_DAYS,
    WINDOW_DAYS,
    Schwab,
)
from coffers.infrastructure.providers.schwab.transactions import read_transactions
from tests.infrastructure.providers.schwab_double import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    EMPTY_NUMBER,
    NUMBER,
    SchwabDouble,
    activity,
    fee,
    leg,
    position,
)
from tests.provider_conformance import StillClock
from tests.provider_upstream import serve

TODAY = date(2026, 6, 30)
BACK = "https://us.example/back"


@dataclass(frozen=True, slots=True)
class Linked:
    schwab: Schwab
    credentials: Credentials

    async def account(self, number: str = NUMBER) -> ReportedAccount:
        accounts = await self.schwab.accounts(self.credentials)
        return next(one for one in accounts if one.provider_account_id == number)

    async def holdings(self, number: str = NUMBER) -> list[ReportedHolding]:
        return await self.schwab.holdings(self.credentials, await self.account(number))

    async def transactions(
        self, first: date | None = None, last: date = TODAY
    ) -> list[ReportedTransaction]:
        account = await self.account()
        pages = self.schwab.transactions(self.credentials, account, first, last)
        return [row async for page in pages for row in page]


@asynccontextmanager
async def linked(double: SchwabDouble) -> AsyncIterator[Linked]:
    with serve(double.application) as upstream:
        async with HttpClient(StillClock(), listed_origins=[upstream.origin]) as http:
            schwab = Schwab(
                http,
                StillClock(),
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                base_url=upstream.origin,
            )
            credentials = await schwab.exchange_code(
                code=CODE, code_verifier="v" * 43, redirect_uri=BACK
            )
            yield Linked(schwab, credentials)


def read_all(*rows: dict[str, Any]) -> list[ReportedTransaction]:
    return read_transactions(json.loads(json.dumps(rows), parse_float=Decimal))[1]


def read(row: dict[str, Any]) -> ReportedTransaction:
    [movement] = read_all(row)
    return movement


async def test_access_ends_after_thirty_minutes() -> None:
    async with linked(SchwabDouble()) as link:
        assert link.credentials.expires_at == datetime(2026, 6, 30, 12, 30, tzinfo=UTC)


async def test_an_expired_access_token_is_refused_and_a_refreshed_one_is_not() -> None:
    double = SchwabDouble()
    async with linked(double) as link:
        double.access_tokens.clear()
        with pytest.raises(ProviderRefusedCredentials):
            await link.account()

        fresh = await link.schwab.refresh(link.credentials)

        assert len(await link.schwab.accounts(fresh)) == 2
        assert fresh.secret("refresh_token") == link.credentials.secret("refresh_token")


async def test_after_seven_days_the_owner_has_to_sign_in_again() -> None:
    double = SchwabDouble()
    async with linked(double) as link:
        double.refresh_tokens.clear()

        with pytest.raises(ProviderRefusedCredentials):
            await link.schwab.refresh(link.credentials)


async def test_a_wrong_code_is_refused() -> None:
    async with linked(SchwabDouble()) as link:
        with pytest.raises(ProviderRefusedCredentials):
            await link.schwab.exchange_code(code="x", code_verifier="v" * 43, redirect_uri=BACK)


async def test_a_wrong_application_secret_is_the_operator_s_fault_and_not_the_owner_s() -> None:
    with serve(SchwabDouble().application) as upstream:
        async with HttpClient(StillClock(), listed_origins=[upstream.origin]) as http:
            schwab = Schwab(
                http, StillClock(), client_id="x", client_secret="y", base_url=upstream.origin
            )
            with pytest.raises(ProviderFailed):
                await schwab.exchange_code(code=CODE, code_verifier="v", redirect_uri=BACK)


async def test_the_owner_signs_in_at_schwab() -> None:
    async with HttpClient(StillClock()) as http:
        schwab = Schwab(http, StillClock(), client_id=CLIENT_ID, client_secret=CLIENT_SECRET)

    url = httpx.URL(schwab.authorization_url(state="s", code_challenge="c" * 43, redirect_uri=BACK))

    assert url.copy_with(query=None) == "https://api.schwabapi.com/v1/oauth/authorize"
    assert url.params["client_id"] == CLIENT_ID


async def test_an_account_is_known_by_its_number_and_worth_what_it_could_be_sold_for() -> None:
    async with linked(SchwabDouble()) as link:
        account = await link.account()

    assert account == ReportedAccount(
        provider_account_id=NUMBER,
        name="Schwab margin account …5678",
        account_type=AccountType.BROKERAGE,
        currency="USD",
        balance=Decimal("103820.56"),
        account_number=NUMBER,
        cash_balance=Decimal("2500.25"),
    )


async def test_a_cash_account_s_total_stands_beside_its_balances() -> None:
    async with linked(SchwabDouble()) as link:
        account = await link.account(EMPTY_NUMBER)

    assert (account.balance, account.cash_balance) == (Decimal("7.5"), Decimal("7.5"))


async def test_an_account_without_positions_has_none() -> None:
    async with linked(SchwabDouble()) as link:
        assert await link.holdings(EMPTY_NUMBER) == []


async def test_a_price_per_share_becomes_the_basis_of_the_position() -> None:
    async with linked(SchwabDouble(positions=[position("AAPL", "EQUITY")])) as link:
        [holding] = await link.holdings()

    assert holding.quantity == 10
    assert holding.average_price == 150
    assert holding.cost_basis == 1500
    assert holding.market_value == 1600


async def test_an_option_s_price_is_per_share_of_a_hundred() -> None:
    option = position(
        "XYZ   260918C00100000", "OPTION", longQuantity=2.0, averagePrice=2.5, marketValue=600.0
    )
    async with linked(SchwabDouble(positions=[option])) as link:
        [holding] = await link.holdings()

    assert holding.asset_type is AssetType.OPTION
    assert holding.cost_basis == 500


async def test_a_short_position_is_negative_and_stands_beside_a_long_one() -> None:
    short = position("GME", "EQUITY", longQuantity=0, shortQuantity=4, marketValue=90)
    async with linked(SchwabDouble(positions=[position("GME", "EQUITY"), short])) as link:
        long_one, short_one = await link.holdings()

    assert short_one.provider_holding_id != long_one.provider_holding_id
    assert [short_one.quantity, short_one.cost_basis, short_one.market_value] == [-4, -600, -90]


async def test_a_price_of_zero_is_a_basis_that_is_not_known() -> None:
    transferred = position("ACAT", "EQUITY", averagePrice=0.0)
    async with linked(SchwabDouble(positions=[transferred])) as link:
        [holding] = await link.holdings()

    assert holding.cost_basis is None


async def test_a_bond_s_basis_follows_from_its_reported_profit() -> None:
    bond = position(
        "912828ZZ1", "FIXED_INCOME", longQuantity=10000.0, averagePrice=98.5, marketValue=9900.0
    )
    async with linked(SchwabDouble(positions=[bond])) as link:
        [holding] = await link.holdings()

    assert holding.cost_basis == 9800


async def test_a_value_without_positions_is_nonsense_and_not_an_empty_account() -> None:
    double = SchwabDouble()
    double._positions = None  # type: ignore[assignment]  # the list is left out
    async with linked(double) as link:
        with pytest.raises(ProviderAnsweredNonsense):
            await link.holdings()


async def test_a_trade_s_amount_includes_the_fees_that_stand_beside_it() -> None:
    row = activity(
        1,
        "2026-04-24",
        "TRADE",
        -502.55,
        settlementDate="2026-04-27T00:00:00+0000",
        transferItems=[fee(-0.6), fee(-0.05, "SEC_FEE"), leg("SFM", 3.0, -501.9)],
    )

    trade = read(row)

    assert (trade.transaction_type, trade.subtype) == ("trade", "buy")
    assert trade.amount == Decimal("-502.55")
    assert trade.commission == Decimal("0.65")
    assert trade.symbol == "SFM"
    assert [trade.quantity, trade.unit_price] == [3, Decimal("167.3")]
    assert trade.transaction_date == date(2026, 4, 24)
    assert trade.settlement_date == date(2026, 4, 27)


@pytest.mark.parametrize(
    ("effect", "amount", "subtype"),
    [
        ("OPENING", 3.0, "buy"),
        ("CLOSING", -3.0, "sell"),
        ("OPENING", -3.0, "short_sell"),
        ("CLOSING", 3.0, "buy_to_cover"),
        ("AUTOMATIC", 3.0, "buy"),
        ("UNKNOWN", -3.0, "sell"),
    ],
)
def test_a_trade_is_named_by_what_it_does_to_the_position(
    effect: str, amount: float, subtype: str
) -> None:
    item = leg("SFM", amount, -501.9, positionEffect=effect)

    assert read(activity(1, "2026-04-24", "TRADE", -501.9, transferItems=[item])).subtype == subtype


def test_the_legs_of_a_spread_add_up_to_its_whole() -> None:
    legs = [leg("A", -1.0, 215.0), leg("B", 1.0, -80.0), fee(-1.3)]

    rows = read_all(activity(7, "2026-04-24", "TRADE", 133.7, transferItems=legs))

    assert [row.provider_transaction_id for row in rows] == ["7", "7:2"]
    assert [row.amount for row in rows] == [Decimal("213.7"), Decimal(-80)]
    assert [row.commission for row in rows] == [Decimal("1.3"), None]


@pytest.mark.parametrize(
    ("kind", "description", "net", "expected"),
    [
        ("DIVIDEND_OR_INTEREST", "Qualified Dividend~KO", 12.34, ("income", "dividend")),
        ("DIVIDEND_OR_INTEREST", "BANK INT 041626 INTEREST", 0.5, ("income", "interest")),
        ("DIVIDEND_OR_INTEREST", "BANK INT 041626-051526", 0.5, ("income", "interest")),
        ("DIVIDEND_OR_INTEREST", "Qualified Dividend~PINTEREST", 1.0, ("income", "dividend")),
        ("DIVIDEND_OR_INTEREST", "MARGIN INTEREST", -9.9, ("fee", "margin_interest")),
        ("DIVIDEND_OR_INTEREST", "Long Term Cap Gain~VTI", 4.0, ("income", "capital_gain")),
        ("DIVIDEND_OR_INTEREST", "Return of Capital", 4.0, ("income", "return_of_capital")),
        ("ACH_RECEIPT", "", 1000.0, ("transfer", "deposit")),
        ("ACH_DISBURSEMENT", "", -1000.0, ("transfer", "withdrawal")),
        ("CASH_RECEIPT", "", 1.0, ("transfer", "deposit")),
        ("CASH_DISBURSEMENT", "", -1.0, ("transfer", "withdrawal")),
        ("ELECTRONIC_FUND", "", 1.0, ("transfer", "deposit")),
        ("ELECTRONIC_FUND", "", -1.0, ("transfer", "withdrawal")),
        ("WIRE_IN", "", 1.0, ("transfer", "wire_in")),
        ("WIRE_OUT", "", -1.0, ("transfer", "wire_out")),
        ("JOURNAL", "", 1.0, ("other", "journal")),
        ("MEMORANDUM", "", 0.0, ("other", "adjustment")),
        ("MARGIN_CALL", "", 0.0, ("other", "adjustment")),
        ("MONEY_MARKET", "", 1.0, ("transfer", "internal")),
        ("SMA_ADJUSTMENT", "", 0.0, ("other", "adjustment")),
        ("SOMETHING_NEW", "", 1.0, ("other", "unknown")),
    ],
)
def test_every_documented_type_has_its_kind(
    kind: str, description: str, net: float, expected: tuple[str, str]
) -> None:
    movement = read(activity(1, "2026-04-24", kind, net, description=description))

    assert (movement.transaction_type, movement.subtype) == expected


@pytest.mark.parametrize(
    ("description", "amount", "expected"),
    [
        ("REMOVAL OF OPTION DUE TO EXPIRATION", -1.0, ("trade", "expiration")),
        ("OPTION ASSIGNMENT", 100.0, ("trade", "assignment")),
        ("OPTION EXERCISE", 100.0, ("trade", "exercise")),
        ("STOCK SPLIT", 30.0, ("trade", "split")),
        ("INTERNAL TRANSFER", 5.0, ("transfer", "transfer_in")),
        ("INTERNAL TRANSFER", -5.0, ("transfer", "transfer_out")),
    ],
)
def test_a_delivery_is_what_its_description_says(
    description: str, amount: float, expected: tuple[str, str]
) -> None:
    items = [leg("SFM", amount, 0.0)]
    row = activity(
        1, "2026-04-24", "RECEIVE_AND_DELIVER", 0.0, description=description, transferItems=items
    )

    assert (read(row).transaction_type, read(row).subtype) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("VALID", TransactionStatus.SETTLED),
        ("PENDING", TransactionStatus.PENDING),
        ("INVALID", TransactionStatus.FAILED),
    ],
)
def test_a_status_is_translated(status: str, expected: TransactionStatus) -> None:
    assert read(activity(1, "2026-04-24", "WIRE_IN", 1.0, status=status)).status is expected


async def test_a_long_period_is_asked_for_in_windows_of_less_than_a_year() -> None:
    double = SchwabDouble()
    async with linked(double) as link:
        rows = await link.transactions()

    assert len(double.asked) == OFFERED_DAYS // WINDOW_DAYS
    assert all(until - since < timedelta(days=365) for since, until in double.asked)
    assert "95556273441" in {row.provider_transaction_id for row in rows}


async def test_an_evening_in_new_york_belongs_to_its_own_day() -> None:
    late = activity(1, "2026-04-24", "WIRE_IN", 1.0)
    late |= {"time": "2026-04-25T02:00:00+0000", "tradeDate": "2026-04-25T02:00:00+0000"}
    day = date(2026, 4, 24)

    async with linked(SchwabDouble(rows=[late])) as link:
        assert [row.transaction_date for row in await link.transactions(day, day)] == [day]
        after = day + timedelta(days=1)
        assert await link.transactions(after, after) == []


async def test_an_answer_that_may_have_been_cut_is_asked_for_in_halves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("coffers.infrastructure.providers.schwab.provider.MAX_ROWS", 3)
    rows = [activity(number, f"2026-05-{number:02}", "WIRE_IN", 1.0) for number in range(1, 29)]

    async with linked(SchwabDouble(rows=rows, rows_at_once=3)) as link:
        told = await link.transactions(date(2026, 5, 1), date(2026, 5, 31))

    assert sorted(int(row.provider_transaction_id or 0) for row in told) == list(range(1, 29))


async def test_more_than_can_be_told_of_one_day_is_nonsense() -> None:
    rows = [activity(number, "2026-05-01", "WIRE_IN", 1.0) for number in range(MAX_ROWS + 1)]

    async with linked(SchwabDouble(rows=rows)) as link:
        with pytest.raises(ProviderAnsweredNonsense):
            await link.transactions(date(2026, 4, 1), date(2026, 5, 31))


async def test_an_account_that_schwab_does_not_list_is_a_failure_and_not_an_empty_one() -> None:
    gone = ReportedAccount("999", "Gone", AccountType.BROKERAGE, "USD", None)
    async with linked(SchwabDouble()) as link:
        with pytest.raises(ProviderFailed):
            await link.schwab.holdings(link.credentials, gone)
        with pytest.raises(ProviderFailed):
            await anext(aiter(link.schwab.transactions(link.credentials, gone, TODAY, TODAY)))
