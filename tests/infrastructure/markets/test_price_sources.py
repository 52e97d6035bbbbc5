import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coffers.domain.errors import UpstreamFailed, UpstreamTimedOut
from coffers.domain.ids import new_id
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.linking.providers import ProviderAnsweredNonsense, ProviderFailed
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.corporate_actions import ActionKind
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.markets.http_prices import HttpPrices
from coffers.infrastructure.markets.yahoo_prices import YahooPrices
from coffers.infrastructure.providers.http import HttpClient, HttpLimits
from coffers.sandbox.listed import SEDIMENT
from coffers.sandbox.market import DemoPrices
from coffers.sandbox.prices import Prices
from tests.provider_upstream import serve

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)


def asset(symbol: str = "WINE", **changes: Any) -> Asset:
    fields = {"currency": "USD", "exchange": "NYSE"} | changes
    kind = AssetType.EQUITY
    return Asset(new_id(), None, symbol, symbol, kind, created_at=NOON, updated_at=NOON, **fields)


class Told:
    """What the loopback server answers next, and what it was asked."""

    def __init__(self) -> None:
        self.answer: Response = JSONResponse({"prices": []})
        self.asked: list[dict[str, str]] = []
        self.headers: list[str] = []

    async def __call__(self, request: Request) -> Response:
        self.asked.append(dict(request.query_params))
        self.headers.append(request.headers.get("Authorization", ""))
        return self.answer


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def origin(told: Told) -> Iterator[str]:
    async def prices(request: Request) -> Response:
        return await told(request)

    with serve(Starlette(routes=[Route("/v1/prices", prices)])) as upstream:
        yield upstream.origin


async def offered(origin: str, *, token: str | None = None) -> Any:
    limits = HttpLimits(deadline_s=2, retries=0, body_bytes=10_000)
    async with HttpClient(SystemClock(), listed_origins=[origin], limits=limits) as client:
        return await HttpPrices(client, f"{origin}/v1/", token).offer(asset(), FIRST, LAST)


async def test_a_plain_source_tells_prices_splits_and_dividends_in_json(
    origin: str, told: Told
) -> None:
    bar = {"date": "2026-01-05", "open": 9.5, "high": "11", "low": 9, "close": 10.10}
    splits = [{"date": "2026-01-06", "ratio": 4}]
    dividends = [{"date": "2026-01-07", "amount": "0.25"}]
    told.answer = JSONResponse({"prices": [bar], "splits": splits, "dividends": dividends})

    offer = await offered(origin, token="secret")

    assert offer.bars[0].close == Decimal("10.1")
    assert (offer.bars[0].open, offer.bars[0].volume) == (Decimal("9.5"), None)
    assert [each.kind for each in offer.actions] == [ActionKind.SPLIT, ActionKind.DIVIDEND]
    (asked,) = told.asked
    assert (asked["symbol"], asked["exchange"], asked["currency"]) == ("WINE", "NYSE", "USD")
    assert (asked["start_date"], asked["end_date"]) == ("2026-01-01", "2026-01-31")
    assert told.headers == ["Bearer secret"]


async def test_a_plain_source_tells_prices_in_csv(origin: str, told: Told) -> None:
    told.answer = Response("Date,Close,Volume\n2026-01-05,10.10,7\n", media_type="text/csv")

    offer = await offered(origin)

    assert (offer.bars[0].close, offer.bars[0].volume) == (Decimal("10.10"), Decimal(7))


async def test_404_says_that_the_asset_is_not_known(origin: str, told: Told) -> None:
    told.answer = Response(status_code=404)

    assert await offered(origin) is None


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({}),
        JSONResponse([]),
        JSONResponse({"prices": [{"date": "2026-01-05"}]}),
        JSONResponse({"prices": [{"date": "yesterday", "close": 1}]}),
        JSONResponse({"prices": [{"date": "2026-01-05", "close": "ten"}]}),
        JSONResponse({"prices": [{"date": "2026-01-05", "close": True}]}),
        JSONResponse({"prices": [{"date": "2026-01-05", "close": [1]}]}),
        Response("{", media_type="application/json"),
        Response(
            '{"prices": [{"date": "2026-01-05", "close": NaN}]}', media_type="application/json"
        ),
        Response("date,close\n2026-01-05,NaN\n", media_type="text/csv"),
        Response("x" * 10_001, media_type="text/csv"),
        Response("hello", media_type="text/html"),
    ],
)
async def test_an_answer_of_another_form_is_nonsense(
    origin: str, told: Told, answer: Response
) -> None:
    told.answer = answer

    with pytest.raises(ProviderAnsweredNonsense):
        await offered(origin)


