from starlette.types import ASGIApp

from coffers.domain.linking.providers import Credentials, OAuthProvider, Provider
from coffers.infrastructure.providers.http import HttpClient
from coffers.infrastructure.providers.schwab.provider import Schwab
from tests.infrastructure.providers.schwab_double import (
    CLIENT_ID,
    CLIENT_SECRET,
    CODE,
    NUMBER,
    SchwabDouble,
)
from tests.provider_conformance import OAuthConformance, StillClock


class TestSchwab(OAuthConformance):
    account_id = NUMBER
    short_symbol = "GME"

    @classmethod
    def application(cls) -> ASGIApp:
        return SchwabDouble().application

    def provider(self, http: HttpClient, origin: str) -> Provider:
        return Schwab(
            http, StillClock(), client_id=CLIENT_ID, client_secret=CLIENT_SECRET, base_url=origin
        )

    async def connect(
        self,
        provider: Provider,
        origin: str,  # noqa: ARG002 - of no use here
    ) -> Credentials:
        assert isinstance(provider, OAuthProvider)
        return await provider.exchange_code(
            code=CODE, code_verifier="v" * 43, redirect_uri="https://us.example/back"
        )
