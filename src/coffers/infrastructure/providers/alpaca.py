"""Alpaca's Trading API: one account per pair of keys, on paper or live."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from coffers.domain.accounts import AccountType
from coffers.domain.holdings import AssetType
from coffers.domain.providers import (
    Capability,
    CredentialFieldsInvalid,
    Credentials,
    CredentialType,
    KeyProvider,
    ProviderProfile,
)
from coffers.domain.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.transactions import TransactionStatus, TransactionSubtype, TransactionType
from coffers.infrastructure.providers import kinds
from coffers.infrastructure.providers.http import HttpClient
from coffers.infrastructure.providers.kinds import Kind
from coffers.infrastructure.providers.paging import Page, follow, within
from coffers.infrastructure.providers.reading import (
    Fields,
    objects,
    product,
    signed_like,
    unique,
    us_trading_day,
)

BASE_URLS: Final = {
    "paper": "https://paper-api.alpaca.markets",
    "live": "https://api.alpaca.markets",
}
CURRENCY: Final = "USD"
PAGE_SIZE: Final = 100
OPTION_MULTIPLIER: Final = Decimal(100)

_OPTION_SYMBOL: Final = re.compile(r"[A-Z0-9.]{1,6}[0-9]{6}[CP][0-9]{8}")
_ASSETS: Final = {
    "us_equity": AssetType.EQUITY,
    "us_option": AssetType.OPTION,
    "crypto": AssetType.CRYPTOCURRENCY,
}
_STATUSES: Final = {"CANCELED": TransactionStatus.CANCELLED, "PENDING": TransactionStatus.PENDING}
_FILLS: Final = {
    "BUY": TransactionSubtype.BUY,
    "SELL": TransactionSubtype.SELL,
    "SELL_SHORT": TransactionSubtype.SHORT_SELL,
}
_KINDS: Final[dict[str, Kind]] = {
    "CSD": kinds.DEPOSIT,
    "CSW": kinds.WITHDRAWAL,
    "JNL": kinds.JOURNAL,
    "JNLC": kinds.JOURNAL,
    "JNLS": kinds.JOURNAL,
    "DIVCGL": kinds.CAPITAL_GAIN,
    "DIVCGS": kinds.CAPITAL_GAIN,
    "DIVROC": kinds.RETURN_OF_CAPITAL,
    "DIVFEE": kinds.OTHER_FEE,
    "FEE": kinds.OTHER_FEE,
    "CFEE": kinds.OTHER_FEE,
    "PTC": kinds.OTHER_FEE,
    "PTR": kinds.OTHER_FEE,
    "SPLIT": (TransactionType.TRADE, TransactionSubtype.SPLIT),
    "SSP": (TransactionType.TRADE, TransactionSubtype.SPLIT),
    "OPEXP": (TransactionType.TRADE, TransactionSubtype.EXPIRATION),
    "OPASN": (TransactionType.TRADE, TransactionSubtype.ASSIGNMENT),
    "OPEXC": (TransactionType.TRADE, TransactionSubtype.EXERCISE),
    "SPIN": kinds.ADJUSTMENT,
    "SSO": kinds.ADJUSTMENT,
    "MA": kinds.ADJUSTMENT,
    "NC": kinds.ADJUSTMENT,
    "SC": kinds.ADJUSTMENT,
    "REORG": kinds.ADJUSTMENT,
    "OPCA": kinds.ADJUSTMENT,
}


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

    def __init__(self, http: HttpClient, *, base_urls: Mapping[str, str] | None = None) -> None:
        self._http = http
        self._base_urls = base_urls or BASE_URLS

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
        self, credentials: Credentials, account: ReportedAccount
    ) -> list[ReportedHolding]:
        """As the port says."""
        return await self._get(credentials, "/v2/positions", _holdings)

    async def transactions(
        self, credentials: Credentials, account: ReportedAccount, first: date | None, last: date
    ) -> AsyncIterator[list[ReportedTransaction]]:
        """As the port says; newest first."""

        async def fetch(token: str | None) -> Page:
            asked = {
                "direction": "desc",
                "page_size": str(PAGE_SIZE),
                # `until` and `after` cut by instant: a day more on either side, then by date.
                "until": f"{last + timedelta(days=2)}T00:00:00Z",
            }
            if first:
                asked["after"] = f"{first - timedelta(days=1)}T00:00:00Z"
            if token:
                asked["page_token"] = token
            return await self._get(credentials, "/v2/account/activities", _page, asked)

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
    # Some versions write short quantities without a sign: the side decides.
    side = Decimal(-1 if row.code("side") == "SHORT" else 1)
    symbol = row.identifier("symbol").strip()
    return ReportedHolding(
        provider_holding_id=row.identifier("asset_id"),
        symbol=symbol,
        security_name=symbol,
        asset_type=_ASSETS.get(row.prose("asset_class"), AssetType.OTHER),
        quantity=signed_like(row.number("qty"), side),
        cost_basis=signed_like(row.number("cost_basis"), side),
        market_value=signed_like(row.number("market_value"), side),
        currency=CURRENCY,
        average_price=row.number_or_none("avg_entry_price"),
        current_price=row.number_or_none("current_price"),
    )


def _page(answer: object) -> Page:
    rows = objects(answer, "Alpaca activity")
    full = len(rows) >= PAGE_SIZE
    return Page([_movement(row) for row in rows], rows[-1].identifier("id") if full else None)


def _movement(row: Fields) -> ReportedTransaction:
    return _fill(row) if row.code("activity_type") == "FILL" else _other(row)


def _fill(row: Fields) -> ReportedTransaction:
    symbol, side = row.identifier("symbol"), row.code("side")
    asset = _asset_of(symbol)
    quantity = signed_like(row.number("qty"), Decimal(1 if side == "BUY" else -1))
    price = row.number("price")
    multiplier = OPTION_MULTIPLIER if asset is AssetType.OPTION else Decimal(1)
    return ReportedTransaction(
        provider_transaction_id=row.identifier("id"),
        transaction_type=TransactionType.TRADE,
        subtype=_FILLS.get(side, TransactionSubtype.UNKNOWN),
        status=TransactionStatus.SETTLED,
        amount=product(quantity.copy_negate(), price, multiplier),
        currency=CURRENCY,
        description=f"{side.replace('_', ' ').capitalize()} {symbol}",
        transaction_date=us_trading_day(row.instant("transaction_time")),
        asset_type=asset,
        symbol=symbol,
        quantity=quantity,
        unit_price=price,
    )
