"""An account's book: what moved, in the order in which it happened."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from coffers.domain.ledger.accounts import INVESTMENT_TYPES, AccountType
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.money import minor_units
from coffers.sandbox.days import next_business_day
from coffers.sandbox.securities import Security, Split

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a persona; `opening` is cash, below zero what was owed."""

    id: str
    name: str
    type: AccountType
    currency: str = "USD"
    opening: Decimal = ZERO
    limit: Decimal = ZERO
    reinvests: bool = False

    @property
    def is_investment(self) -> bool:
        """Whether positions are kept in it."""
        return self.type in INVESTMENT_TYPES


@dataclass(frozen=True, slots=True)
class Leg:
    """The security's side of a movement; `quantity` is what it adds to the position."""

    security: Security
    quantity: Decimal = ZERO
    price: Decimal | None = None
    commission: Decimal = ZERO
    split: Split | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """What happened on a day and is posted `lag` days later.

    Minus is money out. `authorised` is the pending amount where it differs. What is cancelled
    moves nothing.
    """

    day: date
    subtype: TransactionSubtype
    amount: Decimal
    text: str
    leg: Leg | None = None
    lag: int = 0
    authorised: Decimal | None = None
    is_cancelled: bool = False

    @property
    def posted_on(self) -> date:
        """The day from which it is no longer pending."""
        return self.day + timedelta(days=self.lag)


class Book:
    """What an account's script has written so far; cash and positions count what is pending."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.cash = account.opening
        self.movements: list[Movement] = []
        self.held: dict[Security, Decimal] = {}

    def record(self, movement: Movement) -> None:
        """Write a movement; those of one day in the order of happening."""
        self.movements.append(movement)
        if movement.is_cancelled:
            return
        self.cash += movement.amount
        if movement.leg is not None and movement.leg.quantity:
            self._hold(movement.leg.security, movement.leg.quantity)

    def post(self, day: date, subtype: TransactionSubtype, amount: Decimal, text: str) -> None:
        """Write a movement of money that is posted at once; nothing when the amount is zero."""
        amount = rounded(amount, self.account.currency)
        if amount:
            self.record(Movement(day, subtype, amount, text))

    def _hold(self, security: Security, quantity: Decimal) -> None:
        self.held[security] = self.held.get(security, ZERO) + quantity
        if not self.held[security]:
            del self.held[security]


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round to the currency's minor unit."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)), ROUND_HALF_EVEN)


def business_lag(day: date) -> int:
    """Answer the days until the next business day."""
    return (next_business_day(day) - day).days
