"""The catalogue: which banks, brokers and files can be linked here."""

from collections.abc import Mapping

import msgspec

from coffers.domain.linking.providers import Capability, CredentialType, ProviderNotFound, Source

Catalogue = Mapping[str, Source]


class ProviderView(msgspec.Struct, frozen=True):
    """A provider in the catalogue. `credential_fields` are what an API-key connection sends."""

    slug: str
    name: str
    category: str
    credential_type: CredentialType
    capabilities: list[Capability]
    website_url: str
    credential_fields: list[str]


class ProviderList(msgspec.Struct, frozen=True):
    """The catalogue."""

    providers: list[ProviderView]
    total_count: int


def list_providers(catalogue: Catalogue) -> ProviderList:
    """Everything that can be linked or imported here, by slug."""
    views = [_provider_view(catalogue[slug]) for slug in sorted(catalogue)]
    return ProviderList(views, len(views))


def get_provider(catalogue: Catalogue, slug: str) -> ProviderView:
    """One entry of the catalogue; raises ProviderNotFound."""
    return _provider_view(source_of(catalogue, slug))


def source_of(catalogue: Catalogue, slug: str) -> Source:
    """The entry of this slug; raises ProviderNotFound."""
    source = catalogue.get(slug)
    if source is None:
        raise ProviderNotFound("Provider not found")
    return source


def _provider_view(source: Source) -> ProviderView:
    profile = source.profile
    return ProviderView(
        profile.slug,
        profile.name,
        profile.category,
        profile.credential_type,
        list(profile.capabilities),
        profile.website_url,
        list(profile.credential_fields),
    )
