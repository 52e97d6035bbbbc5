"""Replays: the lots that a position's entries amount to, one entry after the other."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
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
_QUANTUM: Final = Decimal(1).scaleb(-COST_DIGITS)
_UNIT: Final = Decimal(1).scaleb(-QUANTITY_DIGITS)


def replay(entries: Iterable[Entry], method: LotMethod) -> Book:
    """The position that these entries amount to; raises Oversold, LotUnknown, EntryInvalid."""
    ledger = _Ledger(method)
    for entry in sorted(entries, key=_order):
        ledger.take(entry)
    return Book(tuple(ledger.lots), tuple(ledger.disposals))


def steps(entries: Iterable[Entry], method: LotMethod) -> list[Step]:
    """How quantity and cost went, one step a day with entries; raises as `replay` does."""
    ledger, found = _Ledger(method), dict[date, Step]()
    for entry in sorted(entries, key=_order):
        ledger.take(entry)
        held = total_of(lot.quantity for lot in ledger.lots)
        found[entry.day] = Step(entry.day, held, total_of(lot.cost for lot in ledger.lots))
    return list(found.values())


def _order(entry: Entry) -> tuple[date, bool, UUID]:
    return entry.day, entry.kind not in {EntryKind.SPLIT, EntryKind.RECOUNT}, entry.id


class _Ledger:
    def __init__(self, method: LotMethod) -> None:
        self._method = method
        self.lots: list[Lot] = []
        self.disposals: list[Disposal] = []

    def take(self, entry: Entry) -> None:
        if entry.quantity <= 0 and entry.kind is not EntryKind.RETURN_OF_CAPITAL:
            raise EntryInvalid("A quantity is above zero.")
        if entry.amount < 0:
            raise EntryInvalid("An amount is not below zero.")
        _TAKERS[entry.kind](self, entry)

    def acquire(self, entry: Entry) -> None:
        self._refuse_short(entry)
        self._open(entry, entry.quantity, entry.amount)

    def short(self, entry: Entry) -> None:
        if any(lot.quantity > 0 for lot in self.lots):
            raise Oversold("What is held is sold before anything is sold short.")
        self._open(entry, -entry.quantity, -entry.amount)

    def dispose(self, entry: Entry) -> None:
        self._refuse_short(entry)
        self._close(entry, is_short=False)

    def deliver(self, entry: Entry) -> None:
        self._refuse_short(entry)
        for lot, quantity in self._chosen(entry):
            self._take_from(lot, quantity)

    def cover(self, entry: Entry) -> None:
        if any(lot.quantity > 0 for lot in self.lots):
            raise Oversold("There is nothing short to cover.")
        self._close(entry, is_short=True)

    def split(self, entry: Entry) -> None:
        self.lots = [
            replace(lot, quantity=multiplied(lot.quantity, entry.quantity)) for lot in self.lots
        ]

    def recount(self, entry: Entry) -> None:
        weights = [lot.quantity for lot in self.lots]
        total = entry.quantity.copy_sign(total_of(weights))
        parts = shares(total, weights)
        self.lots = [
            replace(lot, quantity=part) for lot, part in zip(self.lots, parts, strict=True)
        ]

    def return_capital(self, entry: Entry) -> None:
        """Lessens the cost of each lot by its share; what is more than the cost is a gain."""
        parts = shares(entry.amount, [lot.quantity for lot in self.lots])
        for place, (lot, part) in enumerate(zip(self.lots, parts, strict=True)):
            taken = min(part, lot.cost)
            self.lots[place] = replace(lot, cost=EXACT.subtract(lot.cost, taken))
            if part > taken:
                excess = EXACT.subtract(part, taken)
                self._went(entry, lot, ZERO, excess, ZERO)

    def _refuse_short(self, entry: Entry) -> None:
        if any(lot.quantity < 0 for lot in self.lots):
            raise Oversold(f"On {entry.day} the position is short: cover it first.")

    def _open(self, entry: Entry, quantity: Decimal, cost: Decimal) -> None:
        lot = Lot(entry.id, entry.acquired or entry.day, quantity, cost)
        self.lots.append(lot)
        self.lots.sort(key=lambda each: each.acquired)
        if self._method is LotMethod.AVERAGE:
            self._level()

    def _level(self) -> None:
        """Every lot costs the same per unit."""
        costs = shares(total_of(lot.cost for lot in self.lots), [lot.quantity for lot in self.lots])
        self.lots = [replace(lot, cost=cost) for lot, cost in zip(self.lots, costs, strict=True)]

    def _close(self, entry: Entry, *, is_short: bool) -> None:
        chosen = self._chosen(entry)
        amounts = shares(entry.amount, [quantity for _, quantity in chosen])
        for (lot, quantity), amount in zip(chosen, amounts, strict=True):
            cost = abs(self._take_from(lot, quantity))
            proceeds, paid = (cost, amount) if is_short else (amount, cost)
            self._went(entry, lot, quantity, proceeds, paid)

    def _chosen(self, entry: Entry) -> list[tuple[Lot, Decimal]]:
        held = total_of(abs(lot.quantity) for lot in self.lots)
        if entry.quantity > held:
            raise Oversold(f"On {entry.day} there are {held:f}, not {entry.quantity:f}.")
        if self._method is LotMethod.SPECIFIC and entry.picks:
            return self._picked(entry)
        wanted, chosen = entry.quantity, list[tuple[Lot, Decimal]]()
        for lot in _ORDERS[self._method](self.lots):
            part = min(wanted, abs(lot.quantity))
            if part:
                chosen.append((lot, part))
            wanted -= part
        return chosen

    def _picked(self, entry: Entry) -> list[tuple[Lot, Decimal]]:
        by_id = {lot.id: lot for lot in self.lots}
        if total_of(entry.picks.values()) != entry.quantity:
            raise EntryInvalid("The lots that are named do not add up to the quantity.")
        for lot_id, quantity in entry.picks.items():
            if lot_id not in by_id or not 0 < quantity <= abs(by_id[lot_id].quantity):
                raise LotUnknown(f"On {entry.day} there is no such lot, or less of it.")
        return [(by_id[lot_id], quantity) for lot_id, quantity in entry.picks.items()]

    def _take_from(self, lot: Lot, quantity: Decimal) -> Decimal:
        """The part of the lot's cost that goes with the quantity; the lot keeps the rest."""
        left = EXACT.subtract(abs(lot.quantity), quantity)
        cost = lot.cost if not left else _part(lot.cost, quantity, abs(lot.quantity))
        place = next(n for n, each in enumerate(self.lots) if each is lot)
        if left:
            rest = EXACT.subtract(lot.cost, cost)
            self.lots[place] = replace(lot, quantity=left.copy_sign(lot.quantity), cost=rest)
        else:
            del self.lots[place]
        return cost

    def _went(
        self, entry: Entry, lot: Lot, quantity: Decimal, proceeds: Decimal, cost: Decimal
    ) -> None:
        gone = Disposal(entry.id, lot.id, lot.acquired, entry.day, quantity, proceeds, cost)
        self.disposals.append(gone)


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


