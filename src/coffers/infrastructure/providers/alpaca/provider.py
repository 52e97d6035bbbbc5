"""Alpaca's Trading API: one account per pair of keys, on paper or live."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, TypeVar

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.linking.providers import (
    Capability,
    CredentialFieldsInvalid,
    Credentials,
    CredentialType,
    KeyProvider,
    ProviderProfile,
)
from coffers.infrastructure.providers.alpaca.activities import CURRENCY, PAGE_SIZE, read_page
from coffers.infrastructure.providers.http import HttpClient
from coffers.infrastructure.providers.paging import Page, follow, within
from coffers.infrastructure.providers.reading import Fields, objects, signed_like, unique

BASE_URLS: Final = {
    "paper": "https://paper-api.alpaca.markets",
    "live": "https://api.alpaca.markets",
}

_ASSETS: Final = {
    "US_EQUITY": AssetType.EQUITY,
    "US_OPTION": AssetType.OPTION,
    "CRYPTO": AssetType.CRYPTOCURRENCY,
}

T = TypeVar("T")


class Alpaca(KeyProvider):
    """An account at Alpaca, by its keys."""

    profile = ProviderProfile(
        slug="alpaca",
        name="Alpaca",
        category="brokerage",
        credential_type=CredentialType.API_KEY,
        capabilities=(Capability.ACCOUNTS, Capability.HOLDINGS, Capability.TRANSACTIONS),
        website_url="https://alpaca.markets",
        credential_fields=("key_id", "secret_key", "environment"),
    )

    def __init__(self, http: HttpClient, *, base_urls: Mapping[str, str] = BASE_URLS) -> None:
        self._http = http
        self._base_urls = base_urls

    async def connect(self, fields: Mapping[str, str]) -> Credentials:
        """As the port says; `environment` is `paper` or `live`."""
        self.profile.check_fields(fields)
        if fields["environment"] not in self._base_urls:
            raise CredentialFieldsInvalid("It is 'paper' or 'live'.", field="environment")
        credentials = Credentials(dict(fields))
        await self.accounts(credentials)
        return credentials

    async def accounts(self, credentials: Credentials) -> list[ReportedAccount]:
        """As the port says; there is always exactly one."""
        return [await self._get(credentials, "/v2/account", _account)]

    async def holdings(
        self,
        credentials: Credentials,
        account: ReportedAccount,  # noqa: ARG002 - the keys open no other
    ) -> list[ReportedHolding]:
        """As the port says."""
        return await self._get(credentials, "/v2/positions", _holdings)

    async def transactions(
        self,
        credentials: Credentials,
        account: ReportedAccount,  # noqa: ARG002 - the keys open no other
        first: date | None,
        last: date,
    ) -> AsyncIterator[list[ReportedTransaction]]:
        """As the port says; newest first."""
        # Alpaca cuts by instant: a day more on either side, and then by date.
        asked = {
            "direction": "desc",
            "page_size": str(PAGE_SIZE),
            "until": f"{last + timedelta(days=2)}T00:00:00Z",
        }
        if first:
            asked["after"] = f"{first - timedelta(days=1)}T00:00:00Z"

        async def fetch(token: str | None) -> Page:
            params = {**asked, "page_token": token} if token else asked
            return await self._get(credentials, "/v2/account/activities", read_page, params)

        async for rows in follow(fetch):
            yield within(rows, first, last)

    async def _get(
        self,
        credentials: Credentials,
        path: str,
        read: Callable[[object], T],
        params: Mapping[str, str] | None = None,
    ) -> T:
        base_url = self._base_urls[credentials.secret("environment")]
        headers = {
            "APCA-API-KEY-ID": credentials.secret("key_id"),
            "APCA-API-SECRET-KEY": credentials.secret("secret_key"),
        }
        return await self._http.get(base_url + path, read, params=params, headers=headers)


def _account(answer: object) -> ReportedAccount:
    row = Fields(answer, "Alpaca account")
    number = row.identifier("account_number")
    return ReportedAccount(
        provider_account_id=row.identifier("id"),
        name=f"Alpaca …{number[-4:]}",
        account_type=AccountType.BROKERAGE,
        currency=row.currency("currency"),
        balance=row.number("equity"),
        account_number=number,
        cash_balance=row.number("cash"),
    )


def _holdings(answer: object) -> list[ReportedHolding]:
    rows = map(_holding, objects(answer, "Alpaca position"))
    return unique(rows, lambda one: one.provider_holding_id, "Alpaca position")


def _holding(row: Fields) -> ReportedHolding:
    # Short quantities come with or without a sign: the side decides.
    side = Decimal(-1) if row.code("side") == "SHORT" else row.number("qty")
    symbol = row.symbol("symbol")
    return ReportedHolding(
        provider_holding_id=row.identifier("asset_id"),
        symbol=symbol,
        security_name=symbol,
        asset_type=_ASSETS.get(row.code("asset_class"), AssetType.OTHER),
        quantity=signed_like(row.number("qty"), side),
        cost_basis=signed_like(row.number("cost_basis"), side),
        market_value=signed_like(row.number("market_value"), side),
        currency=CURRENCY,
        average_price=row.number_or_none("avg_entry_price"),
        current_price=row.number_or_none("current_price"),
    )
