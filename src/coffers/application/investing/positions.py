"""Positions: what a portfolio holds, what it cost, what it is worth, and what it gained."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from coffers.application.explanations import Explanation
from coffers.application.investing.books import Book, Line
from coffers.application.investing.explained import (
    base_gain,
    cost_basis,
    gain,
    market_value,
    total_value,
)
from coffers.application.investing.explained_lots import LotTrees
from coffers.application.investing.position_views import LotView, PositionList, PositionView
from coffers.application.investing.texts import money_text, quantity_text
from coffers.application.investing.valuing import (
    BookPorts,
    Worth,
    in_base,
    open_book,
    quality_view,
    worth,
)
from coffers.domain.digits import fixed
from coffers.domain.identity.principals import Principal
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.positions import Position, merged
from coffers.domain.money import EXACT, known_total, total_of
from coffers.domain.paging import TooManyRows
from coffers.domain.percentages import percent_of

ZERO: Final = Decimal(0)
#: Each is a tree of its own in the explanation of what is held.
MAX_EXPLAINED_LOTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Held:
    """One security over all accounts: lines, their worth, and their lots together."""

    lines: Sequence[Line]
    worths: Sequence[Worth]
    local: Position
    base: Position | None

    @property
    def base_value(self) -> Decimal | None:
        """In the portfolio's currency."""
        return known_total(each.base for each in self.worths)

    @property
    def local_value(self) -> Decimal | None:
        """In its own."""
        return known_total(each.local for each in self.worths)


async def list_positions(
    ports: BookPorts, principal: Principal, portfolio_id: UUID, *, is_explained: bool = False
) -> PositionList:
    """What the portfolio holds today; raises PortfolioNotFound, NotYours, TooManyRows."""
    portfolio, book, today = await open_book(ports, principal, portfolio_id)
    if not is_explained:
        return await asyncio.to_thread(_list, book, today)
    return await asyncio.to_thread(_explained_list, book, today, portfolio.lot_method)


def _explained_list(book: Book, today: date, method: LotMethod) -> PositionList:
    told, held = _list(book, today), holdings(book, today)
    if sum(map(_lot_count, held)) > MAX_EXPLAINED_LOTS:
        raise TooManyRows(f"At most {MAX_EXPLAINED_LOTS} lots are explained: ask without.")
    trees = [_explained(book, each, today, method) for each in held]
    values = [each.base_value for each in held]
    views = zip(told.positions, trees, strict=True)
    return replace(
        told,
        positions=[replace(view, explanations=tree) for view, tree in views],
        explanation=total_value(book, [tree[0] for tree in trees], values, today),
    )


def _list(book: Book, today: date) -> PositionList:
    held = holdings(book, today)
    cash = cash_of(book, today)
    values = [each.base_value for each in held]
    # What is held of those whose history cannot be, nobody knows.
    dark: list[Decimal | None] = [None for _ in book.quality.unreadable]
    costs = [None if each.base is None else each.base.cost for each in held]
    total, cost = known_total([*values, *dark, cash]), known_total([*costs, *dark])
    securities = known_total([*values, *dark])
    gained = _difference(securities, cost)
    views = [_view(book, each, total) for each in held]
    return PositionList(
        as_of=today,
        base_currency=book.base_currency,
        positions=views,
        total_count=len(views),
        cash=money_text(cash, book.base_currency),
        total_value=money_text(total, book.base_currency),
        total_cost_basis=money_text(cost, book.base_currency),
        total_gain_loss=money_text(gained, book.base_currency),
        total_gain_loss_percent=_percent(gained, cost),
        data_quality=quality_view(book.quality, (view.symbol for view in views)),
    )


def _explained(book: Book, held: Held, day: date, method: LotMethod) -> list[Explanation]:
    currency = held.lines[0].currency
    value = market_value(book, held.lines, held.worths, day)
    cost = cost_basis(held.local, currency, method)
    lots = LotTrees(book, held.lines, method)
    base_cost = lots.cost_basis(held.base)
    return [
        value,
        cost,
        gain(held.lines, held.worths, cost, currency),
        lots.local_realised(held.local),
        base_cost,
        base_gain(value, base_cost, book.base_currency),
        lots.realised(held.base),
    ]


def _lot_count(held: Held) -> int:
    """Those that are left, and the parts that went."""
    return len(held.local.book.lots) + len(held.local.book.disposals)


