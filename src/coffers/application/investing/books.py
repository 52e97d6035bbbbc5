"""Books: everything that a portfolio's numbers are made of, read once and put in order."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.ids import UserId
from coffers.domain.investing.lots import EntryInvalid, LotMethod, LotUnknown, Oversold
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import Position, derive, opened_with
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.rates import RateBook
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)
#: Money that comes in or goes out of an account without leaving what is invested.
INSIDE: Final = frozenset({TransactionType.TRADE, TransactionType.FEE})
#: Income that what is held earned; a salary is money from outside.
EARNED: Final = frozenset(
    {
        TransactionSubtype.DIVIDEND,
        TransactionSubtype.INTEREST,
        TransactionSubtype.CAPITAL_GAIN,
        TransactionSubtype.DISTRIBUTION,
        TransactionSubtype.RETURN_OF_CAPITAL,
    }
)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A settled movement of an account, as stored."""

    id: UUID
    account_id: UUID
    day: date
    transaction_type: TransactionType
    subtype: TransactionSubtype
    amount: Decimal
    currency: str
    symbol: str | None
    quantity: Decimal | None
    unit_price: Decimal | None


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


@dataclass(frozen=True, slots=True)
class AccountsLedger:
    """Accounts, their settled movements by day, and what is reported to be held in them."""

    accounts: Sequence[Account]
    rows: Sequence[LedgerRow]
    reported: Sequence[Reported]


class PortfolioLedgers(Protocol):
    """Ledgers to read."""

    async def of_accounts(self, user_id: UserId, account_ids: Sequence[UUID]) -> AccountsLedger:
        """Of those of the accounts that are the user's; raises TooManyRows."""
        ...


@dataclass(frozen=True, slots=True)
class Security:
    """What the market says of a security: its name and kind, splits, raw closing prices by day."""

    asset_id: UUID | None = None
    name: str | None = None
    asset_type: str | None = None
    sector: str | None = None
    country: str | None = None
    splits: Sequence[SplitAction] = ()
    closes: Sequence[tuple[date, Decimal]] = ()


#: By symbol and currency.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """One security in one account.

    `local` is in its own currency; `base` in the portfolio's, every movement at the rate of its
    day, None when one of those rates is missing. `difference` is what is reported to be held beyond
    what the movements explain.
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


@dataclass(slots=True)
class Quality:
    """What the numbers had to do without."""

    missing_rates: set[str] = field(default_factory=set)
    missing_prices: set[str] = field(default_factory=set)
    stale_prices: dict[str, date] = field(default_factory=dict)
    missing_basis: set[str] = field(default_factory=set)
    unexplained: dict[str, Decimal] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Book:
    """Lines and money of a portfolio, and the rates to look at them in its currency."""

    base_currency: str
    ledger: AccountsLedger
    lines: Sequence[Line]
    rates: RateBook
    quality: Quality

    @property
    def first(self) -> date | None:
        """The first day of which anything is known."""
        days = [row.day for row in self.ledger.rows]
        days += [step.day for line in self.lines for step in line.local.steps]
        return min(days, default=None)


def bound(
    ledger: AccountsLedger,
    securities: Mapping[Key, Security],
    rates: RateBook,
    base_currency: str,
    method: LotMethod,
) -> Book:
    """The book of these accounts."""
    quality = Quality()
    binder = _Binder(securities, rates, base_currency, method, quality)
    rows, reported = _by_line(ledger)
    lines = [
        line
        for account in ledger.accounts
        for key in sorted(rows[account.id].keys() | reported[account.id].keys())
        if (line := binder.line(account, key, rows[account.id][key], reported[account.id].get(key)))
    ]
    return Book(base_currency, ledger, lines, rates, quality)


def keys_of(ledger: AccountsLedger) -> set[Key]:
    """The securities that it speaks of."""
    moved = {(row.symbol, row.currency) for row in ledger.rows if row.symbol}
    return moved | {(each.symbol, each.currency) for each in ledger.reported}


Rows = dict[UUID, dict[Key, list[LedgerRow]]]


