"""Sources of prices in their order of preference, and how each of them does."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from coffers.application.ports import Clock
from coffers.application.views import Instant
from coffers.domain.errors import DomainError, TooManyRequests, UpstreamFailed, UpstreamTimedOut
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.sources import Offer, PriceSource

#: After so many failures in a row a source is left alone for a while.
FAILURES_TO_REST: Final = 5
REST: Final = timedelta(minutes=5)
#: What was told is not asked again for so long.
FRESH: Final = timedelta(minutes=10)
MAX_CACHED: Final = 500
_FAILURES: Final = (UpstreamFailed, UpstreamTimedOut, TooManyRequests)


class SourceState(StrEnum):
    """Whether a source is asked."""

    READY = "ready"
    RESTING = "resting"
    UNAVAILABLE = "unavailable"


class SourceView(msgspec.Struct, frozen=True):
    """A source of prices, as this process has found it."""

    name: str
    preference: Annotated[int, Meta(description="1 is asked first.")]
    is_online: bool
    state: SourceState
    reason: str | None
    last_success_at: Instant | None
    last_failure_at: Instant | None
    last_failure: str | None
    failures_in_a_row: int
    rests_until: Instant | None


class SourceList(msgspec.Struct, frozen=True):
    """Sources in the order in which they are asked."""

    sources: list[SourceView]
    total_count: int


class Outcome(StrEnum):
    """What came of asking a source."""

    TOLD = "told"
    UNKNOWN = "unknown"
    FAILED = "failed"
    RESTING = "resting"
    UNAVAILABLE = "unavailable"


class Attempt(msgspec.Struct, frozen=True):
    """What came of asking one source."""

    source: str
    outcome: Outcome
    detail: str | None = None


@dataclass(slots=True)
class _Record:
    failures: int = 0
    rests_until: datetime | None = None
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str | None = None


Key = tuple[str, str, str, str, date]


@dataclass(slots=True)
class MarketData:
    """The sources of one process: who is asked first, who rests, what was just told."""

    clock: Clock
    sources: Sequence[PriceSource]
    _records: dict[str, _Record] = field(default_factory=dict)
    _told: OrderedDict[Key, tuple[datetime, Offer | None]] = field(default_factory=OrderedDict)

    async def ask(
        self, source: PriceSource, asset: Asset, first: date, last: date
    ) -> tuple[Attempt, Offer | None]:
        """Ask one source, unless it rests or told the same a moment ago."""
        record, now = self._record(source), self.clock.now()
        if (reason := source.reason_unavailable()) is not None:
            return Attempt(source.name, Outcome.UNAVAILABLE, reason), None
        if record.rests_until is not None and now < record.rests_until:
            return Attempt(source.name, Outcome.RESTING, record.failure), None
        key = (source.name, asset.symbol, asset.currency, asset.exchange, first)
        offer, is_known = self._cached(key, now)
        if not is_known:
            try:
                offer = await source.offer(asset, first, last)
            except _FAILURES as error:
                self._failed(record, error)
                return Attempt(source.name, Outcome.FAILED, error.detail), None
            self._remember(key, offer)
        record.failures, record.rests_until, record.succeeded_at = 0, None, now
        outcome = Outcome.UNKNOWN if offer is None else Outcome.TOLD
        return Attempt(source.name, outcome), offer

    def doubt(self, source: PriceSource, detail: str) -> Attempt:
        """Count what it told as a failure: nothing of it was believed."""
        self._failed(self._record(source), UpstreamFailed(detail))
        return Attempt(source.name, Outcome.FAILED, detail)

    def status(self) -> SourceList:
        """How each source does."""
        now = self.clock.now()
        views = [self._view(place, each, now) for place, each in enumerate(self.sources, 1)]
        return SourceList(views, len(views))

    def _view(self, place: int, source: PriceSource, now: datetime) -> SourceView:
        record, reason = self._record(source), source.reason_unavailable()
        rests = record.rests_until if record.rests_until and now < record.rests_until else None
        state = SourceState.RESTING if rests else SourceState.READY
        return SourceView(
            name=source.name,
            preference=place,
            is_online=source.is_online,
            state=state if reason is None else SourceState.UNAVAILABLE,
            reason=reason,
            last_success_at=record.succeeded_at,
            last_failure_at=record.failed_at,
            last_failure=record.failure,
            failures_in_a_row=record.failures,
            rests_until=rests,
        )

    def _record(self, source: PriceSource) -> _Record:
        return self._records.setdefault(source.name, _Record())

    def _failed(self, record: _Record, error: DomainError) -> None:
        now = self.clock.now()
        record.failures += 1
        record.failed_at, record.failure = now, error.detail
        if isinstance(error, TooManyRequests):
            record.rests_until = now + timedelta(seconds=error.retry_after_s)
        elif record.failures >= FAILURES_TO_REST:
            record.rests_until = now + REST

    def _cached(self, key: Key, now: datetime) -> tuple[Offer | None, bool]:
        told = self._told.get(key)
        if told is None or now - told[0] > FRESH:
            return None, False
        return told[1], True

    def _remember(self, key: Key, offer: Offer | None) -> None:
        self._told[key] = (self.clock.now(), offer)
        self._told.move_to_end(key)
        if len(self._told) > MAX_CACHED:
            self._told.popitem(last=False)
