"""What performance answers look like."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from coffers.application.explanations import Explanation
from coffers.application.investing.valuing import DataQuality
from coffers.application.views import DecimalText
from coffers.domain.investing.returns import Undefined

_UNKNOWN: Final = "Null when it cannot be computed: see the reason beside it, or `data_quality`."
Amount = Annotated[DecimalText | None, Meta(description=_UNKNOWN)]


class Figure(msgspec.Struct, frozen=True):
    """A rate in percent, or the reason why there is none; further roots of a rate that has some."""

    percent: Amount
    reason: Undefined | None
    other_percents: list[DecimalText]


class BenchmarkView(msgspec.Struct, frozen=True, kw_only=True):
    """The benchmark over the same days: its total return, and had the same flows bought it."""

    asset_id: UUID
    symbol: str
    return_percent: Amount
    excess_return_percent: Annotated[
        DecimalText | None, Meta(description="Time-weighted return less the benchmark's.")
    ]
    same_flows_end_value: Amount
    same_flows_gain: Amount
    reason: Annotated[
        Undefined | None,
        Meta(
            description="Why some of these are null: `missing_benchmark` when its price or its rate"
            " is not known on every day, else what the portfolio's own return lacks."
        ),
    ]


class ContributionView(msgspec.Struct, frozen=True):
    """What one security, or without a symbol everything else, made of the gain."""

    symbol: str | None
    gain: Amount
    contribution_percent: Annotated[
        DecimalText | None, Meta(description="The gain over the capital of Modified Dietz.")
    ]
    reason: Annotated[
        Undefined | None,
        Meta(description="Why one of these is null; without capital `nothing_invested`."),
    ]


class PerformanceView(msgspec.Struct, frozen=True, kw_only=True):
    """How a portfolio did from the end of the first day to the end of the last.

    Amounts are in the base currency. The three parts of the gain add up to it.
    """

    start_date: date
    end_date: date
    days: int
    base_currency: str
    start_value: Amount
    end_value: Amount
    inflow: Amount
    outflow: Amount
    gain: Amount
    price_gain: Amount
    income: Amount
    currency_gain: Amount
    simple_return: Figure
    time_weighted_return: Figure
    time_weighted_annual_percent: Amount
    time_weighted_annual_reason: Annotated[
        Undefined | None, Meta(description="Why there is no `time_weighted_annual_percent`.")
    ]
    money_weighted_return: Figure
    money_weighted_annual_return: Figure
    modified_dietz_return: Figure
    benchmark: BenchmarkView | None
    contributions: list[ContributionView]
    convention: str
    data_quality: DataQuality
    explanations: Annotated[
        list[Explanation] | UnsetType,
        Meta(description="With `explain=true`: trees that refer to one another by name."),
    ] = UNSET


class DayView(msgspec.Struct, frozen=True):
    """A day of the series; null where something is not known."""

    date: date
    value: Amount
    cost_basis: Amount
    cash: Amount
    inflow: Amount
    outflow: Amount
    income: Amount


class ValueSeries(msgspec.Struct, frozen=True, kw_only=True):
    """Day by day, oldest first, in the base currency."""

    base_currency: str
    values: list[DayView]
    total_count: int
    data_quality: DataQuality
