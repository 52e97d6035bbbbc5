"""A ledger in the language of Beancount (v3): each account ends with the balance it has here.

What the movements do not explain, because they begin later than the account, is its opening
balance. Confirmed transfers are one transaction. Movements that failed or were cancelled are left
out.
"""

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from coffers.application.portability.beancount_names import Names, is_tag, quoted
from coffers.application.portability.beancount_trades import (
    COMMISSIONS,
    GAINS,
    OPENING,
    SPLITS,
    TRANSFERS,
    Depot,
    moves_units,
)
from coffers.application.portability.books import Books, Movement, OtherLeg, Outline, Part
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.money import EXACT

#: Where money of no category goes or comes from.
EXPENSES: Final = "Expenses:Uncategorised"
INCOME: Final = "Income:Uncategorised"
FEES: Final = "Expenses:Fees"
TRADES: Final = "Equity:Trades"
#: What a transfer cost that arrived as less than it left.
TRANSFER_FEES: Final = "Expenses:Transfer-Fees"
_ALWAYS_OPEN: Final = (
    *(EXPENSES, INCOME, FEES, TRADES, TRANSFER_FEES),
    *(GAINS, COMMISSIONS, OPENING, SPLITS, TRANSFERS),
)
_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)

#: An account's name, an amount, a commodity.
Entry = tuple[str, Decimal, str]


async def beancount_file(
    books: Books, user_id: UserId, now: datetime
) -> AsyncGenerator[bytes, None]:
    """The file, in pieces; raises ExportsBusy."""
    async with books.open(user_id) as book:
        ledger = _Ledger(await book.outline(), now)
        yield _text(ledger.beginning())
        async for page in book.movements():
            yield _text(line for each in page for line in ledger.transaction(each))
        yield _text(ledger.end())