async def test_a_server_that_fails_is_a_failure(origin: str, told: Told) -> None:
    told.answer = Response(status_code=500)

    with pytest.raises(UpstreamFailed):
        await offered(origin)


class Frame:
    """As pandas would answer it."""

    def __init__(self, rows: dict[datetime, dict[str, float]]) -> None:
        self.rows = rows

    def to_dict(self, orient: str) -> dict[datetime, dict[str, float]]:
        assert orient == "index"
        return self.rows


def row(close: float, **more: float) -> dict[str, float]:
    told = {"Open": close, "High": close, "Low": close, "Volume": 100, "Dividends": 0}
    return {"Close": close, "Stock Splits": 0, **told, **more}


def install(monkeypatch: pytest.MonkeyPatch, answer: Any, currency: str = "USD") -> list[str]:
    """A fake module where the package would be; answers which tickers were asked for."""
    asked: list[str] = []

    def ticker(symbol: str) -> Any:
        asked.append(symbol)
        return SimpleNamespace(history=answer, fast_info={"currency": currency})

    fake = SimpleNamespace(Ticker=ticker, __spec__=SimpleNamespace())
    monkeypatch.setitem(sys.modules, "yfinance", fake)
    return asked


async def test_yahoo_s_closes_are_made_raw_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its closes have later splits worked in: 54, 54 before a 4:1 were quoted as 216."""
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (5, 6, 7)]
    rows = {
        days[0]: row(54.0, Dividends=0.25),
        days[1]: row(54.0, **{"Stock Splits": 4.0}),
        days[2]: row(float("nan")),
    }
    asked = install(monkeypatch, lambda **_: Frame(rows))

    offer = await YahooPrices().offer(asset(exchange="XETRA"), FIRST, LAST)

    assert offer is not None
    assert [(bar.day.day, bar.close, bar.volume) for bar in offer.bars] == [
        (5, Decimal(216), Decimal(25)),
        (6, Decimal(54), Decimal(100)),
    ]
    assert [(each.kind, each.amount, each.ratio) for each in offer.actions] == [
        (ActionKind.DIVIDEND, Decimal(1), None),
        (ActionKind.SPLIT, None, Decimal(4)),
    ]
    assert asked == ["WINE.DE"]


async def test_yahoo_does_not_know_an_asset_in_another_currency(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install(monkeypatch, lambda **_: Frame({NOON: row(1.0)}), currency="EUR")

    assert await YahooPrices().offer(asset(), FIRST, LAST) is None


async def test_whatever_the_package_raises_is_yahoo_s_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(**_: Any) -> Any:
        raise KeyError("a secret")

    install(monkeypatch, broken)

    with pytest.raises(ProviderFailed, match="KeyError") as caught:
        await YahooPrices().offer(asset(), FIRST, LAST)
    assert "secret" not in caught.value.detail


async def test_yahoo_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coffers.infrastructure.markets.yahoo_prices.DEADLINE_S", 0.01)
    install(monkeypatch, lambda **_: __import__("time").sleep(0.2))

    with pytest.raises(UpstreamTimedOut):
        await YahooPrices().offer(asset(), FIRST, LAST)
    await asyncio.sleep(0.3)


def test_without_the_package_yahoo_is_unavailable_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)

    assert YahooPrices().reason_unavailable() == "The package yfinance is not installed."


async def test_the_demo_knows_what_the_sandbox_s_securities_cost() -> None:
    split = SEDIMENT.splits[0].day
    first, last = split - timedelta(days=10), split + timedelta(days=10)

    offer = await DemoPrices(seed=1).offer(asset(SEDIMENT.symbol), first, last)

    assert offer is not None
    prices = Prices(1)
    assert {bar.day: bar.close for bar in offer.bars}[split] == prices.on(SEDIMENT, split)
    assert [(each.day, each.ratio) for each in offer.actions] == [(split, Decimal(4))]
    assert all(first <= bar.day <= last for bar in offer.bars)


async def test_the_demo_knows_nothing_else() -> None:
    assert await DemoPrices().offer(asset("AAPL"), FIRST, LAST) is None
    assert await DemoPrices().offer(asset(SEDIMENT.symbol, currency="EUR"), FIRST, LAST) is None
