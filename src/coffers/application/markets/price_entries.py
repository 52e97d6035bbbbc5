"""Prices told by people: one by hand, series of one asset, uploads over many symbols."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.price_histories import PriceView, price_view
from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.identity.principals import Principal
from coffers.domain.live.events import Event
from coffers.domain.markets.assets import Asset, check_editable
from coffers.domain.markets.prices import (
    MANUAL,
    MAX_BARS,
    UPLOAD,
    Bar,
    PriceInvalid,
    PriceNotFound,
    RowFlaw,
    SeriesInvalid,
    StoredBar,
    check_bar,
)
from coffers.domain.money import AmountInvalid, money_digits

#: Somewhere it is tomorrow already.
_AHEAD: Final = timedelta(days=1)
_PRICES: Final = ("close", "open", "high", "low")


class PricesKept(msgspec.Struct, frozen=True):
    """What became of an upload: all of it was kept."""

    kept_count: int
    asset_count: int
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True)
class Named:
    """Which asset a row speaks of: by its id, of which the rest has to be true, or its symbol."""

    asset_id: UUID | None = None
    symbol: str | None = None
    currency: str | None = None
    exchange: str | None = None


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A row of an upload, and where it stands there, from 1."""

    row: int
    named: Named
    bar: Bar


async def keep_price(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    asset_id: UUID,
    bar: Bar | None,
) -> PriceView:
    """Keep the price of a day by hand, in the place of any other.

    Raises AssetNotFound, NotYours, AssetShared, PriceInvalid.
    """
    now = clock.now()
    async with uow:
        asset = check_editable(await uow.assets.get(principal, asset_id), principal)
        if bar is None:
            raise PriceInvalid("Not a date such as 2026-01-31.", field="price_date")
        kept = _written(check_bar(bar, latest=(now + _AHEAD).date()), asset.currency)
        await _put(uow, {asset: [kept]}, source=MANUAL, now=now)
        details = {"date": kept.day.isoformat(), "close": format(kept.close, "f")}
        uow.record(Event("PriceKept", principal.user_id, asset_id, details))
        await uow.commit()
    return price_view(StoredBar(kept, MANUAL, now), asset.currency)


async def forget_price(
    uow: UnitOfWork, principal: Principal, asset_id: UUID, day: date | None
) -> None:
    """Forget the price of a day; raises AssetNotFound, NotYours, AssetShared, PriceNotFound."""
    async with uow:
        asset = check_editable(await uow.assets.get(principal, asset_id), principal)
        if day is None or not await uow.prices.remove(asset.id, day):
            raise PriceNotFound("No price is known of this day.")
        await uow.assets.note_quoted([asset.id])
        details = {"date": day.isoformat()}
        uow.record(Event("PriceForgotten", principal.user_id, asset_id, details))
        await uow.commit()


async def keep_series(
    uow: UnitOfWork,
    clock: Clock,
    lookups: AssetLookups,
    principal: Principal,
    rows: Sequence[PriceRow],
) -> PricesKept:
    """Keep all of these prices, or none.

    Raises SeriesInvalid, which names each bad row, AssetNotFound, NotYours, AssetShared.
    """
    if not 0 < len(rows) <= MAX_BARS:
        raise SeriesInvalid(f"An upload has between 1 and {MAX_BARS} prices.")
    now = clock.now()
    assets = await _named(lookups, principal, {row.named for row in rows})
    series = _checked(rows, assets, latest=(now + _AHEAD).date())
    for asset in series:
        check_editable(asset, principal)
    days = [bar.day for bars in series.values() for bar in bars]
    kept = PricesKept(len(rows), len(series), min(days), max(days))
    async with uow:
        for asset in series:
            await uow.assets.get(principal, asset.id)
        await _put(uow, series, source=UPLOAD, now=now)
        details = {"kept": kept.kept_count, "assets": kept.asset_count}
        uow.record(Event("PricesKept", principal.user_id, details=details))
        await uow.commit()
    return kept


