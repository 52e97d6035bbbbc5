"""/providers: the catalogue."""

from coffers.application.linking import providers
from coffers.application.linking.providers import ProviderList, ProviderView
from coffers.presentation.calls import Caller


async def list_providers(call: Caller) -> ProviderList:
    """List the banks, brokers and file formats that can be linked here."""
    return providers.list_providers(call.services.provider_access.catalogue)


async def get_provider(call: Caller, slug: str) -> ProviderView:
    """One provider."""
    return providers.get_provider(call.services.provider_access.catalogue, slug)
