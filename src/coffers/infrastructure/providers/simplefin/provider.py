"""SimpleFIN: read-only access to banks through a server that the owner chooses.

A setup token is the address of a claim; claiming it, once, answers an access URL with credentials.
Requests for single accounts have a daily allowance of their own: details are asked for that way.
"""

import binascii
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final, TypeVar

import httpx

from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction
from coffers.domain.linking.providers import (
    Capability,
    CredentialFieldsInvalid,
    Credentials,
    CredentialType,
    KeyProvider,
    ProviderAnsweredNonsense,
    ProviderProfile,
    ProviderRefusedCredentials,
)
from coffers.infrastructure.providers.addresses import AddressRefused
from coffers.infrastructure.providers.http import HttpClient, basic_auth
from coffers.infrastructure.providers.paging import Unseen, windows, within
from coffers.infrastructure.providers.simplefin.accounts import (
    read_accounts,
    read_holdings,
    read_transactions,
)

#: What a request may span, from the first day to the exclusive end.
WINDOW_DAYS: Final = 90
#: Asked for when everything is wanted; most banks offer less.
OFFERED_DAYS: Final = 4 * WINDOW_DAYS
MAX_URL_CHARS: Final = 2_048

T = TypeVar("T")


class SimpleFin(KeyProvider):
    """Accounts behind a SimpleFIN server, by a setup token."""

    profile = ProviderProfile(
        slug="simplefin",
        name="SimpleFIN",
        category="aggregator",
        credential_type=CredentialType.API_KEY,
        capabilities=tuple(Capability),
        website_url="https://www.simplefin.org",
        credential_fields=("setup_token",),
    )

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def connect(self, fields: Mapping[str, str]) -> Credentials:
        """As the port says; the token is claimed, which can be done only once."""
        self.profile.check_fields(fields)
        try:
            answer = await self._http.post(_claim_url(fields["setup_token"]))
        except AddressRefused as error:
            raise CredentialFieldsInvalid(error.detail, field="setup_token") from error
        if answer.status == httpx.codes.FORBIDDEN:
            raise ProviderRefusedCredentials(
                f"{answer.host} says that this token does not exist or was claimed before. If that "
                "was not you, disable it there: somebody else may be reading your accounts."
            )
        access_url = self._http.accepted(answer).content.decode("ascii", "replace").strip()
        _split(access_url)
        return Credentials({"access_url": access_url})

    async def accounts(self, credentials: Credentials) -> list[ReportedAccount]:
        """As the port says; points, miles and other currencies of a server's own are left out."""
        return await self._get(credentials, read_accounts, {})

    async def holdings(
        self, credentials: Credentials, account: ReportedAccount
    ) -> list[ReportedHolding]:
        """As the port says."""
        asked = {"account": account.provider_account_id}
        return await self._get(credentials, partial(read_holdings, account), asked)

    async def transactions(
        self, credentials: Credentials, account: ReportedAccount, first: date | None, last: date
    ) -> AsyncIterator[list[ReportedTransaction]]:
        """As the port says; newest window first. A pending row without a date is dated `last`."""
        start, unseen = first or last - timedelta(days=OFFERED_DAYS - 1), Unseen()
        read = partial(read_transactions, account, last)
        for since, until in windows(start, last, WINDOW_DAYS):
            asked = {
                "account": account.provider_account_id,
                "start-date": _epoch(since),
                "end-date": _epoch(until + timedelta(days=1)),
                "pending": "1",
            }
            yield unseen.of(within(await self._get(credentials, read, asked), first, last))

    async def _get(
        self, credentials: Credentials, read: Callable[[object], T], asked: Mapping[str, str]
    ) -> T:
        url, headers = _split(credentials.secret("access_url"))
        params = {"version": "2", **asked}
        return await self._http.get(f"{url}/accounts", read, params=params, headers=headers)


def _claim_url(setup_token: str) -> str:
    standard = setup_token.replace("+", "-").replace("/", "_")
    try:
        url = urlsafe_b64decode(standard + "=" * (-len(standard) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialFieldsInvalid("Not a setup token.", field="setup_token") from error
    if not (url.isprintable() and url.startswith(("https://", "http://"))):
        raise CredentialFieldsInvalid("Not a setup token.", field="setup_token")
    return url


def _split(access_url: str) -> tuple[str, dict[str, str]]:
    """Take the credentials out of an access URL, so that no address ever carries them."""
    try:
        url = httpx.URL(access_url if len(access_url) <= MAX_URL_CHARS else "")
    except httpx.InvalidURL as error:
        raise ProviderAnsweredNonsense("The claim did not answer an access URL.") from error
    if not (url.host and url.username):
        raise ProviderAnsweredNonsense("The claim did not answer an access URL.")
    bare = str(url.copy_with(username="", password="")).rstrip("/")
    return bare, basic_auth(url.username, url.password)


def _epoch(day: date) -> str:
    return str(int(datetime.combine(day, time(), UTC).timestamp()))
