from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedAccount, ReportedTransaction
from coffers.domain.linking.providers import (
    CredentialFieldsInvalid,
    Credentials,
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderRefusedCredentials,
)
from coffers.infrastructure.providers.http import HttpClient
from coffers.infrastructure.providers.simplefin.accounts import read_accounts, read_transactions
from coffers.infrastructure.providers.simplefin.provider import (
    OFFERED_DAYS,
    WINDOW_DAYS,
    SimpleFin,
)
from tests.infrastructure.providers.simplefin_double import (
    ACCOUNTS,
    BROKERAGE,
    CARD,
    CHECKING,
    MILES,
    SimpleFinDouble,
    account,
    row,
)
from tests.provider_conformance import StillClock
from tests.provider_upstream import Upstream, answering, serve

TODAY = date(2026, 6, 30)


@dataclass(frozen=True, slots=True)
class Linked:
    simplefin: SimpleFin
    upstream: Upstream
    token: str

    async def connect(self) -> Credentials:
        return await self.simplefin.connect({"setup_token": self.token})

    async def accounts(self) -> dict[str, ReportedAccount]:
        accounts = await self.simplefin.accounts(await self.connect())
        return {one.provider_account_id: one for one in accounts}


@asynccontextmanager
async def linked(double: SimpleFinDouble) -> AsyncIterator[Linked]:
    with serve(double.application) as upstream:
        async with HttpClient(StillClock(), listed_origins=[upstream.origin]) as http:
            yield Linked(SimpleFin(http), upstream, SimpleFinDouble.setup_token(upstream.origin))


def known(number: str, kind: AccountType = AccountType.CHECKING) -> ReportedAccount:
    return ReportedAccount(number, "An account", kind, "USD", None)


def read(move: dict[str, Any], kind: AccountType = AccountType.CHECKING) -> ReportedTransaction:
    answer = {"accounts": [account("A", "An account", "0", transactions=[move])]}
    [movement] = read_transactions(known("A", kind), TODAY, answer)
    return movement


async def test_a_setup_token_is_claimed_once() -> None:
    async with linked(SimpleFinDouble()) as link:
        await link.connect()

        with pytest.raises(ProviderRefusedCredentials) as refusal:
            await link.connect()

    assert "somebody else" in refusal.value.detail


async def test_a_claim_that_fails_is_not_sent_again() -> None:
    async with linked(SimpleFinDouble()) as link:
        link.upstream.strike(answering(status=500))

        with pytest.raises(ProviderFailed):
            await link.connect()

        assert link.upstream.requests == 1


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/claim",
        "https://[::1]/claim",
        "https://localhost:8000/claim",
        "https://169.254.169.254/latest/meta-data",
        "http://bridge.example/claim",
        "https://example.com\\@127.0.0.1/claim",
        "file:///etc/passwd",
        "ftp://bridge.example",
        "no address",
        "",
    ],
)
async def test_a_token_that_leads_inside_or_nowhere_is_refused(address: str) -> None:
    token = b64encode(address.encode()).decode()

    async with HttpClient(StillClock()) as http:
        with pytest.raises(CredentialFieldsInvalid) as refusal:
            await SimpleFin(http).connect({"setup_token": token})

    assert refusal.value.field == "setup_token"


@pytest.mark.parametrize("token", ["!", "a", "%%%%", "ÿ", "/+8=", "x" * 5000])
async def test_what_is_no_token_is_refused(token: str) -> None:
    async with HttpClient(StillClock()) as http:
        with pytest.raises(CredentialFieldsInvalid):
            await SimpleFin(http).connect({"setup_token": token})


async def test_a_token_may_be_written_without_padding_and_for_addresses() -> None:
    async with linked(SimpleFinDouble()) as link:
        address = f"{link.upstream.origin}/simplefin/claim/one~time?token"
        bare = urlsafe_b64encode(address.encode()).decode().rstrip("=")

        assert await link.simplefin.connect({"setup_token": bare})


@pytest.mark.parametrize(
    "answer",
    [b"", b"OK", b"https://bridge.example/simplefin", b"\xff\xfe", b"http://[", b"x" * 3000],
)
async def test_a_claim_that_answers_no_access_url_is_nonsense(answer: bytes) -> None:
    async with linked(SimpleFinDouble()) as link:
        link.upstream.strike(answering(answer, media="text/plain"))

        with pytest.raises(ProviderAnsweredNonsense):
            await link.connect()


async def test_an_access_url_that_leads_inside_is_never_called() -> None:
    async with linked(SimpleFinDouble()) as link:
        link.upstream.strike(answering(b"https://u:p@127.0.0.1/x", media="text/plain"))
        credentials = await link.connect()

        with pytest.raises(ProviderFailed):
            await link.simplefin.accounts(credentials)


async def test_accounts_are_what_their_names_say() -> None:
    async with linked(SimpleFinDouble()) as link:
        accounts = await link.accounts()

    assert accounts[CHECKING].account_type is AccountType.CHECKING
    assert accounts[CHECKING].balance == Decimal("1100.23")
    assert accounts[CHECKING].available_balance == Decimal("1075.23")
    assert accounts[BROKERAGE].account_type is AccountType.BROKERAGE
    assert accounts[CARD].account_type is AccountType.CREDIT_CARD
    assert accounts[CARD].balance == Decimal("-412.87")
    assert MILES not in accounts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Roth IRA ...123", AccountType.ROTH_IRA),
        ("Traditional IRA", AccountType.IRA),
        ("Miracle Checking", AccountType.CHECKING),
        ("ACME 401(k) Plan", AccountType.PLAN_401K),
        ("Home Mortgage", AccountType.MORTGAGE),
        ("Auto Loan", AccountType.LOAN),
        ("Sapphire Visa", AccountType.CREDIT_CARD),
        ("Something", AccountType.OTHER),
    ],
)
def test_only_whole_words_count_in_a_name(name: str, expected: AccountType) -> None:
    [reported] = read_accounts({"accounts": [account("A", name, "0")]})

    assert reported.account_type is expected


