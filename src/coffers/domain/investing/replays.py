"""Replays: the lots that a position's entries amount to, one entry after the other."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final
from uuid import UUID

from coffers.domain.investing.lots import (
    Book,
    Disposal,
    Entry,
    EntryInvalid,
    EntryKind,
    Lot,
    LotMethod,
    LotUnknown,
    Oversold,
    Step,
)
from coffers.domain.money import EXACT, total_of

#: A part of a lot's cost is kept to this many decimals; what is left of the lot keeps the rest,
#: so that the parts always add up to the whole.
COST_DIGITS: Final = 12
#: Likewise units after a split: a third, three times, is a whole.
QUANTITY_DIGITS: Final = 12
ZERO: Final = Decimal(0)
_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
#: Found once: looking for them again and again takes as long as what they do.
_product, _quotient, _rounded = _CONTEXT.multiply, _CONTEXT.divide, _CONTEXT.quantize
_QUANTUM: Final = Decimal(1).scaleb(-COST_DIGITS)
_UNIT: Final = Decimal(1).scaleb(-QUANTITY_DIGITS)


def replay(entries: Iterable[Entry], method: LotMethod) -> Book:
    """The position that these entries amount to; raises Oversold, LotUnknown, EntryInvalid."""
    return replayed(entries, method)[0]


def replayed(entries: Iterable[Entry], method: LotMethod) -> tuple[Book, list[Step]]:
    """Likewise, and how quantity and cost went: one step a day with entries."""
    ledger, found = _Ledger(method), dict[date, Step]()
    for entry in sorted(entries, key=_order):
        ledger.take(entry)
        found[entry.day] = Step(entry.day, ledger.quantity, ledger.cost)
    ledger.level()
    return Book(tuple(ledger.lots), tuple(ledger.disposals)), list(found.values())


def taken_lots(
    entries: Iterable[Entry], method: LotMethod
) -> Mapping[UUID, Mapping[UUID, Decimal]]:
    """Of each entry that takes from lots, how much of which; raises as `replay` does."""
    ledger = _Noting(method)
    for entry in sorted(entries, key=_order):
        ledger.take(entry)
    return ledger.taken


def _order(entry: Entry) -> tuple[date, bool, UUID]:
    is_split = entry.kind is EntryKind.SPLIT or entry.kind is EntryKind.RECOUNT
    return entry.day, not is_split, entry.id


class _Ledger:
    """Lots of one sign, oldest first; what they are and cost together is kept beside them."""

    def __init__(self, method: LotMethod) -> None:
        self._method = method
        self._is_uneven = False
        self.lots: list[Lot] = []
        self.disposals: list[Disposal] = []
        self.quantity = ZERO
        self.cost = ZERO

    def take(self, entry: Entry) -> None:
        if entry.quantity <= 0 and entry.kind is not EntryKind.RETURN_OF_CAPITAL:
            raise EntryInvalid("A quantity is above zero.")
        if entry.amount < 0:
            raise EntryInvalid("An amount is not below zero.")
        if entry.kind is EntryKind.ACQUIRE:
            self.acquire(entry)
            return
        self.level()
        _TAKERS[entry.kind](self, entry)

    def acquire(self, entry: Entry) -> None:
        self._refuse_short(entry)
        self._open(entry, entry.quantity, entry.amount)

    def short(self, entry: Entry) -> None:
        if self.quantity > 0:
            raise Oversold("What is held is sold before anything is sold short.")
        self._open(entry, EXACT.minus(entry.quantity), EXACT.minus(entry.amount))

    def dispose(self, entry: Entry) -> None:
        self._refuse_short(entry)
        self._close(entry, is_short=False)

    def deliver(self, entry: Entry) -> None:
        self._refuse_short(entry)
        for lot, quantity in self._chosen(entry):
            self._take_from(lot, quantity)

    def cover(self, entry: Entry) -> None:
        if self.quantity > 0:
            raise Oversold("There is nothing short to cover.")
        self._close(entry, is_short=True)

    def split(self, entry: Entry) -> None:
        self._recounted(multiplied(self.quantity, entry.quantity))

    def recount(self, entry: Entry) -> None:
        self._recounted(entry.quantity.copy_sign(self.quantity))

    def _recounted(self, total: Decimal) -> None:
        """The lots add up to what is there in all, however their own parts are rounded."""
        parts = shares(total, [lot.quantity for lot in self.lots])
        self.lots = [
            lot._replace(quantity=part) for lot, part in zip(self.lots, parts, strict=True)
        ]
        self.quantity = total_of(parts)

    def return_capital(self, entry: Entry) -> None:
        """Lessens the cost of each lot by its share; what is more than the cost is a gain."""
        parts = shares(entry.amount, [lot.quantity for lot in self.lots])
        for place, (lot, part) in enumerate(zip(self.lots, parts, strict=True)):
            taken = min(part, lot.cost)
            self.lots[place] = lot._replace(cost=EXACT.subtract(lot.cost, taken))
            self.cost = EXACT.subtract(self.cost, taken)
            if part > taken:
                excess = EXACT.subtract(part, taken)
                self._went(entry, lot, ZERO, excess, ZERO)

    def _refuse_short(self, entry: Entry) -> None:
        if self.quantity < 0:
            raise Oversold(f"On {entry.day} the position is short: cover it first.")

    def _open(self, entry: Entry, quantity: Decimal, cost: Decimal) -> None:
        lot = Lot(entry.id, entry.acquired or entry.day, quantity, cost)
        is_newest = not self.lots or self.lots[-1].acquired <= lot.acquired
        self.lots.append(lot)
        if not is_newest:
            self.lots.sort(key=lambda each: each.acquired)
        self.quantity = EXACT.add(self.quantity, quantity)
        self.cost = EXACT.add(self.cost, cost)
        self._is_uneven = self._method is LotMethod.AVERAGE

    def level(self) -> None:
        """With the average method every lot costs the same per unit.

        Only when something is taken from them, or they are looked at: the parts of the whole cost
        do not depend on how it was divided before.
        """
        if self._is_uneven:
            costs = shares(self.cost, [lot.quantity for lot in self.lots])
            self.lots = [
                lot._replace(cost=cost) for lot, cost in zip(self.lots, costs, strict=True)
            ]
            self._is_uneven = False

    def _close(self, entry: Entry, *, is_short: bool) -> None:
        chosen = self._chosen(entry)
        amounts = shares(entry.amount, [quantity for _, quantity in chosen])
        for (lot, quantity), amount in zip(chosen, amounts, strict=True):
            cost = self._take_from(lot, quantity).copy_abs()
            proceeds, paid = (cost, amount) if is_short else (amount, cost)
            self._went(entry, lot, quantity, proceeds, paid)

    def _chosen(self, entry: Entry) -> list[tuple[Lot, Decimal]]:
        held, wanted = self.quantity.copy_abs(), entry.quantity
        if wanted > held:
            raise Oversold(f"On {entry.day} there are {_plain(held)}, not {_plain(wanted)}.")
        if self._method is LotMethod.SPECIFIC and entry.picks:
            return self._picked(entry)
        chosen = list[tuple[Lot, Decimal]]()
        for lot in _ORDERS[self._method](self.lots):
            part = min(wanted, lot.quantity.copy_abs())
            chosen.append((lot, part))
            wanted = EXACT.subtract(wanted, part)
            if not wanted:
                break
        return chosen

    def _picked(self, entry: Entry) -> list[tuple[Lot, Decimal]]:
        by_id = {lot.id: lot for lot in self.lots}
        if total_of(entry.picks.values()) != entry.quantity:
            raise EntryInvalid("The lots that are named do not add up to the quantity.")
        for lot_id, quantity in entry.picks.items():
            if lot_id not in by_id or not 0 < quantity <= by_id[lot_id].quantity.copy_abs():
                raise LotUnknown(f"On {entry.day} there is no such lot, or less of it.")
        return [(by_id[lot_id], quantity) for lot_id, quantity in entry.picks.items()]

    def _take_from(self, lot: Lot, quantity: Decimal) -> Decimal:
        """The part of the lot's cost that goes with the quantity; the lot keeps the rest."""
        held = lot.quantity.copy_abs()
        left = EXACT.subtract(held, quantity)
        cost = part_of(lot.cost, quantity, held) if left else lot.cost
        place = next(n for n, each in enumerate(self.lots) if each is lot)
        if left:
            rest = EXACT.subtract(lot.cost, cost)
            self.lots[place] = Lot(lot.id, lot.acquired, left.copy_sign(lot.quantity), rest)
        else:
            del self.lots[place]
        self.quantity = EXACT.subtract(self.quantity, quantity.copy_sign(lot.quantity))
        self.cost = EXACT.subtract(self.cost, cost)
        return cost

    def _went(
        self, entry: Entry, lot: Lot, quantity: Decimal, proceeds: Decimal, cost: Decimal
    ) -> None:
        gone = Disposal(entry.id, lot.id, lot.acquired, entry.day, quantity, proceeds, cost)
        self.disposals.append(gone)


