"""Reorganisations: a security becomes another, or another comes out of it, its lots and all.

Nothing is gained by it: each lot goes on with its own day and cost. Money that is paid beside new
units lessens their cost, and is a gain beyond it; money alone is a sale.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from itertools import count
from typing import Final
from uuid import UUID

from coffers.domain.digits import fixed
from coffers.domain.investing.lots import Lot
from coffers.domain.investing.movements import SAME_SPLIT, Movement
from coffers.domain.investing.positions import LAST_OPENING, Position
from coffers.domain.investing.replays import multiplied
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
_RATIO: Final = Context(prec=40)
_DELIVERED: Final = frozenset({TransactionSubtype.TRANSFER_IN, TransactionSubtype.TRANSFER_OUT})


@dataclass(frozen=True, slots=True)
class Reorganisation:
    """What became of each unit at the opening of a day.

    `target` is the symbol and the currency of what it became, or of what came out of it when it
    `stays`; None where money alone was paid. `factor` are new units for one old. `part` of the cost
    goes with them, None where nobody knows how much. `cash` is money for one old unit.
    """

    id: UUID
    day: date
    target: tuple[str, str] | None
    factor: Decimal = ONE
    part: Decimal | None = ONE
    cash: Decimal = ZERO
    stays: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """What it does to the old security, and to the new one: movements of the day."""

    left: Sequence[Movement]
    arrived: Sequence[Movement]


def numbers() -> Iterator[UUID]:
    """Ids of such movements: smaller than any other, so that they come first on their day."""
    return (UUID(int=number) for number in count(LAST_OPENING + 1))


def passed(position: Position, each: Reorganisation, ids: Iterator[UUID]) -> Passed:
    """Of what was held before it; nothing where nothing was, or less."""
    if position.quantity <= 0:
        return Passed((), ())
    if each.target is None:
        return Passed((_sold(position.quantity, each, ids),), ())
    paid = EXACT.multiply(each.cash, position.quantity)
    left = [_moved(each, ids, TransactionSubtype.RETURN_OF_CAPITAL, ZERO, paid)] if paid else []
    left.append(_moved(each, ids, TransactionSubtype.TRANSFER_OUT, position.quantity, None))
    arrived: list[Movement] = []
    for lot in position.book.lots:
        cost = None if lot.id in position.unknown else _less_cash(lot, each.cash)
        kept, gone = _parted(cost, each.part)
        if each.stays:
            left.append(_lot(each, ids, lot, lot.quantity, kept))
        arrived.append(_lot(each, ids, lot, multiplied(lot.quantity, each.factor), gone))
    return Passed(left, arrived)


def is_told(each: Reorganisation, old: Sequence[Movement], new: Sequence[Movement]) -> bool:
    """Whether the account's own history tells of it: it is not applied a second time."""
    sides = [*new] if each.stays else [*old, *new]
    return any(row.subtype in _DELIVERED and abs(row.day - each.day) <= SAME_SPLIT for row in sides)


def until(movements: Sequence[Movement], day: date) -> list[Movement]:
    """Those before the opening of a day, splits of the day among them."""
    return [
        each
        for each in movements
        if each.day < day or (each.day == day and each.subtype is TransactionSubtype.SPLIT)
    ]


def _sold(quantity: Decimal, each: Reorganisation, ids: Iterator[UUID]) -> Movement:
    money = EXACT.multiply(quantity, each.cash)
    return _moved(each, ids, TransactionSubtype.SELL, quantity, money)


def _lot(
    each: Reorganisation, ids: Iterator[UUID], lot: Lot, quantity: Decimal, cost: Decimal | None
) -> Movement:
    moved = _moved(each, ids, TransactionSubtype.TRANSFER_IN, quantity, cost)
    # A price of nothing tells a cost of nothing from one that nobody told.
    return moved._replace(acquired=lot.acquired, unit_price=None if cost is None else ZERO)


def _moved(
    each: Reorganisation,
    ids: Iterator[UUID],
    subtype: TransactionSubtype,
    quantity: Decimal,
    amount: Decimal | None,
) -> Movement:
    return Movement(next(ids), each.day, subtype, quantity, amount)


def _less_cash(lot: Lot, cash: Decimal) -> Decimal:
    return max(EXACT.subtract(lot.cost, EXACT.multiply(lot.quantity, cash)), ZERO)


def _parted(cost: Decimal | None, part: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """What stays and what goes; both are unknown where one is."""
    if cost is None or part is None:
        return None, None
    gone = fixed(_RATIO.multiply(cost, part), 12)
    return EXACT.subtract(cost, gone), gone