def _oldest(lots: Sequence[Lot]) -> list[Lot]:
    return list(lots)


def _newest(lots: Sequence[Lot]) -> list[Lot]:
    return list(reversed(lots))


def _dearest(lots: Sequence[Lot]) -> list[Lot]:
    return sorted(lots, key=lambda lot: -lot.unit_cost)


_ORDERS: Final = {
    LotMethod.FIFO: _oldest,
    LotMethod.LIFO: _newest,
    LotMethod.HIFO: _dearest,
    LotMethod.AVERAGE: _oldest,
    LotMethod.SPECIFIC: _oldest,
}


def multiplied(quantity: Decimal, factor: Decimal) -> Decimal:
    """So many units after a split, to twelve decimals if there are more."""
    exact = _CONTEXT.multiply(quantity, factor)
    return exact.quantize(_UNIT, context=_CONTEXT) or exact


def shares(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The amount by these weights, which have one sign; the parts add up to it exactly."""
    parts: list[Decimal] = []
    left, weight_left = amount, total_of(weights)
    for weight in weights:
        part = left if weight == weight_left else _part(left, weight, weight_left)
        parts.append(part)
        left, weight_left = EXACT.subtract(left, part), EXACT.subtract(weight_left, weight)
    return parts


def _part(amount: Decimal, weight: Decimal, total: Decimal) -> Decimal:
    exact = _CONTEXT.divide(_CONTEXT.multiply(amount, weight), total)
    return exact.quantize(_QUANTUM, context=_CONTEXT)
