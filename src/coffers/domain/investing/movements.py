"""Movements: what changed a position, as its source tells it, and what that does to the lots."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Final, NamedTuple
from uuid import UUID

from coffers.domain.investing.lots import NO_PICKS, Entry, EntryKind
from coffers.domain.investing.replays import multiplied
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)
#: A split that the account's own history tells within so many days is not applied a second time.
SAME_SPLIT: Final = timedelta(days=7)
_RATIO: Final = Context(prec=40)

_KINDS: Final = {
    TransactionSubtype.BUY: EntryKind.ACQUIRE,
    TransactionSubtype.SELL: EntryKind.DISPOSE,
    TransactionSubtype.SHORT_SELL: EntryKind.SHORT,
    TransactionSubtype.BUY_TO_COVER: EntryKind.COVER,
    TransactionSubtype.TRANSFER_IN: EntryKind.ACQUIRE,
    TransactionSubtype.TRANSFER_OUT: EntryKind.DELIVER,
    TransactionSubtype.RETURN_OF_CAPITAL: EntryKind.RETURN_OF_CAPITAL,
}
#: Options end: what is held goes for nothing, what is owed is covered for nothing.
_ENDINGS: Final = frozenset(
    {
        TransactionSubtype.EXPIRATION,
        TransactionSubtype.EXERCISE,
        TransactionSubtype.ASSIGNMENT,
    }
)
_CHANGING: Final = frozenset({*_KINDS, *_ENDINGS, TransactionSubtype.SPLIT})


class Movement(NamedTuple):
    """A settled movement of one asset in one account.

    `quantity` is how much, without a sign; for a split what came on top, below zero where units
    went. `amount` is the money that moved, fees included, below zero when it went out; None where
    the source does not say. `unit_price` is of one unit, an option's of the whole contract.
    """

    id: UUID
    day: date
    subtype: TransactionSubtype
    quantity: Decimal
    amount: Decimal | None = None
    unit_price: Decimal | None = None
    acquired: date | None = None
    picks: Mapping[UUID, Decimal] = NO_PICKS

    def converted(self, rate: Decimal) -> "Movement":
        """The same with its money in another currency."""
        amount = None if self.amount is None else EXACT.multiply(self.amount, rate)
        price = None if self.unit_price is None else EXACT.multiply(self.unit_price, rate)
        return self._replace(amount=amount, unit_price=price)


@dataclass(frozen=True, slots=True)
class SplitAction:
    """A split that the market made: `factor` new ones for each old one, from the day on."""

    id: UUID
    day: date
    factor: Decimal


def units(quantity: Decimal | None, subtype: TransactionSubtype) -> Decimal:
    """How much, of what it adds to the position: without the sign, but for a split."""
    if quantity is None:
        return ZERO
    return quantity if subtype is TransactionSubtype.SPLIT else quantity.copy_abs()


Told = Movement | SplitAction


def in_order(movements: Sequence[Movement], splits: Iterable[SplitAction]) -> list[Told]:
    """By day, then id; on a day splits first, and none twice."""
    own = [each.day for each in movements if each.subtype is TransactionSubtype.SPLIT]
    market = [
        split for split in splits if not any(abs(split.day - day) <= SAME_SPLIT for day in own)
    ]
    return sorted([*movements, *market], key=_key)


def _key(each: Told) -> tuple[date, bool, UUID]:
    is_split = isinstance(each, SplitAction) or each.subtype is TransactionSubtype.SPLIT
    return each.day, not is_split, each.id


def changes_lots(subtype: TransactionSubtype) -> bool:
    """Whether such a movement does anything to the lots."""
    return subtype in _CHANGING


def entry_of(each: Told, held: Decimal) -> Entry | None:
    """What it does to the lots, None if nothing; `held` is what is there before it."""
    if isinstance(each, SplitAction):
        return Entry(each.id, each.day, EntryKind.SPLIT, each.factor)
    if each.subtype is TransactionSubtype.SPLIT:
        return _split(each, held)
    kind = _KINDS.get(each.subtype)
    if each.subtype in _ENDINGS:
        kind = EntryKind.COVER if held < 0 else EntryKind.DISPOSE
    if kind is None or (not each.quantity and kind is not EntryKind.RETURN_OF_CAPITAL):
        return None
    return Entry(each.id, each.day, kind, each.quantity, _amount(each), each.acquired, each.picks)


def _split(movement: Movement, held: Decimal) -> Entry | None:
    """What is there afterwards; without a position before it, it says nothing."""
    if not held:
        return None
    after = _RATIO.add(abs(held), movement.quantity)
    return Entry(movement.id, movement.day, EntryKind.RECOUNT, after)


def _amount(movement: Movement) -> Decimal:
    if movement.subtype in _ENDINGS:
        return ZERO
    if movement.amount:
        return movement.amount.copy_abs()
    return priced(movement.quantity, movement.unit_price)


def priced(quantity: Decimal, unit_price: Decimal | None) -> Decimal:
    """What so much of it is worth at the price; nothing without one."""
    return _RATIO.multiply(quantity, unit_price or ZERO)


def is_of_unknown_cost(each: Told, entry: Entry) -> bool:
    """Whether it opens a lot of which nobody told what it cost."""
    if isinstance(each, SplitAction) or entry.kind is not EntryKind.ACQUIRE:
        return False
    return not each.amount and each.unit_price is None


def held_after(held: Decimal, entry: Entry) -> Decimal:
    """What is there after it, of so much before it."""
    kind = entry.kind
    if kind is EntryKind.ACQUIRE or kind is EntryKind.COVER:
        return EXACT.add(held, entry.quantity)
    if kind is EntryKind.SPLIT:
        return multiplied(held, entry.quantity)
    if kind is EntryKind.RECOUNT:
        return entry.quantity.copy_sign(held)
    if kind is EntryKind.RETURN_OF_CAPITAL:
        return held
    return EXACT.subtract(held, entry.quantity)
