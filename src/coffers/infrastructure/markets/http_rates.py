"""The European Central Bank's file of exchange rates, fetched from where it is offered."""

import asyncio
from collections.abc import Sequence

from coffers.application.markets.rates import RateSource
from coffers.domain.linking.providers import ProviderAnsweredNonsense
from coffers.domain.markets.rates import Rate
from coffers.infrastructure.markets.ecb_files import EcbFileUnreadable, read_ecb_file
from coffers.infrastructure.providers.http import HttpClient


class HttpRates(RateSource):
    """One GET. Bounds, deadline and circuit breaker are those of every call that leaves here."""

    def __init__(self, client: HttpClient, url: str | None) -> None:
        self._client = client
        self._url = url

    async def published(self) -> Sequence[Rate]:
        """As the port says."""
        if self._url is None:
            return []
        answer = self._client.accepted(await self._client.fetch(self._url))
        try:
            return await asyncio.to_thread(read_ecb_file, answer.content)
        except EcbFileUnreadable as error:
            raise ProviderAnsweredNonsense(f"{answer.host}: {error}") from error
