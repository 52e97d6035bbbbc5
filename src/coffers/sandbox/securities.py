"""What can be held: invented companies, funds, bonds and options."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.holdings import AssetType
from coffers.domain.transactions import TransactionSubtype

ONE: Final = Decimal(1)
CENT: Final = Decimal("0.01")
PER_HUNDRED: Final = Decimal("0.01")
PER_CONTRACT: Final = Decimal(100)
QUARTERS: Final = (3, 6, 9, 12)
EVERY_MONTH: Final = tuple(range(1, 13))


@dataclass(frozen=True, slots=True)
class Split:
    """`new` shares for `old` ones, in force from that day's opening."""

    day: date
    new: int
    old: int


@dataclass(frozen=True, slots=True)
class Payout:
    """So much a year for each unit (at first: splits divide it), in equal parts on `day` of the months."""

    subtype: TransactionSubtype
    a_year: Decimal
    months: tuple[int, ...] = QUARTERS
    day: int = 15


@dataclass(frozen=True, slots=True)
class Contract:
    """What an option is about: the right to buy (call) or sell 100 shares at the strike until the expiry."""

    underlying: "Security"
    expiry: date
    is_call: bool
    strike: Decimal


@dataclass(frozen=True, slots=True)
class Security:
    """A thing with a price; `growth` is in percent of the first price a year, `swing` in hundredths of a percent a day."""

    symbol: str
    name: str
    asset_type: AssetType
    first_price: Decimal = ONE
    growth: int = 0
    swing: int = 0
    multiplier: Decimal = ONE
    tick: Decimal = CENT
    is_always_open: bool = False
    isin: str | None = None
    matures: date | None = None
    splits: tuple[Split, ...] = ()
    payouts: tuple[Payout, ...] = field(default=())
    contract: Contract | None = None


def option(underlying: Security, expiry: date, strike: Decimal, *, is_call: bool) -> Security:
    """The listed option under its OCC symbol."""
    letter, word = ("C", "Call") if is_call else ("P", "Put")
    return Security(
        symbol=f"{underlying.symbol:<6}{expiry:%y%m%d}{letter}{int(strike * 1000):08d}",
        name=f"{underlying.symbol} {expiry:%d %b %Y} {strike} {word}",
        asset_type=AssetType.OPTION,
        multiplier=PER_CONTRACT,
        contract=Contract(underlying, expiry, is_call, strike),
    )


def split_factor(security: Security, day: date) -> Decimal:
    """How many of today's units one unit of the first day has become."""
    factor = ONE
    for split in security.splits:
        if split.day <= day:
            factor = factor * split.new / split.old
    return factor
