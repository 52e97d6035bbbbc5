"""Allocation: what a portfolio is made of, how far that is from its targets, and what to do."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    open_book,
    quality_view,
    worth,
)
from coffers.application.views import DecimalText
from coffers.domain.errors import Conflict
from coffers.domain.identity.principals import Principal
from coffers.domain.investing import allocation
from coffers.domain.investing.returns import Undefined
from coffers.domain.money import AmountInvalid, total_of

ZERO: Final = Decimal(0)
CASH: Final = "cash"
UNKNOWN_NAME: Final = "unknown"
_UNVALUED: Final = "What is held without a known price or rate: the whole is not known."
_NOT_WHOLE: Final = "Null when something held has no known value: see `unvalued`."


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
        DecimalText | None, Meta(description="Null when the whole is nothing, less or not known.")
    ]


class AllocationView(msgspec.Struct, frozen=True, kw_only=True):
    """What the portfolio is made of, largest first; the weights add up to 1."""

    as_of: date
    group_by: GroupBy
    base_currency: str
    slices: list[SliceView]
    total_count: int
    total_value: Annotated[DecimalText | None, Meta(description=_NOT_WHOLE)]
    concentration_ratio: Annotated[
        DecimalText | None,
        Meta(
            description="Herfindahl-Hirschman index, 1/n to 1; null with short positions, and when"
            " the whole is not known: see `concentration_reason`."
        ),
    ]
    concentration_reason: Annotated[
        Undefined | None,
        Meta(
            description="Why there is none: `missing_value`, `nothing_invested` when the whole is"
            " nothing or less, `short_position`."
        ),
    ]
    unvalued: Annotated[list[str], Meta(description=_UNVALUED)]
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
    unvalued: Annotated[list[str], Meta(description=_UNVALUED)]
    reason: Annotated[
        Undefined | None, Meta(description="Why there are no drifts and no proposals.")
    ]
    data_quality: DataQuality


class NoTargets(Conflict):
    """The portfolio has no targets."""

    slug = "no_targets"


async def get_allocation(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, group_by: GroupBy
) -> AllocationView:
    """What it is made of today; raises PortfolioNotFound, NotYours, TooManyRows."""
    _, book, today = await open_book(ports, principal, portfolio_id)
    return await asyncio.to_thread(_allocation, book, today, group_by)


def _allocation(book: Book, today: date, group_by: GroupBy) -> AllocationView:
    whole = grouped(book, today, group_by)
    index = allocation.concentration(whole.values) if whole.values else None
    shown = allocation.in_minor_units(whole.values, book.base_currency)
    return AllocationView(
        as_of=today,
        group_by=group_by,
        base_currency=book.base_currency,
        slices=[
            SliceView(each.name, _money(shown[each.name], book), whole.known(_ratio(each.weight)))
            for each in allocation.sliced(whole.values)
        ],
        total_count=len(whole.values),
        total_value=whole.known(_money(total_of(whole.values.values()), book)),
        concentration_ratio=whole.known(_ratio(index)),
        concentration_reason=_not_concentrated(whole, index),
        unvalued=whole.unvalued,
        data_quality=quality_view(book.quality, (line.symbol for line in _held(book))),
    )


def _not_concentrated(whole: "Whole", index: Decimal | None) -> Undefined | None:
    if whole.unvalued:
        return Undefined.MISSING_VALUE
    if index is not None:
        return None
    is_there = total_of(whole.values.values()) > 0
    return Undefined.SHORT_POSITION if is_there else Undefined.NOTHING_INVESTED


async def get_rebalancing(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, contribution: Decimal
) -> RebalancingView:
    """Drift from the targets and proposals.

    Raises PortfolioNotFound, NotYours, NoTargets, AmountInvalid, TooManyRows.
    """
    portfolio, book, today = await open_book(ports, principal, portfolio_id)
    if not portfolio.targets:
        raise NoTargets("Set the portfolio's targets first.")
    return await asyncio.to_thread(_rebalancing, book, today, portfolio.targets, contribution)


def _rebalancing(
    book: Book, today: date, wanted: Mapping[str, Decimal], contribution: Decimal
) -> RebalancingView:
    whole, base = grouped(book, today, GroupBy.ASSET_TYPE), book.base_currency
    there = None if whole.unvalued else total_of(whole.values.values())
    if there is not None and contribution < 0 and -contribution > there:
        raise AmountInvalid("More than there is cannot be taken out.", field="contribution")
    # Of a whole that is not known, no part is too small or too large.
    values, targets = whole.values, {} if whole.unvalued else wanted
    bought = allocation.contribution_first(values, targets, contribution, base) if targets else []
    traded = allocation.full_rebalance(values, targets, base) if targets else []
    drifts = allocation.drifts(values, targets) if targets else []
    return RebalancingView(
        as_of=today,
        base_currency=base,
        drifts=_drifts(drifts, book),
        contribution=_money(contribution, book),
        contribution_proposals=_proposals(bought, book),
        full_proposals=_proposals(traded, book),
        unvalued=whole.unvalued,
        reason=Undefined.MISSING_VALUE if whole.unvalued else None,
        data_quality=quality_view(book.quality, (line.symbol for line in _held(book))),
    )


@dataclass(frozen=True, slots=True)
class Whole:
    """Known values by group, and what is held whose value is not known."""

    values: Mapping[str, Decimal]
    unvalued: list[str]

    def known(self, text: str | None) -> str | None:
        """What is said of the whole; None when a part of it is not known."""
        return None if self.unvalued else text


def grouped(book: Book, day: date, group_by: GroupBy) -> Whole:
    """In the base currency; money is a group of its own kind."""
    values, unvalued = defaultdict[str, Decimal](lambda: ZERO), {*book.quality.unreadable}
    accounts = _account_names(book)
    for line in _held(book):
        value = worth(book, line, day).base
        if value is None:
            unvalued.add(line.symbol)
        else:
            values[_name(line, group_by, accounts)] += value
    for account in book.ledger.accounts:
        if not (money := account.money):
            continue
        value = in_base(book, money, account.currency, day)
        names = {GroupBy.CURRENCY: account.currency, GroupBy.ACCOUNT: accounts[account.id]}
        if value is None:
            unvalued.add(f"{CASH} {account.name}")
        else:
            values[names.get(group_by, _CASH_NAMES.get(group_by, CASH))] += value
    return Whole(dict(values), sorted(unvalued))


#: Money as an asset type is what the contract calls it.
_CASH_NAMES: Final = {GroupBy.ASSET_TYPE: "cash_equivalent"}


def _held(book: Book) -> list[Line]:
    return [line for line in book.lines if line.local.quantity]


def _account_names(book: Book) -> Mapping[UUID, str]:
    """Those that have one name are numbered, so that they stay apart."""
    by_name = defaultdict[str, list[UUID]](list)
    for account in book.ledger.accounts:
        by_name[account.name].append(account.id)
    return {
        account_id: name if len(ids) == 1 else f"{name} ({number})"
        for name, ids in by_name.items()
        for number, account_id in enumerate(ids, 1)
    }


def _name(line: Line, group_by: GroupBy, accounts: Mapping[UUID, str]) -> str:
    reported = line.reported
    names = {
        GroupBy.ASSET: line.symbol,
        GroupBy.ASSET_TYPE: line.security.asset_type or (reported and reported.asset_type),
        GroupBy.SECTOR: line.security.sector,
        GroupBy.CURRENCY: line.currency,
        GroupBy.ACCOUNT: accounts[line.account.id],
        GroupBy.COUNTRY: line.security.country,
    }
    return names[group_by] or UNKNOWN_NAME


def _drifts(found: Sequence[allocation.Drift], book: Book) -> list[DriftView]:
    """In amounts that add up: of the values to the whole, of what is too much to nothing."""
    known = {each.name: each.excess for each in found if each.excess is not None}
    values = allocation.in_minor_units(
        {each.name: each.value for each in found}, book.base_currency
    )
    excess = allocation.in_minor_units(known, book.base_currency)
    return [
        DriftView(
            each.name,
            _money(values[each.name], book),
            _ratio(each.weight),
            format(each.target, "f"),
            _ratio(each.drift),
            _money(excess[each.name], book) if each.name in excess else None,
        )
        for each in found
    ]


def _proposals(proposals: Sequence[allocation.Proposal], book: Book) -> list[ProposalView]:
    return [ProposalView(each.name, _money(each.amount, book)) for each in proposals]


def _money(amount: Decimal, book: Book) -> str:
    return money_text(amount, book.base_currency) or ""


def _ratio(ratio: Decimal | None) -> str | None:
    return None if ratio is None else format(ratio, "f")