class _Noting(_Ledger):
    """It keeps what each entry took."""

    def __init__(self, method: LotMethod) -> None:
        super().__init__(method)
        self.taken: dict[UUID, Mapping[UUID, Decimal]] = {}

    def _chosen(self, entry: Entry) -> list[tuple[Lot, Decimal]]:
        chosen = super()._chosen(entry)
        self.taken[entry.id] = {lot.id: quantity for lot, quantity in chosen}
        return chosen


_TAKERS: Final = {
    EntryKind.ACQUIRE: _Ledger.acquire,
    EntryKind.DISPOSE: _Ledger.dispose,
    EntryKind.DELIVER: _Ledger.deliver,
    EntryKind.SHORT: _Ledger.short,
    EntryKind.COVER: _Ledger.cover,
    EntryKind.SPLIT: _Ledger.split,
    EntryKind.RECOUNT: _Ledger.recount,
    EntryKind.RETURN_OF_CAPITAL: _Ledger.return_capital,
}


def _oldest(lots: Sequence[Lot]) -> Iterable[Lot]:
    return lots


def _newest(lots: Sequence[Lot]) -> Iterable[Lot]:
    return reversed(lots)


def _dearest(lots: Sequence[Lot]) -> Iterable[Lot]:
    return sorted(lots, key=lambda lot: -lot.unit_cost)


_ORDERS: Final = {
    LotMethod.FIFO: _oldest,
    LotMethod.LIFO: _newest,
    LotMethod.HIFO: _dearest,
    LotMethod.AVERAGE: _oldest,
    LotMethod.SPECIFIC: _oldest,
}


def _plain(quantity: Decimal) -> str:
    return format(quantity.normalize(EXACT), "f")


def multiplied(quantity: Decimal, factor: Decimal) -> Decimal:
    """So many units after a split, to twelve decimals if there are more."""
    exact = _product(quantity, factor)
    return _rounded(exact, _UNIT) or exact


def shares(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The amount by these weights, which have one sign; the parts add up to it exactly."""
    if len(weights) == 1:
        return [amount]
    parts: list[Decimal] = []
    left, weight_left = amount, total_of(weights)
    for weight in weights:
        part = left if weight == weight_left else part_of(left, weight, weight_left)
        parts.append(part)
        left, weight_left = EXACT.subtract(left, part), EXACT.subtract(weight_left, weight)
    return parts


def part_of(amount: Decimal, weight: Decimal, total: Decimal) -> Decimal:
    """So much of the amount as the weight is of the total, to twelve decimals."""
    return _rounded(_quotient(_product(amount, weight), total), _QUANTUM)
