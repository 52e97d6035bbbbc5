"""A household of 50,000 movements in 250 securities over twelve years, the same on every run."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from coffers.application.investing.books import AccountsLedger
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account, AccountType
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType

MOVEMENTS: Final = 50_000
ASSETS: Final = 250
FIRST: Final = date(2014, 11, 3)
LAST: Final = date(2026, 10, 30)
NOW: Final = datetime(2026, 10, 31, 12, tzinfo=UTC)
#: Of a hundred movements: buys and sells, dividends; the others are deposits and withdrawals.
BUYS: Final = 55
SELLS: Final = 85
DIVIDENDS: Final = 95
_FIRST_ID: Final = 1 << 120

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Household:
    """One person's investments: accounts, movements, and what the market said."""

    user_id: UserId
    accounts: Sequence[Account]
    rows: Sequence[LedgerRow]
    asset_ids: Sequence[UUID]
    days: Sequence[date]
    closes: Matrix

    @property
    def ledger(self) -> AccountsLedger:
        """As it is read."""
        return AccountsLedger(self.accounts, self.rows, [])


def symbol(place: int) -> str:
    """Of the asset in this place."""
    return f"S{place:03d}"


def currency(place: int) -> str:
    """A fifth of the assets is in euros."""
    return "EUR" if place % 5 == 0 else "USD"


def household(user_id: UserId) -> Household:
    """The same numbers on every run; the ids are this run's."""
    days = [
        day
        for day in (FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1))
        if day.weekday() < 5
    ]
    steps = np.random.default_rng(5).normal(0.0003, 0.012, (ASSETS, len(days)))
    closes: Matrix = np.round(100 * np.cumprod(1 + steps, axis=1), 2)
    accounts = [_account(user_id, name) for name in ("USD", "EUR")]
    rows = list(_rows(accounts, days, closes))
    assets = [new_id() for _ in range(ASSETS)]
    return Household(user_id, accounts, rows, assets, days, closes)


def _account(user_id: UserId, money: str) -> Account:
    return Account(
        id=new_id(),
        user_id=user_id,
        source="manual",
        name=money,
        account_type=AccountType.BROKERAGE,
        currency=money,
        created_at=NOW,
        updated_at=NOW,
        balance=Decimal("250000.00"),
    )


def _rows(accounts: Sequence[Account], days: Sequence[date], closes: Matrix) -> Iterator[LedgerRow]:
    chance = random.Random(11)
    held = dict.fromkeys(range(ASSETS), 0)
    by_money = {account.currency: account for account in accounts}
    for number in range(MOVEMENTS):
        at = number * len(days) // MOVEMENTS
        place, kind = chance.randrange(ASSETS), chance.randrange(100)
        price = Decimal(str(closes[place, at]))
        account = by_money[currency(place)]
        # Ids in the order of the rows: on one day what is bought first is there to be sold.
        row_id = UUID(int=_FIRST_ID + number)
        yield _row(row_id, account, days[at], place, _trade(chance, held, place, kind), price)


Told = tuple[TransactionType, TransactionSubtype, int]


def _trade(chance: random.Random, held: dict[int, int], place: int, kind: int) -> Told:
    if kind < BUYS or (kind < SELLS and not held[place]):
        count = chance.randint(1, 40)
        held[place] += count
        return TransactionType.TRADE, TransactionSubtype.BUY, count
    if kind < SELLS:
        count = chance.randint(1, min(60, held[place]))
        held[place] -= count
        return TransactionType.TRADE, TransactionSubtype.SELL, -count
    if kind < DIVIDENDS:
        return TransactionType.INCOME, TransactionSubtype.DIVIDEND, 0
    return TransactionType.TRANSFER, TransactionSubtype.DEPOSIT, 0


def _row(
    row_id: UUID, account: Account, day: date, place: int, told: Told, price: Decimal
) -> LedgerRow:
    kind, subtype, count = told
    is_trade = kind is TransactionType.TRADE
    amount = -count * price - Decimal("1.00") if is_trade else price
    is_named = subtype is not TransactionSubtype.DEPOSIT
    return LedgerRow(
        row_id,
        account.id,
        day,
        kind,
        subtype,
        amount if is_named else price * 40,
        account.currency,
        symbol(place) if is_named else None,
        Decimal(abs(count)) if is_trade else None,
        price if is_trade else None,
    )
