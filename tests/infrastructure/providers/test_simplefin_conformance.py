from datetime import date

from starlette.types import ASGIApp

from coffers.domain.linking.providers import Credentials, KeyProvider, Provider
from coffers.infrastructure.providers.http import HttpClient
from coffers.infrastructure.providers.simplefin.provider import SimpleFin
from tests.infrastructure.providers.simplefin_double import BROKERAGE, CARD, SimpleFinDouble
from tests.provider_conformance import KeyConformance


class TestSimpleFin(KeyConformance):
    first = date(2026, 3, 1)
    account_id = BROKERAGE
    owing_account_id = CARD

    @classmethod
    def application(cls) -> ASGIApp:
        return SimpleFinDouble(claims=1_000_000).application

    def provider(
        self,
        http: HttpClient,
        origin: str,  # noqa: ARG002 - of no use here
    ) -> Provider:
        return SimpleFin(http)

    async def connect(self, provider: Provider, origin: str) -> Credentials:
        assert isinstance(provider, KeyProvider)
        return await provider.connect({"setup_token": SimpleFinDouble.setup_token(origin)})
