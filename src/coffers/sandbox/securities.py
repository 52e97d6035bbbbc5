"""What can be held: a security, its payouts and its splits."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype

ONE: Final = Decimal(1)
CENT: Final = Decimal("0.01")
PER_CONTRACT: Final = Decimal(100)
QUARTERS: Final = (3, 6, 9, 12)


@dataclass(frozen=True, slots=True)
class Split:
    """`new` units for `old` ones, in force from the opening of that business day."""

    day: date
    new: int
    old: int


@dataclass(frozen=True, slots=True)
class Payout:
    """So much a year for each unit of the first day, in equal parts on the 15th of the months."""

    a_year: Decimal
    subtype: TransactionSubtype = TransactionSubtype.DIVIDEND
    months: tuple[int, ...] = QUARTERS


@dataclass(frozen=True, slots=True)
class Contract:
    """The right to buy (call) or sell 100 units at the strike until the expiry."""

    underlying: "Security"
    expiry: date
    is_call: bool
    strike: Decimal


@dataclass(frozen=True, slots=True, eq=False)
class Security:
    """A thing with a price, known by its symbol.

    `growth` is in percent of the first price a year, `swing` in hundredths of a percent a day;
    what is instant trades and settles on any day.
    """

    symbol: str
    name: str
    asset_type: AssetType
    first_price: Decimal = ONE
    growth: int = 0
    swing: int = 0
    multiplier: Decimal = ONE
    tick: Decimal = CENT
    is_instant: bool = False
    isin: str | None = None
    matures: date | None = None
    splits: tuple[Split, ...] = ()
    payouts: tuple[Payout, ...] = ()
    contract: Contract | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Security) and other.symbol == self.symbol

    def __hash__(self) -> int:
        return hash(self.symbol)


def option(underlying: Security, expiry: date, strike: Decimal, *, is_call: bool) -> Security:
    """List an option under its OCC symbol."""
    letter, word = ("C", "Call") if is_call else ("P", "Put")
    return Security(
        symbol=f"{underlying.symbol:<6}{expiry:%y%m%d}{letter}{int(strike * 1000):08d}",
        name=f"{underlying.symbol} {expiry:%d %b %Y} {strike} {word}",
        asset_type=AssetType.OPTION,
        multiplier=PER_CONTRACT,
        contract=Contract(underlying, expiry, is_call, strike),
    )


def split_factor(security: Security, day: date) -> Decimal:
    """Answer how many units one unit of the first day has become."""
    factor = ONE
    for split in security.splits:
        if split.day <= day:
            factor = factor * split.new / split.old
    return factor
