"""New exchange rates from a server on loopback that offers the European Central Bank's files."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from coffers.application.markets.rates import refresh_published
from coffers.domain.linking.providers import ProviderAnsweredNonsense, ProviderFailed
from coffers.domain.live.events import Origin
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.markets.http_rates import HttpRates
from coffers.infrastructure.providers.http import HttpClient, HttpLimits
from coffers.wiring import open_services
from tests.conftest import settings_for
from tests.infrastructure.markets.test_ecb_files import HISTORY, rate, zipped
from tests.provider_upstream import serve


class Bank:
    """What it offers next."""

    content: bytes = zipped("eurofxref-hist.csv", HISTORY)
    status = 200


@pytest.fixture
def origin() -> Iterator[str]:
    async def file(_: Request) -> Response:
        return Response(Bank.content, Bank.status)

    with serve(Starlette(routes=[Route("/rates.zip", file)])) as upstream:
        yield upstream.origin


async def test_new_rates_are_fetched_and_kept_once(
    origin: str, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(
        database_url,
        tmp_path,
        rate_source_url=f"{origin}/rates.zip",
        private_origins=[origin],
    )
    async with open_services(settings) as services:
        lookups, source = services.rate_lookups, services.rate_source
        first, again = [
            await refresh_published(services.unit_of_work(Origin(), None), lookups, source)
            for _ in range(2)
        ]
        newest = await lookups.last_published()

    assert (first, again) == (2, 0)
    assert newest == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("content", "status", "refusal"),
    [(b"<html>", 200, ProviderAnsweredNonsense), (b"", 500, ProviderFailed)],
)
async def test_anything_but_the_file_is_a_failure(
    origin: str,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    status: int,
    refusal: type[Exception],
) -> None:
    monkeypatch.setattr(Bank, "content", content)
    monkeypatch.setattr(Bank, "status", status)
    limits = HttpLimits(deadline_s=2, retries=0)

    async with HttpClient(SystemClock(), listed_origins=[origin], limits=limits) as client:
        with pytest.raises(refusal):
            await HttpRates(client, f"{origin}/rates.zip").published()


async def test_the_rates_are_those_of_the_file_and_without_an_address_nobody_is_asked(
    origin: str,
) -> None:
    async with HttpClient(SystemClock(), listed_origins=[origin]) as client:
        told = await HttpRates(client, f"{origin}/rates.zip").published()
        nothing = await HttpRates(client, None).published()

    assert told == [rate("USD", "1.12", 20), rate("USD", "1.11", 19)]
    assert told[0].rate == Decimal("1.12")
    assert nothing == []
