"""How many assets move together: the matrix of their correlations."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.markets.indicators import AnalysisPorts
from coffers.application.markets.price_histories import A_YEAR
from coffers.application.markets.prices import CloseArrays
from coffers.application.views import DecimalText
from coffers.domain.identity.principals import Principal
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
    last = today if asked.last is None else asked.last
    first = last - A_YEAR if asked.first is None else asked.first
    check_range(first, last)
    if (last - first).days >= MAX_DAYS:
        raise TooManyRows(f"At most {MAX_DAYS} days at a time: choose a shorter range.")
    assets = await _assets(ports, principal, asked)
    if len(assets) > MAX_ASSETS:
        raise TooManyRows(f"At most {MAX_ASSETS} assets at a time: name fewer.")
    ids = [asset.id for asset in assets]
    arrays = await ports.prices.close_arrays(ids, first, last)
    actions = await ports.prices.actions(ids, first, last)
    return await asyncio.to_thread(_matrix, assets, arrays, actions, (first, last))


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
        raise AssetNotFound("Asset not found")
    named = [by_symbol[each.upper()] for each in asked.symbols]
    found = [*(known[each] for each in asked.asset_ids), *named]
    return list({asset.id: asset for asset in found}.values())


def _matrix(
    assets: Sequence[Asset],
    arrays: Mapping[UUID, CloseArrays],
    actions: Mapping[UUID, Sequence[CorporateAction]],
    days: tuple[date, date],
) -> CorrelationMatrix:
    import numpy as np  # noqa: PLC0415 - only when something is calculated

    from coffers.domain.markets.close_series import (  # noqa: PLC0415 - likewise
        adjusted_closes,
        correlation_matrix,
    )

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
    )


def _reason(*, is_kept: bool, count: int, own: float) -> str | None:
    from coffers.domain.markets.close_series import LEAST_RETURNS  # noqa: PLC0415 - as above

    if not is_kept:
        return "It has a price on fewer than half of the days."
    if count <= LEAST_RETURNS:
        return "The assets have too few days in common."
    return "Its price never changed." if own != own else None  # noqa: PLR0124 - NaN


def _text(value: float) -> str | None:
    return None if value != value else f"{value:.{DIGITS}f}"  # noqa: PLR0124 - NaN


def _ratio(part: float) -> str:
    return format(round(Decimal(part), 4), "f")
