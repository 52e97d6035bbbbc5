"""Why a book was worth what it was at the end of a day, and what a movement of a day was worth."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from coffers.application.explanations import (
    Explanation,
    Operation,
    made,
    number_of,
    rate_told,
    told,
)
from coffers.application.investing.books import AccountsLedger, Book, Line
from coffers.application.investing.explained import dark_told, price_told
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.application.investing.tallies import settled_money
from coffers.domain.ledger.accounts import Account
from coffers.domain.money import EXACT, known_total

if TYPE_CHECKING:
    from coffers.domain.investing.valuations import Movement

T = TypeVar("T")
ZERO: Final = Decimal(0)


class ExplainedDays:
    """The days of a book."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._moved = _running(book.ledger)

    def value(self, day: date) -> Explanation:
        """What was held, at its last price and the rate of the day, and the money."""
        parts = [
            *(self._held(line, day) for line in self._book.lines),
            *(self._money(account, day) for account in self._book.ledger.accounts),
            *dark_told(self._book),
        ]
        known = [each for each in parts if each is not None]
        total = known_total(number_of(each) for each in known)
        return self._made(f"value {day}", Operation.SUM, total, known, day)

    def amount(self, name: str, movement: "Movement") -> Explanation:
        """A movement at the rate of its day."""
        known = None if movement.amount.is_nan() else movement.amount
        amount = told("amount", known, currency=movement.currency, source="ledger")
        return self._in_base(name, amount, known, movement.currency, movement.day)

    def _held(self, line: Line, day: date) -> Explanation | None:
        """None where nothing was held."""
        held = _at(line.local.steps, day, lambda step: step.day)
        if held is None or not held.quantity:
            return None
        known = _at(line.closes, day, lambda close: close[0])
        since, close = (None, None) if known is None else known
        quantity = told("quantity", held.quantity, source="ledger", note=line.account.name)
        worth = None if known is None else EXACT.multiply(held.quantity, known[1])
        name, inputs = line.symbol, [quantity, *price_told(line, close, since)]
        local = made(name, Operation.PRODUCT, worth, inputs, currency=line.currency)
        return self._in_base(f"value of {name}", local, worth, line.currency, day)

    def _money(self, account: Account, day: date) -> Explanation | None:
        """Counted back from what there is now; None where there was none, or nobody told."""
        moved = self._moved.get(account.id, [(date.min, ZERO)])
        now = settled_money(account, moved[-1][1])
        if now is None:
            return None
        known = _at(moved, day, lambda each: each[0])
        later = EXACT.subtract(moved[-1][1], ZERO if known is None else known[1])
        money, currency = EXACT.subtract(now, later), account.currency
        if not money:
            return None
        inputs = [
            told("money", now, currency=currency, source="ledger", note=account.name),
            told("moved_later", later, currency=currency, as_of=day, source="ledger"),
        ]
        counted = made("money", Operation.DIFFERENCE, money, inputs, currency=currency)
        return self._in_base("value of money", counted, money, currency, day)

    def _in_base(
        self, name: str, local: Explanation, amount: Decimal | None, currency: str, day: date
    ) -> Explanation:
        base = self._book.base_currency
        rate = self._book.rates.rate(currency, base, day)
        value = None if amount is None or rate is None else rate.convert(amount)
        inputs = [local, rate_told(rate, currency, base)]
        return self._made(name, Operation.PRODUCT, value, inputs, day)

    def _made(
        self,
        name: str,
        operation: Operation,
        value: Decimal | None,
        inputs: Sequence[Explanation],
        day: date,
    ) -> Explanation:
        currency = self._book.base_currency
        return made(name, operation, value, inputs, currency=currency, as_of=day)


def _running(ledger: AccountsLedger) -> dict[UUID, list[tuple[date, Decimal]]]:
    """By account: what of its money had moved in all at the end of each day with movements."""
    own = {(account.id, account.currency) for account in ledger.accounts}
    by_account: dict[UUID, list[LedgerRow]] = defaultdict(list)
    for row in sorted(ledger.rows, key=lambda each: each.day):
        if (row.account_id, row.currency) in own:
            by_account[row.account_id].append(row)
    return {account_id: list(_totals(moved)) for account_id, moved in by_account.items()}


def _totals(rows: Sequence[LedgerRow]) -> Iterator[tuple[date, Decimal]]:
    total = ZERO
    for row in rows:
        total = EXACT.add(total, row.amount)
        yield row.day, total


def _at(path: Sequence[T], day: date, key: Callable[[T], date]) -> T | None:
    """The last one on or before the day."""
    place = bisect_right(path, day, key=key)
    return path[place - 1] if place else None
