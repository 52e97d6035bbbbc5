"""What a position cost: first in, first out."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from coffers.sandbox.books import ZERO, Leg, Movement, rounded
from coffers.sandbox.securities import Security


@dataclass(slots=True)
class Lot:
    """Units that were opened together; below zero if short, and then the cost too."""

    quantity: Decimal
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of a security; the basis is None if that of any lot is unknown."""

    security: Security
    quantity: Decimal
    basis: Decimal | None


def positions(movements: Iterable[Movement]) -> list[Position]:
    """Fold posted movements, in the order of posting, into the open positions, by symbol."""
    lots: dict[Security, deque[Lot]] = {}
    for movement in movements:
        if movement.leg is not None and movement.leg.quantity:
            _apply(lots.setdefault(movement.leg.security, deque()), movement, movement.leg)
    opened = [_position(security, held) for security, held in lots.items() if held]
    return sorted(opened, key=lambda position: position.security.symbol)


def _apply(lots: deque[Lot], movement: Movement, leg: Leg) -> None:
    if leg.split is not None:
        for lot in lots:
            lot.quantity = lot.quantity * leg.split.new / leg.split.old
    elif lots and lots[0].quantity * leg.quantity < 0:
        _consume(lots, abs(leg.quantity))
    else:
        lots.append(Lot(leg.quantity, _cost(movement, leg)))


def _cost(movement: Movement, leg: Leg) -> Decimal | None:
    """What was paid; for what was transferred in, what had been paid elsewhere."""
    if movement.amount:
        return -movement.amount
    if leg.price is None:
        return None
    return rounded(leg.quantity * leg.price * leg.security.multiplier, "USD")


def _consume(lots: deque[Lot], size: Decimal) -> None:
    while size:
        taken = min(size, abs(lots[0].quantity))
        size -= taken
        if taken == abs(lots[0].quantity):
            lots.popleft()
        else:
            _shrink(lots[0], taken)


def _shrink(lot: Lot, taken: Decimal) -> None:
    share = taken / abs(lot.quantity)
    if lot.cost is not None:
        lot.cost -= rounded(lot.cost * share, "USD")
    lot.quantity -= taken if lot.quantity > 0 else -taken


def _position(security: Security, lots: Iterable[Lot]) -> Position:
    costs = [lot.cost for lot in lots]
    known = [cost for cost in costs if cost is not None]
    basis = sum(known, ZERO) if len(known) == len(costs) else None
    return Position(security, sum((lot.quantity for lot in lots), ZERO), basis)
