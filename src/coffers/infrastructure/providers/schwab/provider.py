"""Charles Schwab's Trader API: accounts, positions and transactions of its customers.

Accounts are known by their numbers; the paths of single accounts want a hash instead, which belongs
to the application and is asked for each time.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import date, timedelta
from typing import Final, TypeVar

from coffers.application.ports import Clock
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.linking.providers import (
    Capability,
    Credentials,
    CredentialType,
    OAuthProvider,
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderProfile,
)
from coffers.infrastructure.providers.http import HttpClient, bearer_auth
from coffers.infrastructure.providers.oauth import CodeGrant, OAuthApplication
from coffers.infrastructure.providers.paging import Unseen, windows, within
from coffers.infrastructure.providers.schwab.accounts import (
    read_accounts,
    read_hashes,
    read_holdings,
)
from coffers.infrastructure.providers.schwab.transactions import TYPES, read_transactions

BASE_URL: Final = "https://api.schwabapi.com"
#: A request may span a year; these and the hours of the time zone stay below 365 days.
WINDOW_DAYS: Final = 364
#: Asked for when everything is wanted; older statements come as files.
OFFERED_DAYS: Final = 5 * WINDOW_DAYS
#: An answer holds no more than this many rows, and does not say when it was cut.
MAX_ROWS: Final = 3_000

T = TypeVar("T")


class Schwab(CodeGrant, OAuthProvider):
    """Accounts at Charles Schwab, by OAuth: access for 30 minutes, refreshing for 7 days."""

    profile = ProviderProfile(
        slug="schwab",
        name="Charles Schwab",
        category="brokerage",
        credential_type=CredentialType.OAUTH2,
        capabilities=(Capability.ACCOUNTS, Capability.HOLDINGS, Capability.TRANSACTIONS),
        website_url="https://www.schwab.com",
    )

    def __init__(
        self,
        http: HttpClient,
        clock: Clock,
        *,
        client_id: str,
        client_secret: str,
        base_url: str = BASE_URL,
    ) -> None:
        application = OAuthApplication(
            authorize_url=f"{base_url}/v1/oauth/authorize",
            token_url=f"{base_url}/v1/oauth/token",
            client_id=client_id,
            client_secret=client_secret,
        )
        super().__init__(http, clock, application)
        self._accounts_url = f"{base_url}/trader/v1/accounts"

    async def accounts(self, credentials: Credentials) -> list[ReportedAccount]:
        """As the port says."""
        return await self._http.get(self._accounts_url, read_accounts, headers=_auth(credentials))

    async def holdings(
        self, credentials: Credentials, account: ReportedAccount
    ) -> list[ReportedHolding]:
        """As the port says."""
        every = await self._http.get(
            self._accounts_url,
            read_holdings,
            params={"fields": "positions"},
            headers=_auth(credentials),
        )
        return _of(account, every)

    async def transactions(
        self, credentials: Credentials, account: ReportedAccount, first: date | None, last: date
    ) -> AsyncIterator[list[ReportedTransaction]]:
        """As the port says; newest first. A window whose answer is full is asked for in halves."""
        hashes = await self._http.get(
            f"{self._accounts_url}/accountNumbers", read_hashes, headers=_auth(credentials)
        )
        url = f"{self._accounts_url}/{_of(account, hashes)}/transactions"
        start = first or last - timedelta(days=OFFERED_DAYS - 1)
        unseen, spans = Unseen(), list(windows(start, last, WINDOW_DAYS))
        while spans:
            since, until = spans.pop(0)
            count, rows = await self._window(credentials, url, since, until)
            if count < MAX_ROWS:
                yield unseen.of(within(rows, first, last))
            elif since < until:
                middle = since + (until - since) // 2
                spans[:0] = [(middle + timedelta(days=1), until), (since, middle)]
            else:
                raise ProviderAnsweredNonsense("Schwab reports too many transactions in one day.")

    async def _window(
        self, credentials: Credentials, url: str, since: date, until: date
    ) -> tuple[int, list[ReportedTransaction]]:
        # A day in New York ends in the small hours of the next day in UTC.
        asked = {
            "startDate": f"{since}T00:00:00.000Z",
            "endDate": f"{until + timedelta(days=1)}T05:59:59.999Z",
            "types": TYPES,
        }
        return await self._http.get(
            url, read_transactions, params=asked, headers=_auth(credentials)
        )


def _auth(credentials: Credentials) -> dict[str, str]:
    return bearer_auth(credentials.secret("access_token"))


def _of(account: ReportedAccount, by_number: Mapping[str, T]) -> T:
    try:
        return by_number[account.provider_account_id]
    except KeyError as error:
        raise ProviderFailed("Schwab does not list this account any more.") from error
