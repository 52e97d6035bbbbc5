"""Allocation: what a portfolio is made of, how far that is from its targets, and what to do."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.investing.books import Book, Line
from coffers.application.investing.texts import money_text
from coffers.application.investing.valuing import (
    BookPorts,
    DataQuality,
    in_base,
    money_of,
    open_book,
    quality_view,
    worth,
)
from coffers.application.views import DecimalText
from coffers.domain.errors import Conflict
from coffers.domain.identity.principals import Principal
from coffers.domain.investing import allocation

ZERO: Final = Decimal(0)
CASH: Final = "cash"
UNKNOWN_NAME: Final = "unknown"


class GroupBy(StrEnum):
    """By what the whole is divided."""

    ASSET = "asset"
    ASSET_TYPE = "asset_type"
    SECTOR = "sector"
    CURRENCY = "currency"
    ACCOUNT = "account"
    COUNTRY = "country"


class SliceView(msgspec.Struct, frozen=True):
    """A part of the whole in the base currency."""

    name: str
    value: DecimalText
    weight_ratio: Annotated[
        DecimalText | None, Meta(description="Null when the whole is nothing or less.")
    ]


class AllocationView(msgspec.Struct, frozen=True, kw_only=True):
    """What the portfolio is made of, largest first; the weights add up to 1."""

    as_of: date
    group_by: GroupBy
    base_currency: str
    slices: list[SliceView]
    total_count: int
    total_value: DecimalText
    concentration_ratio: Annotated[
        DecimalText | None,
        Meta(description="Herfindahl-Hirschman index, 1/n to 1; null with short positions."),
    ]
    data_quality: DataQuality


class DriftView(msgspec.Struct, frozen=True):
    """How far an asset type is from its target."""

    name: str
    value: DecimalText
    weight_ratio: DecimalText | None
    target_ratio: DecimalText
    drift_ratio: DecimalText | None
    excess: DecimalText | None


class ProposalView(msgspec.Struct, frozen=True):
    """What to put into an asset type (above zero) or take out of it."""

    name: str
    amount: DecimalText


class RebalancingView(msgspec.Struct, frozen=True, kw_only=True):
    """Targets, drift, and two ways back to them: with new money only, and with trades."""

    as_of: date
    base_currency: str
    drifts: list[DriftView]
    contribution: DecimalText
    contribution_proposals: list[ProposalView]
    full_proposals: list[ProposalView]
    data_quality: DataQuality


class NoTargets(Conflict):
    """The portfolio has no targets."""

    slug = "no_targets"


async def get_allocation(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, group_by: GroupBy
) -> AllocationView:
    """What it is made of today; raises PortfolioNotFound, NotYours, TooManyRows."""
    _, book, today = await open_book(ports, principal, portfolio_id)
    values = grouped(book, today, group_by)
    slices = allocation.sliced(values)
    total = sum(values.values(), ZERO)
    index = allocation.concentration(values) if values else None
    return AllocationView(
        as_of=today,
        group_by=group_by,
        base_currency=book.base_currency,
        slices=[
            SliceView(each.name, _money(each.value, book), _ratio(each.weight)) for each in slices
        ],
        total_count=len(slices),
        total_value=_money(total, book),
        concentration_ratio=_ratio(index),
        data_quality=quality_view(book.quality, (line.symbol for line in _held(book))),
    )


async def get_rebalancing(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, contribution: Decimal
) -> RebalancingView:
    """Drift from the targets and proposals.

    Raises PortfolioNotFound, NotYours, NoTargets, TooManyRows.
    """
    portfolio, book, today = await open_book(ports, principal, portfolio_id)
    if not portfolio.targets:
        raise NoTargets("Set the portfolio's targets first.")
    values, targets, base = (
        grouped(book, today, GroupBy.ASSET_TYPE),
        portfolio.targets,
        book.base_currency,
    )
    return RebalancingView(
        as_of=today,
        base_currency=base,
        drifts=[_drift(each, book) for each in allocation.drifts(values, targets)],
        contribution=_money(contribution, book),
        contribution_proposals=_proposals(
            allocation.contribution_first(values, targets, contribution, base), book
        ),
        full_proposals=_proposals(allocation.full_rebalance(values, targets, base), book),
        data_quality=quality_view(book.quality, (line.symbol for line in _held(book))),
    )


def grouped(book: Book, day: date, group_by: GroupBy) -> dict[str, Decimal]:
    """Known values in the base currency by group; money is a group of its own kind."""
    values: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for line in _held(book):
        value = worth(book, line, day).base
        if value is not None:
            values[_name(line, group_by)] += value
    for account in book.ledger.accounts:
        money = money_of(account)
        value = None if not money else in_base(book, money, account.currency, day)
        if value is not None:
            names = {GroupBy.CURRENCY: account.currency, GroupBy.ACCOUNT: account.name}
            values[names.get(group_by, _CASH_NAMES.get(group_by, CASH))] += value
    return dict(values)


#: Money as an asset type is what the contract calls it.
_CASH_NAMES: Final = {GroupBy.ASSET_TYPE: "cash_equivalent"}


def _held(book: Book) -> list[Line]:
    return [line for line in book.lines if line.local.quantity]


def _name(line: Line, group_by: GroupBy) -> str:
    reported = line.reported
    names = {
        GroupBy.ASSET: line.symbol,
        GroupBy.ASSET_TYPE: line.security.asset_type or (reported and reported.asset_type),
        GroupBy.SECTOR: line.security.sector,
        GroupBy.CURRENCY: line.currency,
        GroupBy.ACCOUNT: line.account.name,
        GroupBy.COUNTRY: line.security.country,
    }
    return names[group_by] or UNKNOWN_NAME


def _drift(drift: allocation.Drift, book: Book) -> DriftView:
    excess = None if drift.excess is None else _money(drift.excess, book)
    return DriftView(
        drift.name,
        _money(drift.value, book),
        _ratio(drift.weight),
        format(drift.target, "f"),
        _ratio(drift.drift),
        excess,
    )


def _proposals(proposals: Sequence[allocation.Proposal], book: Book) -> list[ProposalView]:
    return [ProposalView(each.name, _money(each.amount, book)) for each in proposals]


def _money(amount: Decimal, book: Book) -> str:
    return money_text(amount, book.base_currency) or ""


def _ratio(ratio: Decimal | None) -> str | None:
    return None if ratio is None else format(ratio, "f")
