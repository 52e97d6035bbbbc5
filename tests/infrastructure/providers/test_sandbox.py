"""The provider and the sandbox that it was made for, fault by fault."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import httpx
import pytest

from coffers.domain.errors import DomainError
from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedAccount, ReportedTransaction
from coffers.domain.ledger.transactions import TransactionStatus
from coffers.domain.linking.providers import (
    Credentials,
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderRateLimited,
    ProviderRefusedCredentials,
    ProviderTimedOut,
)
from coffers.infrastructure.providers.http import HttpClient, HttpLimits
from coffers.infrastructure.providers.sandbox import Sandbox
from coffers.sandbox.server import create_app
from tests.infrastructure.providers.sandbox_link import CLIENT_ID, CLIENT_SECRET, sign_in
from tests.programs import NO_TLS
from tests.provider_conformance import StillClock
from tests.provider_upstream import Upstream, serve

TODAY = date(2026, 6, 30)
LISTS = ("accounts", "positions", "transactions")
LIMITS = HttpLimits(backoff_s=0.001)
HURRIED = HttpLimits(backoff_s=0.001, deadline_s=0.3)


@dataclass(frozen=True, slots=True)
class Linked:
    sandbox: Sandbox
    credentials: Credentials
    origin: str

    async def strike(self, path: str, fault: str, times: int | None = None) -> None:
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as admin:
            rule = {"path": path, "fault": fault, "times": times}
            (await admin.post(f"{self.origin}/admin/faults", json=rule)).raise_for_status()

    async def administer(self, path: str) -> None:
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as admin:
            (await admin.post(f"{self.origin}/admin/{path}")).raise_for_status()

    async def account(self, number: str) -> ReportedAccount:
        accounts = await self.sandbox.accounts(self.credentials)
        return next(one for one in accounts if one.provider_account_id == number)

    async def ask(self, what: str, account: ReportedAccount) -> Sequence[object]:
        if what == "accounts":
            return await self.sandbox.accounts(self.credentials)
        if what == "positions":
            return await self.sandbox.holdings(self.credentials, account)
        return await self.transactions(account)

    async def transactions(self, account: ReportedAccount) -> list[ReportedTransaction]:
        pages = self.sandbox.transactions(self.credentials, account, None, TODAY)
        return [row async for page in pages for row in page]


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    with serve(create_app(7, TODAY)) as upstream:
        yield upstream


@asynccontextmanager
async def provider(origin: str, limits: HttpLimits = LIMITS) -> AsyncIterator[Sandbox]:
    async with HttpClient(StillClock(), listed_origins=[origin], limits=limits) as http:
        yield Sandbox(
            http,
            StillClock(),
            base_url=origin,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
        )


@pytest.fixture
async def link(upstream: Upstream) -> AsyncIterator[Linked]:
    async with provider(upstream.origin) as sandbox:
        credentials = await sign_in(sandbox, "young-saver", "coffee-twice")
        yield Linked(sandbox, credentials, upstream.origin)
    async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as admin:
        (await admin.delete(f"{upstream.origin}/admin/faults")).raise_for_status()


async def test_what_is_owed_on_a_card_is_negative(link: Linked) -> None:
    card = await link.account("ys-card")

    assert card.account_type is AccountType.CREDIT_CARD
    assert card.balance is not None
    assert card.balance < 0


async def test_every_transaction_of_seven_years_comes_once(link: Linked) -> None:
    checking = await link.account("ys-checking")

    rows = await link.transactions(checking)

    assert len({row.provider_transaction_id for row in rows}) == len(rows) > 500


async def test_what_was_pending_is_linked_to_what_was_posted(link: Linked) -> None:
    rows = await link.transactions(await link.account("ys-card"))

    pending = [row for row in rows if row.status is TransactionStatus.PENDING]
    posted = [row for row in rows if row.pending_transaction_id]
    assert pending
    assert posted
    assert all(str(row.provider_transaction_id).startswith("pend_") for row in pending)


async def test_a_part_of_a_basis_that_is_not_known_stays_unknown(upstream: Upstream) -> None:
    async with provider(upstream.origin) as sandbox:
        credentials = await sign_in(sandbox, "active-trader", "short-squeeze")
        accounts = {one.provider_account_id: one for one in await sandbox.accounts(credentials)}
        holdings = await sandbox.holdings(credentials, accounts["at-margin"])

    by_symbol = {one.symbol: one for one in holdings}
    assert by_symbol["CRNX"].cost_basis is None
    assert by_symbol["FADD"].quantity < 0
    assert (by_symbol["FADD"].cost_basis or Decimal(0)) < 0


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("expired_token", ProviderRefusedCredentials),
        ("unauthorized", ProviderRefusedCredentials),
        ("rate_limited:3", ProviderRateLimited),
        ("gone", ProviderFailed),
        ("error", ProviderFailed),
        ("error:503", ProviderFailed),
        ("truncated_json", ProviderAnsweredNonsense),
        ("truncated_json:connection", ProviderFailed),
        ("html", ProviderAnsweredNonsense),
        ("redirect", ProviderAnsweredNonsense),
        ("zip_bomb", ProviderAnsweredNonsense),
        ("oversized:17", ProviderAnsweredNonsense),
    ],
)
@pytest.mark.parametrize("what", LISTS)
async def test_every_fault_script_has_a_definite_answer(
    link: Linked, what: str, fault: str, expected: type[DomainError]
) -> None:
    account = await link.account("ys-card")
    await link.strike(f"/v1/*{what}", fault)

    with pytest.raises(DomainError) as refusal:
        await link.ask(what, account)

    assert type(refusal.value) is expected


@pytest.mark.parametrize("fault", ["slow_drip:20", "hang"])
async def test_a_script_of_delays_ends_with_the_deadline(link: Linked, fault: str) -> None:
    await link.strike("/v1/accounts", fault)

    async with provider(link.origin, HURRIED) as hurried:
        with pytest.raises(ProviderTimedOut):
            await hurried.accounts(link.credentials)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("mutation_while_paging", ProviderFailed),
        ("repeated_page", ProviderAnsweredNonsense),
        ("endless_cursor:empty", ProviderAnsweredNonsense),
    ],
)
async def test_a_list_that_does_not_hold_still_is_refused(
    link: Linked, fault: str, expected: type[DomainError]
) -> None:
    account = await link.account("ys-card")
    await link.strike("/v1/*/transactions", fault)

    with pytest.raises(DomainError) as refusal:
        await link.transactions(account)

    assert type(refusal.value) is expected


async def test_a_cursor_without_an_end_comes_to_one(
    link: Linked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coffers.infrastructure.providers.paging.MAX_PAGES", 20)
    account = await link.account("ys-card")
    await link.strike("/v1/*/transactions", "endless_cursor")

    with pytest.raises(ProviderAnsweredNonsense):
        await link.transactions(account)


async def test_a_server_that_failed_once_is_asked_again(link: Linked) -> None:
    await link.strike("/v1/accounts", "error", times=2)

    assert await link.sandbox.accounts(link.credentials)


@pytest.mark.parametrize("what", LISTS)
async def test_hostile_values_are_refused(link: Linked, what: str) -> None:
    account = await link.account("ys-brokerage")
    await link.strike(f"/v1/*{what}", "hostile_values")

    with pytest.raises(ProviderAnsweredNonsense):
        await link.ask(what, account)


async def test_an_expired_token_is_refused_and_a_refreshed_one_is_not(link: Linked) -> None:
    await link.administer("tokens/expire")
    with pytest.raises(ProviderRefusedCredentials):
        await link.sandbox.accounts(link.credentials)

    fresh = await link.sandbox.refresh(link.credentials)

    assert await link.sandbox.accounts(fresh)
    assert fresh.secret("refresh_token") != link.credentials.secret("refresh_token")


async def test_a_sign_in_that_was_revoked_has_to_be_repeated(link: Linked) -> None:
    await link.administer("tokens/revoke")

    with pytest.raises(ProviderRefusedCredentials):
        await link.sandbox.refresh(link.credentials)
