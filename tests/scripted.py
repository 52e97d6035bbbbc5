"""A provider that says what a test wants it to say, behind the whole application."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.linking.providers import (
    Capability,
    Credentials,
    CredentialType,
    KeyProvider,
    OAuthProvider,
    ProviderProfile,
    ProviderRefusedCredentials,
    Source,
)
from coffers.main import create_app
from coffers.services import Services
from coffers.settings import Settings
from coffers.wiring import open_services
from tests.conftest import client_of
from tests.people import Person


@dataclass
class Script:
    """What is told, what is refused, and how often it was asked."""

    accounts: list[ReportedAccount] = field(default_factory=list)
    holdings: dict[str, list[ReportedHolding]] = field(default_factory=dict)
    pages: dict[str, list[list[ReportedTransaction]]] = field(default_factory=dict)
    #: What each call of this name meets, first of all.
    meets: dict[str, Callable[[], Any]] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    periods: list[tuple[str, date | None, date]] = field(default_factory=list)

    async def meet(self, call: str) -> None:
        self.calls[call] += 1
        if call in self.meets:
            met = self.meets[call]()
            if asyncio.iscoroutine(met):
                await met


class Held:
    """What a call may meet: it stays there until it is let go."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.let_go.wait()


class _Reading:
    """The calls that read."""

    def __init__(self, script: Script, profile: ProviderProfile) -> None:
        self.script = script
        self.described = profile

    @property
    def profile(self) -> ProviderProfile:
        return self.described

    async def accounts(self, credentials: Credentials) -> list[ReportedAccount]:
        await self.script.meet("accounts")
        self.check(credentials)
        return list(self.script.accounts)

    async def holdings(
        self, credentials: Credentials, account: ReportedAccount
    ) -> list[ReportedHolding]:
        await self.script.meet("holdings")
        self.check(credentials)
        return list(self.script.holdings.get(account.provider_account_id, []))

    async def transactions(
        self, credentials: Credentials, account: ReportedAccount, first: date | None, last: date
    ) -> AsyncIterator[list[ReportedTransaction]]:
        self.script.periods.append((account.provider_account_id, first, last))
        for page in self.script.pages.get(account.provider_account_id, []):
            await self.script.meet("transactions")
            self.check(credentials)
            yield [
                row
                for row in page
                if (first is None or first <= row.transaction_date) and row.transaction_date <= last
            ]

    def check(self, credentials: Credentials) -> None:
        """Raises ProviderRefusedCredentials for those that ended."""


def _profile(slug: str, kind: CredentialType) -> ProviderProfile:
    return ProviderProfile(
        slug=slug,
        name=slug.capitalize(),
        category="bank",
        credential_type=kind,
        capabilities=tuple(Capability),
        website_url="https://example.com",
        credential_fields=() if kind is CredentialType.OAUTH2 else ("key",),
    )


class ScriptedBank(_Reading, KeyProvider):
    """Opened with keys, any of them."""

    def __init__(self, script: Script, slug: str = "scripted") -> None:
        super().__init__(script, _profile(slug, CredentialType.API_KEY))

    async def connect(self, fields: Mapping[str, str]) -> Credentials:
        await self.script.meet("connect")
        return Credentials(dict(fields))


class RotatingBroker(_Reading, OAuthProvider):
    """Opened by OAuth: each refresh token works once, and only the newest access token."""

    def __init__(self, script: Script, slug: str = "rotating", life_s: float = 1_800) -> None:
        super().__init__(script, _profile(slug, CredentialType.OAUTH2))
        self.life = timedelta(seconds=life_s)
        self.serial = 0
        self.delay_s = 0.0
        #: The access token that ended before its time.
        self.ended = 0
        self.refuses_all = False

    def authorization_url(self, *, state: str, code_challenge: str, redirect_uri: str) -> str:  # noqa: ARG002 - the port's
        return f"https://broker.example/?state={state}"

    async def exchange_code(self, **_: str) -> Credentials:
        await self.script.meet("exchange_code")
        return self._issue()

    async def refresh(self, credentials: Credentials) -> Credentials:
        await self.script.meet("refresh")
        if credentials.secret("refresh_token") != str(self.serial):
            raise ProviderRefusedCredentials("This refresh token was used before.")
        issued = self._issue()
        await asyncio.sleep(self.delay_s)
        await self.script.meet("refreshed")
        return issued

    def check(self, credentials: Credentials) -> None:
        token = credentials.secret("access_token")
        if self.refuses_all or token in {str(self.ended), *map(str, range(self.serial))}:
            raise ProviderRefusedCredentials("This access token is over.")

    def _issue(self) -> Credentials:
        self.serial += 1
        secrets = {"access_token": str(self.serial), "refresh_token": str(self.serial)}
        return Credentials(secrets, datetime.now(UTC) + self.life)


def offering(*sources: Source) -> Callable[[Settings], AbstractAsyncContextManager[Services]]:
    """Services with these in the catalogue."""

    @asynccontextmanager
    async def opened(settings: Settings) -> AsyncIterator[Services]:
        async with open_services(settings) as services:
            access = services.provider_access
            catalogue = {**access.catalogue, **{one.profile.slug: one for one in sources}}
            yield replace(services, provider_access=replace(access, catalogue=catalogue))

    return opened


@asynccontextmanager
async def running_with(settings: Settings, *sources: Source) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application that offers these providers."""
    app = create_app(settings, offering(*sources))
    async with app.router.lifespan_context(app), client_of(app) as client:
        yield client


async def connect(person: Person, slug: str = "scripted", **more: Any) -> dict[str, Any]:
    """Connect with keys; answers the connection."""
    wish = {"provider_slug": slug, "credentials": {"key": "secret"}, **more}
    made = await person.post("/connections", wish)
    assert made.status_code == 201, made.text
    connection: dict[str, Any] = made.json()
    return connection


async def authorize(person: Person, slug: str = "rotating", **more: Any) -> dict[str, Any]:
    """Connect by OAuth, the owner having signed in; answers the connection."""
    begun = await person.post("/connections", {"provider_slug": slug, **more})
    back = {"code": "good", "state": begun.json()["state"]}
    made = await person.post("/connections/callback", back)
    assert made.status_code == 201, made.text
    connection: dict[str, Any] = made.json()
    return connection


async def sync_all(person: Person, connection: dict[str, Any], **more: Any) -> httpx.Response:
    """Sync everything, by force."""
    path = f"/connections/{connection['id']}/syncs"
    return await person.post(path, {"force": True}, **more)


async def accounts_of(person: Person) -> list[dict[str, Any]]:
    """By name."""
    accounts: list[dict[str, Any]] = (await person.get("/accounts")).json()["accounts"]
    return sorted(accounts, key=lambda account: str(account["name"]))
