"""Refreshing prices from the sources: one asset for whoever asks, all that is held by schedule."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.market_data import Attempt, MarketData, Outcome
from coffers.application.markets.prices import PriceLookups
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import DomainError, Unavailable
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import SYSTEM, UserId, new_id
from coffers.domain.live.events import Event
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.corporate_actions import (
    ActionInvalid,
    CorporateAction,
    check_action,
    in_old_units,
)
from coffers.domain.markets.prices import Bar
from coffers.domain.markets.sources import Offer, Rejected, Sifted, SourcesFailed, sift
from coffers.domain.money import money_digits

#: The kind of the job that refreshes what everybody holds, and how often it runs.
REFRESH: Final = "price_refresh"
REFRESH_EVERY: Final = timedelta(hours=6)
#: An asset without prices gets those of ten years; else the last days are asked again, corrected.
FIRST_REACH: Final = timedelta(days=3_660)
AGAIN: Final = timedelta(days=7)
#: Assets of one run; the next one goes on behind them.
MAX_REFRESHED: Final = 5_000
#: Rejected days that an answer names.
MAX_NAMED: Final = 20


class RejectedPrice(msgspec.Struct, frozen=True):
    """A price that was not believed."""

    date: date
    reason: str


class PriceRefresh(msgspec.Struct, frozen=True):
    """What a refresh brought; without a source, none of them knows the asset."""

    asset_id: UUID
    source: str | None
    kept_count: Annotated[int, Meta(description="Days told; what you told yourself stays.")]
    rejected_count: int
    rejected: list[RejectedPrice]
    last_price_date: date | None
    attempts: list[Attempt]


@dataclass(frozen=True, slots=True)
class _Found:
    source: str | None
    sifted: Sifted
    offer: Offer
    attempts: list[Attempt]


async def refresh_asset(
    uow: UnitOfWork,
    market: MarketData,
    lookups: AssetLookups,
    prices: PriceLookups,
    principal: Principal,
    asset_id: UUID,
) -> PriceRefresh:
    """Ask the sources in their order, and keep what the first of them tells that is believed.

    Raises AssetNotFound, NotYours, SourcesFailed.
    """
    asset = await lookups.get(principal.user_id, asset_id)
    found = await _find(market, prices, asset)
    if found.source is not None:
        async with uow:
            await _keep(uow, asset, found, market.clock.now())
            details = {"source": found.source, "kept": len(found.sifted.bars)}
            uow.record(Event("PricesRefreshed", principal.user_id, asset.id, details))
            await uow.commit()
    return _view(asset, found)


async def refresh_linked(
    uow: UnitOfWork,
    market: MarketData,
    lookups: AssetLookups,
    prices: PriceLookups,
    user_id: UserId | None = None,
) -> None:
    """Refresh every asset that this user's ledger stands for, or anybody's.

    One that fails does not stop the others.
    """
    refreshed: Counter[UserId] = Counter()
    for asset in turn_of(await lookups.linked(user_id), market.clock.now()):
        try:
            found = await _find(market, prices, asset)
            if found.source is not None and found.sifted.bars:
                async with uow:
                    await _keep(uow, asset, found, market.clock.now())
                    await uow.commit()
                refreshed[asset.user_id or SYSTEM] += 1
        except Unavailable:
            raise
        except DomainError:
            continue
    async with uow:
        for owner, count in refreshed.items():
            uow.record(Event("PricesRefreshed", owner, details={"assets": count}))
        await uow.commit()


def turn_of(assets: Sequence[Asset], now: datetime) -> list[Asset]:
    """Those of this run: when there are more than it takes, runs take turns."""
    if len(assets) <= MAX_REFRESHED:
        return list(assets)
    run = int(now.timestamp() // REFRESH_EVERY.total_seconds())
    first = run * MAX_REFRESHED % len(assets)
    return [*assets[first:], *assets[:first]][:MAX_REFRESHED]


async def _find(market: MarketData, prices: PriceLookups, asset: Asset) -> _Found:
    """Raises SourcesFailed when none told anything, and not because none knows the asset."""
    today = market.clock.now().date()
    known = (await prices.last([asset.id], today)).get(asset.id)
    first = today - FIRST_REACH if known is None else known[-1].bar.day - AGAIN
    older = (await prices.last([asset.id], first - timedelta(days=1))).get(asset.id)
    before = None if older is None else older[-1].bar
    attempts: list[Attempt] = []
    for source in market.sources:
        attempt, offer = await market.ask(source, asset, first, today)
        if offer is not None:
            sifted = sift(offer, before, latest=today + timedelta(days=1))
            if sifted.bars or not offer.bars:
                return _Found(source.name, sifted, offer, [*attempts, attempt])
            attempt = market.doubt(source, "Nothing that it told can be believed.")
        attempts.append(attempt)
    if any(each.outcome in {Outcome.FAILED, Outcome.RESTING} for each in attempts):
        told = "; ".join(f"{each.source}: {each.detail}" for each in attempts if each.detail)
        raise SourcesFailed(f"No source of prices answered ({told}).")
    return _Found(None, Sifted([], []), Offer([]), attempts)


async def _keep(uow: UnitOfWork, asset: Asset, found: _Found, now: datetime) -> None:
    bars = [_written(bar, asset.currency) for bar in found.sifted.bars]
    source = found.source or ""
    await uow.prices.put({asset.id: bars}, {asset.id: asset.user_id}, source=source, now=now)
    await uow.corporate_actions.add_missing(_actions(asset, found, now))
    await uow.assets.note_quoted([asset.id])


def _actions(asset: Asset, found: _Found, now: datetime) -> list[CorporateAction]:
    """Those that can be; what a source tells of nothing is left out."""
    actions: list[CorporateAction] = []
    for each in found.offer.actions:
        amount = None if each.amount is None else money_digits(each.amount, asset.currency)
        ratio, old_units = (None, None) if each.ratio is None else in_old_units(each.ratio)
        action = CorporateAction(
            asset_id=asset.id,
            id=new_id(),
            user_id=asset.user_id,
            day=each.day,
            kind=each.kind,
            created_at=now,
            updated_at=now,
            ratio=ratio,
            amount=amount,
            note=found.source or "",
            old_units=old_units,
        )
        try:
            actions.append(check_action(action, asset.currency))
        except ActionInvalid:
            continue
    return actions


def _written(bar: Bar, currency: str) -> Bar:
    told = (bar.open, bar.high, bar.low)
    opened, high, low = (None if each is None else money_digits(each, currency) for each in told)
    return Bar(bar.day, money_digits(bar.close, currency), opened, high, low, bar.volume)


def _view(asset: Asset, found: _Found) -> PriceRefresh:
    bars, rejected = found.sifted.bars, found.sifted.rejected
    return PriceRefresh(
        asset_id=asset.id,
        source=found.source,
        kept_count=len(bars),
        rejected_count=len(rejected),
        rejected=[_rejected(each) for each in rejected[:MAX_NAMED]],
        last_price_date=bars[-1].day if bars else None,
        attempts=found.attempts,
    )


def _rejected(each: Rejected) -> RejectedPrice:
    return RejectedPrice(each.day, each.reason)
