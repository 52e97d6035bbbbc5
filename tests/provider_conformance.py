"""What every provider must do, whoever wrote it. `docs/providers.md` says how to use this.

Subclass OAuthConformance or KeyConformance in a test module, name the class `Test…`, and answer
four questions: which application plays the provider's server, how your provider is made, how it is
connected, and in which days the server has something to tell.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final, NamedTuple

import httpx
import pytest
from starlette.types import ASGIApp

from coffers.application.ports import Clock
from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.errors import DomainError
from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF
from coffers.domain.linking.providers import (
    Capability,
    CredentialFieldsInvalid,
    Credentials,
    KeyProvider,
    OAuthProvider,
    Provider,
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderRateLimited,
    ProviderRefusedCredentials,
    ProviderTimedOut,
)
from coffers.domain.money import check_bounds
from coffers.infrastructure.providers.http import HttpClient, HttpLimits
from tests import provider_upstream
from tests.provider_upstream import Fault, Spoil, Upstream, answering, serve

REFUSALS: Final = (
    ProviderRefusedCredentials,
    ProviderFailed,
    ProviderAnsweredNonsense,
    ProviderTimedOut,
    ProviderRateLimited,
)
LIMITS: Final = HttpLimits(backoff_s=0.001, body_bytes=4 * 1024 * 1024)
HURRIED: Final = HttpLimits(deadline_s=0.3, backoff_s=0.001)
SLUG: Final = re.compile(r"[a-z][a-z0-9_]{1,31}")
UNFIT: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
MAX_TEXT: Final = 500

FAULTS: Final[dict[str, tuple[Fault, type[DomainError]]]] = {
    "401": (answering(status=401), ProviderRefusedCredentials),
    "403": (answering(status=403), ProviderRefusedCredentials),
    "404": (answering(status=404), ProviderFailed),
    "410": (answering(status=410), ProviderFailed),
    "429": (answering(status=429, Retry_After="7"), ProviderRateLimited),
    "500": (answering(status=500), ProviderFailed),
    "503": (answering(status=503), ProviderFailed),
    "redirect": (answering(status=302, Location="/elsewhere"), ProviderAnsweredNonsense),
    "html": (answering(b"<html>Back soon</html>", media="text/html"), ProviderAnsweredNonsense),
    "nothing": (answering(b""), ProviderAnsweredNonsense),
    "null": (answering(b"null"), ProviderAnsweredNonsense),
    "an empty object": (answering(b"{}"), ProviderAnsweredNonsense),
    "a list of numbers": (answering(b"[1]"), ProviderAnsweredNonsense),
    "a literal NaN": (answering(b'{"accounts": NaN}'), ProviderAnsweredNonsense),
    "depth": (answering(b"[" * 100_000), ProviderAnsweredNonsense),
    "compression": (answering(b"", Content_Encoding="gzip"), ProviderAnsweredNonsense),
    "size": (answering(b" " * (LIMITS.body_bytes + 1)), ProviderAnsweredNonsense),
    "half of it": (
        provider_upstream.rewritten(lambda content: content[: len(content) // 2]),
        ProviderAnsweredNonsense,
    ),
    "a torn connection": (provider_upstream.torn(), ProviderFailed),
}
DELAYS: Final = {
    "a slow drip": provider_upstream.dripping(0.02),
    "silence": provider_upstream.hanging(),
}
HOSTILE: Final[Sequence[Any]] = (  # whatever JSON can carry
    *(None, "", [], {}, 2**70, float("nan")),
    *("NaN", "1E+999", "-0", "１２", "9999-12-31", "nul\0", "\ud800"),
    "x" * 100_000,
)

Call = Callable[["Bench", Provider], Awaitable[Sequence[object]]]


class StillClock(Clock):
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 6, 30, 12, tzinfo=UTC)


class NearClient(HttpClient):
    """A client that asks an application in this process."""

    def __init__(self, clock: Clock, application: ASGIApp) -> None:
        super().__init__(clock, limits=LIMITS)
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(application))


class Opened(NamedTuple):
    """Credentials that open the accounts, and the one that holds something."""

    credentials: Credentials
    account: ReportedAccount


@dataclass(frozen=True, slots=True)
class Bench:
    """A connected provider and its server. `account` is one that holds something.

    `near` has no network before the server, for what depends on nothing but the answers.
    """

    provider: Provider
    hurried: Provider
    near: Provider
    credentials: Credentials
    upstream: Upstream
    account: ReportedAccount
    first: date
    last: date


async def list_accounts(bench: Bench, provider: Provider) -> Sequence[ReportedAccount]:
    return await provider.accounts(bench.credentials)


async def list_holdings(bench: Bench, provider: Provider) -> Sequence[ReportedHolding]:
    return await provider.holdings(bench.credentials, bench.account)


async def list_transactions(bench: Bench, provider: Provider) -> Sequence[ReportedTransaction]:
    pages = provider.transactions(bench.credentials, bench.account, bench.first, bench.last)
    return [row async for page in pages for row in page]


CALLS: Final[dict[str, Call]] = {
    "accounts": list_accounts,
    "holdings": list_holdings,
    "transactions": list_transactions,
}


class ProviderConformance:
    """What OAuth and key providers have in common; the three methods and the days are yours."""

    #: The server has transactions of `account_id` in these days, on at least two of them.
    first: ClassVar[date] = date(2026, 1, 1)
    last: ClassVar[date] = date(2026, 6, 30)
    #: An account with at least one position, if the provider tells of any, and one transaction.
    account_id: ClassVar[str] = ""
    #: An account on which its owner owes money; empty if the provider has no such accounts.
    owing_account_id: ClassVar[str] = ""
    #: A position of `account_id` that was sold short; empty if there is none.
    short_symbol: ClassVar[str] = ""

    @classmethod
    def application(cls) -> ASGIApp:
        """What plays the provider's server."""
        raise NotImplementedError

    def provider(self, http: HttpClient, origin: str) -> Provider:
        """Your provider, talking to the server at this origin."""
        raise NotImplementedError

    async def connect(self, provider: Provider, origin: str) -> Credentials:
        """Credentials that open the accounts, got in the way that your provider offers."""
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def upstream(cls) -> Iterator[Upstream]:
        with serve(cls.application()) as upstream:
            yield upstream

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, upstream: Upstream) -> Opened:
        """What a first visit finds; the visits of the tests go on from there."""
        return asyncio.run(cls()._open(upstream.origin))

    async def _open(self, origin: str) -> Opened:
        async with HttpClient(StillClock(), listed_origins=[origin]) as http:
            provider = self.provider(http, origin)
            credentials = await self.connect(provider, origin)
            accounts = await provider.accounts(credentials)
        (account,) = [one for one in accounts if one.provider_account_id == self.account_id]
        return Opened(credentials, account)

    @pytest.fixture
    async def bench(self, upstream: Upstream, opened: Opened) -> AsyncIterator[Bench]:
        upstream.calm()
        listed, clock = [upstream.origin], StillClock()
        async with (
            HttpClient(clock, listed_origins=listed, limits=LIMITS) as http,
            HttpClient(clock, listed_origins=listed, limits=HURRIED) as hurried,
            NearClient(clock, upstream) as near,
        ):
            yield Bench(
                provider=self.provider(http, upstream.origin),
                hurried=self.provider(hurried, upstream.origin),
                near=self.provider(near, upstream.origin),
                credentials=opened.credentials,
                upstream=upstream,
                account=opened.account,
                first=self.first,
                last=self.last,
            )

    @pytest.fixture(params=CALLS)
    def call(self, request: pytest.FixtureRequest, bench: Bench) -> Call:
        """Each of the three questions that the provider says it can answer."""
        if Capability(request.param) not in bench.provider.profile.capabilities:
            pytest.skip(f"This provider does not tell of {request.param}.")
        return CALLS[str(request.param)]

    def test_the_profile_can_stand_in_the_catalogue(self, bench: Bench) -> None:
        profile = bench.provider.profile

        assert SLUG.fullmatch(profile.slug)
        assert profile.name.strip()
        assert profile.category.strip()
        assert profile.website_url.startswith("https://")
        assert Capability.ACCOUNTS in profile.capabilities
        assert isinstance(bench.provider, KeyProvider) == bool(profile.credential_fields)

    async def test_everything_it_tells_can_be_kept(self, bench: Bench, call: Call) -> None:
        told = await call(bench, bench.provider)

        assert told
        check(told)

    async def test_asked_twice_it_tells_the_same(self, bench: Bench, call: Call) -> None:
        told = await call(bench, bench.provider)

        assert await call(bench, bench.provider) == told

    async def test_money_owed_is_negative(self, bench: Bench) -> None:
        accounts = await list_accounts(bench, bench.provider)

        owing = [one for one in accounts if one.provider_account_id == self.owing_account_id]

        assert len(owing) == bool(self.owing_account_id)
        assert all(one.balance is not None and one.balance < 0 for one in owing)

    async def test_a_short_position_is_negative_throughout(self, bench: Bench) -> None:
        holdings = await list_holdings(bench, bench.provider)

        shorts = [one for one in holdings if one.quantity < 0]

        assert (self.short_symbol or None) in {None, *(short.symbol for short in shorts)}
        assert all(short.market_value < 0 for short in shorts)
        assert all(short.cost_basis is None or short.cost_basis < 0 for short in shorts)

    async def test_a_period_is_the_sum_of_its_parts(self, bench: Bench) -> None:
        whole = await list_transactions(bench, bench.provider)
        middle = sorted(row.transaction_date for row in whole)[len(whole) // 2]

        parts = [
            await self._between(bench, self.first, middle - timedelta(days=1)),
            await self._between(bench, middle, self.last),
        ]

        assert all(self.first <= row.transaction_date <= self.last for row in whole)
        assert all(row.transaction_date < middle for row in parts[0])
        assert all(row.transaction_date >= middle for row in parts[1])
        assert set(parts[0]) | set(parts[1]) == set(whole)

    async def test_without_a_beginning_it_tells_all_that_it_has(self, bench: Bench) -> None:
        told = await list_transactions(bench, bench.provider)

        assert set(told) <= set(await self._between(bench, None, self.last))

    async def test_before_everything_there_is_nothing(self, bench: Bench) -> None:
        assert await self._between(bench, date(1950, 1, 1), date(1950, 1, 31)) == []

    @pytest.mark.parametrize("fault", FAULTS)
    async def test_a_fault_is_a_refusal_and_never_an_empty_list(
        self, bench: Bench, call: Call, fault: str
    ) -> None:
        struck, expected = FAULTS[fault]
        bench.upstream.calm()
        await call(bench, bench.provider)

        for passed in range(bench.upstream.requests):
            bench.upstream.strike(struck, after=passed)
            with pytest.raises(DomainError) as refusal:
                await call(bench, bench.provider)
            assert type(refusal.value) is expected
            if isinstance(refusal.value, ProviderRateLimited):
                assert refusal.value.retry_after_s == 7

    @pytest.mark.parametrize("delay", DELAYS)
    async def test_it_waits_no_longer_than_the_deadline(
        self, bench: Bench, call: Call, delay: str
    ) -> None:
        bench.upstream.strike(DELAYS[delay])

        with pytest.raises(ProviderTimedOut):
            await call(bench, bench.hurried)

    @pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:24])
    async def test_a_hostile_value_is_refused_or_harmless(
        self, bench: Bench, call: Call, value: Any
    ) -> None:
        bench.upstream.calm()
        await call(bench, bench.near)

        for passed in range(bench.upstream.requests):
            place, total = 0, 1
            while place < total:
                spoil = Spoil(place, value)
                bench.upstream.strike(spoil, after=passed)
                await told_or_refused(call, bench)
                place, total = place + 1, spoil.total
            assert total > 1

    async def test_credentials_that_are_missing_are_refused(self, bench: Bench) -> None:
        with pytest.raises(ProviderRefusedCredentials):
            await bench.provider.accounts(Credentials({}))

    async def test_nobody_repeats_a_secret(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        said = [repr(bench.credentials)]

        for fault, _ in FAULTS.values():
            bench.upstream.strike(fault)
            with pytest.raises(DomainError) as refusal:
                await bench.provider.accounts(bench.credentials)
            said.append(refusal.value.detail)

        for secret in sensitive(bench.credentials):
            assert secret not in caplog.text + "".join(said)

    async def _between(
        self, bench: Bench, first: date | None, last: date
    ) -> list[ReportedTransaction]:
        pages = bench.provider.transactions(bench.credentials, bench.account, first, last)
        return [row async for page in pages for row in page]


class OAuthConformance(ProviderConformance):
    """Subclass this one for a provider whose owner signs in on its own page."""

    async def test_the_owner_signs_in_on_the_provider_s_own_page(self, bench: Bench) -> None:
        assert isinstance(bench.provider, OAuthProvider)

        url = httpx.URL(
            bench.provider.authorization_url(
                state="s t&te", code_challenge="c" * 43, redirect_uri="https://us.example/back"
            )
        )

        assert url.params["response_type"] == "code"
        assert url.params["state"] == "s t&te"
        assert url.params["redirect_uri"] == "https://us.example/back"

    async def test_fresh_credentials_open_the_same_accounts(self, bench: Bench) -> None:
        assert isinstance(bench.provider, OAuthProvider)

        mine = await self.connect(bench.provider, bench.upstream.origin)

        fresh = await bench.provider.refresh(mine)

        assert fresh.expires_at is not None
        assert fresh.expires_at > StillClock().now()
        assert await bench.provider.accounts(fresh) == await list_accounts(bench, bench.provider)

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (
                answering(b'{"error": "invalid_grant"}', status=400),
                ProviderRefusedCredentials,
            ),
            (answering(b'{"error": "invalid_client"}', status=401), ProviderFailed),
            (answering(b'{"error": "invalid_request"}', status=400), ProviderFailed),
            *FAULTS.values(),
        ],
    )
    async def test_a_refresh_that_fails_says_why(
        self, bench: Bench, fault: Fault, expected: type[DomainError]
    ) -> None:
        assert isinstance(bench.provider, OAuthProvider)
        bench.upstream.strike(fault)

        with pytest.raises(DomainError) as refusal:
            await bench.provider.refresh(bench.credentials)

        assert type(refusal.value) is expected


