from datetime import date
from decimal import Decimal

import pytest

from coffers.application.markets import market_data
from coffers.application.markets.market_data import FRESH, REST, MarketData, Outcome, SourceState
from coffers.domain.errors import UpstreamFailed
from coffers.domain.ids import new_id
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.linking.providers import ProviderRateLimited
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.prices import Bar
from coffers.domain.markets.sources import Offer, PriceSource
from tests.stores import NOON, FakeClock

DAY = date(2026, 2, 27)


class Scripted(PriceSource):
    """Tells what the test wants, and counts how often it is asked."""

    def __init__(self, *, missing: str | None = None) -> None:
        self.asked = 0
        self.refusal: Exception | None = None
        self._missing = missing

    @property
    def name(self) -> str:
        return "scripted"

    @property
    def is_online(self) -> bool:
        return True

    def reason_unavailable(self) -> str | None:
        return self._missing

    async def offer(self, asset: Asset, first: date, last: date) -> Offer | None:  # noqa: ARG002 - the port's
        self.asked += 1
        if self.refusal is not None:
            raise self.refusal
        return Offer([Bar(last, Decimal(10))])


def asset(symbol: str = "WINE") -> Asset:
    return Asset(new_id(), None, symbol, symbol, AssetType.OTHER, "EUR", NOON, NOON)


async def ask(market: MarketData, source: Scripted, symbol: str = "WINE") -> Outcome:
    attempt, _ = await market.ask(source, asset(symbol), DAY, DAY)
    return attempt.outcome


async def test_what_was_told_is_not_asked_again_for_ten_minutes() -> None:
    clock, source = FakeClock(), Scripted()
    market = MarketData(clock, [source])

    await ask(market, source)
    await ask(market, source)
    asked_before = source.asked
    clock.pass_time(seconds=FRESH.total_seconds() + 1)
    await ask(market, source)

    assert (asked_before, source.asked) == (1, 2)


async def test_no_more_answers_are_remembered_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(market_data, "MAX_CACHED", 2)
    source = Scripted()
    market = MarketData(FakeClock(), [source])

    for symbol in ("A", "B", "C", "A"):
        await ask(market, source, symbol)

    assert source.asked == 4


async def test_a_source_rests_after_five_failures_and_is_then_tried_again() -> None:
    clock, source = FakeClock(), Scripted()
    market = MarketData(clock, [source])
    source.refusal = UpstreamFailed("It is down.")

    outcomes = [await ask(market, source) for _ in range(6)]
    clock.pass_time(seconds=REST.total_seconds())
    source.refusal = None
    healed = await ask(market, source)

    assert outcomes == [Outcome.FAILED] * 5 + [Outcome.RESTING]
    assert (healed, source.asked) == (Outcome.TOLD, 6)
    (view,) = market.status().sources
    assert (view.state, view.failures_in_a_row) == (SourceState.READY, 0)


async def test_a_source_that_asks_for_patience_gets_it_at_once() -> None:
    clock, source = FakeClock(), Scripted()
    market = MarketData(clock, [source])
    source.refusal = ProviderRateLimited("Slow down.", retry_after_s=30)

    first = await ask(market, source)
    resting = await ask(market, source)
    clock.pass_time(seconds=30)
    later = await ask(market, source)

    assert (first, resting, later) == (Outcome.FAILED, Outcome.RESTING, Outcome.FAILED)


async def test_what_is_not_installed_is_not_asked() -> None:
    source = Scripted(missing="Not installed.")
    market = MarketData(FakeClock(), [source])

    outcome = await ask(market, source)

    assert (outcome, source.asked) == (Outcome.UNAVAILABLE, 0)
    assert market.status().sources[0].reason == "Not installed."
