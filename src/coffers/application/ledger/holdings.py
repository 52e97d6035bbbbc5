"""Positions to read."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import msgspec

from coffers.application.ledger.totals import by_currency, less
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.holdings import AssetType


class HoldingView(msgspec.Struct, frozen=True, gc=False):
    """A position. A short one has negative quantity, cost basis and market value.

    `cost_basis` is of the whole position; without it the gain is unknown.
    """

    id: UUID
    account_id: UUID
    provider_holding_id: str
    symbol: str
    security_name: str
    asset_type: AssetType
    quantity: DecimalText
    cost_basis: DecimalText | None
    market_value: DecimalText
    currency: str
    average_price: DecimalText | None
    current_price: DecimalText | None
    unrealized_gain_loss: DecimalText | None
    unrealized_gain_loss_percent: DecimalText | None
    is_active: bool
    is_profitable: bool
    last_synced_at: Instant | None
    created_at: Instant
    updated_at: Instant


class HoldingList(msgspec.Struct, frozen=True):
    """Positions by symbol. The totals are of the active ones.

    Basis and gain totals leave out positions whose cost basis is unknown.
    """

    holdings: list[HoldingView]
    total_count: int
    active_count: int
    total_market_value_by_currency: dict[str, DecimalText]
    total_cost_basis_by_currency: dict[str, DecimalText]
    total_unrealized_gain_loss_by_currency: dict[str, DecimalText]


class HoldingFilter(msgspec.Struct, frozen=True):
    """Which positions; None does not filter. `symbol` is compared without regard to case."""

    active_only: bool = True
    account_id: UUID | None = None
    asset_type: AssetType | None = None
    symbol: str | None = None


class HoldingLookups(Protocol):
    """Positions to read."""

    async def matching(self, user_id: UserId, wanted: HoldingFilter) -> list[HoldingView]:
        """By symbol, then id.

        Raises TooManyRows, and AccountNotFound or NotYours for the account of the filter.
        """
        ...

    async def get(self, user_id: UserId, holding_id: UUID) -> Versioned[HoldingView]:
        """Raises HoldingNotFound, NotYours."""
        ...


async def list_holdings(
    lookups: HoldingLookups, principal: Principal, wanted: HoldingFilter
) -> HoldingList:
    """The caller's positions and their totals; raises as `matching` does."""
    holdings = await lookups.matching(principal.user_id, wanted)
    owned = holdings if wanted.active_only else [each for each in holdings if each.is_active]
    known = [each for each in owned if each.cost_basis is not None]
    value = _value(owned)
    basis = by_currency(
        [each.currency for each in known], [each.cost_basis or "" for each in known]
    )
    return HoldingList(
        holdings=holdings,
        total_count=len(holdings),
        active_count=len(owned),
        total_market_value_by_currency=value,
        total_cost_basis_by_currency=basis,
        total_unrealized_gain_loss_by_currency=less(
            value if len(known) == len(owned) else _value(known), basis
        ),
    )


def _value(holdings: Sequence[HoldingView]) -> dict[str, DecimalText]:
    return by_currency(
        [each.currency for each in holdings], [each.market_value for each in holdings]
    )


async def get_holding(
    lookups: HoldingLookups, principal: Principal, holding_id: UUID
) -> Versioned[HoldingView]:
    """One of the caller's positions; raises HoldingNotFound, NotYours."""
    return await lookups.get(principal.user_id, holding_id)
