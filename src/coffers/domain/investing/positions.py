"""Positions: the lots that the movements of an account amount to, for one asset.

Histories often begin in the middle: a provider tells the last months only. What is sold without
having been bought is taken from an opening lot of unknown cost, and every number that would need
that cost is unknown, never zero.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Context, Decimal
from typing import Final
from uuid import UUID

from coffers.domain.investing.columns import moves_of
from coffers.domain.investing.lots import (
    NO_PICKS,
    Book,
    Disposal,
    Entry,
    EntryKind,
    Lot,
    LotMethod,
    Step,
)
from coffers.domain.investing.movements import (
    Movement,
    SplitAction,
    entry_of,
    held_after,
    in_order,
    is_of_unknown_cost,
)
from coffers.domain.investing.plain import plainly
from coffers.domain.investing.replays import replayed, taken_lots
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
UNKNOWN: Final = Decimal("NaN")
#: The id of the lot that stands for what was there before the history begins.
OPENING: Final = UUID(int=0)
#: How often an opening lot may turn out too small: what a split added depends on it.
ATTEMPTS: Final = 5
#: Merged positions number their opening lots.
LAST_OPENING: Final = 1_000_000
_RATIO: Final = Context(prec=40)
_LEAVING: Final = frozenset({EntryKind.DISPOSE, EntryKind.DELIVER})


@dataclass(frozen=True, slots=True)
class Position:
    """What is held of an asset, how it came to be, and what is known of its cost.

    `unknown` are ids of lots whose cost nobody told; while one of them is held, steps cost NaN.
    `openings` is what must have been there before the history begins, from which days on; below
    zero where it was less.
    """

    book: Book
    unknown: frozenset[UUID]
    steps: Sequence[Step] = ()
    openings: tuple[tuple[date, Decimal], ...] = ()

    @property
    def quantity(self) -> Decimal:
        """How much; negative when short."""
        return self.book.quantity

    @property
    def cost(self) -> Decimal | None:
        """What it cost in all; None when that is not known of every lot."""
        return self.book.cost if self.is_of_known_cost else None

    @property
    def is_of_known_cost(self) -> bool:
        """Whether somebody told what each lot that is left cost."""
        return not (self.unknown and any(lot.id in self.unknown for lot in self.book.lots))

    @property
    def realised(self) -> Decimal | None:
        """What was gained by all that went; None when the cost of some of it is not known."""
        if any(gone.lot_id in self.unknown for gone in self.book.disposals):
            return None
        return self.book.gain

    @property
    def first_acquired(self) -> date | None:
        """The day of the oldest lot that is left and told."""
        days = [lot.acquired for lot in self.book.lots if lot.id.int > LAST_OPENING]
        return min(days, default=None)


def derive(
    movements: Sequence[Movement],
    splits: Iterable[SplitAction] = (),
    method: LotMethod = LotMethod.FIFO,
) -> Position:
    """The position after these movements of one asset in one account, in any order.

    Raises Oversold where long and short mix, LotUnknown, EntryInvalid.
    """
    actions = _due(splits, movements)
    if not actions and (found := plainly(movements, method)) is not None:
        return Position(*found)
    entries, unknown = _opened(movements, actions)
    openings = tuple((each.day, each.quantity) for each in entries if each.id == OPENING)
    book, steps = replayed(entries, method)
    if unknown:
        steps = list(_silenced(steps, _unknown_days(entries, book, unknown)))
    return Position(book, frozenset(unknown), tuple(steps), openings)


def alike(
    movements: Sequence[Movement] | None,
    known: Sequence[Movement],
    splits: Sequence[SplitAction],
    method: LotMethod,
) -> Sequence[Movement] | None:
    """The movements in another currency, so that they take the lots that the known ones take.

    By `of_the_same_lots`; only of the dearest lots depends on the currency which they are.
    """
    if movements is None or method is not LotMethod.HIFO:
        return movements
    taken = taken_lots(_opened(known, _due(splits, known))[0], method)
    return [each._replace(picks=taken.get(each.id, NO_PICKS)) for each in movements]


def _due(splits: Iterable[SplitAction], movements: Sequence[Movement]) -> list[SplitAction]:
    """Without those before anything is told: what was there then is not known to anybody."""
    actions = list(splits)
    if not actions or not movements:
        return []
    begun = min(moves_of(movements).columns.days)
    return [each for each in actions if each.day >= begun]


def _opened(
    movements: Sequence[Movement], splits: Sequence[SplitAction]
) -> tuple[list[Entry], set[UUID]]:
    """What they do, after the opening lot that they need, and the ids of unknown cost."""
    opening = ZERO
    for _ in range(ATTEMPTS):
        entries, unknown, missing = _entries(movements, splits, opening)
        if not missing:
            break
        opening = _RATIO.add(opening, missing)
    if not opening:
        return entries, unknown
    first = min(entry.day for entry in entries) - timedelta(days=1)
    return [Entry(OPENING, first, EntryKind.ACQUIRE, opening), *entries], unknown | {OPENING}


def _unknown_days(entries: Sequence[Entry], book: Book, unknown: set[UUID]) -> Counter[date]:
    """How many more lots of unknown cost there are from a day on; below zero for fewer."""
    left = {lot.id for lot in book.lots}
    # What is delivered elsewhere leaves no trace of its lot.
    delivered = [entry.day for entry in entries if entry.kind is EntryKind.DELIVER]
    gone = {each.lot_id: each.day for each in book.disposals if each.lot_id in unknown}
    found: Counter[date] = Counter()
    for entry in entries:
        if entry.id in unknown:
            found[entry.day] += 1
            if entry.id not in left:
                last = gone.get(entry.id, entry.day)
                found[max([last, *delivered[-1:]])] -= 1
    return found


def _silenced(steps: Iterable[Step], changes: Mapping[date, int]) -> Iterator[Step]:
    """Steps without their cost while it is not known of something held."""
    days, count = sorted(changes, reverse=True), 0
    for step in steps:
        while days and days[-1] <= step.day:
            count += changes[days.pop()]
        yield step._replace(cost=UNKNOWN) if count else step


def _entries(
    movements: Sequence[Movement], splits: Sequence[SplitAction], held: Decimal
) -> tuple[list[Entry], set[UUID], Decimal]:
    """In order; the ids of those whose cost is not known; what is missing.

    That is how much more must have been there before the first of them, in units of that day.
    """
    entries: list[Entry] = []
    unknown: set[UUID] = set()
    factor, missing = ONE, ZERO
    for each in in_order(movements, splits):
        entry = entry_of(each, held)
        if entry is None:
            continue
        if is_of_unknown_cost(each, entry):
            unknown.add(entry.id)
        entries.append(entry)
        held = held_after(held, entry)
        if entry.kind is EntryKind.SPLIT:
            factor = _RATIO.multiply(factor, entry.quantity)
        elif held < 0 and entry.kind in _LEAVING:
            missing = max(missing, _RATIO.divide(-held, factor))
    return entries, unknown, missing


def opened_with(position: Position, quantity: Decimal, day: date) -> Position:
    """With so much more (or less) held from the day on than the movements explain.

    More is an opening lot of unknown cost. Less leaves a position whose cost is not known at all.
    """
    if not quantity:
        return position
    lot = Lot(OPENING, day, quantity, ZERO)
    before = [step for step in position.steps if step.day < day] or [Step(day, ZERO, ZERO)]
    after = [step for step in position.steps if step.day >= day]
    raised = [
        step._replace(quantity=EXACT.add(step.quantity, quantity), cost=UNKNOWN)
        for step in (before[-1]._replace(day=day), *after)
    ]
    lots = _with_opening(position.book.lots, lot)
    book = replace(position.book, lots=lots)
    openings = (*position.openings, (day, quantity))
    return Position(book, position.unknown | {OPENING}, (*before[:-1], *raised), openings)


def _with_opening(lots: Sequence[Lot], opening: Lot) -> tuple[Lot, ...]:
    known = next((lot for lot in lots if lot.id == OPENING), None)
    if known is None:
        return (opening, *lots)
    both = known._replace(quantity=EXACT.add(known.quantity, opening.quantity))
    return tuple(both if lot is known else lot for lot in lots)


def merged(positions: Iterable[Position]) -> Position:
    """Several accounts' positions in one asset as one: their lots stay what they are."""
    lots: list[Lot] = []
    gone: list[Disposal] = []
    unknown: set[UUID] = set()
    for number, position in enumerate(positions):
        # Each account may have an opening lot of its own.
        opening = UUID(int=number)
        lots += [_renamed(lot, opening) for lot in position.book.lots]
        gone += [
            each._replace(lot_id=opening) if each.lot_id == OPENING else each
            for each in position.book.disposals
        ]
        unknown |= {opening if each == OPENING else each for each in position.unknown}
    lots.sort(key=lambda lot: (lot.acquired, lot.id))
    gone.sort(key=lambda each: (each.day, each.entry_id))
    return Position(Book(tuple(lots), tuple(gone)), frozenset(unknown))


def _renamed(lot: Lot, opening: UUID) -> Lot:
    return lot._replace(id=opening) if lot.id == OPENING else lot