async def _named(
    lookups: AssetLookups, principal: Principal, names: Iterable[Named]
) -> dict[Named, Asset]:
    """What the rows speak of, without those that cannot be told."""
    wanted = list(names)
    ids = [each.asset_id for each in wanted if each.asset_id is not None]
    by_id = await lookups.of_ids(principal.user_id, ids)
    for asset_id in ids:
        if asset_id not in by_id:
            # The refusal of the one that is missing, or somebody else's.
            await lookups.get(principal.user_id, asset_id)
    symbols = [each.symbol for each in wanted if each.symbol and not each.asset_id]
    known = await lookups.of_symbols(principal.user_id, symbols)
    found: dict[Named, Asset] = {}
    for each in wanted:
        asset = by_id.get(each.asset_id) if each.asset_id else chosen(each, known)
        if asset is not None:
            found[each] = asset
    return found


def chosen(named: Named, known: Sequence[Asset]) -> Asset | None:
    """The asset of this symbol; the caller's own before the shared. None when it is not one."""
    fits = [
        asset
        for asset in known
        if asset.symbol == (named.symbol or "").upper()
        and named.currency in {None, asset.currency}
        and named.exchange in {None, asset.exchange}
    ]
    own = [asset for asset in fits if asset.is_private]
    candidates = own or fits
    return candidates[0] if len(candidates) == 1 else None


def _checked(
    rows: Sequence[PriceRow], assets: Mapping[Named, Asset], *, latest: date
) -> dict[Asset, list[Bar]]:
    series: dict[Asset, dict[date, Bar]] = defaultdict(dict)
    flaws: list[RowFlaw] = []
    for row in rows:
        asset = assets.get(row.named)
        if asset is None:
            flaws.append(RowFlaw(row.row, "symbol", "No asset, or more than one, has it."))
        elif row.bar.day in series[asset]:
            flaws.append(RowFlaw(row.row, "date", "The day comes twice."))
        else:
            flaws += _contradictions(row, asset) + _flaws(row, latest)
            series[asset][row.bar.day] = row.bar
    if flaws:
        detail = f"{len(flaws)} rows cannot be kept; nothing was: see `errors`."
        raise SeriesInvalid(detail, flaws)
    return {
        asset: [_written(bars[day], asset.currency) for day in sorted(bars)]
        for asset, bars in series.items()
    }


def _contradictions(row: PriceRow, asset: Asset) -> list[RowFlaw]:
    """What a row says of its asset beside the id, and is not so."""
    return [
        RowFlaw(row.row, name, f"The asset has another {name}.")
        for name in ("symbol", "currency", "exchange")
        if getattr(row.named, name) not in {None, getattr(asset, name)}
    ]


def _flaws(row: PriceRow, latest: date) -> list[RowFlaw]:
    try:
        check_bar(row.bar, latest=latest)
    except PriceInvalid as error:
        return [RowFlaw(row.row, error.field, error.detail)]
    except AmountInvalid as error:
        return [RowFlaw(row.row, None, error.detail)]
    return []


def _written(bar: Bar, currency: str) -> Bar:
    """With the digits that the contract asks for."""
    told: dict[str, Decimal | None] = {name: getattr(bar, name) for name in _PRICES}
    digits = {
        name: None if price is None else money_digits(price, currency)
        for name, price in told.items()
    }
    return replace(bar, **digits)  # type: ignore[arg-type]  # the close stays a decimal


async def _put(
    uow: UnitOfWork, series: Mapping[Asset, Sequence[Bar]], *, source: str, now: datetime
) -> None:
    bars = {asset.id: of_asset for asset, of_asset in series.items()}
    owners = {asset.id: asset.user_id for asset in series}
    await uow.prices.put(bars, owners, source=source, now=now)
    await uow.assets.note_quoted(list(bars))
