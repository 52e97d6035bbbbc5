"""How many assets move together: the matrix of their correlations."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta
from msgspec.structs import replace

from coffers.application.calculating import calculated
from coffers.application.markets.continued import continued
from coffers.application.markets.indicators import AnalysisPorts
from coffers.application.markets.price_histories import A_YEAR
from coffers.application.markets.price_quality import OldPrice, stale
from coffers.application.markets.prices import CloseArrays
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.markets.assets import Asset, AssetNotFound
from coffers.domain.markets.corporate_actions import CorporateAction
from coffers.domain.paging import TooManyRows
from coffers.domain.ranges import check_range

MAX_ASSETS: Final = 500
MAX_DAYS: Final = 3_660
DIGITS: Final = 6


class CorrelatedAsset(msgspec.Struct, frozen=True):
    """A row and column of the matrix."""

    asset_id: UUID
    symbol: str
    currency: str
    coverage_ratio: Annotated[
        DecimalText,
        Meta(description="On what part of the days of any of the assets it has a price."),
    ]
    reason: Annotated[str | None, Meta(description="Why its row is null.")]


class MatrixQuality(msgspec.Struct, frozen=True):
    """What the matrix had to do without."""

    coverage_ratio: Annotated[
        DecimalText | None, Meta(description="The part of the assets that have a row.")
    ]
    stale_prices: list[OldPrice]
    missing_prices: Annotated[list[str], Meta(description="Symbols without any price.")]
    notes: list[str]


class CorrelationMatrix(msgspec.Struct, frozen=True):
    """Pearson's coefficients of simple returns between the days on which all have a price."""

    start_date: date
    end_date: date
    first_day: date | None
    last_day: date | None
    observations: int
    assets: list[CorrelatedAsset]
    matrix: list[list[DecimalText | None]]
    total_count: int
    data_quality: MatrixQuality


@dataclass(frozen=True, slots=True)
class CorrelationAsked:
    """Which assets, by id or by symbol; neither: those that one's ledger stands for."""

    asset_ids: Sequence[UUID]
    symbols: Sequence[str]
    first: date | None
    last: date | None


async def get_correlations(
    ports: AnalysisPorts, principal: Principal, asked: CorrelationAsked, *, today: date
) -> CorrelationMatrix:
    """Raises AssetNotFound, NotYours, RangeInvalid, TooManyRows."""
    days = asked_days(asked.first, asked.last, today)
    assets = await _assets(ports, principal, asked)
    return await correlated(ports, principal.user_id, assets, days)


def asked_days(first: date | None, last: date | None, today: date) -> tuple[date, date]:
    """By themselves a year that ends today; raises RangeInvalid, TooManyRows."""
    last = today if last is None else last
    first = last - A_YEAR if first is None else first
    check_range(first, last)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    return first, last


async def correlated(
    ports: AnalysisPorts,
    user_id: UserId,
    assets: Sequence[Asset],
    days: tuple[date, date],
    notes: Sequence[str] = (),
) -> CorrelationMatrix:
    """The matrix of these assets, which the user may see; raises TooManyRows."""
    if len(assets) > MAX_ASSETS:
        raise TooManyRows(f"At most {MAX_ASSETS} assets at a time: name fewer.")
    whole = await continued(ports.prices, user_id, [asset.id for asset in assets])
    arrays, actions = await whole.close_arrays(*days), await whole.actions(*days)
    # Of an empty stretch of a series that went on nothing is the last.
    old = [
        price
        for asset in assets
        if (known := arrays.get(asset.id)) is not None and known.days.size
        for price in stale(asset.symbol, known.days[-1].item(), ports.calendar(asset), days[1])
    ]
    missing = [asset.symbol for asset in assets if asset.id not in arrays]
    quality = MatrixQuality(None, old, missing, list(notes))
    return await calculated(_matrix, assets, arrays, actions, days, quality)


async def _assets(
    ports: AnalysisPorts, principal: Principal, asked: CorrelationAsked
) -> list[Asset]:
    if not asked.asset_ids and not asked.symbols:
        return await ports.assets.linked(principal.user_id)
    known = await ports.assets.of_ids(principal.user_id, asked.asset_ids)
    for asset_id in asked.asset_ids:
        if asset_id not in known:
            await ports.assets.get(principal.user_id, asset_id)
    by_symbol = {
        asset.symbol: asset
        # Reversed, so that of one symbol the first stands: the caller's own.
        for asset in reversed(await ports.assets.of_symbols(principal.user_id, asked.symbols))
    }
    unknown = [each for each in asked.symbols if each.upper() not in by_symbol]
    if unknown:
        raise AssetNotFound(f"Of these symbols no asset is known: {', '.join(unknown)}.")
    named = [by_symbol[each.upper()] for each in asked.symbols]
    found = [*(known[each] for each in asked.asset_ids), *named]
    return list({asset.id: asset for asset in found}.values())


def _matrix(
    assets: Sequence[Asset],
    arrays: Mapping[UUID, CloseArrays],
    actions: Mapping[UUID, Sequence[CorporateAction]],
    days: tuple[date, date],
    quality: MatrixQuality,
) -> CorrelationMatrix:
    import numpy as np

    from coffers.domain.markets.close_series import adjusted_closes, correlation_matrix

    none = CloseArrays(np.zeros(0, "datetime64[D]"), np.zeros(0))
    told = [arrays.get(asset.id, none) for asset in assets]
    series = [
        (each.days, adjusted_closes(each.days, each.closes, actions.get(asset.id, ())))
        for asset, each in zip(assets, told, strict=True)
    ]
    common, matrix = correlation_matrix(series)
    kept, coverage = set(common.places), common.coverage.tolist() or [0.0] * len(assets)
    reasons = [
        _reason(is_kept=place in kept, count=common.days.size, own=float(matrix[place, place]))
        for place in range(len(assets))
    ]
    shared = common.days.tolist()
    return CorrelationMatrix(
        start_date=days[0],
        end_date=days[1],
        first_day=shared[0] if shared else None,
        last_day=shared[-1] if shared else None,
        observations=max(0, len(shared) - 1),
        assets=[
            CorrelatedAsset(asset.id, asset.symbol, asset.currency, _ratio(part), reason)
            for asset, part, reason in zip(assets, coverage, reasons, strict=True)
        ],
        matrix=[[_text(value) for value in row] for row in matrix.tolist()],
        total_count=len(assets),
        data_quality=replace(quality, coverage_ratio=_part(reasons)),
    )


def _part(reasons: Sequence[str | None]) -> str | None:
    return _ratio(reasons.count(None) / len(reasons)) if reasons else None


def _reason(*, is_kept: bool, count: int, own: float) -> str | None:
    from coffers.domain.markets.close_series import LEAST_RETURNS

    if not is_kept:
        return "It has a price on fewer than half of the days."
    if count <= LEAST_RETURNS:
        return "The assets have too few days in common."
    return "Its price never changed." if math.isnan(own) else None


def _text(value: float) -> str | None:
    return None if math.isnan(value) else f"{value:.{DIGITS}f}"


def _ratio(part: float) -> str:
    return format(round(Decimal(part), 4), "f")
