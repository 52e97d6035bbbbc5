"""What an account looks like on a day: the rows seen, the money posted, the positions."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from hashlib import sha256

from coffers.domain.ledger.transactions import TransactionStatus
from coffers.sandbox.books import ZERO, Account, Book, Movement, rounded
from coffers.sandbox.lots import Position, positions
from coffers.sandbox.prices import Prices


@dataclass(frozen=True, slots=True)
class Row:
    """A movement as it stands on the day of the statement."""

    id: str
    pending_id: str | None
    status: TransactionStatus
    amount: Decimal
    movement: Movement


class Statement:
    """One account at the end of a day."""

    def __init__(self, seed: int, book: Book, prices: Prices, as_of: date) -> None:
        self.as_of = as_of
        self.account: Account = book.account
        self._seed = seed
        self._prices = prices
        self._movements = [movement for movement in book.movements if movement.day <= as_of]

    @cached_property
    def rows(self) -> list[Row]:
        """All that happened, oldest first, within a day in the order of happening."""
        counts: Counter[date] = Counter()
        rows = []
        for movement in sorted(self._movements, key=lambda movement: movement.day):
            counts[movement.day] += 1
            rows.append(self._row(movement, counts[movement.day]))
        return rows

    @cached_property
    def cash(self) -> Decimal:
        """The money that is posted; below zero when owed."""
        posted = sum((movement.amount for movement in self._posted()), ZERO)
        return rounded(self.account.opening + posted, self.account.currency)

    @cached_property
    def cash_with_pending(self) -> Decimal:
        """The money that will be there when all that is pending is posted."""
        pending = [row.amount for row in self.rows if row.status is TransactionStatus.PENDING]
        return self.cash + sum(pending, ZERO)

    @cached_property
    def positions(self) -> list[Position]:
        """What is held, by symbol."""
        return positions(self._posted())

    @cached_property
    def balance(self) -> Decimal:
        """Cash and the market value of the positions."""
        return self.cash + sum((self.value(position) for position in self.positions), ZERO)

    def price(self, position: Position) -> Decimal:
        """The price of one unit at the end of the day."""
        return self._prices.on(position.security, self.as_of)

    def value(self, position: Position) -> Decimal:
        """The market value; below zero for a short position."""
        value = position.quantity * self.price(position) * position.security.multiplier
        return rounded(value, self.account.currency)

    def _posted(self) -> list[Movement]:
        """What has moved, in the order of posting."""
        posted = [
            movement
            for movement in self._movements
            if movement.posted_on <= self.as_of and not movement.is_cancelled
        ]
        return sorted(posted, key=lambda movement: movement.posted_on)

    def _row(self, movement: Movement, number: int) -> Row:
        name = f"{self._seed}:{self.account.id}:{movement.day}:{number}"
        key = sha256(name.encode()).hexdigest()[:16]
        if movement.posted_on > self.as_of:
            amount = movement.amount if movement.authorised is None else movement.authorised
            return Row(f"pend_{key}", None, TransactionStatus.PENDING, amount, movement)
        pending_id = f"pend_{key}" if movement.lag else None
        is_void = movement.is_cancelled
        status = TransactionStatus.CANCELLED if is_void else TransactionStatus.SETTLED
        return Row(f"tx_{key}", pending_id, status, movement.amount, movement)
