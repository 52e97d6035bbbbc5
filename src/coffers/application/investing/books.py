"""Books: everything that a portfolio's numbers are made of, read once and put in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from coffers.application.investing.derivations import Derivations
from coffers.application.investing.ledger_rows import LedgerRow, Part, Parts, parted
from coffers.domain.ids import UserId
from coffers.domain.investing.movements import SplitAction
from coffers.domain.investing.positions import Position
from coffers.domain.investing.reorganisations import Reorganisation
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.calendars import UNTOLD, TradingCalendar
from coffers.domain.markets.rates import RateBook
from coffers.domain.money import EXACT, known_total

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
#: Money that comes in or goes out of an account without leaving what is invested.
# Tuples, since a word is found among a few sooner than it is hashed.
INSIDE: Final = (TransactionType.TRADE, TransactionType.FEE)
#: Income that what is held earned; a salary is money from outside.
EARNED: Final = (
    TransactionSubtype.DIVIDEND,
    TransactionSubtype.INTEREST,
    TransactionSubtype.CAPITAL_GAIN,
    TransactionSubtype.DISTRIBUTION,
    TransactionSubtype.RETURN_OF_CAPITAL,
)


@dataclass(frozen=True, slots=True)
class Reported:
    """What a source says is held of a security, and since when it says so."""

    account_id: UUID
    symbol: str
    name: str
    asset_type: str
    currency: str
    quantity: Decimal
    cost_basis: Decimal | None
    price: Decimal | None
    day: date

    def together_with(self, other: "Reported") -> "Reported":
        """Both in one: a source may report two positions of a security in an account apart."""
        costs = [self.cost_basis, other.cost_basis]
        return replace(
            self,
            quantity=EXACT.add(self.quantity, other.quantity),
            cost_basis=known_total(costs),
            price=other.price or self.price,
            day=max(self.day, other.day),
        )


@dataclass(frozen=True, slots=True)
class Count:
    """How much of a security a source reported from a day on; zero: no more."""

    account_id: UUID
    symbol: str
    currency: str
    day: date
    quantity: Decimal


@dataclass(frozen=True)
class AccountsLedger:
    """Accounts, their settled movements by day, and what is reported to be held in them.

    `counts` are what was reported before, by day; `told` are the parts of the rows, if known.
    """

    accounts: Sequence[Account]
    rows: Sequence[LedgerRow]
    reported: Sequence[Reported]
    counts: Sequence[Count] = ()

    told: Parts | None = None

    @cached_property
    def parts(self) -> Parts:
        """The movements of each security in each account, and those of none, in their order."""
        found = parted(self.rows) if self.told is None else self.told
        return {part: found[part] for part in sorted(found, key=_words)}


def _words(part: Part) -> tuple[int, str, str]:
    account_id, symbol, currency = part
    return account_id.int, symbol or "", currency


class PortfolioLedgers(Protocol):
    """Ledgers to read."""

    async def of_accounts(self, user_id: UserId, account_ids: Sequence[UUID]) -> AccountsLedger:
        """Of those of the accounts that are the user's; raises TooManyRows."""
        ...


@dataclass(frozen=True, slots=True)
class Security:
    """What the market says of a security: its name and kind, splits, raw closing prices by day.

    Without an asset nothing is known of it.
    """

    asset_id: UUID | None = None
    name: str | None = None
    asset_type: str | None = None
    sector: str | None = None
    country: str | None = None
    multiplier: Decimal | None = None
    calendar: TradingCalendar = UNTOLD
    splits: Sequence[SplitAction] = ()
    became: Sequence[Reorganisation] = ()
    closes: Sequence[tuple[date, Decimal]] = ()


#: By symbol and currency.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One security in one account.

    `local` is in its own currency; `base` in the portfolio's, every movement at the rate of its
    day, None when one of those rates is missing. `difference` is what is reported to be held beyond
    what the movements explain, `parted_on` the day since which they do not agree. `closes` are what
    one unit was worth: its price times `multiplier`. `became` is what it was passed on by,
    `rows` its movements as the ledger has them, by day.
    """

    account: Account
    symbol: str
    currency: str
    security: Security
    local: Position
    base: Position | None
    closes: Sequence[tuple[date, Decimal]]
    reported: Reported | None = None
    difference: Decimal = ZERO
    parted_on: date | None = None
    multiplier: Decimal = ONE
    became: Sequence[Reorganisation] = ()
    rows: Sequence[LedgerRow] = ()


class PriceGap(NamedTuple):
    """Neighbouring days with a price that are more than a week apart."""

    before: date
    after: date

    @property
    def days(self) -> int:
        """From the one price to the next."""
        return (self.after - self.before).days


@dataclass(slots=True)
class Quality:
    """What the numbers had to do without."""

    missing_rates: set[str] = field(default_factory=set)
    missing_prices: set[str] = field(default_factory=set)
    stale_prices: dict[str, date] = field(default_factory=dict)
    price_gaps: dict[str, PriceGap] = field(default_factory=dict)
    missing_basis: set[str] = field(default_factory=set)
    unexplained: dict[str, Decimal] = field(default_factory=dict)
    parted: dict[str, date] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)
    lost_lots: set[str] = field(default_factory=set)

    def note_gap(self, symbol: str, gap: PriceGap) -> None:
        """The longest counts, and of equal ones the first."""
        known = self.price_gaps.get(symbol, gap)
        self.price_gaps[symbol] = gap if gap.days > known.days else known

    def note_parted(self, symbol: str, day: date | None) -> None:
        """In some account; the first day counts."""
        if day is not None:
            self.parted[symbol] = min(day, self.parted.get(symbol, day))


@dataclass(frozen=True, slots=True)
class Book:
    """Lines and money of a portfolio, and the rates to look at them in its currency."""

    base_currency: str
    ledger: AccountsLedger
    lines: Sequence[Line]
    rates: RateBook
    quality: Quality
    derivations: Derivations = field(default_factory=Derivations)

    @property
    def first(self) -> date | None:
        """The first day of which anything is known."""
        days = [rows.columns.days[0] for rows in self.ledger.parts.values()]
        days += [line.local.steps[0].day for line in self.lines if line.local.steps]
        return min(days, default=None)


def keys_of(ledger: AccountsLedger) -> set[Key]:
    """The securities that it speaks of."""
    moved = {(symbol, currency) for _, symbol, currency in ledger.parts if symbol}
    return moved | {(each.symbol, each.currency) for each in ledger.reported}
