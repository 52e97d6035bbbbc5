"""Positions as they are shown."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from coffers.application.explanations import Explanation
from coffers.application.investing.valuing import DataQuality
from coffers.application.views import DecimalText

_UNKNOWN: Final = "Null when a price, a rate or a cost is missing: see `data_quality`."
Amount = Annotated[DecimalText | None, Meta(description=_UNKNOWN)]


class LotView(msgspec.Struct, frozen=True):
    """What is left of one purchase; null cost: nobody told."""

    transaction_id: Annotated[
        UUID | None,
        Meta(description="The purchase's; null for what came from before, or of another security."),
    ]
    acquired: date
    quantity: DecimalText
    cost_basis: Amount


class PositionView(msgspec.Struct, frozen=True, kw_only=True):
    """One security over all accounts of the portfolio.

    Amounts are in its own currency, those that begin with `base_` in the portfolio's.
    """

    symbol: str
    name: str | None
    asset_id: UUID | None
    asset_type: str | None
    sector: str | None
    currency: str
    account_ids: list[UUID]
    quantity: DecimalText
    average_cost: Amount
    first_purchase_date: date | None
    cost_basis: Amount
    market_price: Amount
    market_price_date: date | None
    market_value: Amount
    unrealized_gain_loss: Amount
    unrealized_gain_loss_percent: Amount
    realized_gain_loss: Amount
    base_market_value: Amount
    base_cost_basis: Amount
    base_unrealized_gain_loss: Amount
    base_currency_gain_loss: Annotated[
        DecimalText | None,
        Meta(description="The part of the gain that the exchange rate made. " + _UNKNOWN),
    ]
    base_realized_gain_loss: Amount
    weight_ratio: Amount
    reported_quantity: Annotated[
        DecimalText | None, Meta(description="What providers say is held; null if none does.")
    ]
    unexplained_quantity: Annotated[
        DecimalText, Meta(description="Reported less what the movements add up to.")
    ]
    unexplained_since: Annotated[
        date | None,
        Meta(description="The first day since which these never agreed; null while they do."),
    ]
    lots: list[LotView]
    explanations: Annotated[
        list[Explanation] | UnsetType,
        Meta(description="With `explain=true`: values, costs and gains as trees."),
    ] = UNSET


class PositionList(msgspec.Struct, frozen=True, kw_only=True):
    """The positions of a portfolio, by symbol; totals in its currency."""

    as_of: date
    base_currency: str
    positions: list[PositionView]
    total_count: int
    cash: Amount
    total_value: Amount
    total_cost_basis: Amount
    total_gain_loss: Amount
    total_gain_loss_percent: Amount
    data_quality: DataQuality
    explanation: Annotated[
        Explanation | UnsetType, Meta(description="With `explain=true`: the total value.")
    ] = UNSET
