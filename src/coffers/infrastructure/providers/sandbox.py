"""The sandbox broker, which ships with this service; `docs/sandbox.md` is its documentation."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import quote

from coffers.application.ports import Clock
from coffers.domain.ledger.accounts import CREDIT_TYPES, AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus, TransactionSubtype
from coffers.domain.linking.providers import (
    Capability,
    Credentials,
    CredentialType,
    OAuthProvider,
    ProviderFailed,
    ProviderProfile,
)
from coffers.infrastructure.providers.http import HttpClient, bearer_auth
from coffers.infrastructure.providers.oauth import CodeGrant, OAuthApplication
from coffers.infrastructure.providers.paging import Page, follow, within
from coffers.infrastructure.providers.reading import Fields, product, unique

PAGE_SIZE: Final = 500
MAX_TOKEN_CHARS: Final = 2_048

_STATUSES: Final = {status.name: status for status in TransactionStatus}

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Sandbox(CodeGrant, OAuthProvider):
    """Invented people with invented money, by OAuth with PKCE."""

    profile = ProviderProfile(
        slug="sandbox",
        name="Sandbox",
        category="sandbox",
        credential_type=CredentialType.OAUTH2,
        capabilities=tuple(Capability),
        website_url="https://example.com",
    )

    def __init__(
        self,
        http: HttpClient,
        clock: Clock,
        *,
        base_url: str,
        client_id: str,
        client_secret: str,
        public_url: str = "",
    ) -> None:
        # Browsers may find it at another address than this service does.
        application = OAuthApplication(
            authorize_url=f"{public_url or base_url}/oauth/authorize",
            token_url=f"{base_url}/oauth/token",
            client_id=client_id,
            client_secret=client_secret,
            scope="read",
        )
        super().__init__(http, clock, application)
        self._accounts_url = f"{base_url}/v1/accounts"

    async def accounts(self, credentials: Credentials) -> list[ReportedAccount]:
        """As the port says."""
        return await self._get(credentials, self._accounts_url, _accounts)

    async def holdings(
        self, credentials: Credentials, account: ReportedAccount
    ) -> list[ReportedHolding]:
        """As the port says."""
        return await self._get(credentials, f"{self._url(account)}/positions", _holdings)

    async def transactions(
        self, credentials: Credentials, account: ReportedAccount, first: date | None, last: date
    ) -> AsyncIterator[list[ReportedTransaction]]:
        """As the port says; oldest first. A list that changes meanwhile raises ProviderFailed."""
        asked = {"to": str(last), "page_size": str(PAGE_SIZE)}
        if first:
            asked["from"] = str(first)
        revisions = set[str]()

        async def fetch(token: str | None) -> Page:
            params = {**asked, "page_token": token} if token else asked
            url = f"{self._url(account)}/transactions"
            revision, page = await self._get(credentials, url, _page, params)
            revisions.add(revision)
            if len(revisions) > 1:
                raise ProviderFailed("The list changed while it was read; ask again.")
            return page

        async for rows in follow(fetch):
            yield within(rows, first, last)

    def _url(self, account: ReportedAccount) -> str:
        return f"{self._accounts_url}/{quote(account.provider_account_id, safe='')}"

    async def _get(
        self,
        credentials: Credentials,
        url: str,
        read: Callable[[object], T],
        params: Mapping[str, str] | None = None,
    ) -> T:
        headers = bearer_auth(credentials.secret("access_token"))
        return await self._http.get(url, read, params=params, headers=headers)


def _accounts(answer: object) -> list[ReportedAccount]:
    rows = map(_account, Fields(answer, "sandbox answer").children("accounts"))
    return unique(rows, lambda one: one.provider_account_id, "sandbox account")


def _account(row: Fields) -> ReportedAccount:
    kind = _known(AccountType, row, "type", AccountType.OTHER)
    owed = Decimal(-1 if kind in CREDIT_TYPES else 1)
    return ReportedAccount(
        provider_account_id=row.identifier("id"),
        name=row.prose("name"),
        account_type=kind,
        currency=row.currency("currency"),
        balance=product(row.number("balance"), owed),
        available_balance=row.number_or_none("available"),
        account_number=row.identifier("number"),
        cash_balance=row.number_or_none("cash"),
    )


def _holdings(answer: object) -> list[ReportedHolding]:
    rows = map(_holding, Fields(answer, "sandbox answer").children("positions"))
    return unique(rows, lambda one: one.provider_holding_id, "sandbox position")


def _holding(row: Fields) -> ReportedHolding:
    return ReportedHolding(
        provider_holding_id=row.identifier("id"),
        symbol=row.symbol("symbol"),
        security_name=row.prose("name"),
        asset_type=_known(AssetType, row, "asset_type", AssetType.OTHER),
        quantity=row.number("quantity"),
        cost_basis=row.number_or_none("cost_basis"),
        market_value=row.number("market_value"),
        currency=row.currency("currency"),
        average_price=row.number_or_none("average_price"),
        current_price=row.number_or_none("price"),
        cusip=row.symbol_or_none("cusip"),
        isin=row.symbol_or_none("isin"),
    )


def _page(answer: object) -> tuple[str, Page]:
    whole = Fields(answer, "sandbox answer")
    token = (
        whole.identifier("next_page_token", most=MAX_TOKEN_CHARS)
        if whole.has("next_page_token")
        else None
    )
    rows = [_transaction(row) for row in whole.children("transactions")]
    return whole.identifier("revision"), Page(rows, token)


def _transaction(row: Fields) -> ReportedTransaction:
    subtype = _known(TransactionSubtype, row, "subtype", TransactionSubtype.UNKNOWN)
    return ReportedTransaction(
        provider_transaction_id=row.identifier("id"),
        transaction_type=TYPE_OF[subtype],
        subtype=subtype,
        status=row.one_of("status", _STATUSES),
        amount=row.number("amount"),
        currency=row.currency("currency"),
        description=row.prose("description"),
        transaction_date=row.day("date"),
        settlement_date=row.day("settles_on") if row.has("settles_on") else None,
        asset_type=_known(AssetType, row, "asset_type", AssetType.OTHER)
        if row.has("asset_type")
        else None,
        symbol=row.symbol_or_none("symbol"),
        security_name=row.prose("security_name") or None,
        quantity=row.number_or_none("quantity"),
        unit_price=row.number_or_none("price"),
        commission=row.number_or_none("commission"),
        pending_transaction_id=row.identifier_or_none("pending_id"),
    )


def _known(vocabulary: type[E], row: Fields, name: str, unknown: E) -> E:
    """Read a word of the ledger's own vocabulary, which the sandbox speaks."""
    return {word.value: word for word in vocabulary}.get(row.prose(name), unknown)
