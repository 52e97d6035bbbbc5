"""The catalogue: every source of accounts that this installation offers, by its slug."""

from dataclasses import dataclass, field
from typing import Final

from coffers.application.ports import Clock
from coffers.domain.linking.providers import Capability, CredentialType, ProviderProfile, Source
from coffers.infrastructure.providers.alpaca.provider import Alpaca
from coffers.infrastructure.providers.http import HttpClient
from coffers.infrastructure.providers.sandbox import Sandbox
from coffers.infrastructure.providers.schwab.provider import Schwab
from coffers.infrastructure.providers.simplefin.provider import SimpleFin

FILE: Final = ProviderProfile(
    slug="file",
    name="Files",
    category="file",
    credential_type=CredentialType.FILE,
    capabilities=(Capability.ACCOUNTS, Capability.HOLDINGS, Capability.TRANSACTIONS),
    website_url="https://www.ofx.org",
)


@dataclass(frozen=True, slots=True)
class Registration:
    """What an operator was given when this service was registered with an OAuth provider.

    `base_url` and `public_url` are for providers of one's own: where this service and where
    browsers find it, when that is not the provider's usual address.
    """

    client_id: str
    client_secret: str = field(default="", repr=False)
    base_url: str = ""
    public_url: str = ""


@dataclass(frozen=True, slots=True)
class Files(Source):
    """Statements that their owner imports; there is nobody to ask."""

    profile: ProviderProfile = FILE


def build_catalogue(
    http: HttpClient,
    clock: Clock,
    *,
    sandbox: Registration | None = None,
    schwab: Registration | None = None,
) -> dict[str, Source]:
    """Build every source; those that need a registration are left out without one."""
    sources: list[Source] = [Alpaca(http), SimpleFin(http), Files()]
    if schwab:
        sources.append(
            Schwab(http, clock, client_id=schwab.client_id, client_secret=schwab.client_secret)
        )
    if sandbox:
        sources.append(
            Sandbox(
                http,
                clock,
                base_url=sandbox.base_url,
                public_url=sandbox.public_url,
                client_id=sandbox.client_id,
                client_secret=sandbox.client_secret,
            )
        )
    return {source.profile.slug: source for source in sources}