def _by_line(ledger: AccountsLedger) -> tuple[Rows, dict[UUID, dict[Key, Reported]]]:
    rows: Rows = defaultdict(lambda: defaultdict(list))
    for row in ledger.rows:
        if row.symbol:
            rows[row.account_id][row.symbol, row.currency].append(row)
    reported: dict[UUID, dict[Key, Reported]] = defaultdict(dict)
    for each in ledger.reported:
        key = (each.symbol, each.currency)
        known = reported[each.account_id].get(key)
        reported[each.account_id][key] = each if known is None else _together(known, each)
    return rows, reported


def _together(one: Reported, other: Reported) -> Reported:
    """Two positions of a security in one account: a source may report them apart."""
    is_known = one.cost_basis is not None and other.cost_basis is not None
    cost = EXACT.add(one.cost_basis or ZERO, other.cost_basis or ZERO) if is_known else None
    return Reported(
        one.account_id,
        one.symbol,
        one.name,
        one.asset_type,
        one.currency,
        EXACT.add(one.quantity, other.quantity),
        cost,
        other.price or one.price,
        max(one.day, other.day),
    )


@dataclass(frozen=True, slots=True)
class _Binder:
    securities: Mapping[Key, Security]
    rates: RateBook
    base: str
    method: LotMethod
    quality: Quality

    def line(
        self, account: Account, key: Key, rows: Sequence[LedgerRow], reported: Reported | None
    ) -> Line | None:
        symbol, currency = key
        security = self.securities.get(key, Security())
        movements = [_movement(row) for row in rows if row.quantity or row.amount]
        try:
            derived = derive(movements, security.splits, self.method)
        except (Oversold, LotUnknown, EntryInvalid):
            self.quality.unreadable.add(symbol)
            return None
        difference = _difference(derived, reported, account)
        if difference and account.connection_id is not None:
            self.quality.unexplained[symbol] = difference
        local = opened_with(derived, difference, _first_day(rows, reported))
        if local.cost is None:
            self.quality.missing_basis.add(symbol)
        base = self._in_base(movements, security, currency, difference, _first_day(rows, reported))
        closes = _closes(security, rows, reported)
        return Line(account, symbol, currency, security, local, base, closes, reported, difference)

    def _in_base(
        self,
        movements: Sequence[Movement],
        security: Security,
        currency: str,
        difference: Decimal,
        first: date,
    ) -> Position | None:
        converted: list[Movement] = []
        for each in movements:
            rate = self.rates.rate(currency, self.base, each.day)
            if rate is None:
                self.quality.missing_rates.add(f"{currency}/{self.base} {each.day}")
                return None
            converted.append(each.converted(rate.rate))
        return opened_with(derive(converted, security.splits, self.method), difference, first)


def _movement(row: LedgerRow) -> Movement:
    quantity = row.quantity or ZERO
    if row.subtype is not TransactionSubtype.SPLIT:
        quantity = abs(quantity)
    return Movement(row.id, row.day, row.subtype, quantity, row.amount, row.unit_price)


def _difference(derived: Position, reported: Reported | None, account: Account) -> Decimal:
    """What a source reports beyond the movements; nothing where no source reports holdings."""
    if reported is None:
        is_told = account.connection_id is not None and account.last_synced_at is not None
        return EXACT.minus(derived.quantity) if is_told and derived.quantity else ZERO
    return EXACT.subtract(reported.quantity, derived.quantity)


def _first_day(rows: Sequence[LedgerRow], reported: Reported | None) -> date:
    """The day before anything is told of it."""
    days = [row.day for row in rows] or ([] if reported is None else [reported.day])
    return min(days) - timedelta(days=1) if rows else min(days)


def _closes(
    security: Security, rows: Sequence[LedgerRow], reported: Reported | None
) -> list[tuple[date, Decimal]]:
    """Market prices; where there are none, the prices of the account's own trades and reports."""
    if security.closes:
        return list(security.closes)
    return sorted(dict(_own_prices(rows, reported)).items())


def _own_prices(
    rows: Sequence[LedgerRow], reported: Reported | None
) -> Iterator[tuple[date, Decimal]]:
    for row in rows:
        if row.transaction_type is TransactionType.TRADE and row.unit_price:
            yield row.day, row.unit_price
    if reported is not None and reported.price:
        yield reported.day, reported.price
