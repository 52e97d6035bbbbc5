"""Providers: the banks, brokers and files that accounts come from."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from coffers.domain.errors import (
    Invalid,
    NotFound,
    TooManyRequests,
    UpstreamFailed,
    UpstreamTimedOut,
)
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding, ReportedTransaction

MAX_FIELD_CHARS: Final = 4096


class CredentialType(StrEnum):
    """How a connection proves whose accounts it may read."""

    OAUTH2 = "oauth2"
    API_KEY = "api_key"
    FILE = "file"


class Capability(StrEnum):
    """What a provider can report."""

    ACCOUNTS = "accounts"
    HOLDINGS = "holdings"
    TRANSACTIONS = "transactions"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class ProviderProfile:
    """A provider's entry in the catalogue.

    `credential_fields` are the names that an API-key connection must send.
    """

    slug: str
    name: str
    category: str
    credential_type: CredentialType
    capabilities: Sequence[Capability]
    website_url: str
    credential_fields: Sequence[str] = ()

    def check_fields(self, fields: Mapping[str, str]) -> None:
        """Refuse with CredentialFieldsInvalid what is not exactly these fields, each printable."""
        for name in self.credential_fields:
            value = fields.get(name, "")
            if not (value.isascii() and value.isprintable() and 0 < len(value) <= MAX_FIELD_CHARS):
                raise CredentialFieldsInvalid(
                    f"{self.name} needs '{name}': printable ASCII.", field=name
                )
        if set(fields) - set(self.credential_fields):
            asked = ", ".join(self.credential_fields)
            raise CredentialFieldsInvalid(
                f"{self.name} asks for {asked} only.", field="credentials"
            )


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a provider wants to see; secret, kept encrypted.

    `expires_at` is when the access token ends, None if never.
    """

    secrets: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None = None

    def secret(self, name: str) -> str:
        """Answer the secret of this name; raises ProviderRefusedCredentials when there is none."""
        try:
            return self.secrets[name]
        except KeyError as error:
            raise ProviderRefusedCredentials(
                f"The connection holds no '{name}'; connect again."
            ) from error


class Source(Protocol):
    """An entry of the catalogue: a provider that can be asked, or files that are imported."""

    @property
    def profile(self) -> ProviderProfile:
        """How the catalogue describes it."""
        ...


@runtime_checkable
class Provider(Source, Protocol):
    """A bank or broker that can be asked.

    Every call may raise one of the refusals below and nothing else. A failure upstream is always a
    refusal, never an empty or shortened list. In transactions, securities that come in have a
    positive quantity, those that leave a negative one; dates are the provider's own trading or
    posting days; a commission is positive when it was paid, and already part of the amount.
    """

    async def accounts(self, credentials: Credentials) -> list[ReportedAccount]:
        """Every account that the credentials open, in the provider's order."""
        ...

    async def holdings(
        self, credentials: Credentials, account: ReportedAccount
    ) -> list[ReportedHolding]:
        """Every open position of the account; empty only if the provider says that none is."""
        ...

    def transactions(
        self, credentials: Credentials, account: ReportedAccount, first: date | None, last: date
    ) -> AsyncIterator[list[ReportedTransaction]]:
        """Movements dated from `first` to `last`, inclusive, page by page, each id once.

        Without `first` all that the provider offers.
        """
        ...


@runtime_checkable
class OAuthProvider(Provider, Protocol):
    """A provider whose owner signs in on its own page (OAuth 2: RFC 6749, PKCE: RFC 7636)."""

    def authorization_url(self, *, state: str, code_challenge: str, redirect_uri: str) -> str:
        """Where to send the owner's browser. `code_challenge` is S256."""
        ...

    async def exchange_code(
        self, *, code: str, code_verifier: str, redirect_uri: str
    ) -> Credentials:
        """Trade the code for credentials."""
        ...

    async def refresh(self, credentials: Credentials) -> Credentials:
        """Fresh credentials for expiring ones.

        Raises ProviderRefusedCredentials when the owner must sign in again.
        """
        ...


@runtime_checkable
class KeyProvider(Provider, Protocol):
    """A provider that is opened with keys that its owner copied from its site."""

    async def connect(self, fields: Mapping[str, str]) -> Credentials:
        """Credentials from what the owner typed, checked against the provider.

        A setup token is claimed here, and therefore spent.
        """
        ...


class ProviderNotFound(NotFound):
    """No provider has this slug."""


class CredentialFieldsInvalid(Invalid):
    """The fields typed by the owner are not what this provider asks for."""


class ProviderRefusedCredentials(UpstreamFailed):
    """Authentication failed upstream: the owner has to sign in there again."""

    slug = "provider_refused_credentials"


class ProviderFailed(UpstreamFailed):
    """The provider is down, or answered with an error that is its own."""


class ProviderAnsweredNonsense(UpstreamFailed):
    """The provider's answer is not what its documentation promises; nothing of it is used."""


class ProviderTimedOut(UpstreamTimedOut):
    """The provider did not answer within the deadline."""


class ProviderRateLimited(TooManyRequests):
    """The provider asks for patience."""