async def test_the_basis_of_a_holding_is_that_of_the_whole_position() -> None:
    async with linked(SimpleFinDouble()) as link:
        holder = (await link.accounts())[BROKERAGE]
        credentials = Credentials({"access_url": await access_url(link)})
        [holding] = await link.simplefin.holdings(credentials, holder)

    assert holding.symbol == "AAPL"
    assert holding.quantity == 550
    assert holding.cost_basis == 5500
    assert holding.average_price == 10
    assert holding.market_value == Decimal("105884.80")


async def test_an_investment_account_of_which_nothing_is_said_is_not_empty() -> None:
    silent = {name: value for name, value in ACCOUNTS[1].items() if name != "holdings"}
    async with linked(SimpleFinDouble([silent], claims=2)) as link:
        credentials = await link.connect()
        with pytest.raises(ProviderFailed):
            await link.simplefin.holdings(credentials, known(BROKERAGE, AccountType.BROKERAGE))


async def test_an_account_that_is_not_listed_is_a_failure_and_not_an_empty_one() -> None:
    async with linked(SimpleFinDouble()) as link:
        credentials = await link.connect()
        with pytest.raises(ProviderFailed):
            await link.simplefin.holdings(credentials, known("ACT-gone"))


async def test_everything_is_asked_for_in_windows_of_ninety_days() -> None:
    async with linked(SimpleFinDouble()) as link:
        credentials = await link.connect()
        link.upstream.calm()
        holder = known(BROKERAGE, AccountType.BROKERAGE)

        pages = link.simplefin.transactions(credentials, holder, None, TODAY)
        told = [row.provider_transaction_id async for page in pages for row in page]

    assert sorted(map(str, told)) == ["TRN-1", "TRN-2", "TRN-3"]
    assert link.upstream.requests == OFFERED_DAYS // WINDOW_DAYS


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        ({"code": "gen.auth", "msg": "Who are you?"}, ProviderRefusedCredentials),
        ({"code": "gen.api", "msg": "Capped."}, ProviderFailed),
        ({"code": "con.auth", "msg": "Bank wants you.", "conn_id": "CON-1"}, ProviderFailed),
        ({"code": "act.failed", "msg": "Later.", "account_id": CHECKING}, ProviderFailed),
        ({"code": "quantum", "msg": "\0<b>odd</b>\n"}, ProviderFailed),
    ],
)
async def test_an_error_beside_the_accounts_is_a_refusal(
    error: dict[str, str], refusal: type[Exception]
) -> None:
    async with linked(SimpleFinDouble(errlist=[error])) as link:
        credentials = await link.connect()
        with pytest.raises(refusal):
            await link.simplefin.accounts(credentials)
        with pytest.raises(refusal):
            await link.simplefin.holdings(credentials, known(CHECKING))


@pytest.mark.parametrize(
    "error",
    [
        {"code": "con.auth", "msg": "Another bank wants you.", "conn_id": "CON-2"},
        {"code": "act.failed", "msg": "Later.", "account_id": CARD, "conn_id": "CON-1"},
    ],
)
async def test_an_error_of_another_account_does_not_concern_this_one(error: dict[str, str]) -> None:
    async with linked(SimpleFinDouble(errlist=[error])) as link:
        credentials = await link.connect()

        assert await link.simplefin.holdings(credentials, known(CHECKING)) == []


async def test_the_sentences_of_version_one_are_refusals_too() -> None:
    async with linked(SimpleFinDouble(errors=["You must reauthenticate."])) as link:
        credentials = await link.connect()
        with pytest.raises(ProviderFailed) as refusal:
            await link.simplefin.accounts(credentials)

    assert refusal.value.detail == "The server reports: You must reauthenticate."


@pytest.mark.parametrize(
    ("amount", "description", "expected"),
    [
        ("-3.80", "BLUE DOOR COFFEE", ("expense", "purchase")),
        ("100.00", "Transfer", ("transfer", "deposit")),
        ("1.02", "DIVIDEND RECEIVED", ("income", "dividend")),
        ("0.03", "Interest paid", ("income", "interest")),
        ("0.00", "Nothing", ("other", "unknown")),
    ],
)
def test_a_bank_s_row_is_what_sign_and_words_say(
    amount: str, description: str, expected: tuple[str, str]
) -> None:
    movement = read(row("T", "2026-05-01", amount, description))

    assert (movement.transaction_type, movement.subtype) == expected
    assert movement.transaction_date == date(2026, 5, 1)


def test_money_that_leaves_an_investment_account_is_not_taken_for_spending() -> None:
    bought = read(row("T", "2026-05-01", "-500", "YOU BOUGHT"), AccountType.BROKERAGE)

    assert (bought.transaction_type, bought.subtype) == ("other", "unknown")


def test_a_pending_row_is_dated_by_what_there_is() -> None:
    undated = row("T", "2026-05-01", "-1", "Coffee", pending=True, posted=0)
    dated = undated | {"transacted_at": 1782734400}

    assert read(undated).status == "pending"
    assert read(undated).transaction_date == TODAY
    assert read(dated).transaction_date == date(2026, 6, 29)


def test_a_posted_row_without_a_date_is_nonsense() -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        read(row("T", "2026-05-01", "-1", "Coffee", posted=0))


async def access_url(link: Linked) -> str:
    return f"{link.upstream.origin.replace('://', '://user123456:pass-word-0123456789@')}/simplefin"