class KeyConformance(ProviderConformance):
    """Subclass this one for a provider that is opened with keys."""

    async def test_fields_that_it_did_not_ask_for_are_refused_without_a_question(
        self, bench: Bench
    ) -> None:
        assert isinstance(bench.provider, KeyProvider)
        typed = dict.fromkeys(bench.provider.profile.credential_fields, "x")

        for name in typed:
            for wrong in ({**typed, name: ""}, {**typed, name: "a\nb"}, {**typed, "other": "x"}):
                with pytest.raises(CredentialFieldsInvalid):
                    await bench.provider.connect(wrong)

        assert bench.upstream.requests == 0


async def told_or_refused(call: Call, bench: Bench) -> None:
    try:
        told = await call(bench, bench.near)
    except REFUSALS:
        return
    check(told)


def check(told: Sequence[object]) -> None:
    """Fail unless the ledger can keep all of this exactly."""
    for record in told:
        assert isinstance(record, ReportedAccount | ReportedHolding | ReportedTransaction)
        check_values(record)
        assert record.currency in MINOR_UNITS
        if isinstance(record, ReportedTransaction):
            assert record.transaction_type is TYPE_OF[record.subtype]
        if isinstance(record, ReportedAccount):
            assert isinstance(record.account_type, AccountType)
    ids = [identity(record) for record in told]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def check_values(record: ReportedAccount | ReportedHolding | ReportedTransaction) -> None:
    for value in astuple(record):
        assert not isinstance(value, float)
        if isinstance(value, Decimal):
            check_bounds(value)
            assert not (value.is_zero() and value.is_signed())
        if isinstance(value, str):
            assert len(value) <= MAX_TEXT
            assert not UNFIT.search(value)
        if isinstance(value, date):
            assert 1900 <= value.year <= 2100


def identity(record: object) -> str | None:
    if isinstance(record, ReportedAccount):
        return record.provider_account_id
    if isinstance(record, ReportedHolding):
        return record.provider_holding_id
    assert isinstance(record, ReportedTransaction)
    return record.provider_transaction_id


def sensitive(credentials: Credentials) -> list[str]:
    """Whatever in the credentials is long enough to be a secret rather than a choice."""
    return [secret for secret in credentials.secrets.values() if len(secret) > len("sandbox")]