class _Ledger:
    """The file while it is written."""

    def __init__(self, outline: Outline, now: datetime) -> None:
        self._outline = outline
        self._now = now
        self._names = Names(outline)
        self._depot = Depot(outline, self._names)
        made = [account.created_at.date() for account in outline.accounts]
        self._first = min([*made, outline.first_day or now.date(), now.date()])
        self._last = max(outline.last_day or now.date(), now.date())
        self._depots = {place[0] for place in (*outline.traded, *self._depot.opening)} | {
            account.id for account in outline.accounts if account.is_investment
        }

    def beginning(self) -> Iterator[str]:
        """Options, accounts, and what was there before the first movement."""
        yield f";; Coffers, {self._now:%Y-%m-%dT%H:%M:%SZ}"
        yield 'option "title" "Coffers"'
        yield f'option "operating_currency" "{self._outline.base_currency}"'
        yield ""
        for name in (*_ALWAYS_OPEN, *self._names.categories.values()):
            yield f"{self._first} open {name}"
        for account in self._outline.accounts:
            yield f"{self._first} open {self._names.accounts[account.id]}"
            yield f"  id: {quoted(str(account.id))}"
            yield f"  name: {quoted(account.name)}"
            if account.id in self._depots:
                yield f"{self._first} open {self._cash(account.id)}"
        yield from self._openings()

    def transaction(self, movement: Movement) -> Iterator[str]:
        """A movement, unless nothing moved or the other leg of its transfer tells it."""
        other = movement.other_leg
        if not movement.counts or (other is not None and not other.is_outgoing):
            return
        yield ""
        yield _headline(movement)
        yield f"  id: {quoted(str(movement.id))}"
        if not all(map(is_tag, movement.tags)):
            yield f"  tags: {quoted(', '.join(movement.tags))}"
        if movement.notes:
            yield f"  notes: {quoted(movement.notes)}"
        for posting in self._postings(movement):
            yield f"  {posting}"

    def end(self) -> Iterator[str]:
        """What each account must have come to, what positions are worth, and what is closed."""
        day = self._last + _DAY
        yield ""
        for name, amount, commodity in (*self._balances(), *self._held()):
            yield f"{day} balance {name}  {amount:f} {commodity}"
        for position in self._outline.positions:
            if position.is_active and position.current_price is not None:
                symbol = self._names.security(position.symbol)
                currency = self._names.currency(position.currency)
                yield f"{day} price {symbol}  {position.current_price:f} {currency}"
        for account in self._outline.accounts:
            if not account.is_active:
                yield f"{day + _DAY} close {self._names.accounts[account.id]}"
                if account.id in self._depots:
                    yield f"{day + _DAY} close {self._cash(account.id)}"

    def _openings(self) -> Iterator[str]:
        for account in self._outline.accounts:
            currency = self._names.currency(account.currency)
            moved = self._outline.moved.get((account.id, account.currency), _ZERO)
            balance = self._balance(account)
            before = _ZERO if balance is None else EXACT.subtract(balance, moved)
            if before:
                yield from self._opening(self._cash(account.id), before, currency)
        for (account_id, symbol), units in self._depot.opening.items():
            place = self._names.accounts[account_id]
            yield from self._opening(place, units, self._names.security(symbol))

    def _opening(self, place: str, amount: Decimal, commodity: str) -> Iterator[str]:
        yield ""
        yield f'{self._first} * "Opening balance"'
        yield f"  {place}  {amount:f} {commodity}"
        yield f"  {OPENING}  {EXACT.minus(amount):f} {commodity}"

    def _balances(self) -> Iterator[Entry]:
        for account in self._outline.accounts:
            balance = self._balance(account)
            if balance is not None:
                yield self._cash(account.id), balance, self._names.currency(account.currency)

    def _held(self) -> Iterator[Entry]:
        held: dict[tuple[UUID, str], Decimal] = defaultdict(Decimal)
        for position in self._outline.positions:
            units = position.quantity if position.is_active else _ZERO
            place = (position.account_id, position.symbol)
            held[place] = EXACT.add(held[place], units)
        for (account_id, symbol), units in held.items():
            yield self._names.accounts[account_id], units, self._names.security(symbol)

    def _balance(self, account: Account) -> Decimal | None:
        """What the account has in money, without its securities."""
        is_apart = account.holds_apart or account.id not in self._depots
        return account.balance if is_apart else account.cash_balance

    def _cash(self, account_id: UUID) -> str:
        name = self._names.accounts[account_id]
        return f"{name}:Cash" if account_id in self._depots else name

    def _postings(self, movement: Movement) -> Iterator[str]:
        currency = self._names.currency(movement.currency)
        if movement.amount or not moves_units(movement):
            yield f"{self._cash(movement.account_id)}  {movement.amount:f} {currency}"
        if moves_units(movement):
            yield from self._depot.postings(movement)
        elif movement.other_leg is not None:
            yield from self._arrival(movement, movement.other_leg)
        else:
            for part in movement.parts:
                against = self._against(movement, part)
                yield f"{against}  {EXACT.minus(part.amount):f} {currency}"

    def _arrival(self, movement: Movement, other: OtherLeg) -> Iterator[str]:
        left, arrived = EXACT.minus(movement.amount), other.amount
        sent, received = map(self._names.currency, (movement.currency, other.currency))
        place = self._cash(other.account_id)
        if sent != received:
            yield f"{place}  {arrived:f} {received} @@ {left:f} {sent}"
            return
        yield f"{place}  {arrived:f} {received}"
        if left != arrived:
            yield f"{TRANSFER_FEES}  {EXACT.subtract(left, arrived):f} {sent}"

    def _against(self, movement: Movement, part: Part) -> str:
        if part.category is not None:
            return self._names.categories[part.category.id]
        usual = INCOME if part.amount > 0 else EXPENSES
        return _AGAINST.get(movement.transaction_type, usual)


_AGAINST: Final = {
    TransactionType.FEE.value: FEES,
    TransactionType.TRANSFER.value: TRANSFERS,
    TransactionType.TRADE.value: TRADES,
}


def _headline(movement: Movement) -> str:
    flag = "!" if movement.status == TransactionStatus.PENDING else "*"
    payee = f"{quoted(movement.merchant)} " if movement.merchant else ""
    tags = "".join(f" #{tag}" for tag in movement.tags if is_tag(tag))
    return f"{movement.transaction_date} {flag} {payee}{quoted(movement.description)}{tags}"


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
