from typing import ClassVar

from starlette.types import ASGIApp

from coffers.domain.linking.providers import Credentials, KeyProvider, Provider
from coffers.infrastructure.providers.alpaca.provider import Alpaca
from coffers.infrastructure.providers.http import HttpClient
from tests.infrastructure.providers.alpaca_double import (
    ACCOUNT,
    KEY_ID,
    SECRET_KEY,
    alpaca_double,
)
from tests.provider_conformance import KeyConformance


class TestAlpaca(KeyConformance):
    account_id: ClassVar[str] = ACCOUNT["id"]
    short_symbol = "TSLA"

    @classmethod
    def application(cls) -> ASGIApp:
        return alpaca_double()

    def provider(self, http: HttpClient, origin: str) -> Provider:
        return Alpaca(http, base_urls={"paper": origin})

    async def connect(
        self,
        provider: Provider,
        origin: str,  # noqa: ARG002 - of no use here
    ) -> Credentials:
        assert isinstance(provider, KeyProvider)
        return await provider.connect(
            {"key_id": KEY_ID, "secret_key": SECRET_KEY, "environment": "paper"}
        )
