"""Why lots cost what they did, and what was gained by those that went.

In the portfolio's currency every movement counts at the rate of its own day: what a lot cost there
is what it cost in its own currency times that rate. Where several movements made the cost of a lot
(averages, capital that was returned), the whole is told as what was paid less what went.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Context, Decimal
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from coffers.application.explanations import (
    Explanation,
    Operation,
    in_cents,
    made,
    number_of,
    rate_told,
    told,
)
from coffers.application.investing.books import Book, Line
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.domain.digits import fixed
from coffers.domain.investing.lots import Disposal, Lot, LotMethod
from coffers.domain.investing.positions import LAST_OPENING, Position
from coffers.domain.investing.replays import COST_DIGITS
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.money import EXACT, known_total

AT_RATES: Final = "Lots by {}; each movement at the rate of its own day."
GAINED: Final = "Lots by {}; what each brought less what it had cost."
ZERO: Final = Decimal(0)
#: Amounts that differ by less are the same: parts of costs are kept to twelve decimals.
NEARLY: Final = Decimal("0.000001")
_WIDE: Final = Context(prec=60)
_RETURN: Final = TransactionSubtype.RETURN_OF_CAPITAL
_COMING: Final = (TransactionSubtype.BUY, TransactionSubtype.TRANSFER_IN)


def lot_told(name: str, lot: Lot, cost: Decimal | None, currency: str) -> Explanation:
    """What is left of a lot, and what that cost."""
    note = f"{lot.quantity:f} left"
    leaf = told(name, cost, currency=currency, as_of=lot.acquired, source="ledger", note=note)
    return replace(leaf, transaction_id=entry_id(lot.id))


def entry_id(known: UUID) -> UUID | None:
    """None for what came from before the history, or out of another security."""
    return known if known.int > LAST_OPENING and known.version is not None else None


class LotTrees:
    """The lots of one security over all accounts, mostly in the portfolio's currency."""

    def __init__(self, book: Book, lines: Sequence[Line], method: LotMethod) -> None:
        self._rates, self._method = book.rates, method
        self._own, self._base = lines[0].currency, book.base_currency
        self._lines = lines
        self._rows = {row.id: row for line in lines for row in line.rows}
        returned = any(row.subtype is _RETURN for row in self._rows.values())
        self._is_of_one_rate = method is not LotMethod.AVERAGE and not returned

    def cost_basis(self, position: Position | None) -> Explanation:
        """The costs of the lots that are left; null, with what rates are missing, if unknown."""
        name = "base_cost_basis"
        if position is None:
            return self._unknown(name)
        parts = list(self._paid_less_gone(position) or self._lots(position))
        tree = in_cents(name, parts, [position.cost], self._base)
        return replace(tree, note=AT_RATES.format(self._method))

    def realised(self, position: Position | None) -> Explanation:
        """What each lot that went brought less its cost, each at the rate of its own day."""
        name = "base_realized_gain_loss"
        if position is None:
            return self._unknown(name)
        parts = [self._in_base(each, position) for each in position.book.disposals]
        tree = in_cents(name, parts, [position.realised], self._base)
        return replace(tree, note=AT_RATES.format(self._method))

    def local_realised(self, position: Position) -> Explanation:
        """What each lot that went brought less its cost, in the security's own currency."""
        parts = [
            _gain(gone, position, self._own, *self._sides(gone, position, self._own))
            for gone in position.book.disposals
        ]
        tree = in_cents("realized_gain_loss", parts, [position.realised], self._own)
        return replace(tree, note=GAINED.format(self._method))

    def _unknown(self, name: str) -> Explanation:
        days = {row.day for row in self._rows.values()}
        missing = [
            replace(rate_told(None, self._own, self._base), as_of=day)
            for day in sorted(days)
            if self._rates.rate(self._own, self._base, day) is None
        ]
        return in_cents(name, missing, [None], self._base)

    def _lots(self, position: Position) -> Iterator[Explanation]:
        for lot in position.book.lots:
            cost = None if lot.id in position.unknown else lot.cost
            leaf = lot_told("lot_cost", lot, cost, self._base)
            row = self._rows.get(lot.id) if self._is_of_one_rate else None
            yield self._at_rate(leaf, row)

    def _paid_less_gone(self, position: Position) -> list[Explanation] | None:
        """Where that is what the lots cost; None where each lot tells its own cost."""
        if self._is_of_one_rate or self._own == self._base or position.cost is None:
            return None
        paid = [self._moved("paid", row) for row in self._of(*_COMING)]
        back = [self._moved("returned", row) for row in self._of(_RETURN)]
        gone = [
            _leaf("cost", each.cost, self._base, each.quantity, each.day, each.entry_id)
            for each in position.book.disposals
        ]
        values = [number_of(each) for each in paid]
        taken = [number_of(each) for each in (*back, *gone)]
        whole, less = known_total(values), known_total(taken)
        if whole is None or less is None or abs(whole - less - position.cost) > NEARLY:
            return None
        all_of_it = made("paid", Operation.SUM, whole, paid, currency=self._base)
        parts = [all_of_it, *back, *gone]
        name, cost = "cost_left", EXACT.subtract(whole, less)
        return [made(name, Operation.DIFFERENCE, cost, parts, currency=self._base)]

    def _of(self, *subtypes: TransactionSubtype) -> list[LedgerRow]:
        return [row for row in self._rows.values() if row.subtype in subtypes]

    def _moved(self, name: str, row: LedgerRow) -> Explanation:
        """What a movement paid, in its own currency, times the rate of its day."""
        units, price = abs(row.quantity or ZERO), row.unit_price or ZERO
        amount = abs(row.amount) or EXACT.multiply(units * self._lines[0].multiplier, price)
        rate = self._rates.rate(self._own, self._base, row.day)
        value = None if rate is None else rate.convert(amount)
        note = f"{units:f}" if units else None
        leaf = told(name, amount, currency=self._own, as_of=row.day, source="ledger", note=note)
        inputs = [
            replace(leaf, transaction_id=row.id),
            rate_told(rate, self._own, self._base),
        ]
        return made(name, Operation.PRODUCT, value, inputs, currency=self._base)

    def _in_base(self, gone: Disposal, position: Position) -> Explanation:
        proceeds, cost = self._sides(gone, position, self._base)
        opened, closed = self._rows.get(gone.lot_id), self._rows.get(gone.entry_id)
        opened = opened if self._is_of_one_rate else None
        # Of capital that is returned only what is more than the cost is a gain.
        closed = None if closed is not None and closed.subtype is _RETURN else closed
        rows = (opened, closed) if self._is_short(gone) else (closed, opened)
        brought, paid = self._at_rate(proceeds, rows[0]), self._at_rate(cost, rows[1])
        return _gain(gone, position, self._base, brought, paid)

    def _is_short(self, gone: Disposal) -> bool:
        """Whether it was sold before it was bought."""
        opened = self._rows.get(gone.lot_id)
        return opened is not None and opened.subtype is TransactionSubtype.SHORT_SELL

    def _sides(
        self, gone: Disposal, position: Position, currency: str
    ) -> tuple[Explanation, Explanation]:
        """What it brought and what it had cost, which nobody may have told."""
        cost = None if gone.lot_id in position.unknown else gone.cost
        ends = [(gone.day, gone.entry_id), (gone.acquired, gone.lot_id)]
        sold, bought = reversed(ends) if self._is_short(gone) else ends
        brought = _leaf("proceeds", gone.proceeds, currency, gone.quantity, *sold)
        return brought, _leaf("cost", cost, currency, gone.quantity, *bought)

    def _at_rate(self, leaf: Explanation, row: LedgerRow | None) -> Explanation:
        """As an amount of the security's own currency times the rate of the movement's day."""
        value = number_of(leaf)
        if row is None or value is None or self._own == self._base:
            return leaf
        rate = self._rates.rate(self._own, self._base, row.day)
        if rate is None:
            return leaf
        own = fixed(_WIDE.divide(value, rate.rate), COST_DIGITS).normalize(_WIDE)
        inside = replace(leaf, value=format(own, "f"), currency=self._own)
        inputs = [inside, rate_told(rate, self._own, self._base)]
        return made(leaf.name, Operation.PRODUCT, value, inputs, currency=self._base)


def _leaf(
    name: str, value: Decimal | None, currency: str, quantity: Decimal, day: date, known: UUID
) -> Explanation:
    note = f"{quantity:f}"
    leaf = told(name, value, currency=currency, as_of=day, source="ledger", note=note)
    return replace(leaf, transaction_id=entry_id(known))


def _gain(
    gone: Disposal, position: Position, currency: str, brought: Explanation, paid: Explanation
) -> Explanation:
    gain = None if gone.lot_id in position.unknown else gone.gain
    inputs = [brought, paid]
    return made("gain", Operation.DIFFERENCE, gain, inputs, currency=currency, as_of=gone.day)