def holdings(book: Book, day: date) -> list[Held]:
    """What is held, by symbol and currency; what was sold whole is left out."""
    groups: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in book.lines:
        if line.local.quantity:
            groups[line.symbol, line.currency].append(line)
    return [_held(book, groups[key], day) for key in sorted(groups)]


def _held(book: Book, lines: Sequence[Line], day: date) -> Held:
    bases = [line.base for line in lines]
    base = merged(each for each in bases if each) if all(bases) else None
    worths = [worth(book, line, day) for line in lines]
    return Held(lines, worths, merged(line.local for line in lines), base)


def cash_of(book: Book, day: date) -> Decimal | None:
    """All money of the portfolio in its currency; None when a rate is missing."""
    amounts = [
        in_base(book, money, account.currency, day)
        for account in book.ledger.accounts
        if (money := account.money) is not None
    ]
    return known_total(amounts)


def _view(book: Book, held: Held, total: Decimal | None) -> PositionView:
    line, base = held.lines[0], book.base_currency
    price = held.worths[0]
    local, value = held.local, held.local_value
    base_cost = None if held.base is None else held.base.cost
    gained = _difference(value, local.cost)
    return PositionView(
        symbol=line.symbol,
        name=line.security.name or (line.reported.name if line.reported else None),
        asset_id=line.security.asset_id,
        asset_type=line.security.asset_type
        or (line.reported.asset_type if line.reported else None),
        sector=line.security.sector,
        currency=line.currency,
        account_ids=[each.account.id for each in held.lines],
        quantity=quantity_text(local.quantity),
        average_cost=_average(local),
        first_purchase_date=local.first_acquired,
        cost_basis=money_text(local.cost, line.currency),
        market_price=_price(line, price),
        market_price_date=price.price_date,
        market_value=money_text(value, line.currency),
        unrealized_gain_loss=money_text(gained, line.currency),
        unrealized_gain_loss_percent=_percent(gained, local.cost),
        realized_gain_loss=money_text(local.realised, line.currency),
        base_market_value=money_text(held.base_value, base),
        base_cost_basis=money_text(base_cost, base),
        base_unrealized_gain_loss=money_text(_difference(held.base_value, base_cost), base),
        base_currency_gain_loss=_currency_gain(held, gained, base_cost, base),
        base_realized_gain_loss=money_text(held.base.realised if held.base else None, base),
        weight_ratio=_weight(held.base_value, total),
        reported_quantity=_reported(held.lines),
        unexplained_quantity=quantity_text(total_of(each.difference for each in held.lines)),
        unexplained_since=min(
            (each.parted_on for each in held.lines if each.parted_on), default=None
        ),
        lots=[_lot(local, place, line.currency) for place in range(len(local.book.lots))],
    )


def _price(line: Line, worth: Worth) -> str | None:
    """Of one unit as the market quotes it, an option's of one share."""
    if worth.price is None:
        return None
    return money_text(EXACT.divide(worth.price, line.multiplier), line.currency)


def _lot(position: Position, place: int, currency: str) -> LotView:
    lot = position.book.lots[place]
    cost = None if lot.id in position.unknown else lot.cost
    # What was there before, or came out of another security, has an id of no entry.
    told = lot.id if lot.id.version is not None else None
    return LotView(told, lot.acquired, quantity_text(lot.quantity), money_text(cost, currency))


def _average(position: Position) -> str | None:
    if position.cost is None or not position.quantity:
        return None
    return quantity_text(fixed(position.cost / position.quantity, 8))


def _currency_gain(
    held: Held, local_gain: Decimal | None, base_cost: Decimal | None, base: str
) -> str | None:
    """The gain in the base currency less the local gain at today's rate."""
    if held.base_value is None or base_cost is None or local_gain is None or not held.local_value:
        return None
    rate = held.base_value / held.local_value
    whole = EXACT.subtract(held.base_value, base_cost)
    return money_text(whole - local_gain * rate, base)


def _reported(lines: Iterable[Line]) -> str | None:
    told = [line.reported.quantity for line in lines if line.reported is not None]
    return quantity_text(total_of(told)) if told else None


def _weight(value: Decimal | None, total: Decimal | None) -> str | None:
    if value is None or total is None or total <= 0:
        return None
    return format(fixed(value / total, 8), "f")


def _percent(gain: Decimal | None, cost: Decimal | None) -> str | None:
    if gain is None or cost is None:
        return None
    percent = percent_of(gain, cost)
    return None if percent is None else format(percent, "f")


def _difference(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else EXACT.subtract(one, other)
