from datetime import date

from starlette.types import ASGIApp

from coffers.domain.linking.providers import Credentials, OAuthProvider, Provider
from coffers.infrastructure.providers.http import HttpClient
from coffers.infrastructure.providers.sandbox import Sandbox
from coffers.sandbox.server import create_app
from tests.infrastructure.providers.sandbox_link import CLIENT_ID, CLIENT_SECRET, sign_in
from tests.provider_conformance import OAuthConformance, StillClock


class TestSandbox(OAuthConformance):
    first = date(2026, 6, 1)
    last = date(2026, 6, 30)
    account_id = "at-margin"
    short_symbol = "FADD"

    @classmethod
    def application(cls) -> ASGIApp:
        return create_app(7, date(2026, 6, 30))

    def provider(self, http: HttpClient, origin: str) -> Provider:
        return Sandbox(
            http,
            StillClock(),
            base_url=origin,
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
        )

    async def connect(
        self,
        provider: Provider,
        origin: str,  # noqa: ARG002 - of no use here
    ) -> Credentials:
        assert isinstance(provider, OAuthProvider)
        return await sign_in(provider, "active-trader", "short-squeeze")
